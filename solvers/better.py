"""The better one of two plans of the same problem, with what is proven of either."""

from __future__ import annotations

from typing import Any

from ..routing.plan import Plan
from .options import relative_gap, unserved_gap_of
from .searching.telling import UNSERVED_TOLERANCE


def better(first: Plan, second: Plan, gap_limit: float = 0.0) -> Plan:
    """Return the plan that leaves less out, or else costs less; the second where they are alike.

    It has the bounds of both, where those of the other hold: of plans that leave no more out than that. If
    these close the gap, it is optimal.
    """
    if not first and not second:
        return _better_refused(first, second)
    if not first or not second or first.objective is None or second.objective is None:
        return first if first else second
    one, other = ((round(plan.unserved, 6), plan.objective) for plan in (first, second))
    chosen = (first, second) if one < other else (second, first)
    return _with_bounds(*chosen, gap_limit)


def _better_refused(first: Plan, second: Plan) -> Plan:
    """Return the one that leaves less out where all or nothing was asked for, with what either proves."""
    one, other = ((not plan.left_out, plan.unserved) for plan in (first, second))
    chosen = first if one < other else second
    status = "infeasible" if "infeasible" in (first.status, second.status) else chosen.status
    bound = max(first.unserved_bound, second.unserved_bound)
    return chosen.model_copy(update={"status": status, "unserved_bound": bound})


def _with_bounds(plan: Plan, other: Plan, gap_limit: float) -> Plan:
    """Return a plan with the better of its bounds and those of another that leaves no less out."""
    assert plan.objective is not None
    bounds = [bound for bound in (plan.bound, other.bound) if bound is not None]
    bound = min(plan.objective, max(bounds)) if bounds else None
    unserved = min(plan.unserved, max(plan.unserved_bound, other.unserved_bound))
    more = plan.unserved > other.unserved + UNSERVED_TOLERANCE
    if more or (bound, unserved) == (plan.bound, plan.unserved_bound):
        return plan
    cost_gap, unserved_gap = relative_gap(plan.objective, bound), unserved_gap_of(plan.unserved, unserved)
    gap = None if cost_gap is None else max(cost_gap, unserved_gap)
    known: dict[str, Any] = {"bound": bound, "unserved_bound": unserved, "gap": gap}
    if gap is not None and gap <= gap_limit + 1e-9:
        known |= {"status": "optimal", "stopped_by": "gap"}
    return plan.model_copy(update=known)
