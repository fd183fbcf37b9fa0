"""Cost against carbon or latency: plans of which none is better than another in both.

The epsilon-constraint method (Haimes, Lasdon and Wismer, 1971): least cost under evenly spread caps on the
other axis, between the cheapest plan and the one that is best in the other axis. What was found for one cap
serves others: a plan that keeps a tighter cap is a plan for it, and a bound holds for all tighter caps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..routing.errors import Fault, InputError, SolverError
from ..routing.plan import Plan
from ..routing.problem import Problem
from .frontier_axes import Axis, carbon_priced
from .no_plan import no_plan
from .options import CancelToken, relative_gap

NOISE = 1e-6
"""Relative difference below which figures are alike, as plans are verified."""
CAP_ROOM = 1e-7
"""Part by which a cap lies above the value that it is to permit."""
POLISH = 1e-5
"""Part of the cost that may be given for being better in the other axis."""
LEAST_MS, LEAST_PART = 0.01, 0.005
"""How narrowly the least round trip is sought: so many ms, or so much of the longest."""
MOST_STEPS = 12


@dataclass(frozen=True)
class Tried:
    """One plan, with the problem that it was made for.

    ``cap`` is the limit that it was made under, infinite for none; ``bound_usd`` is proven for all plans
    within that cap that leave no more out, None where cost was not what was minimised.
    """

    problem: Problem
    plan: Plan
    cap: float
    value: float
    usd: float
    bound_usd: float | None

    @property
    def unserved(self) -> float:
        """Weighted work left out."""
        return self.plan.unserved


@dataclass(frozen=True)
class FrontierPoint:
    """A plan on the frontier.

    Attributes
    ----------
    value, usd
        The other axis and cost.
    bound_usd, gap
        Proven lower bound of the cost of every plan that is as good in the other axis and leaves no more
        out, and how far the plan is from it at most.
    leaves_more_out
        Whether it leaves more work out than the cheapest plan.
    usd_per_unit
        What a unit less costs, on the way from the next cheaper point; None at the cheapest.
    """

    problem: Problem
    plan: Plan
    value: float
    usd: float
    bound_usd: float | None
    gap: float | None
    leaves_more_out: bool
    usd_per_unit: float | None


def frontier(
    problem: Problem,
    axis: Axis,
    *,
    points: int = 5,
    done: Callable[[Tried], None] | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> list[FrontierPoint]:
    """Return plans from the cheapest to the best in ``axis``, at most ``points``, none dominated by another.

    Parameters
    ----------
    points
        Evenly spread caps, both ends included. Several may have the same best plan, which counts once.
    done
        Called with every plan as it is there.
    cancel
        Once set, the points found so far are returned.
    **options
        Those of :func:`.solve`, for each plan.

    Raises
    ------
    InputError
        For a number of points out of range, or when the problem has nothing to do with the axis.
    SolverError
        When no plan was found at all; its NoPlanError where that is proven.
    """
    if not 2 <= points <= 1000:
        raise InputError([Fault("points", "must be between 2 and 1000")], "options")
    search = _Search(axis.unpriced(problem), axis, {"cancel": cancel, **options}, done)
    return search.run(points)


@dataclass
class _Search:
    """All plans made on the way."""

    base: Problem
    axis: Axis
    options: dict[str, Any]
    done: Callable[[Tried], None] | None
    tried: list[Tried] = field(default_factory=list)
    polished: list[Tried] = field(default_factory=list)

    def run(self, points: int) -> list[FrontierPoint]:
        """Return the points."""
        first = self._first()
        least = self._least(first).value
        caps = [least + (first.value - least) * step / (points - 1) for step in range(points)]
        for cap in reversed(caps[:-1]):
            self._at(cap)
        for cap in reversed(caps):
            self._polish(cap)
        return list(self._points(caps, first))

    def _first(self) -> Tried:
        """Return the cheapest plan."""
        from . import solve

        plan = solve(self.base, **self.options)
        if plan:
            return self._keep(self.base, plan, float("inf"))
        if self._stopped():
            raise SolverError("stopped before there was a plan to trade with")
        raise no_plan(plan, self.base, "to trade with")

    def _stopped(self) -> bool:
        cancel = self.options["cancel"]
        return cancel is not None and cancel.is_set()

    def _try(self, problem: Problem, cap: float, *, is_cost: bool = True) -> Tried | None:
        """Plan a problem and keep what comes of it; nothing is planned after a stop."""
        from . import solve

        if self._stopped():
            return None
        plan = solve(problem, **self.options)
        return self._keep(problem, plan, cap, is_cost=is_cost) if plan else None

    def _keep(self, problem: Problem, plan: Plan, cap: float, *, is_cost: bool = True) -> Tried:
        value, usd = self.axis.value(plan), self.axis.usd(self.base, plan)
        found = Tried(problem, plan, cap, value, usd, plan.bound if is_cost else None)
        self.tried.append(found)
        if self.done is not None:
            self.done(found)
        return found

    def _at(self, cap: float) -> Tried | None:
        """Return the best plan known under a cap, planning anew unless one made for a looser cap keeps it."""
        known = self._best_within(cap)
        proven = [each for each in self.tried if each.bound_usd is not None and each.plan.status == "optimal"]
        if any(each.cap >= cap and each.value <= _room(cap) for each in proven):
            return known
        found = self._try(self.axis.capped(self.base, _room(cap)), cap)
        if found is not None and found.plan.status != "optimal" and self.axis.name == "carbon":
            self._try_price(cap)
        return self._best_within(cap)

    def _try_price(self, cap: float) -> None:
        """Look for a better plan with a price of carbon instead of a cap: large searches do that better.

        The price is that of the way from the cheapest plan to the best that is known within the cap.
        """
        first, best = self.tried[0], self._best_within(cap)
        if best is not None and best.value < first.value and best.usd > first.usd:
            price = (best.usd - first.usd) / (first.value - best.value)
            self._try(carbon_priced(self.base, price), float("inf"), is_cost=False)

    def _best_within(self, cap: float) -> Tried | None:
        """Return the plan within a cap that leaves least out, at least cost."""
        fitting = [each for each in self.tried if each.value <= _room(cap)]
        least = min((each.unserved for each in fitting), default=0.0) + NOISE
        alike = [each for each in fitting if each.unserved <= least]
        return min(alike, key=lambda each: (each.usd, each.value), default=None)

    def _least(self, first: Tried) -> Tried:
        """Return the plan that is best in the other axis, leaving no more out than ``first``."""
        if self.axis.name == "latency":
            return self._least_rtt(first)
        scale = max(abs(first.usd), 1.0) / max(first.value, 1e-9)
        found = self._try(carbon_priced(self.base, scale, alone=True), float("inf"), is_cost=False)
        return found if found is not None and found.value < first.value else first

    def _least_rtt(self, first: Tried) -> Tried:
        """Halve the cap as long as as much is served."""
        best, low = first, 0.0
        for _ in range(MOST_STEPS):
            if best.value - low <= max(LEAST_MS, LEAST_PART * first.value) or self._stopped():
                break
            cap = (low + best.value) / 2
            found = self._at(cap)
            if found is not None and found.unserved <= first.unserved + NOISE:
                best = found
            else:
                low = cap
        return best

    def _polish(self, cap: float) -> None:
        """Look for a plan as cheap as the best within the cap that is better in the other axis."""
        best = self._best_within(cap)
        if best is None or best.plan.status != "optimal" or any(best is each for each in self.polished):
            return  # where better plans are likely, there are better uses of the time
        self.polished.append(best)
        if self.axis.name == "carbon":
            price = POLISH * max(abs(best.usd), 1e-9) / max(best.value, 1e-9)
            limited = self.axis.capped(self.base, _room(best.value))
            self._try(carbon_priced(limited, price), best.value, is_cost=False)
            return
        for _ in range(MOST_STEPS):
            lower = self._at(best.value - max(1e-3, NOISE * best.value)) if best.value > 1e-3 else None
            if (
                lower is None
                or lower.usd > best.usd + _noise(best.usd)
                or lower.unserved > best.unserved + NOISE
            ):
                return
            best = lower

    def _points(self, caps: list[float], first: Tried) -> Iterator[FrontierPoint]:
        """Yield the best plan within each cap, from the loosest on, each once and none beaten."""
        shown = [each for cap in reversed(caps) if (each := self._efficient(cap)) is not None]
        chosen = list({id(each): each for each in shown}.values())
        before: Tried | None = None
        for each in chosen:
            if before is None or each.value < before.value - _noise(before.value):
                yield self._point(each, before, first)
                before = each

    def _efficient(self, cap: float) -> Tried | None:
        """Return the plan within the cap that no other beats in both."""
        best = self._best_within(cap)
        if best is None:
            return None
        alike = [each for each in self.tried if each.usd <= best.usd + 2 * POLISH * abs(best.usd)]
        fitting = [
            each for each in alike if each.unserved <= best.unserved + NOISE and each.value <= best.value
        ]
        lowest = min(each.value for each in fitting)
        return min(
            (each for each in fitting if each.value <= lowest + _noise(lowest)), key=lambda each: each.usd
        )

    def _point(self, each: Tried, before: Tried | None, first: Tried) -> FrontierPoint:
        bound = self._bound_within(each)
        slope = None if before is None else (each.usd - before.usd) / (before.value - each.value)
        return FrontierPoint(
            problem=each.problem,
            plan=each.plan,
            value=each.value,
            usd=each.usd,
            bound_usd=bound,
            gap=relative_gap(each.usd, bound),
            leaves_more_out=each.unserved > first.unserved + NOISE,
            usd_per_unit=slope,
        )

    def _bound_within(self, point: Tried) -> float | None:
        """Return the best bound that was proven for the caps at or above a point's value."""
        bounds = [
            each.bound_usd
            for each in self.tried
            if each.bound_usd is not None
            and _room(each.cap) >= point.value
            and each.unserved >= point.unserved - NOISE
        ]
        return min(point.usd, max(bounds)) if bounds else None


def _room(cap: float) -> float:
    return cap + CAP_ROOM * abs(cap)


def _noise(figure: float) -> float:
    return NOISE * abs(figure)
