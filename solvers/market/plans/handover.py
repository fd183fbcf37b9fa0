"""A placement as a solution of the whole model, for the exact solver to start from."""

from __future__ import annotations

import numpy as np

from ...arrays import Arrays
from ...model.variables import Variables
from ...rates import Floats, Ints
from ..answers.columns import JobChoice
from ..answers.placing import Placement
from ..form.market import Market
from .deciding import decisions

MOST_VIOLATION = 1e-6


def as_solution(variables: Variables, arrays: Arrays, market: Market, placement: Placement) -> Floats | None:
    """Return ``placement`` as values of the columns of ``variables``, or None where it breaks a row.

    ``market`` must have the options and arcs of ``variables``.
    """
    x = as_values(variables, arrays, market, placement)
    activity = arrays.matrix @ x
    broken = np.maximum(arrays.row_lower - activity, activity - arrays.row_upper).max(initial=0.0)
    outside = np.maximum(arrays.lower - x, x - arrays.upper).max(initial=0.0)
    return x if max(broken, outside) <= MOST_VIOLATION else None


def as_values(variables: Variables, arrays: Arrays, market: Market, placement: Placement) -> Floats:
    """Return ``placement`` as values of the columns of ``variables``, without flows after losses."""
    x = np.zeros(arrays.columns)
    _set_jobs(variables, x, [placed.choice for placed in placement.placed[: len(market.problem.jobs)]])
    decided = decisions(market, placement)
    periods = variables.rates.periods
    demand = variables.services.demand
    share = _places(
        (variables.share_arc, decided.flow_arc), (variables.share_period, decided.flow_period), periods
    )
    rps = demand[variables.services.arc_demand[decided.flow_arc], decided.flow_period]
    np.add.at(x, variables.columns.range("share")[share], decided.flow_rps / rps)
    open_at = (variables.open_demand, variables.open_period)
    variables.columns.of("unserved", x)[:] = decided.unserved[open_at] / demand[open_at]
    standing = decided.replicas[variables.replica_slot, variables.replica_period]
    variables.columns.of("replicas", x)[:] = standing
    variables.columns.of("modules", x)[:] = decided.modules[variables.module_pool]
    _set_sites(variables, x, decided.replicas.sum(axis=1))
    _set_overflow(variables, x)
    return x


def _places(first: tuple[Ints, Ints], second: tuple[Ints, Ints], width: int) -> Ints:
    """Return where wanted pairs stand among known ones; arguments have the known and the wanted numbers."""
    key, wanted = (one * width + two for one, two in zip(first, second, strict=True))
    order = np.argsort(key, kind="stable")
    return np.asarray(order[np.searchsorted(key[order], wanted)], dtype=np.int64)


def _set_jobs(variables: Variables, x: Floats, choices: list[object]) -> None:
    starts, pauses, columns = variables.starts, variables.pauses, variables.columns
    for job, choice in enumerate(choices):
        if not isinstance(choice, JobChoice):
            columns.of("unplaced", x)[job] = 1.0
            continue
        mine = np.flatnonzero(starts.option == choice.option)
        if len(mine):
            nearest = mine[np.abs(starts.start_hours[mine] - choice.start_hours).argmin()]
            columns.of("start", x)[nearest] = 1.0
        else:
            _set_pause(variables, x, int(np.flatnonzero(pauses.option == choice.option)[0]), choice.run_hours)


def _set_pause(variables: Variables, x: Floats, number: int, hours: Floats) -> None:
    pauses, columns = variables.pauses, variables.columns
    columns.of("pause", x)[number] = 1.0
    mine = np.flatnonzero(pauses.active_pause == number)
    run = hours[pauses.active_period[mine]]
    columns.of("active", x)[mine] = run > 0
    timed = pauses.run[mine] >= 0
    x[pauses.run[mine][timed]] = run[timed]


def _set_sites(variables: Variables, x: Floats, replicas: Ints) -> None:
    """Say which sites services with limits on them use; ``replicas`` (S,) stand in any period."""
    services = variables.services
    site = variables.rates.site[services.slot_pool]
    used = {(int(s), int(at)) for s, at in zip(services.slot_service, site, strict=True)}
    count = dict.fromkeys(used, 0)
    for service, at, number in zip(services.slot_service, site, replicas, strict=True):
        count[int(service), int(at)] += int(number)
    pairs = zip(variables.used_service.tolist(), variables.used_site.tolist(), strict=True)
    here = np.array([count[pair] > 0 for pair in pairs], dtype=bool)
    variables.columns.of("site_used", x)[:] = here
    entering = variables.used_service[here & variables.used_enters]
    variables.columns.of("service_moved", x)[:] = np.isin(variables.moved_service, entering)
    on = {service for (service, _), number in count.items() if number > 0}
    variables.columns.of("service_on", x)[:] = [service in on for service in variables.on_service.tolist()]


def _set_overflow(variables: Variables, x: Floats) -> None:
    billed, rates = variables.billed, variables.rates
    hours = np.zeros((len(variables.problem.pools), rates.periods))
    np.add.at(hours, (billed.place, billed.period), billed.amount * x[billed.column])
    paid = rates.committed_count[:, None] * rates.durations[None, :]
    over = np.maximum(0.0, hours - paid)
    variables.columns.of("overflow", x)[:] = over[variables.overflow_pool, variables.overflow_period]
