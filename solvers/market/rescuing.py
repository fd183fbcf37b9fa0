"""Blocks that a placement leaves out take their places by force, those that leave most work out first.

Who finds no room is seldom short of room as such: others are where they need not be. A few of these make way
for each; see :mod:`.ejecting`.
"""

from __future__ import annotations

import numpy as np

from ..choices.watch import Watch
from ..rates import Ints
from .appraisal import Appraisal
from .candidates import job_columns, service_columns
from .columns import Columns, joined
from .ejecting import SERVED, Ejector
from .menus import Menu
from .placing import Placement, Priced

PASSES = 6
WANTED = 40
"""Columns of a job that is left out."""


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
    offered = joined([columns, *_wanted(found, told, out)])
    priced = Priced.of(market, offered, told.prices, found.penalty)
    ejector = Ejector(found, Menu.of(market, priced), told, rng)
    for _ in range(PASSES):
        if len(out) == 0 or watch.over() or not _force(ejector, out, watch):
            break
        out = left_out(found)
    found.trim_modules()
    return found


def left_out(placement: Placement) -> Ints:
    """Return the blocks that leave work out, most first."""
    work = np.array([placed.work for placed in placement.placed])
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


def _wanted(placement: Placement, told: Appraisal, out: Ints) -> list[Columns]:
    """Return what the blocks ``out`` would like to do, whatever the others do."""
    market = placement.market
    jobs = len(market.problem.jobs)
    units = [number for number, blocks in enumerate(market.unit_blocks) if np.isin(blocks, out).any()]
    return [job_columns(market, told, WANTED, out[out < jobs]), service_columns(market, told, units)]
