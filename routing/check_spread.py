"""The sites of services: not too many and, where several are asked for, as many in the reach of users."""

from __future__ import annotations

from collections import defaultdict

from .check_admission import in_time, site_of
from .check_findings import Findings, named
from .check_reach import Reach, Rules
from .check_structure import Sound, SoundService
from .problem import Problem
from .sites import Pool
from .workloads import InferenceService


def check_spread(sound: Sound, findings: Findings) -> None:
    """Check how many sites every service has, and that those of several keep replicas in every period."""
    reach = Reach(sound.problem)
    for part in sound.services:
        service, periods = part.service, _periods(part)
        if service.max_sites is not None:
            findings.limit("spread", _element(part), len(periods), service.max_sites, "sites")
        if service.min_sites > 1 and periods:
            _check_several(sound.problem, part, reach, findings)
            _check_steady(sound.problem, part, periods, findings)


def _element(part: SoundService) -> str:
    return named(service=part.service.id)


def _periods(part: SoundService) -> dict[str, set[str]]:
    """Return the periods with replicas of each data center that has any."""
    periods: defaultdict[str, set[str]] = defaultdict(set)
    for replica in part.replicas:
        if replica.replicas:
            periods[replica.data_center].add(replica.period)
    return periods


def _check_several(problem: Problem, part: SoundService, reach: Reach, findings: Findings) -> None:
    """Check that enough sites could answer a user; of those that do, other checks see to that."""
    sites = set(_periods(part))
    near = sites & {flow.data_center for flow in part.flows if flow.requests_per_second > 0}
    pools = [problem.pool[name] for name in dict.fromkeys(each.pool for each in part.replicas)]
    near |= {
        pool.data_center
        for pool in pools
        if pool.data_center in sites - near and _is_near(problem, part.service, pool, reach)
    }
    if len(near) < part.service.min_sites:
        few = f"{len(sites)} sites" if near == sites else f"{len(near)} sites in reach of its users"
        findings.add("spread", _element(part), f"{few}, needs {part.service.min_sites}")


def _is_near(problem: Problem, service: InferenceService, pool: Pool, reach: Reach) -> bool:
    """Return whether the pool may answer some user of the service who asks, within every limit."""
    site = site_of(problem, pool)
    for demand in service.demand:
        if demand.is_empty:
            continue
        policy = problem.residency(demand.policy or service.policy)
        rtt_ms, _ = reach.round_trip(demand.location, site.id, Rules(policy=policy))
        if policy.may_process(site.jurisdiction) and in_time(service, pool, rtt_ms):
            return True
    return False


def _check_steady(
    problem: Problem, part: SoundService, periods: dict[str, set[str]], findings: Findings
) -> None:
    for site, kept in sorted(periods.items()):
        if len(kept) < len(problem.periods):
            message = f"data center {site!r} has replicas in {len(kept)} of {len(problem.periods)} periods"
            findings.add("spread", _element(part), message)
