"""Capacity taken away from pools and links, as scenarios and failures do it."""

from __future__ import annotations

import math

from .errors import InputError
from .problem import Assignment, Problem
from .sites import Link, Pool


def degraded_pool(pool: Pool, to: float) -> Pool:
    """Return a pool of which a part is left, in whole accelerators. What was committed is still paid for.

    What an expansion would add is degraded likewise: the part is one of both together.
    """
    if to >= 1:
        return pool
    usable = math.floor(pool.count * (1 - pool.reserve_fraction) + 1e-9)
    left = math.floor(usable * to + 1e-9)
    is_fixed = pool.count > 0 and pool.expansion is None
    part = left / pool.count if is_fixed else (1 - pool.reserve_fraction) * to
    spot = None if pool.spot_count is None else math.floor(pool.spot_count * to + 1e-9)
    return pool.replace(reserve_fraction=1.0 - part, spot_count=spot)


def degraded_link(link: Link, to: float) -> Link:
    """Return a link of which a part of the bandwidth is left; that part is above 0."""
    return link.replace(bandwidth_gbps=link.bandwidth_gbps * to)


def without_pools(problem: Problem, gone: set[str], *, pays_on: bool) -> Problem:
    """Return the problem without some pools.

    A pool to which a workload is pinned stays, with no capacity: without it the pin would say something else.
    So does one with commitments where they are paid on (``pays_on``); else they are gone with the pool.

    Raises
    ------
    InputError
        When no pool would be left.
    """
    if not gone:
        return problem
    if len(gone) == len(problem.pools):
        raise InputError(["no pool is left to run anything on; keep a site that has pools"])
    pinned = {each.pool for each in problem.limits.pinned}
    paid = {pool.id for pool in problem.pools if pays_on and pool.committed_usd_per_hour > 0}
    absent = gone - pinned - paid
    kept = tuple(pool for pool in problem.pools if pool.id not in absent)
    pools = tuple(
        pool if pool.id not in gone else degraded_pool(pool, 0.0) if pool.id in paid else emptied(pool)
        for pool in kept
    )
    forbidden = tuple(each for each in problem.limits.forbidden if not _names(each, absent))
    return problem.replace(pools=pools, limits=problem.limits.replace(forbidden=forbidden))


def _names(assignment: Assignment, pools: set[str]) -> bool:
    return assignment.pool is not None and assignment.pool in pools


def emptied(pool: Pool) -> Pool:
    """Return a pool of which nothing is left, commitments included."""
    nothing = degraded_pool(pool, 0.0)
    return nothing.replace(committed_count=0, committed_usd_per_accelerator_hour=None)
