"""Why all owners together pay more than each alone, or leave more out."""

from __future__ import annotations

from collections.abc import Iterator

from .pooling import Pooling, Side
from .text import money, number, plural

NOISE = 1e-6
"""Part of an amount below which a difference is none."""


def worse_reasons(found: Pooling) -> list[str]:
    """Return what makes together worse than alone, in money, for the same work or in what is left out."""
    alone, shared = found.all_alone, found.shared
    if alone is None or shared is None or not _is_worse(found, alone, shared):
        return []
    return list(_reasons(found, alone, shared)) or [
        "plans are the best by the objective, which counts more than money within the horizon"
    ]


def same_work_usd(found: Pooling) -> tuple[float, float] | None:
    """Return what the workloads that both sides serve wholly cost alone and together."""
    names, alone, shared = found.served_by_both, found.all_alone, found.shared
    if names is None or alone is None or shared is None:
        return None
    one, other = (sum(side.money_usd.get(name, 0.0) for name in names) for side in (alone, shared))
    return one, other


def _is_worse(found: Pooling, alone: Side, shared: Side) -> bool:
    totals = [
        (sum(alone.money_usd.values()), sum(shared.money_usd.values())),
        (sum(alone.unserved.values()), sum(shared.unserved.values())),
        same_work_usd(found) or (0.0, 0.0),
    ]
    return any(other > one + NOISE * max(1.0, abs(one)) for one, other in totals)


def _reasons(found: Pooling, alone: Side, shared: Side) -> Iterator[str]:
    more = sum(alone.unserved.values()) - sum(shared.unserved.values())
    if more > NOISE:
        yield (
            f"together also does work of weight {number(more, 3)} that is left out alone, "
            "and takes capacity for it that the same work has to itself alone"
        )
    yield from _overdrawn(found)
    limits = found.problem.limits
    if limits.budget_usd is not None or limits.carbon_cap_tco2e is not None or limits.max_provider_share:
        yield "limits of the file hold for each owner by itself alone, and once for all together"
    plan = found.plan
    if plan is not None and plan.gap and plan.objective is not None and plan.bound is not None:
        usd = plan.objective - plan.bound
        yield f"the plan together may be {money(usd)} USD above the best: allow more time or a smaller gap"


def _overdrawn(found: Pooling) -> Iterator[str]:
    for kind, unit in (("pool", "accelerators"), ("site", "kW"), ("link", "Gbit/s")):
        over = [each for each in found.joint.overdrawn if each.kind == kind]
        if over:
            most = max(over, key=lambda each: each.excess)
            yield (
                f"alone, each owner has {plural(len(over), kind)} to itself that all use at once: they use "
                f"{number(most.excess, 1)} {unit} more than there are of {most.name} ({most.period})"
            )
