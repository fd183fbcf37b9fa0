"""Training jobs: where they may be, on how many accelerators, and how their data comes to them."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from .check_admission import Pins, counts, even, hours, largest_gang, remembers, site_of
from .check_findings import Findings, named
from .check_routes import Walk
from .check_schedule import check_schedule
from .check_structure import Sound
from .plan import JobPlan
from .sites import Pool
from .workloads import Dataset, MultiSite, TrainingJob


def check_jobs(sound: Sound, findings: Findings) -> None:
    """Check the place, size, time and data of every job that is placed."""
    pins = Pins(sound.problem)
    for job, entry in sound.jobs:
        _Job(sound, job, entry, findings).check(pins)


class _Job:
    def __init__(self, sound: Sound, job: TrainingJob, entry: JobPlan, findings: Findings) -> None:
        self.sound = sound
        self.problem = sound.problem
        self.job = job
        self.entry = entry
        self.findings = findings
        self.element = named(job=job.id)
        self.pools = [sound.problem.pool[placement.pool] for placement in entry.placements]
        self.policy = sound.problem.residency(job.policy)

    def check(self, pins: Pins) -> None:
        for pool, placement in zip(self.pools, self.entry.placements, strict=True):
            self._check_pool(pool, placement.accelerators, pins)
        self._check_sites()
        self._check_spot()
        self._check_inter_site_routes()
        running = self._hours()
        if running is not None:
            check_schedule(self.sound, self.job, self.entry, running, self.findings)
        self._check_dataset(running)

    def _check_pool(self, pool: Pool, accelerators: int, pins: Pins) -> None:
        element = named(job=self.job.id, pool=pool.id)
        jurisdiction = site_of(self.problem, pool).jurisdiction
        if not self.policy.may_process(jurisdiction):
            message = f"policy {self.job.policy!r} bars processing in {jurisdiction}"
            self.findings.add("residency", element, message)
        if not remembers(self.problem, self.job, pool):
            memory, need = (
                self.problem.accelerator[pool.accelerator].memory_gb,
                self.job.memory_gb_per_accelerator,
            )
            self.findings.add("memory", element, f"{memory:g} GB per accelerator, needs {need:g}")
        if not pins.permit(self.job.id, pool):
            self.findings.add("pin", element, "is not among its pinned places, or is forbidden")
        self.findings.limit("gang", element, accelerators, largest_gang(pool), "accelerators in one cluster")

    def _check_sites(self) -> None:
        sites = {pool.data_center for pool in self.pools}
        if len(sites) < len(self.pools):
            self._fault("gang", "holds two clusters at one data center")
        if len(self.pools) > self.job.max_sites:
            self._fault("gang", f"spans {len(self.pools)} sites of {self.job.max_sites}")
        if not even(placement.accelerators for placement in self.entry.placements):
            self._fault("gang", "is not split evenly over its sites")

    def _fault(self, constraint: str, message: str) -> None:
        self.findings.add(constraint, self.element, message)

    def _check_spot(self) -> None:
        if self.entry.spot and not self.job.interruptible:
            self._fault("spot", "pays the spot price and is not interruptible")
        for pool in self.pools:
            if self.entry.spot and pool.spot_usd_per_accelerator_hour is None:
                self._fault("spot", f"pays the spot price in pool {pool.id!r}, which has none")

    def _hours(self) -> float | None:
        """Return the running time that follows from the placement, or None where it can have none."""
        types = {pool.accelerator for pool in self.pools}
        if len(types) > 1:
            self._fault("accelerator", f"mixes types {', '.join(sorted(types))}")
            return None
        count = sum(placement.accelerators for placement in self.entry.placements)
        running = hours(self.problem, self.job, self.pools, count)
        if running is None:
            choices = ", ".join(map(str, counts(self.job, self.pools[0].accelerator))) or "none"
            self._fault(
                "accelerator", f"holds {count} of {self.pools[0].accelerator!r}; it may hold {choices}"
            )
        return running

    def _check_dataset(self, running: float | None) -> None:
        dataset, routes = self.job.dataset, self.entry.dataset_routes
        if dataset is None:
            if routes:
                self._fault("dataset", "has no dataset and takes routes for one")
            self._compare_transfer(0.0, 0.0)
            return
        if len(routes) != len(self.pools):
            self._fault("dataset", f"{len(routes)} dataset routes for {len(self.pools)} placements")
        for pool, route in zip(self.pools, routes, strict=False):
            self._check_dataset_route(dataset, pool, route)
        if running is not None:
            window = min(dataset.transfer_hours or running, running)
            gbit = dataset.gb / len(self.pools) * 8
            self._compare_transfer(window, gbit / (3600 * max(window, 1e-12)))

    def _compare_transfer(self, window_hours: float, gbps: float) -> None:
        if not any(self.entry.dataset_routes) and (self.entry.transfer_hours, self.entry.transfer_gbps) == (
            0,
            0,
        ):
            return  # nothing is transferred
        for what, stated, true in (
            ("transfer_hours", self.entry.transfer_hours, window_hours),
            ("transfer_gbps", self.entry.transfer_gbps, gbps),
        ):
            self.findings.compare("dataset", self.element, what, stated, true)

    def _check_dataset_route(self, dataset: Dataset, pool: Pool, route: str | None) -> None:
        if route is None:
            if pool.data_center not in dataset.at:
                self._fault("dataset", f"has no route and no copy lies at {pool.data_center!r}")
        elif pool.data_center in dataset.at:
            self._fault("dataset", f"takes route {route!r} though a copy lies at {pool.data_center!r}")
        elif walk := self._admissible(route):
            if walk.origin not in dataset.at:
                self._fault("dataset", f"route {route!r} starts at {walk.origin!r}, where no copy lies")
            if walk.destination != pool.data_center:
                self._fault(
                    "dataset", f"route {route!r} ends at {walk.destination!r}, not {pool.data_center!r}"
                )
            if walk.back:
                self._fault("dataset", f"route {route!r} has a way back")

    def _admissible(self, route: str) -> Walk | None:
        """Return the walk of a route after the check of its transit; None where it was not walkable."""
        walk = self.sound.routes.walks.get(route)
        if walk and (bar := self.sound.routes.barred(route, self.policy)):
            self.findings.add("transit", named(job=self.job.id, route=route), bar)
        return walk

    def _check_inter_site_routes(self) -> None:
        true = Counter(frozenset(pair) for pair in combinations([pool.data_center for pool in self.pools], 2))
        walks = [self._admissible(route) for route in self.entry.inter_site_routes]
        for walk in filter(None, walks):
            self._check_origin(walk)
        stated = Counter(frozenset((walk.origin, walk.destination)) for walk in walks if walk)
        if all(walks) and stated != true:
            self._fault("route", "inter-site routes do not join each two of its sites once")
        if self.job.multi_site is not None:
            for walk in filter(None, walks):
                self._check_distance(self.job.multi_site, walk)

    def _check_origin(self, walk: Walk) -> None:
        """Check that data may also reach the site at which a route between two sites begins."""
        where = self.problem.nodes[walk.origin].jurisdiction
        if not self.policy.may_pass(where):
            element = named(job=self.job.id, site=walk.origin)
            self.findings.add("transit", element, f"data from its other sites may not pass {where}")

    def _check_distance(self, limits: MultiSite, walk: Walk) -> None:
        if walk.one_way:
            self._fault(
                "route", f"inter-site route from {walk.origin!r} to {walk.destination!r} has no way back"
            )
        element = named(job=self.job.id, site=walk.origin, other_site=walk.destination)
        self.findings.bound("latency", element, walk.rtt_ms, limits.max_rtt_ms, "ms round trip")
