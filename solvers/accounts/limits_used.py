"""How much of the limits over the whole plan a plan uses: what may keep work out where pools have room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...routing.plan import Cost, Emission, JobPlan, ServicePlan
from ...routing.problem import Problem
from ...routing.reasons import barred_by_shares
from ..admissible.moving import sites_held


def limits_used(
    problem: Problem,
    used: tuple[Cost, Emission],
    placed: tuple[Sequence[JobPlan], Sequence[ServicePlan]],
) -> str:
    """Return how much of each limit is used, in words; nothing where there is no limit."""
    return ", ".join(_used(problem, *used, *placed))


def _used(
    problem: Problem,
    cost: Cost,
    emission: Emission,
    jobs: Sequence[JobPlan],
    services: Sequence[ServicePlan],
) -> Iterator[str]:
    limits = problem.limits
    for name, amount, limit in (
        ("budget_usd", cost.money_usd, limits.budget_usd),
        ("carbon_cap_tco2e", emission.tco2e, limits.carbon_cap_tco2e),
    ):
        if limit is not None:
            yield f"{amount / limit:.1%} of {name}" if limit > 0 else f"all of {name}"
    if limits.max_moves is not None:
        yield f"{_moves(problem, jobs, services)} of {limits.max_moves} max_moves"
    if limits.max_provider_share:
        yield f"max_provider_share {barred_by_shares(problem) or 'may bind too'}"


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
