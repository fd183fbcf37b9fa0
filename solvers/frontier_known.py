"""All plans made for a frontier, and what they prove of each other.

A plan that keeps a tighter cap is a plan for a looser one, a bound holds for all tighter caps, and what was
proven with a price holds under every cap, less the price of all that it permits (Lagrange). Source: H.
Everett, Generalized Lagrange multiplier method for solving problems of optimum allocation of resources,
Operations Research 11 (1963) 399-417.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..routing.plan import Plan
from ..routing.problem import Problem

NOISE = 1e-6
"""Relative difference below which figures are alike, as plans are verified."""
CAP_ROOM = 1e-7
"""Part by which a cap lies above the value that it is to permit."""
KEPT = 3e-6
"""Part by which plans may pass a cap that they were made for: solvers keep rows within 1e-6."""


@dataclass(frozen=True)
class Tried:
    """One plan, with the problem that it was made for.

    ``cap`` is the limit that it was made under, infinite for none; ``bound_usd`` is proven of all plans
    within that cap that leave no more out, for cost and what the other axis is worth at ``usd_per_unit``; it
    is None where cost was not what was minimised. ``step`` says for people which part of the search made it,
    of how many.
    """

    problem: Problem
    plan: Plan
    cap: float
    value: float
    usd: float
    bound_usd: float | None
    usd_per_unit: float = 0.0
    step: str = ""

    @property
    def unserved(self) -> float:
        """Weighted work left out."""
        return self.plan.unserved


@dataclass
class Known:
    """The plans made so far."""

    tried: list[Tried] = field(default_factory=list)

    def best_within(self, cap: float) -> Tried | None:
        """Return the plan within a cap that leaves least out, at least cost."""
        fitting = [each for each in self.tried if each.value <= as_kept(cap)]
        least = min((each.unserved for each in fitting), default=0.0) + NOISE
        alike = [each for each in fitting if each.unserved <= least]
        return min(alike, key=lambda each: (each.usd, each.value), default=None)

    def bound_within(self, cap: float, plan: Tried) -> float | None:
        """Return the best bound of the cost of plans within a cap that leave no more out than ``plan``."""
        bounds = [
            each.bound_usd - each.usd_per_unit * with_room(cap)
            for each in self.tried
            if each.bound_usd is not None
            and as_kept(each.cap) >= cap
            and each.unserved >= plan.unserved - NOISE
        ]
        return min(plan.usd, max(bounds)) if bounds else None

    def price_at(self, cap: float) -> float:
        """Return the price of the steepest way from the best plan within a cap to those that exceed it."""
        best = self.best_within(cap)
        if best is None:
            return 0.0
        slopes = (
            (best.usd - each.usd) / (each.value - best.value)
            for each in self.tried
            if each.value > as_kept(cap) and each.unserved <= best.unserved + NOISE
        )
        return max(0.0, max(slopes, default=0.0))


def with_room(cap: float) -> float:
    """Return a cap that permits what lies at it but for rounding."""
    return cap + CAP_ROOM * abs(cap)


def as_kept(cap: float) -> float:
    """Return what plans may come to that count as within a cap."""
    return cap + KEPT * abs(cap)
