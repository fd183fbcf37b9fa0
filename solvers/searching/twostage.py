"""Large programs in two stages: a small master decides, then every period is rounded to whole replicas.

The master is a relaxation (fractional replicas, alike demands served as one): its bound holds for the whole,
and its decisions on jobs, sites and modules are good ones; with these fixed, periods fall apart.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Arrays
from ..programs.program import Program, partial_program, penalised_cost
from ..programs.rounding import Rounded, RoundingSettings, best_flows, round_replicas
from ..programs.solve_program import solve_relaxation
from ..rates import Floats
from .at_once import AtOnce, gathered
from .deciding import CLOSE_SHARE, Start, decide_with_room, prove, relax
from .events import Phase
from .telling import Telling

PROGRAMS = 2
"""Programs that are solved at once where there are more cores than that."""
ROUNDING_ALLOWANCE = 0.3
ROUNDING_TIME_SHARE = 0.6
FINER = 0.25
"""How much less may be wasted when a plan is rounded again."""
ROUGH_GAP = 1e-3
"""Where a tighter gap is asked for, a plan is made with this one first."""
ROUNDING_SHARE = 0.5
"""Share of the gap asked for that rounding may need: known decisions that leave it room are kept."""
FILLING_TIME_SHARE = 0.3
TAKING_OVER_SHARE = 0.2
WHOLE = 1e-6
"""How far an integer may be from whole."""
MENDING_TIME_SHARE = 0.6


def two_stage(
    search: Telling, program: Program, phase: Phase, *, gather: bool, known: Floats | None = None
) -> Floats | None:
    """Search ``program`` in two stages, telling bounds and solutions; return a solution or None.

    ``gather`` requires that every demand of the program has to be served; where it is small with alike
    demands served as one, all is decided at once, from the solution ``known`` if there is one. Where a period
    cannot be rounded, a plan that leaves requests out there is told before the period is mended.
    """
    start = relax(search, search.arrays, program, phase)
    if start is None:
        return None
    trial = _Trial.of(search, start, program, phase, gather=gather)
    if trial.take_over() or trial.polish():
        return trial.whole
    small = gathered(search.arrays, program, start.prices) if gather else None
    if small is not None:
        return AtOnce(search, program, small, phase).run(known if trial.whole is None else trial.whole)
    if trial.whole is None and search.gap < ROUGH_GAP:
        trial.whole = _rough(search, program, start, phase, gather=gather)
    proven = trial.decide(start)
    if not trial.is_done() and proven is not None:
        trial.round(proven)
    if not trial.is_done() and trial.whole is not None:
        trial.allowance *= FINER
        trial.round(trial.whole)
    return trial.result()


def _rough(search: Telling, program: Program, start: Start, phase: Phase, *, gather: bool) -> Floats | None:
    """Return a whole solution found with a looser gap: what is sought with a tight one may come too late."""
    asked, search.aim = search.aim, ROUGH_GAP
    try:
        trial = _Trial.of(search, start, program, phase, gather=gather)
        trial.round(decide_with_room(search, program, start, gather=gather))
        return trial.whole
    finally:
        search.aim = asked


def leave_out(search: Telling) -> Floats | None:
    """Return a solution of a large program that leaves little out at little cost, or None.

    The relaxation says what part of which demands is left out, and that is fixed; jobs may be left out at a
    price above any of their options. Tells a bound of what must be left out, and of the cost when no more is
    left out than in the solution.
    """
    arrays = search.arrays
    least = relax(search, arrays, partial_program(arrays, arrays.unserved), "unserved work")
    if least is None:
        return None
    cheapest = relax(search, arrays, _at_most(arrays, max(least.bound, 0.0)), None)
    if cheapest is None:
        return None
    fixed = _with_left_out(arrays, cheapest.x)
    start = relax(search, _told_apart(arrays, cheapest.x), fixed, None)
    if start is None:
        return None
    trial = _Trial.of(search, start, fixed, None, gather=True)
    trial.round(decide_with_room(search, fixed, start, gather=True))
    if trial.whole is None and trial.broken is not None:
        _leave_out_there(search, trial.broken, trial.allowance)
    if search.best is not None:
        _prove_cost(search, search.best, max(least.bound, 0.0), cheapest.bound)
    return search.best


def _prove_cost(search: Telling, best: Floats, least: float, bound: float) -> None:
    """Tell a bound of the cost where no more is left out than in ``best``; ``bound`` holds for the least."""
    unserved = float(search.arrays.unserved @ best)
    if unserved <= _limit(least):
        search.tell_bound("cost", bound)
    else:
        relax(search, search.arrays, _at_most(search.arrays, unserved), "cost")


def _limit(unserved: float) -> float:
    return unserved * (1 + 1e-6) + 1e-6


def _at_most(arrays: Arrays, unserved: float) -> Program:
    """Return the program of least cost that leaves no more out."""
    return partial_program(arrays, arrays.cost).with_row(arrays.unserved, _limit(unserved))


def _with_left_out(arrays: Arrays, x: Floats) -> Program:
    """Return the program in which demands are left out as in ``x``, and jobs at a price."""
    program = partial_program(arrays, arrays.cost)
    demand = (arrays.unserved > 0) & (arrays.period >= 0)
    jobs = np.flatnonzero((arrays.unserved > 0) & (arrays.period < 0))
    price = np.zeros(len(jobs))
    option = np.flatnonzero((arrays.block >= 0) & (arrays.block < len(jobs)) & (arrays.period < 0))
    np.maximum.at(price, arrays.block[option], arrays.cost[option])
    cost = program.cost.copy()
    cost[jobs] = 10 * (price + np.abs(arrays.cost).max(initial=1.0))
    lower, upper = np.where(demand, x, program.lower), np.where(demand, x, program.upper)
    return replace(program, cost=cost, lower=lower, upper=upper)


def _told_apart(arrays: Arrays, x: Floats) -> Arrays:
    """Return the arrays in which demands that ``x`` leaves out in part are like no other."""
    served = np.zeros(arrays.columns)
    block = np.where(arrays.alike >= 0, arrays.block, -1)
    share = np.flatnonzero(block >= 0)
    total = np.bincount(block[share], x[share])
    served[share] = total[block[share]]
    return replace(arrays, alike=np.where((arrays.alike >= 0) & (served < 1 - 1e-7), -1, arrays.alike))


@dataclass
class _Trial:
    """Rounds solutions of masters; keeps the cheapest that is whole, and the first that is not."""

    search: Telling
    arrays: Arrays
    program: Program
    phase: Phase | None
    allowance: float
    gather: bool
    whole: Floats | None = None
    broken: Rounded | None = None

    @classmethod
    def of(
        cls, search: Telling, start: Start, program: Program, phase: Phase | None, *, gather: bool
    ) -> _Trial:
        """Return a trial that wastes little beside the gap that the search looks for now."""
        allowance = ROUNDING_ALLOWANCE * search.gap * abs(start.bound)
        return cls(search, start.apart(search.gap), program, phase, allowance, gather)

    def decide(self, start: Start) -> Floats | None:
        """Round the decisions of masters, while a proof goes on or before one; return its solution.

        On few cores a proof would keep both the rounding and the decomposition beside the search waiting.
        """
        assert self.phase is not None
        search, program, gather = self.search, self.program, self.gather
        if search.settings.cores <= PROGRAMS:
            found = decide_with_room(search, program, start, gather=gather)
            self.round(found)
            is_near = found is not None and start.is_within(CLOSE_SHARE * search.gap, program, found)
            if is_near or self.is_done() or search.out_of_time():
                return None
            return prove(search, program, start, self.phase, gather=gather)
        with ThreadPoolExecutor(2) as workers:
            decisions = workers.submit(decide_with_room, search, program, start, gather=gather)
            proof = workers.submit(prove, search, program, start, self.phase, gather=gather)
            self.round(decisions.result())
            return proof.result()

    def round(self, x: Floats | None) -> None:
        """Round one solution that promises to be cheaper, telling it when it is whole."""
        if x is None or self.search.out_of_time():
            return
        flows = x if self.whole is None else self._flows(x)
        if self.whole is None or self.program.cost @ flows < self.program.cost @ self.whole:
            self._offer(flows, self.whole if x is self.whole else None)

    def _flows(self, x: Floats) -> Floats:
        """Return the cheapest flows for the decisions in ``x``."""
        return best_flows(self.arrays, self.program, x, self._settings.seconds, self.search.settings.seed)[0]

    @property
    def _settings(self) -> RoundingSettings:
        return _rounding(self.search, ROUNDING_TIME_SHARE, self.allowance, gather=self.gather)

    def _offer(self, x: Floats, known: Floats | None) -> None:
        """Tell what rounding makes of a solution, and keep it if it is the cheapest.

        ``known`` is a whole solution with the same decisions.
        """
        rounded = round_replicas(self.arrays, self.program, x, self._settings, known)
        if rounded is not None and not rounded.failed:
            self.search.tell_solution(rounded.x)
            if self.whole is None or self.program.cost @ rounded.x < self.program.cost @ self.whole:
                self.whole = rounded.x
        elif rounded is not None and self.broken is None:
            self.broken = rounded

    def polish(self) -> bool:
        """Round what was taken over anew where its decisions leave room for that; return whether it is done.

        Without that room, better decisions cost less time than finer rounding.
        """
        if self.whole is None or self.phase is None:
            return False
        flows = self._flows(self.whole)
        if self.search.is_close(flows, self.phase, ROUNDING_SHARE):
            self._offer(flows, self.whole)
        return self.is_done()

    def take_over(self) -> bool:
        """Try what a plan of a similar problem decides, as it is; return whether that is close enough."""
        likeness, settings = self.search.settings.likeness, self.search.settings
        if likeness is None:
            return False
        held = likeness.held(self.program).compact()
        if not held.consistent:
            return False
        found = solve_relaxation(held.program, self.search.left() * TAKING_OVER_SHARE, settings.seed).x
        if found is None:
            return False
        x = held.whole(found)
        whole = np.abs(x - np.round(x))[self.program.integer].max(initial=0.0) <= WHOLE
        if whole:
            self.whole = np.where(self.program.integer, np.round(x), x)
            self.search.tell_solution(self.whole)
        return whole and self.is_done()

    def is_done(self) -> bool:
        """Return whether the cheapest is close enough."""
        return self.phase is not None and self.search.is_close(self.whole, self.phase)

    def result(self) -> Floats | None:
        """Return the cheapest whole solution, or what mending the first brings."""
        if self.whole is not None or self.broken is None or self.search.out_of_time():
            return self.whole
        _leave_out_there(self.search, self.broken, self.allowance)
        return _mend(self)


def _leave_out_there(search: Telling, rounded: Rounded, allowance: float) -> None:
    """Tell a plan that leaves out what does not fit in the failed periods."""
    arrays = search.arrays
    partial = partial_program(arrays, penalised_cost(arrays))
    free = np.isin(arrays.period, rounded.failed)
    whole = np.where(partial.integer & ~free, np.round(rounded.x), rounded.x)
    held = partial.with_bounds(np.where(free, partial.lower, whole), np.where(free, partial.upper, whole))
    filled = round_replicas(arrays, held, rounded.x, _rounding(search, FILLING_TIME_SHARE, allowance))
    if filled is not None and not filled.failed:
        search.tell_solution(filled.x)


def _mend(trial: _Trial) -> Floats | None:
    """Free the failed periods and the jobs, hold the rest, and solve again; then round once more."""
    search, program, rounded = trial.search, trial.program, trial.broken
    assert rounded is not None
    arrays = trial.arrays
    job = (arrays.block >= 0) & (arrays.period < 0)
    free = np.isin(arrays.period, rounded.failed) | job | arrays.schedule
    whole = np.where(program.integer & ~free, np.round(rounded.x), rounded.x)
    held = program.with_bounds(np.where(free, program.lower, whole), np.where(free, program.upper, whole))
    gap = trial.allowance / max(1e-9, abs(float(program.cost @ rounded.x)))
    mended = search.integer(held, None, search.left() * MENDING_TIME_SHARE, None, gap).x
    if mended is None or search.out_of_time():
        return mended
    settings = _rounding(search, ROUNDING_TIME_SHARE, trial.allowance, gather=trial.gather)
    again = round_replicas(arrays, program, mended, settings)
    if again is None or again.failed or program.cost @ again.x >= program.cost @ mended:
        return mended
    search.tell_solution(again.x)
    return again.x


def _rounding(
    search: Telling, time_share: float, allowance: float, *, gather: bool = False
) -> RoundingSettings:
    return RoundingSettings(
        solver=search.settings.cell_solver,
        seconds=search.left() * time_share,
        allowance=allowance,
        gather=gather,
        seed=search.settings.seed,
        cores=search.settings.cores,
        stop=search.out_of_time,
    )
