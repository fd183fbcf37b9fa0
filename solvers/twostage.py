"""Large programs in two stages: a small master decides, then every period is rounded to whole replicas.

The master is a relaxation (fractional replicas, alike demands served as one), so its bound is a bound of the whole
and its decisions on jobs, sites and modules are good ones; with these fixed, periods fall apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .master import Gathered, Master, can_relax, cheap_to_round, gather_demands, relax_replicas
from .mathopt import solve_relaxation
from .program import Program, lagrangian_bound
from .rates import Floats
from .rounding import RoundingSettings, round_replicas

if TYPE_CHECKING:
    from .search import Phase, Search

MASTER_TIME_SHARE = 0.45
MASTER_GAP_SHARE = 0.4
ROUNDING_ALLOWANCE = 0.3
RELAXED_ALLOWANCE = 0.1
ROUNDING_TIME_SHARE = 0.6


@dataclass(frozen=True)
class Small:
    """A master, its demands gathered or not, and the way back to all columns."""

    program: Program
    constant: float
    master: Master
    gathered: Gathered | None

    def whole(self, x: Floats) -> Floats:
        """Return the values of all columns."""
        return self.master.whole(self.gathered.whole(x) if self.gathered else x)


def two_stage(search: Search, program: Program, phase: Phase, *, gather: bool, tell: bool = True) -> Floats | None:
    """Search ``program`` in two stages, telling bounds and solutions; return a solution or None.

    ``gather`` requires that every demand of the program has to be served.
    """
    arrays = search.arrays
    first = _small(search, program, can_relax(arrays), gather)
    relaxed = solve_relaxation(first.program, search.left(), search.settings.seed)
    if relaxed.x is None:
        return None
    bound = lagrangian_bound(first.program, relaxed.duals)[0] + first.constant
    if tell:
        search.tell_bound(phase, bound)
    gap = max(search.settings.gap_limit, 1e-6)
    cheap = cheap_to_round(arrays, RELAXED_ALLOWANCE * gap * abs(bound))
    small = _small(search, program, cheap, gather)
    x = _decide(search, small, phase, gap * MASTER_GAP_SHARE, tell)
    if x is None or search.out_of_time():
        return None
    found = round_replicas(arrays, program, x, _rounding(search, gap * ROUNDING_ALLOWANCE * abs(bound)))
    if found is not None:
        search.tell_solution(found)
    return found


def _small(search: Search, program: Program, relaxed: np.ndarray, gather: bool) -> Small:
    arrays = search.arrays
    master = relax_replicas(arrays, program, relaxed)
    counted = np.isin(master.kept, arrays.replicas[can_relax(arrays)])
    inner = replace(master.program, integer=master.program.integer & ~counted)
    if not gather:
        return Small(inner, 0.0, master, None)
    kept = master.kept
    gathered = gather_demands(inner, arrays.requests[kept], arrays.alike[kept], arrays.slot[kept])
    return Small(gathered.program, gathered.constant, master, gathered)


def _decide(search: Search, small: Small, phase: Phase, gap: float, tell: bool) -> Floats | None:
    answer = search.integer(
        small.program,
        None,
        search.left() * MASTER_TIME_SHARE,
        phase,
        gap,
        constant=small.constant,
        is_whole=False,
        tell=tell,
    )
    return None if answer.x is None else small.whole(answer.x)


def _rounding(search: Search, allowance: float) -> RoundingSettings:
    return RoundingSettings(
        solver=search.settings.cell_solver,
        seconds=search.left() * ROUNDING_TIME_SHARE,
        allowance=allowance,
        seed=search.settings.seed,
        threads=search.settings.threads,
        stop=search.out_of_time,
    )
