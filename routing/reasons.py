"""The reasons of left-out work in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from .errors import quoted
from .problem import Problem
from .workloads import TrainingJob

ROUNDING = 1e-9
"""Of a sum of shares."""
MOST_NAMED = 3
"""Names that are listed."""
DETAILS: Mapping[str, str] = MappingProxyType(
    {
        "residency": "its data policy permits none of the data centers",
        "accelerator": "no permitted data center has an accelerator type that it can use",
        "memory": "no accelerator that it can use has enough memory",
        "gang": "no pool that it may use holds so large a cluster",
        "pinned": "its pinned and forbidden places leave no pool",
        "route": "no link leads from its data or users to a pool that it can use",
        "transit": "every way to a pool that it can use passes a jurisdiction that its policy forbids",
        "bandwidth": "no way of its dataset to a pool that it can use is wide enough",
        "latency": "every pool that it can use is too far, or serves too slowly, for its latency limit",
        "deadline": "it cannot end by its deadline, or within the horizon, wherever it runs",
        "power": "alone it draws more than the power limit of each data center that it can use",
        "carbon": "alone, and in the cleanest periods, it emits more than the carbon cap",
        "budget": "alone, and at its cheapest, it costs more than the budget leaves beside commitments",
        "sites": "fewer data centers can serve it than its min_sites asks for",
        "survival": "the loss of {}, which it is to survive, leaves no pool that it can use in its reach",
        "capacity": "pools, links or limits that it could use are taken by other work, or too small",
    }
)
_OVER_SITES: Mapping[str, str] = MappingProxyType(
    {
        "gang": "no pool that it may use, nor pools at as many sites as it may span, hold so large a cluster",
        "pinned": "its pinned and forbidden places leave no pool, nor pools at as many sites as it needs",
        "route": "no links lead from its data to a pool that holds it, nor join as many sites as it needs",
        "transit": "every way between its data and sites passes a jurisdiction that its policy forbids",
        "bandwidth": "links are too narrow for its dataset, or between its sites",
        "latency": "no pool in reach holds all of it, and sites are too far apart for its round trips",
    }
)
"""What is true instead of jobs that may span several sites."""


def listed(names: Iterable[str], *, quote: bool = True) -> str:
    """Return some names in words, the first of many only."""
    known = sorted(set(names))
    shown = [quoted(name) if quote else name for name in known[:MOST_NAMED]]
    more = len(known) - MOST_NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def job_details(job: TrainingJob) -> Mapping[str, str]:
    """Return what the reasons say of a job."""
    return {**DETAILS, **_OVER_SITES} if job.max_sites > 1 else DETAILS


def barred_by_shares(problem: Problem) -> str | None:
    """Return how ``max_provider_share`` bars all work, in words, or None where it does not.

    It does where the providers of all pools may not have all accelerator-hours together.
    """
    shares = problem.limits.max_provider_share
    providers = sorted({problem.data_center[pool.data_center].provider_id for pool in problem.pools})
    most = sum(shares.get(name, shares.get("*", 1.0)) for name in providers)
    if not providers or most >= 1 - ROUNDING:
        return None
    who = quoted(providers[0]) if len(providers) == 1 else f"{len(providers)} providers"
    return (
        f"bars all work: all pools are of {who}, with {most:.0%} of all accelerator-hours at most; "
        "raise a share, or add a pool of another provider"
    )
