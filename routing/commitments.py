"""Committed capacity: what a problem costs before any work is placed."""

from __future__ import annotations

from .problem import Problem
from .text import money

ROUNDING = 1e-6


def committed_usd(problem: Problem) -> float:
    """Return what committed accelerators cost in any case, USD over the horizon."""
    return sum(
        pool.committed_count * (pool.committed_usd_per_accelerator_hour or 0.0) * problem.horizon_hours
        for pool in problem.pools
    )


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
