"""How much of the limits over the whole plan a plan uses: what may keep work out where pools have room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...routing.plan import Cost, Emission, JobPlan, ServicePlan
from ...routing.problem import Problem
from ...routing.reasons import barred_by_shares
from ..admissible.moving import sites_held

NEAR = 0.9
"""Part of a limit from which on it is likely to be what keeps work out."""


class LimitsUsed(NamedTuple):
    """How much of the limits is used, in words, empty without limits, and whether one is nearly used up."""

    words: str = ""
    are_near: bool = False

    def beside(self, detail: str) -> str:
        """Return what is told of work that lacks capacity, the limits first where they are nearly used up."""
        if not self.words:
            return detail
        used = f"used of the limits: {self.words}"
        return f"{used}; {detail}" if self.are_near else f"{detail}; {used}"


NO_LIMITS = LimitsUsed()


def limits_used(
    problem: Problem,
    used: tuple[Cost, Emission],
    placed: tuple[Sequence[JobPlan], Sequence[ServicePlan]],
) -> LimitsUsed:
    """Return how much of each limit over the whole plan is used."""
    found = list(_used(problem, *used, *placed))
    return LimitsUsed(", ".join(words for words, _ in found), any(part >= NEAR for _, part in found))


def _used(
    problem: Problem,
    cost: Cost,
    emission: Emission,
    jobs: Sequence[JobPlan],
    services: Sequence[ServicePlan],
) -> Iterator[tuple[str, float]]:
    """Yield how much of each limit is used, in words and as a part, 0 where that is not told."""
    limits = problem.limits
    for name, amount, limit in (
        ("budget_usd", cost.money_usd, limits.budget_usd),
        ("carbon_cap_tco2e", emission.tco2e, limits.carbon_cap_tco2e),
    ):
        if limit is not None:
            part = amount / limit if limit > 0 else 1.0
            yield (f"{part:.1%} of {name}" if limit > 0 else f"all of {name}"), part
    if limits.max_moves is not None:
        moves = _moves(problem, jobs, services)
        yield f"{moves} of {limits.max_moves} max_moves", float(moves >= limits.max_moves)
    if limits.max_provider_share:
        yield f"max_provider_share {barred_by_shares(problem) or 'may bind too'}", 0.0


def _moves(problem: Problem, jobs: Sequence[JobPlan], services: Sequence[ServicePlan]) -> int:
    """Return how many workloads of the present are elsewhere, as ``max_moves`` counts them."""
    present = problem.present
    moved = sum(
        entry.job in present.jobs
        and set(present.jobs[entry.job]) != {placement.pool for placement in entry.placements}
        for entry in jobs
    )
    for entry in services:
        held = sites_held(problem, entry.service)
        here = {replica.data_center for replica in entry.replicas if replica.replicas > 0}
        moved += held is not None and bool(here - held)
    return moved
