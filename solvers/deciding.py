"""Masters: small relaxations of a large program that are solved for decisions, and for a bound.

Two are solved beside each other. One is kept few of alternatives and, with prices from its own solutions,
given those that it lacks; it decides. The other keeps all of them, and whole-replica cuts where they bind; it
proves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .arrays import Arrays, Bools
from .master import alike_enough, can_relax, likely, restrict
from .mathopt import solve_relaxation
from .program import Program, lagrangian_bound
from .rates import Floats
from .rounding import best_flows
from .small import Small, make_small, shares, whole_prices

if TYPE_CHECKING:
    from .search import Phase, Search

MASTER_TIME_SHARE = 0.35
PROOF_TIME_SHARE = 0.65
MASTER_GAP_SHARE = 0.4
ROUNDING_ROOM = (0.6, 0.2)
FEW = 8
CUT_SHARE = 0.6
GATHERING_ALLOWANCE = 0.1
REFINEMENTS = 1
REFINEMENT_TIME_SHARE = 0.25


@dataclass(frozen=True)
class Start:
    """What the relaxation of a whole program told: its solution, the duals of its rows, its bound.

    ``arrays`` are those of the program; in ``apart``, demands count as alike only where serving them as one
    costs next to nothing, wherever they are served from.
    """

    arrays: Arrays
    apart: Arrays
    x: Floats
    prices: Floats
    bound: float


def relax(search: Search, arrays: Arrays, program: Program, phase: Phase | None) -> Start | None:
    """Solve the relaxation in which replicas are loads, telling its bound if it is one of a phase."""
    loads = make_small(arrays, program, can_relax(arrays), gather=False)
    relaxed = solve_relaxation(loads.program, search.left(), search.settings.seed)
    if relaxed.x is None:
        return None
    bound = lagrangian_bound(loads.program, relaxed.duals)[0]
    if phase is not None:
        search.tell_bound(phase, bound)
    allowance = GATHERING_ALLOWANCE * max(search.settings.gap_limit, 1e-6) * abs(bound)
    kept = loads.master.kept
    alike = np.full(arrays.columns, -1, dtype=np.int64)
    alike[kept] = alike_enough(loads.program, shares(arrays, kept), relaxed.x, relaxed.duals, allowance)
    prices = whole_prices(loads, relaxed.duals, len(program.row_lower))
    return Start(arrays, replace(arrays, alike=alike), loads.whole(relaxed.x), prices, bound)


def prove(
    search: Search, program: Program, start: Start, phase: Phase, gap: float, *, gather: bool
) -> Floats | None:
    """Solve the master that keeps the cuts that tell most, telling its bounds; return its solution."""
    arrays = start.arrays
    loads = can_relax(arrays)
    if gather:
        loads &= ~_cut_groups(arrays, program, start.x)
    tight = make_small(arrays, program, loads, gather=gather, prices=start.prices)
    return decide(search, tight, phase, gap, search.left() * PROOF_TIME_SHARE)


def _cut_groups(arrays: Arrays, program: Program, whole: Floats) -> Bools:
    """Return the replicas that the cuts are about that ``whole`` breaks at most cost.

    Only programs in which nothing is left out have the cuts, as the rows after those of the matrix.
    """
    first = arrays.matrix.shape[0]
    cuts = program.matrix[first : first + arrays.cuts.shape[0]].tocoo()
    missing = np.maximum(arrays.cut_lower - arrays.cuts @ whole[: arrays.columns], 0.0)
    unit = np.full(len(missing), np.inf)
    np.minimum.at(unit, cuts.row, program.cost[cuts.col] / cuts.data)
    worth = np.where(missing > 0, missing * unit, 0.0)
    order = np.argsort(-worth, kind="stable")
    before = np.cumsum(worth[order]) - worth[order]
    telling = order[(before < CUT_SHARE * worth.sum()) & (worth[order] > 0)]
    replicas = cuts.col[np.isin(cuts.row, telling)]
    mine = np.isin(arrays.replicas, replicas)
    return np.asarray(np.isin(arrays.replica_groups, arrays.replica_groups[mine]))


def decide_with_room(
    search: Search, program: Program, start: Start, gap: float, *, gather: bool
) -> Floats | None:
    """Return decisions of a master of few alternatives, with room to round up replicas."""
    for room in ROUNDING_ROOM:
        found = _refined(search, program, start, gap, gather=gather, room=room)
        if found is not None or search.out_of_time():
            return found
    return None


def _refined(
    search: Search, program: Program, start: Start, gap: float, *, gather: bool, room: float
) -> Floats | None:
    """Decide among few alternatives; add those that look well at the prices there, and decide again.

    Of the decisions, those are returned whose best flows are the cheapest.
    """
    arrays = start.arrays
    whole, prices = start.x, start.prices
    kept: Bools | None = None
    best: Floats | None = None
    for number in range(1 + REFINEMENTS):
        small = make_small(arrays, program, can_relax(arrays), gather=gather, prices=prices)
        x = small.values(arrays, whole)
        reduced = small.program.cost - small.program.matrix.T @ prices[small.rows]
        fresh = likely(small.block(arrays), x, reduced, FEW)
        grown = fresh if kept is None else kept | fresh
        seconds = search.left() * (REFINEMENT_TIME_SHARE if number else MASTER_TIME_SHARE)
        if seconds <= 0 or (number and (grown == kept).all()):
            break
        kept = grown
        few = replace(small, program=restrict(_with_room(arrays, small, start.x, room), kept))
        answer = _solve(search, few, None, gap, seconds, hint=None if best is None else x)
        if answer is None:
            break
        whole, prices = best_flows(arrays, program, small.whole(answer), search.left(), search.settings.seed)
        if best is None or program.cost @ whole < program.cost @ best:
            best = whole
    return best


def _with_room(arrays: Arrays, small: Small, fractional: Floats, room: float) -> Program:
    """Return the master with less of every pool: a share of what rounding up ``fractional`` would take."""
    waste = np.zeros(arrays.columns)
    replicas = fractional[arrays.replicas]
    waste[arrays.replicas] = room * (np.ceil(replicas - 1e-6) - replicas)
    taken = np.where(arrays.capacity_rows, arrays.matrix @ waste, 0.0)
    upper = small.program.row_upper.copy()
    mine = small.rows < len(taken)
    upper[mine] -= np.clip(taken[small.rows[mine]], 0.0, 0.9)
    return replace(small.program, row_upper=upper)


def decide(search: Search, small: Small, phase: Phase | None, gap: float, seconds: float) -> Floats | None:
    """Solve a master and return its solution as values of all columns, or None."""
    found = _solve(search, small, phase, gap, seconds)
    return None if found is None else small.whole(found)


def _solve(
    search: Search,
    small: Small,
    phase: Phase | None,
    gap: float,
    seconds: float,
    *,
    hint: Floats | None = None,
) -> Floats | None:
    return search.integer(
        small.program, hint, seconds, phase, gap * MASTER_GAP_SHARE, constant=small.constant, is_whole=False
    ).x
