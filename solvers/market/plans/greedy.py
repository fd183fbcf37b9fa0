"""Fill a placement: jobs by what is at stake, then units into what is left, all periods at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...rates import Floats, Ints
from ...stopping import never
from ..answers.columns import Columns
from ..answers.entering import may_enter
from ..answers.placing import Placement, Priced
from ..form.claims import Claims
from ..form.market import Market
from ..form.units import Unit
from ..pricing.appraisal import Appraisal
from .detours import fitting_answer
from .openings import NEAREST, fitting_columns

FIRST = 4
"""Starts that seem to fit, and options with hours that do, that are made columns first: one mostly does."""


def fill_jobs(
    placement: Placement, told: Appraisal, priced: Priced, jobs: Ints, over: Callable[[], bool] = never
) -> None:
    """Place jobs (all out so far) by their nearest columns, or else by what fits of all they have.

    Those that come after it is ``over`` stay out.
    """
    order = _by_stake(priced, jobs) if len(jobs) > 1 else jobs
    first, last = (np.searchsorted(priced.columns.block, order, side) for side in ("left", "right"))
    for job, begin, end in zip(order.tolist(), first.tolist(), last.tolist(), strict=True):
        if over():
            return
        if not _place_by(placement, priced, np.arange(begin, end), job):
            fit_in(placement, told, job)


def fit_in(placement: Placement, told: Appraisal, job: int) -> bool:
    """Place a job that is out by what costs least at the prices of all that fits; return whether it does."""
    for most in (FIRST, NEAREST):
        fitting = fitting_columns(placement, told, job, most)
        if fitting is None:
            return False
        if _place_by(placement, fitting, np.arange(len(fitting.columns)), job):
            return True
    return False


def _by_stake(priced: Priced, jobs: Ints) -> Ints:
    """Return the jobs, those with the largest cost at the prices first."""
    block = priced.columns.block
    stake = np.zeros(int(max(block.max(initial=-1), jobs.max(initial=-1))) + 1)
    np.maximum.at(stake, block, np.abs(priced.reduced))
    return jobs[np.argsort(-stake[jobs], kind="stable")]


def _place_by(placement: Placement, priced: Priced, mine: Ints, block: int) -> bool:
    """Place a block by the cheapest of columns ``mine`` that fits; return whether one does."""
    order = mine[np.argsort(priced.reduced[mine], kind="stable")]
    worth = order[priced.cost[order] < placement.out_cost[block]]
    return placement.try_columns(block, priced, worth.tolist())


def fill_units(
    placement: Placement,
    told: Appraisal,
    units: Sequence[int],
    claims: Claims | None = None,
    over: Callable[[], bool] = never,
) -> None:
    """Serve units (all out so far) from what is left, those with the fewest slots first.

    Each is given first what of the ``claims`` kept from the room is its own. Those that come after it is
    ``over`` stay out.
    Cheaper replicas are left to when all stand (:mod:`.refilling`): many placements are built, few kept.
    """
    offer_to = placement.market.offering(told.goods)
    for number in units:
        if over():
            return
        if claims is not None:
            claims.give(placement, number)
        room = room_for_replicas(placement, placement.market.units[number])
        take(placement, fitting_answer(placement, number, offer_to, room, swapping=False))


def take(placement: Placement, columns: Columns) -> None:
    """Place one column per block where it fits."""
    market = placement.market
    priced = Priced.of(market, columns, np.zeros(len(market.rules.capacity)), placement.penalty)
    for row, block in enumerate(columns.block.tolist()):
        placement.try_columns(block, priced, [row])


def room_for_replicas(placement: Placement, unit: Unit) -> Floats:
    """Return how many replicas (T, S) of the unit there is room for in its pools."""
    rows, amounts = placement.market.rules.held_use
    free = np.append(placement.room - placement.load, np.inf)
    room = (free[rows[unit.pool]] / amounts[unit.pool]).min(axis=2)
    whole = np.floor(np.maximum(room, 0.0) / unit.accelerators[:, None] + 1e-7)
    whole[~may_enter(placement, unit)] = 0.0
    return np.asarray(np.minimum(whole, unit.most[:, None]).T)


def unit_order(market: Market) -> Ints:
    """Return the units, those with the fewest slots first."""
    slots = np.array([len(unit.slot_id) for unit in market.units], dtype=np.int64)
    return np.argsort(slots, kind="stable")
