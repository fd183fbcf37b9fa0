"""Owners: who has work, which sites sell to everybody, and what an owner alone has of these."""

from __future__ import annotations

from .problem import Problem
from .sites import Pool


def owners_of_work(problem: Problem) -> list[str]:
    """Return the owners that workloads name, in file order."""
    return list(dict.fromkeys(work.owner for work in problem.workloads if work.owner is not None))


def public_sites(problem: Problem) -> frozenset[str]:
    """Return the data centers that sell to everybody.

    These are the sites of kind ``cloud``, but for those whose ``owner`` is named and has workloads itself.
    """
    busy = set(owners_of_work(problem))
    return frozenset(
        site.id for site in problem.data_centers if site.kind == "cloud" and site.owner not in busy
    )


def committed_by(owner: int, owners: int, pool: Pool) -> Pool:
    """Return a pool that sells to everybody as the owner of this number has it when it is alone.

    It sees the pool whole, and pays for its part of what is committed there: all have the same, in whole
    accelerators, and the first ones those that are left.
    """
    share, rest = divmod(pool.committed_count, owners)
    return pool.replace(committed_count=share + (owner < rest))
