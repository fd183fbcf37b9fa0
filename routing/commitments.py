"""Committed capacity: what a problem costs before any work is placed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .problem import Problem
from .sites import Pool
from .text import money

WHERE = "that is committed where it takes capacity out"
Commitments = Literal["keep", "drop"]
"""Whether scenarios pay on, or drop, what is committed at pools that they take out."""

ROUNDING = 1e-6


def committed_usd(problem: Problem) -> float:
    """Return what committed accelerators cost in any case, USD over the horizon."""
    return _usd(problem, problem.pools)


def _usd(problem: Problem, pools: Iterable[Pool]) -> float:
    return sum(pool.committed_usd_per_hour * problem.horizon_hours for pool in pools)


@dataclass(frozen=True)
class Sunk:
    """What is committed at pools that a scenario takes out, USD over the horizon.

    Attributes
    ----------
    paid_usd, dropped_usd
        What is still paid, though nothing can run there, and what the scenario drops.
    """

    paid_usd: float = 0.0
    dropped_usd: float = 0.0

    def __bool__(self) -> bool:
        return self.paid_usd > 0 or self.dropped_usd > 0

    def __str__(self) -> str:
        """Return in words what becomes of it."""
        told = (("still pays", self.paid_usd), ("drops", self.dropped_usd))
        return " and ".join(f"{verb} {money(usd)} USD" for verb, usd in told if usd > 0)


NOTHING_SUNK = Sunk()


def still_paid_usd(problem: Problem, changed: Problem) -> float:
    """Return what ``changed`` pays for commitments at pools that are lost in it, but not in ``problem``."""
    before = {pool.id for pool in problem.pools if not pool.is_lost}
    return _usd(changed, (pool for pool in changed.pools if pool.is_lost and pool.id in before))


def pays_for_use(problem: Problem) -> bool:
    """Return whether some price of energy is below 0, so that use may earn money."""
    prices = (site.usd_per_kwh for site in problem.data_centers)
    return any(min(price) < 0 if isinstance(price, tuple) else price < 0 for price in prices)


def over_budget(problem: Problem) -> str | None:
    """Return how the commitments alone exceed the budget, in words, or None where they need not."""
    limit, usd = problem.limits.budget_usd, committed_usd(problem)
    if limit is None or usd <= limit + ROUNDING * max(limit, 1.0) or pays_for_use(problem):
        return None
    return f"commitments alone cost {money(usd)} USD, more than the budget of {money(limit)} USD"
