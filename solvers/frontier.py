"""Cost against carbon or latency: plans of which none is better than another in both.

The epsilon-constraint method (Haimes, Lasdon and Wismer, 1971): least cost under evenly spread caps on the
other axis, between the cheapest plan and the one that is best in the other axis. Every plan serves all caps
that it keeps, and what is proven with a cap or a price is proven for others (:mod:`.frontier_known`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..routing.errors import Fault, InputError, SolverError
from ..routing.plan import Plan
from ..routing.problem import Problem
from .frontier_axes import MOST_USD_PER_TCO2E, Axis, carbon_priced
from .frontier_known import NOISE, Known, Tried, with_room
from .known_plans import KnownPlans
from .no_plan import no_plan
from .options import CancelToken, Options, relative_gap

POLISH = 1e-5
"""Part of the cost that may be given for being better in the other axis."""
LEAST_MS, LEAST_PART = 0.01, 0.005
"""How narrowly the least round trip is sought: so many ms, or so much of the longest."""
MOST_STEPS = 12
DEAR, HARDLY = 10.0, 0.01
"""A high price of carbon, in times of that at which emissions cost as much as all of the cheapest plan, and
how much more than the cleanest plan one that is found with it may emit."""
MOST_PRICES, LIKE_PRICES = 3, 0.02
"""Prices of carbon tried for a cap, and relative difference below which two are alike."""


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
    search = _Search(axis.unpriced(problem), axis, KnownPlans({"cancel": cancel, **options}), done)
    return search.run(points)


@dataclass
class _Search:
    """All plans made on the way."""

    base: Problem
    axis: Axis
    plans: KnownPlans
    done: Callable[[Tried], None] | None
    polished: list[Tried] = field(default_factory=list)
    known: Known = field(default_factory=Known)
    caps_pay: bool = True
    """Whether plans under a cap have been as good as those with a price."""
    priced: dict[float, float] = field(default_factory=dict)
    """The price of carbon tried last, by the cap that it was tried for."""
    step: str = "cheapest"
    """The part of the search that is under way."""

    def run(self, points: int) -> list[FrontierPoint]:
        """Return the points."""
        first = self._first()
        self.step = f"least {self.axis.name}"
        least = self._least(first).value
        most = self._most_needed(first)
        caps = [least + (most - least) * step / (points - 1) for step in reversed(range(points))]
        for number, cap in enumerate(caps[1:], 1):
            self.step = f"cap {number} of {points - 1}"
            self._at(cap)
        for number, cap in enumerate(caps[1:], 1):
            self.step = f"prices for cap {number} of {points - 1}"
            self._try_prices(cap, MOST_PRICES - 1)
        for number, cap in enumerate(caps, 1):
            self.step = f"polishing {number} of {points}"
            self._polish(cap)
        return list(self._points(caps, first))

    def _first(self) -> Tried:
        """Return the cheapest plan."""
        plan = self.plans.solve(self.base)
        if plan:
            return self._keep(self.base, plan, float("inf"))
        if self.plans.is_stopped():
            raise SolverError("stopped before there was a plan to trade with")
        raise no_plan(plan, self.base, "to trade with")

    def _try(
        self, problem: Problem, cap: float, *, is_cost: bool = True, afresh: bool = False
    ) -> Tried | None:
        """Plan a problem, from what is known or ``afresh``, and keep it; nothing is planned after a stop."""
        if self.plans.is_stopped():
            return None
        plan = self.plans.solve(problem, afresh=afresh)
        return self._keep(problem, plan, cap, is_cost=is_cost) if plan else None

    def _keep(self, problem: Problem, plan: Plan, cap: float, *, is_cost: bool = True) -> Tried:
        found = Tried(
            problem=problem,
            plan=plan,
            cap=cap,
            value=self.axis.value(plan),
            usd=self.axis.usd(self.base, plan),
            bound_usd=plan.bound if is_cost else None,
            usd_per_unit=problem.objective.usd_per_tco2e - self.base.objective.usd_per_tco2e,
            step=self.step,
        )
        self.known.tried.append(found)
        if self.done is not None:
            self.done(found)
        return found

    def _at(self, cap: float) -> Tried | None:
        """Return the best plan known under a cap, planning anew unless what is known is proven best."""
        if self._is_settled(cap):
            return self.known.best_within(cap)
        if not self.caps_pay:
            self._try_prices(cap, 1)
            return self.known.best_within(cap)
        found = self._try(self.axis.capped(self.base, with_room(cap)), cap)
        if found is not None and found.plan.status != "optimal" and self.axis.name == "carbon":
            self._try_prices(cap, 1)
            self.caps_pay = self.known.best_within(cap) is found
        return self.known.best_within(cap)

    def _is_settled(self, cap: float) -> bool:
        """Return whether no plan within the cap is cheaper than the best known, but for the gap allowed."""
        best = self.known.best_within(cap)
        gap = None if best is None else relative_gap(best.usd, self.known.bound_within(cap, best))
        return gap is not None and gap <= max(NOISE, self.plans.options.get("gap_limit", Options().gap_limit))

    def _try_prices(self, cap: float, most: int) -> None:
        """Look for better plans and bounds with a price of carbon: large searches do that better than a cap.

        It is the price of the way from the best plan known within the cap to those that emit more, until that
        leads to nothing new, with so many plans at most.
        """
        for _ in range(most):
            if self.axis.name != "carbon" or self._is_settled(cap):
                return
            price, last = min(self.known.price_at(cap), MOST_USD_PER_TCO2E), self.priced.get(cap, 0.0)
            if abs(price - last) <= LIKE_PRICES * price:
                return
            self._try(carbon_priced(self.base, price), float("inf"))
            self.priced[cap] = price

    def _least(self, first: Tried) -> Tried:
        """Return the plan that is best in the other axis, leaving no more out than ``first``."""
        if self.axis.name == "latency":
            return self._least_rtt(first)
        scale = max(abs(first.usd), 1.0) / max(first.value, 1e-9)
        found = self._try(carbon_priced(self.base, scale, alone=True), float("inf"), is_cost=False)
        if found is None or found.value >= first.value:
            return first
        return found if found.plan.status == "optimal" else self._almost_least(found, DEAR * scale)

    def _almost_least(self, least: Tried, price: float) -> Tried:
        """Return a plan at a high price of carbon where it emits hardly more than the cleanest one found.

        What is not proven cleanest may cost any amount more for next to nothing.
        """
        found = self._try(carbon_priced(self.base, price), float("inf"))
        if found is None or found.unserved > least.unserved + NOISE or found.usd >= least.usd:
            return least
        return found if found.value <= (1 + HARDLY) * least.value else least

    def _most_needed(self, first: Tried) -> float:
        """Return where the frontier begins: of all that are as cheap, ``first`` may be far from the best."""
        self.step = "polishing the cheapest"
        self._polish(first.value)
        found = self._efficient(first.value) or first
        if self.polished:
            self.polished.append(found)
        return found.value

    def _least_rtt(self, first: Tried) -> Tried:
        """Halve the cap as long as as much is served."""
        best, low = first, 0.0
        for _ in range(MOST_STEPS):
            if best.value - low <= max(LEAST_MS, LEAST_PART * first.value) or self.plans.is_stopped():
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
        best = self.known.best_within(cap)
        is_known = any(best is each for each in self.polished)
        if best is None or is_known or not self.caps_pay or not self._is_settled(cap):
            return  # where better plans are likely, there are better uses of the time
        self.polished.append(best)
        if self.axis.name == "carbon":
            price = POLISH * max(abs(best.usd), 1e-9) / max(best.value, 1e-9)
            limited = self.axis.capped(self.base, with_room(best.value))
            self._try(carbon_priced(limited, price), best.value, afresh=True)  # ``best`` is within the gap
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
        shown = [each for cap in caps if (each := self._efficient(cap)) is not None]
        chosen = list({id(each): each for each in shown}.values())
        before: Tried | None = None
        for each in chosen:
            if before is None or each.value < before.value - _noise(before.value):
                yield self._point(each, before, first)
                before = each

    def _efficient(self, cap: float) -> Tried | None:
        """Return the plan within the cap that no other beats in both."""
        best = self.known.best_within(cap)
        if best is None:
            return None
        alike = [each for each in self.known.tried if each.usd <= best.usd + 2 * POLISH * abs(best.usd)]
        fitting = [
            each for each in alike if each.unserved <= best.unserved + NOISE and each.value <= best.value
        ]
        lowest = min(each.value for each in fitting)
        return min(
            (each for each in fitting if each.value <= lowest + _noise(lowest)), key=lambda each: each.usd
        )

    def _point(self, each: Tried, before: Tried | None, first: Tried) -> FrontierPoint:
        bound = self.known.bound_within(each.value, each)
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


def _noise(figure: float) -> float:
    return NOISE * abs(figure)
