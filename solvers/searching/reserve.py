"""A first plan for services that survive losses: from one without reserve, period by period."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import Arrays
from ..model.variables import Variables
from ..options import Options
from ..programs.program import partial_program
from ..programs.rounding import RoundingSettings, round_replicas
from ..rates import Floats

TIME_SHARE = 0.3
"""Of all the time."""
WASTE = 1e-3
"""Share of the cost that the periods together may waste."""
DEAREST_PERCENT, TIMES = 95.0, 40.0
"""Leaving work out costs as many times what serving it costs, for so many of a hundred ways to serve."""


def with_reserve(
    variables: Variables,
    arrays: Arrays,
    x: Floats,
    options: Options,
    *,
    solver: str,
    stop: Callable[[], bool],
) -> Floats | None:
    """Return a solution with the jobs, sites and modules of ``x``, or None where none was found in time.

    ``x`` may break the rows of losses: requests and replicas are decided anew, and what does not fit is left
    out.
    """
    cost = arrays.cost + arrays.unserved * _price_of_leaving_out(variables)
    limits = RoundingSettings(
        solver=solver,
        seconds=options.time_limit * TIME_SHARE,
        allowance=WASTE * abs(float(arrays.cost @ x)),
        gather=False,
        seed=options.seed,
        cores=options.usable_cores,
        stop=stop,
    )
    found = round_replicas(arrays, partial_program(arrays, cost), x, limits)
    return None if found is None or found.failed else found.x


def _price_of_leaving_out(variables: Variables) -> float:
    """Return a price of unserved work above nearly every way of serving it, whole replicas included."""
    services, columns = variables.services, variables.columns
    weight, replica = (
        np.zeros(services.demand.shape),
        np.zeros((len(services.slot_pool), services.demand.shape[1])),
    )
    weight[variables.open_demand, variables.open_period] = columns.of("unserved", variables.unserved)
    replica[variables.replica_slot, variables.replica_period] = columns.of("replicas", variables.cost)
    slot, period = services.arc_slot[variables.share_arc], variables.share_period
    demand = services.arc_demand[variables.share_arc]
    whole = np.ceil(services.demand[demand, period] / services.slot_rps[slot])
    usd = np.maximum(columns.of("share", variables.cost) + whole * replica[slot, period], 0.0)
    return TIMES * float(np.percentile(usd / weight[demand, period], DEAREST_PERCENT)) if len(usd) else 0.0
