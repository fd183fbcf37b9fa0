"""Random problems with a present, and their best plans by listing all, moves priced and counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from math import inf
from random import Random
from typing import Any

from computeroute.routing import Problem
from computeroute.routing.workloads import InferenceService, Need, TrainingJob

from .enumeration import Choice, Enumeration, Score
from .small_worlds import random_world

Data = dict[str, Any]
Entered = dict[str, frozenset[str]]


def random_replan(rng: Random) -> Data:
    """Return the plain data of a random problem, most of whose workloads are somewhere already."""
    data = random_world(rng)
    pools = [pool["id"] for pool in data["pools"]]
    jobs, services = {}, {}
    for workload in data["workloads"]:
        if rng.random() < 0.2:
            continue
        if workload["kind"] == "training":
            jobs[workload["id"]] = [rng.choice([*pools, "gone"])]
        else:
            held = rng.sample(pools, rng.randint(1, min(2, len(pools))))
            services[workload["id"]] = dict.fromkeys(held, rng.randint(1, 3))
    moving = {
        "usd_per_job": rng.choice([0, 0.5, 4, 1e6]),
        "restart_hours": rng.choice([0, 0.5]),
        "checkpoint_gb": rng.choice([0, 30]),
        "usd_per_site_entered": rng.choice([0, 1, 3]),
    }
    limits = {"max_moves": rng.choice([0, 1, 2])} if rng.random() < 0.5 else {}
    return data | {"present": {"jobs": jobs, "services": services}, "moving": moving, "limits": limits}


def best_replan(problem: Problem) -> Score:
    """Return the least unserved work and the least cost with it, moving included."""
    best: Score = (inf, inf)
    usd = problem.objective.money_weight * problem.moving.usd_per_site_entered
    for entered in _ways_to_enter(problem):
        moves = sum(bool(sites) for sites in entered.values())
        if moves <= _most_moves(problem):
            unserved, cost = _Moving(problem, entered).best()
            best = min(best, (unserved, cost + usd * sum(len(sites) for sites in entered.values())))
    return best


def _most_moves(problem: Problem) -> float:
    return inf if problem.limits.max_moves is None else problem.limits.max_moves


def _ways_to_enter(problem: Problem) -> Iterator[Entered]:
    """Yield the sites that each service with a present may enter, in all combinations."""
    names = [name for name in problem.present.services if name in problem.workload]
    sets = [list(_subsets(sorted({s.id for s in problem.data_centers} - _held(problem, n)))) for n in names]
    for chosen in product(*sets):
        yield dict(zip(names, chosen, strict=True))


def _subsets(names: list[str]) -> Iterator[frozenset[str]]:
    for size in range(len(names) + 1):
        yield from map(frozenset, combinations(names, size))


def _held(problem: Problem, service: str) -> set[str]:
    pools = problem.present.services[service]
    return {problem.pool[name].data_center for name in pools if name in problem.pool}


class _Moving(Enumeration):
    def __init__(self, problem: Problem, entered: Entered) -> None:
        super().__init__(problem)
        self.allowed = {name: sites | _held(problem, name) for name, sites in entered.items()}
        self.moves_left = _most_moves(problem) - sum(bool(sites) for sites in entered.values())

    def _request_usd(self, service: InferenceService, location: str, index: int) -> float | None:
        allowed = self.allowed.get(service.id)
        if allowed is not None and self.site[index].id not in allowed:
            return None
        return super()._request_usd(service, location, index)

    def _moves(self, job: TrainingJob, index: int) -> bool:
        held = self.problem.present.jobs.get(job.id)
        return held is not None and held != (self.problem.pools[index].id,)

    def _choice(
        self, job: TrainingJob, need: Need, index: int, hours: list[float], spot: bool, way: Any
    ) -> Choice:
        choice = super()._choice(job, need, index, hours, spot, way)
        usd = self._move_usd(job, need, index, spot) if self._moves(job, index) else 0.0
        return replace(choice, cost=choice.cost + self.weight * usd)

    def _move_usd(self, job: TrainingJob, need: Need, index: int, spot: bool) -> float:
        """Return what moving to a pool costs: its price, the restart, the checkpoint's cheapest link."""
        problem, moving, pool, count = (
            self.problem,
            self.problem.moving,
            self.problem.pools[index],
            need.count,
        )
        price = pool.usd_per_accelerator_hour
        if spot:
            price = pool.spot_usd_per_accelerator_hour or 0.0
        elif count <= pool.committed_count:
            price = pool.committed_usd_per_accelerator_hour or 0.0
        usd = moving.usd_per_job + moving.restart_hours * count * (price + self._energy_usd(index))
        held = problem.pool.get(problem.present.jobs[job.id][0])
        here = self.site[index].id
        if held is None or held.data_center == here:
            return usd
        origin = problem.data_center[held.data_center]
        ways = [
            link.usd_per_gb + origin.egress_usd_per_gb
            for link in problem.links
            if (link.source, link.target) == (origin.id, here)
            or (not link.directed and (link.target, link.source) == (origin.id, here))
        ]
        return usd + moving.checkpoint_gb * min(ways, default=0.0)

    def _energy_usd(self, index: int) -> float:
        """Return the mean energy of an accelerator-hour."""
        pool, site = self.problem.pools[index], self.site[index]
        if site.kind == "cloud" if pool.energy_included is None else pool.energy_included:
            return 0.0
        each = (
            site.usd_per_kwh if isinstance(site.usd_per_kwh, tuple) else (site.usd_per_kwh,) * len(self.hours)
        )
        return self.kw[index] * sum(u * h for u, h in zip(each, self.hours, strict=True)) / sum(self.hours)

    def _shares_fit(self, chosen: tuple[Choice, ...]) -> bool:
        moves = sum(
            any(self._moves(job, pool) for pool, _ in choice.held)
            for job, choice in zip(self.problem.jobs, chosen, strict=True)
        )
        return moves <= self.moves_left and super()._shares_fit(chosen)
