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
    money_usd: float = 0.0
    tco2e: float = 0.0
    moves: int = 0
    are_given: bool = False
    """Whether anything limits the whole plan or a site."""

    def beside(self, binding: str, detail: str) -> str:
        """Return what is told of work that lacks capacity.

        First comes the limit that is known to bind; the others do where they are nearly used up and none is.
        """
        used = f"used of the limits: {self.words}" if self.words else ""
        told = (binding, detail, used) if binding or not self.are_near else (used, detail)
        return "; ".join(filter(None, told))


NO_LIMITS = LimitsUsed()


def limits_used(
    problem: Problem,
    used: tuple[Cost, Emission],
    placed: tuple[Sequence[JobPlan], Sequence[ServicePlan]],
) -> LimitsUsed:
    """Return how much of each limit over the whole plan is used."""
    (cost, emission), moves = used, _moves(problem, *placed)
    found = list(_used(problem, cost, emission, moves))
    words, is_near = ", ".join(words for words, _ in found), any(part >= NEAR for _, part in found)
    are_given = bool(found) or any(site.max_power_kw is not None for site in problem.data_centers)
    return LimitsUsed(words, is_near, cost.money_usd, emission.tco2e, moves, are_given)


def _used(
    problem: Problem,
    cost: Cost,
    emission: Emission,
    moves: int,
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
