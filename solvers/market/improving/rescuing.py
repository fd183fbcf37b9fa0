"""Blocks that a placement leaves out take their places by force, those that leave most work out first.

Who finds no room is seldom short of room as such: others are where they need not be. A few of these make way
for each; see :mod:`.ejecting`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...rates import Ints
from ...watch import Watch
from ..answers.columns import Columns, joined
from ..answers.menus import Menu
from ..answers.placing import Placement, Priced
from ..plans.greedy import room_for_replicas
from ..pricing.appraisal import Appraisal
from ..pricing.candidates import job_columns, reply_columns, service_columns, unit_reply
from .ejecting import SERVED, Ejector

PASSES = 6
FEW, PATIENCE = 20, 3
"""Blocks up to which who is left out tries again in vain, as often on end: places are tried by chance."""
WANTED = 40
"""Columns of a job that is left out."""
ELSEWHERE = 100
"""Units that leave most out, for which places are looked for beyond what is cheapest."""
LOOKING_SHARE = 0.3
"""Part of the time for that at most."""


def rescued(
    placement: Placement, columns: Columns, told: Appraisal, watch: Watch, rng: np.random.Generator
) -> Placement:
    """Return a placement that leaves less out.

    Parameters
    ----------
    placement
        Stays as it is; rows that goods relieve must not exist.
    columns
        What those who make way may do instead, at least; units find further answers.
    told
        Prices at which what is cheapest is tried first.
    """
    market = placement.market
    found = placement.copy()
    found.widen()
    out = left_out(found)
    offered = joined([columns, *_wanted(found, told, out, Watch(LOOKING_SHARE * watch.left, watch.over))])
    priced = Priced.of(market, offered, told.prices, found.penalty)
    ejector = Ejector(found, Menu.of(market, priced), told, rng)
    idle = 0
    for _ in range(PASSES):
        if len(out) == 0 or watch.over() or idle >= (PATIENCE if len(out) <= FEW else 1):
            break
        idle = 0 if _force(ejector, out, watch) else idle + 1
        out = left_out(found)
    found.trim_modules()
    return found


def left_out(placement: Placement) -> Ints:
    """Return the blocks that leave work out, most first."""
    work = placement.work_of_blocks()
    out = np.flatnonzero(work > SERVED)
    return np.asarray(out[np.argsort(-work[out], kind="stable")])


def _force(ejector: Ejector, out: Ints, watch: Watch) -> bool:
    """Let every one of the blocks ``out`` take a place by force; return whether that gained anything."""
    gained = 0.0
    for block in out.tolist():
        if watch.over():
            break
        if ejector.placement.placed[block].work > SERVED:
            gained += ejector.force(block)
    return gained > 0


def _wanted(placement: Placement, told: Appraisal, out: Ints, watch: Watch) -> list[Columns]:
    """Return what the blocks ``out`` would like to do, whatever the others do."""
    market = placement.market
    jobs = len(market.problem.jobs)
    units = list(dict.fromkeys(market.unit_of[out[out >= jobs] - jobs].tolist()))
    found = [job_columns(market, told, WANTED, out[out < jobs]), service_columns(market, told, units)]
    for unit in units[:ELSEWHERE]:
        for each in _at_one_more_site(placement, told, unit):
            found.append(each)
            if watch.over():
                return found
    return found


def _at_one_more_site(placement: Placement, told: Appraisal, number: int) -> Iterator[Columns]:
    """Yield the answers of a unit in the room there is, but for one site where others would have to make way.

    What it would like best takes the places of many; so little else has to change that it often can.
    """
    market = placement.market
    unit, alone = market.units[number], placement.copy()
    for block in market.unit_blocks[number].tolist():
        alone.remove(block)
    offered = market.offering(told.goods)(unit, None)
    room = room_for_replicas(alone, unit)
    missing = np.asarray((unit_reply(unit, offered, room).unserved > 0).any(axis=0))
    for site in np.unique(unit.site[unit.column[missing[unit.row]]]).tolist():
        reply = unit_reply(unit, offered, np.where(unit.site == site, unit.most, room))
        yield reply_columns(market, number, reply, offered.via)
