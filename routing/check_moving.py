"""Moves, recomputed: what is not where it is at present, what that costs, and by which route it went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .check_admission import site_of
from .check_findings import Findings, named
from .check_money import Ledger, Prices, hour_beyond_usd
from .check_reach import Reach, Rules
from .check_structure import Sound, SoundService
from .plan import JobPlan
from .policies import Residency
from .sites import DataCenter
from .workloads import TrainingJob


def check_moving(sound: Sound, findings: Findings) -> None:
    """Check the limit on moves, and the route of every checkpoint."""
    moved = list(_moved(sound))
    most = sound.problem.limits.max_moves
    if most is not None:
        findings.limit("max_moves", "plan", len(moved), most, "moves")
    reach = Reach(sound.problem)
    for job, entry in sound.jobs:
        _Checkpoint(sound, job, entry, findings).check(job.id in moved, reach)


def settle_moving(sound: Sound, ledger: Ledger) -> None:
    """Book what moving costs in the horizon."""
    moved, prices = set(_moved(sound)), Prices(sound)
    for job, entry in sound.jobs:
        if job.id in moved:
            _settle_job(sound, job, entry, prices, ledger)
    usd = sound.problem.moving.usd_per_site_entered
    for part in sound.services:
        for site in _entered(sound, part):
            ledger.book(part.service.id, sound.problem.data_center[site], "moving_usd", usd)


def _moved(sound: Sound) -> Iterator[str]:
    """Yield the jobs that are in other pools than at present, and the services that enter a site."""
    held = sound.problem.present.jobs
    for job, entry in sound.jobs:
        if job.id in held and set(held[job.id]) != {placement.pool for placement in entry.placements}:
            yield job.id
    yield from (part.service.id for part in sound.services if _entered(sound, part))


def _entered(sound: Sound, part: SoundService) -> list[str]:
    """Return the data centers where a service has replicas and at present has none."""
    held = sound.problem.present.services.get(part.service.id)
    if held is None:
        return []
    there = {replica.data_center for replica in part.replicas if replica.replicas > 0}
    return sorted(there - _sites(sound, held))


def _sites(sound: Sound, pools: Iterable[str]) -> set[str]:
    """Return the data centers of those of the pools that still exist."""
    known = sound.problem.pool
    return {known[name].data_center for name in pools if name in known}


def _settle_job(sound: Sound, job: TrainingJob, entry: JobPlan, prices: Prices, ledger: Ledger) -> None:
    problem, moving = sound.problem, sound.problem.moving
    for place in entry.placements:
        pool = problem.pool[place.pool]
        hour_usd = sum(hour_beyond_usd(sound, pool, place.accelerators, entry.spot))
        usd = moving.usd_per_job / len(entry.placements)
        usd += moving.restart_hours * place.accelerators * hour_usd
        ledger.book(job.id, site_of(problem, pool), "moving_usd", usd)
    for route in entry.checkpoint_routes:
        if route in prices.walks:
            link_usd, egress = prices.of(route or "", False)
            network_usd = moving.checkpoint_gb * (link_usd + sum(egress.values()))
            ledger.book(job.id, None, "moving_usd", network_usd)


class _Checkpoint:
    """The routes by which a job's checkpoint comes to its new places."""

    def __init__(self, sound: Sound, job: TrainingJob, entry: JobPlan, findings: Findings) -> None:
        self.sound, self.job, self.entry, self.findings = sound, job, entry, findings
        self.policy: Residency = sound.problem.residency(job.policy)
        self.origins = _sites(sound, sound.problem.present.jobs.get(job.id, ()))

    def check(self, moved: bool, reach: Reach) -> None:
        places, routes = self.entry.placements, self.entry.checkpoint_routes
        if not (moved and self.sound.problem.moving.checkpoint_gb > 0):
            if routes:
                self._fault("takes routes for a checkpoint and has none to carry")
            return
        if len(routes) != len(places):
            self._fault(f"{len(routes)} checkpoint routes for {len(places)} placements")
        for place, route in zip(places, routes, strict=False):
            site = self.sound.problem.data_center[place.data_center]
            if site.id in self.origins:
                self._check_stays(site, route)
            elif route is None:
                self._check_unreachable(site, reach)
            else:
                self._check_route(site, route)

    def _fault(self, message: str) -> None:
        self.findings.add("checkpoint", named(job=self.job.id), message)

    def _check_stays(self, site: DataCenter, route: str | None) -> None:
        if route is not None:
            self._fault(f"takes route {route!r} though the checkpoint is at {site.id!r}")

    def _check_unreachable(self, site: DataCenter, reach: Reach) -> None:
        rules = Rules(policy=self.policy)
        for origin in sorted(self.origins):
            if reach.to_site(origin, site.id, rules) < float("inf"):
                self._fault(f"has no route to {site.id!r}, though a way leads there from {origin!r}")

    def _check_route(self, site: DataCenter, route: str) -> None:
        walk = self.sound.routes.walks.get(route)
        if walk is None:
            return  # reported with the routes
        if walk.origin not in self.origins or walk.destination != site.id or walk.back:
            self._fault(f"route {route!r} does not lead one way from where it is to {site.id!r}")
        if bar := self.sound.routes.barred(route, self.policy):
            self.findings.add("transit", named(job=self.job.id, route=route), bar)
