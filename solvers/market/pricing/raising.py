"""A stronger bound of plans that leave nothing out, by what units pay on the whole at given prices."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from ...rates import Floats
from ...watch import Watch
from ..answers.lagrange import lagrangian_cost
from ..answers.least import least_cost, without_earnings
from ..answers.serving import answer
from ..answers.serving_program import ServingProgram
from ..answers.sites import whole_answer
from ..answers.steady import least_at_sites, needs_several
from ..answers.whole_program import WholeProgram, is_small
from ..form.market import Market
from ..form.offers import Offer
from ..form.threads import each
from ..form.units import Unit
from .appraisal import Appraisal

AT_ONCE = 8
"""Units raised between two looks at the time."""
ROUNDING, SOLVED = 1e-9, 1e-6
"""Parts granted to errors of floating-point numbers: of a gain, and of what a program tells."""
TRIFLE = 1e-6
"""Part of the whole cost up to which it does not matter how well the cost of a unit in a period is known."""


def raised_bounds(
    market: Market, told: Appraisal, watch: Watch, programs: float = math.inf
) -> Iterator[float]:
    """Yield ever better bounds of plans that leave nothing out, by what units pay on the whole.

    The first is that told. Then all users offer what they would pay, and in time that is left programs tell
    what those units pay in single periods, or on the whole where these depend on each other, of which it is
    least known, for so many seconds.
    """
    yield told.complete
    if watch.over():
        return
    raising = _Raising(market, told)
    raising.by_offers(watch.over)
    yield raising.bound
    until = watch.spent + programs
    for unit, period in raising.least_known():
        if watch.over() or watch.spent > until:
            return
        raising.by_program(unit, period, min(market.program_seconds, watch.left))
        yield raising.bound


class _Raising:
    """What units pay at least at the prices told, known better and better."""

    def __init__(self, market: Market, told: Appraisal) -> None:
        self._market, self._told = market, told
        self._offer_to, self._least = market.offering(told.goods), told.unit_least.copy()
        self._excess: dict[int, Floats] = {}
        self._least_of: dict[int, Floats] = {}

    @property
    def bound(self) -> float:
        """What is proven of plans that leave nothing out."""
        gain = float((self._least - self._told.unit_least).sum())
        return self._told.complete + (1 - ROUNDING) * gain

    def by_offers(self, over: Callable[[], bool]) -> None:
        """Raise what all units pay until it is ``over``, those first that cost most more than was told.

        Those that keep several sites come before, as what these cost is soon told.
        """
        units, cores = self._market.units, self._market.cores_for_units
        mine = [number for number, unit in enumerate(units) if not unit.entering.any()]
        several = [number for number in mine if needs_several(units[number])]
        self._raise_all(several, lambda number: least_at_sites(*self._offered(number)), over)
        known = each(lambda number: _told(*self._offered(number)), mine, cores)
        told_of = dict(zip(mine, known, strict=True))
        excess = np.array([told_of[number][0].sum() - self._least[number] for number in mine])
        order = [mine[place] for place in np.argsort(-excess).tolist()]

        def raised(number: int) -> float:
            cost, least = told_of[number]
            found = _raised(*self._offered(number), cost, least)
            self._least_of[number], self._excess[number] = found, cost - found
            return float(found.sum())

        self._raise_all(order, raised, over)

    def least_known(self) -> Iterator[tuple[int, int | None]]:
        """Yield units and periods that may cost most more than is proven, down to a trifle of the whole.

        Units whose periods depend on each other are told of with None.
        """
        trifle = TRIFLE * abs(self._told.complete)
        found = list[tuple[float, int, int | None]]()
        for number, excess in self._excess.items():
            if not self._market.units[number].is_whole:
                found.extend((float(excess[t]), number, int(t)) for t in np.flatnonzero(excess > trifle))
            elif is_small(self._market.units[number]):
                found.append((_whole_cost(*self._offered(number)) - self._least[number], number, None))
        for most, number, period in sorted(found, key=lambda each: -each[0]):
            if most > trifle:
                yield number, period

    def by_program(self, number: int, period: int | None, seconds: float) -> None:
        """Raise what a unit pays in a period, or on the whole, by an integer program."""
        unit, offered = self._offered(number)
        if period is None:
            self._least[number] = max(self._least[number], _whole_exactly(unit, offered, seconds))
            return
        found = self._least_of[number]
        found[period] = max(found[period], _served_exactly(unit, offered, period, seconds))
        self._least[number] = max(self._least[number], float(found.sum()))

    def _offered(self, number: int) -> tuple[Unit, Offer]:
        unit = self._market.units[number]
        return unit, self._offer_to(unit, None)

    def _raise_all(self, numbers: list[int], bound: Callable[[int], float], over: Callable[[], bool]) -> None:
        for begin in range(0, len(numbers), AT_ONCE):
            if over():
                return
            part = numbers[begin : begin + AT_ONCE]
            found = each(bound, part, self._market.cores_for_units)
            self._least[part] = np.maximum(self._least[part], found)


def _told(unit: Unit, offered: Offer) -> tuple[Floats, Floats]:
    """Return what some way to serve everybody costs (T,), and the bound of it that is told."""
    most = np.broadcast_to(unit.most, offered.replica.shape)
    return answer(unit, offered, most, swapping=False).cost, least_cost(unit, offered)


def _raised(unit: Unit, offered: Offer, known: Floats, least: Floats) -> Floats:
    """Return a bound (T,) of a unit that is at least its ``least`` cost (T,)."""
    paid, earned = without_earnings(unit, offered)
    raised = lagrangian_cost(unit, paid, known - earned) + earned
    return np.where(np.isfinite(raised), np.maximum(raised, least), least)


def _served_exactly(unit: Unit, offered: Offer, period: int, seconds: float) -> float:
    """Return a bound of serving everybody in a period by an integer program, minus infinity without any."""
    if not unit.demand[period].any():
        return -np.inf
    paid, earned = without_earnings(unit, offered)
    least = ServingProgram.of(unit, paid, period, unit.useful[period]).least(seconds)
    return least - SOLVED * abs(least) + float(earned[period]) if np.isfinite(least) else -np.inf


def _whole_cost(unit: Unit, offered: Offer) -> float:
    """Return what some way to serve everybody costs where periods depend on each other."""
    most = np.broadcast_to(unit.most, offered.replica.shape)
    return float(whole_answer(unit, offered, most, swapping=False).cost.sum())


def _whole_exactly(unit: Unit, offered: Offer, seconds: float) -> float:
    """Return a bound of serving everybody by a program of all periods, minus infinity without any."""
    if not unit.demand.any():
        return -np.inf
    paid, earned = without_earnings(unit, offered)
    least = WholeProgram.of(unit, paid, unit.useful).least(seconds)
    return least - SOLVED * abs(least) + float(earned.sum()) if np.isfinite(least) else -np.inf
