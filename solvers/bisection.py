"""Where owning starts to pay, by bisection between the values of one number at which two cases are planned.

A function of any callable that plans both cases at a value; :mod:`.breakeven` makes that callable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from ..routing.commitments import NOTHING_SUNK, Sunk
from ..routing.errors import SolverError
from ..routing.plan import Plan
from ..routing.problem import Problem

NOISE = 1e-6
"""Part of the cost below which a saving is none, and of the work left out below which that is alike."""
MOST_STEPS = 60
Winner = Literal["own", "cloud"]
Answer = Literal["from", "until", "always", "never"]


class StoppedError(SolverError):
    """The caller stopped the search before there was a plan at a value."""


@dataclass(frozen=True)
class Case:
    """One of the two cases at one value, as it was planned.

    ``sunk`` is what is committed at pools that it takes out.
    """

    problem: Problem
    plan: Plan
    sunk: Sunk = NOTHING_SUNK

    @property
    def usd(self) -> float:
        """The objective: money, and the prices of carbon and latency that the problem sets."""
        return self.plan.objective or 0.0


@dataclass(frozen=True)
class Point:
    """Both cases at one value of the number that is swept."""

    value: float
    own: Case
    cloud: Case

    @property
    def saving_usd(self) -> float:
        """What owning saves; negative where it costs more."""
        return self.cloud.usd - self.own.usd

    @property
    def best(self) -> Winner:
        """The case whose plan leaves less out, or costs less where that is alike; the cloud on a tie."""
        more = self.own.plan.unserved - self.cloud.plan.unserved
        if abs(more) > NOISE:
            return "own" if more < 0 else "cloud"
        return "own" if self.saving_usd > self.noise_usd else "cloud"

    @property
    def noise_usd(self) -> float:
        """Amount below which a saving is none."""
        return NOISE * max(abs(self.own.usd), abs(self.cloud.usd))

    @property
    def proven(self) -> Winner | None:
        """The case that is better for certain, whatever better plans of the other there may be."""
        if _beats(self.own.plan, self.cloud.plan, -self.noise_usd):
            return "own"
        return "cloud" if _beats(self.cloud.plan, self.own.plan, self.noise_usd) else None


def _beats(one: Plan, other: Plan, margin_usd: float) -> bool:
    """Return whether ``one`` leaves less out than any plan of the other case, or as little at less cost.

    The bound of a plan holds for all that leave no more out than it does, and so for all that could compete.
    """
    if abs(one.unserved - other.unserved_bound) > NOISE:
        return one.unserved < other.unserved_bound
    known = one.objective is not None and other.bound is not None
    return known and (one.objective or 0.0) < (other.bound or 0.0) + margin_usd


@dataclass(frozen=True)
class Breakeven:
    """Where owning starts to pay.

    Attributes
    ----------
    points
        Every value tried, rising.
    answer
        ``from``: owning pays from the break-even on; ``until``: up to it; ``always`` and ``never``: there is
        none in the range.
    bracket
        The two neighbouring points between which the better case changes; None where it does not.
    band
        The nearest values on either side at which the better case is proven. The break-even lies between
        them for certain; an end is None where nothing was proven on that side.
    changes
        How often the better case changes along the points.
    """

    points: tuple[Point, ...]
    answer: Answer
    bracket: tuple[Point, Point] | None
    band: tuple[float | None, float | None]
    changes: int

    @property
    def value(self) -> float | None:
        """The value nearest to the break-even at which owning pays for certain; None where there is none."""
        if self.bracket is None:
            return None
        return self.band[0] if self.answer == "until" else self.band[1]

    @property
    def owned(self) -> Point:
        """The point nearest to the break-even at which owning pays, for certain if that is anywhere.

        The best for owning where it pays nowhere.
        """
        if self.bracket is None:
            return max(self.points, key=lambda point: point.saving_usd)
        proven = [point for point in self.points if point.value == self.value]
        return proven[0] if proven else self.bracket[0 if self.answer == "until" else 1]


@dataclass
class _Curve:
    """Points tried so far."""

    evaluate: Callable[[float], Point]
    stop: Callable[[], bool]
    improved: Callable[[Point], Point]
    known: dict[float, Point] = field(default_factory=dict)

    def at(self, value: float) -> Point:
        """Return the point at ``value``."""
        if value not in self.known:
            self.known[value] = self.evaluate(value)
        return self.known[value]

    def improve(self) -> bool:
        """Better every point by what is known of the others; return whether that changed any."""
        better = {value: self.improved(point) for value, point in self.known.items()}
        is_better = any(better[value] is not point for value, point in self.known.items())
        self.known = better
        return is_better

    def sorted(self) -> tuple[Point, ...]:
        """Return the points, rising."""
        return tuple(self.known[value] for value in sorted(self.known))

    def split(
        self, low: float, high: float, tolerance: float, holds: Callable[[Point], bool]
    ) -> tuple[float, float]:
        """Halve the interval, at one end of which ``holds`` is true and at the other not, keeping that."""
        at_low = holds(self.at(low))
        for _ in range(MOST_STEPS):
            middle = (low + high) / 2
            if high - low <= tolerance or self.stop() or not low < middle < high:
                break
            try:
                point = self.at(middle)
            except StoppedError:
                break
            if holds(point) == at_low:
                low = middle
            else:
                high = middle
        return low, high


def find_breakeven(
    evaluate: Callable[[float], Point],
    low: float,
    high: float,
    tolerance: float,
    *,
    points: int = 9,
    stop: Callable[[], bool] = lambda: False,
    improved: Callable[[Point], Point] = lambda point: point,
) -> Breakeven:
    """Return where the better case first changes to owning, or, where it never does so, away from it.

    Evenly spread ``points`` show the curve; the first change between two of them is narrowed by bisection to
    ``tolerance``, and so are the nearest values on both sides at which the better case is proven. More
    changes than one within a step of the curve remain unseen. ``improved`` betters a point by what is known
    since it was planned; where that changes any, the search goes over the points once more.
    """
    curve = _Curve(evaluate, stop, improved)
    for value in _spread(low, high, points):
        if curve.known and stop():
            break
        try:
            curve.at(value)
        except StoppedError:
            if not curve.known:
                raise
            break
    curve.improve()
    found = _narrowed(curve, tolerance)
    while curve.improve():
        found = _narrowed(curve, tolerance)
    return found


def _narrowed(curve: _Curve, tolerance: float) -> Breakeven:
    """Return the break-even between the points of a curve, to which those tried on the way are added."""
    ends = _first_change(curve.sorted())
    if ends is None:
        found = curve.sorted()
        return Breakeven(found, "always" if found[0].best == "own" else "never", None, (None, None), 0)
    left, right = curve.split(ends[0].value, ends[1].value, tolerance, lambda point: point.best == "own")
    band = _proven_end(curve, left, -1, tolerance), _proven_end(curve, right, 1, tolerance)
    answer: Answer = "from" if curve.at(right).best == "own" else "until"
    found = curve.sorted()
    return Breakeven(found, answer, (curve.at(left), curve.at(right)), band, len(list(_changes(found))))


def _spread(low: float, high: float, points: int) -> list[float]:
    return [low + (high - low) * step / (points - 1) for step in range(points - 1)] + [high]


def _changes(points: tuple[Point, ...]) -> Iterator[tuple[Point, Point]]:
    return ((one, other) for one, other in pairwise(points) if one.best != other.best)


def _first_change(points: tuple[Point, ...]) -> tuple[Point, Point] | None:
    changes = list(_changes(points))
    to_own = [ends for ends in changes if ends[1].best == "own"]
    return next(iter(to_own or changes), None)


def _proven_end(curve: _Curve, value: float, side: int, tolerance: float) -> float | None:
    """Return the value nearest to ``value``, on one side of it, at which its better case is proven."""
    best = curve.at(value).best
    outward = [point for point in curve.sorted() if (point.value - value) * side >= 0][::side]
    proven = next((point.value for point in outward if point.proven == best), None)
    if proven is None or proven == value:
        return proven
    low, high = curve.split(
        min(value, proven), max(value, proven), tolerance, lambda point: point.proven == best
    )
    return low if side < 0 else high
