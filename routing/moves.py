"""Which workloads run elsewhere in one plan than in another, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from .check_admission import counts, serving
from .places import parts_of_running
from .plan import Plan, Route
from .problem import Problem
from .room import Room, is_too_small
from .sites import Pool
from .text import money
from .workloads import InferenceService, TrainingJob

LEAST_SHARE = 0.005
"""Part of a workload below which a change of place is not told."""
TOLERANCE = 1e-6
"""Relative, up to which a limit counts as kept."""
Why = Literal["gone", "cut", "left out", "back", "full", "cheaper", "new", "dropped", "other"]


@dataclass(frozen=True)
class Move:
    """A workload that runs elsewhere, or no longer, or again.

    Attributes
    ----------
    share
        Part of it that is at other sites than before, 0 to 1.
    before, after
        Part of what runs of it by data center, see :func:`.parts_of_running`.
    cost_usd, cost_before_usd
        What it costs within the horizon, price of carbon and latency included; 0 where it does not run.
    why, detail
        The reason in a word, and in words.
    """

    workload: str
    share: float
    before: Mapping[str, float]
    after: Mapping[str, float]
    cost_before_usd: float
    cost_usd: float
    why: Why
    detail: str


def moves_between(old_problem: Problem, old: Plan, new_problem: Problem, new: Plan) -> tuple[Move, ...]:
    """Return the workloads whose places differ between two plans, those that differ most first."""
    before, after = parts_of_running(old_problem, old), parts_of_running(new_problem, new)
    reasons = _Reasons(old_problem, old, new_problem, new, before, after)
    names = dict.fromkeys((*old_problem.workload, *new_problem.workload))
    found = [reasons.move(name, share) for name in names if (share := reasons.share(name)) > LEAST_SHARE]
    return tuple(sorted(found, key=lambda move: (-move.share, -abs(move.cost_usd - move.cost_before_usd))))


@dataclass(frozen=True)
class _Reasons:
    """Two plans, and what tells why a workload is not where it was."""

    old_problem: Problem
    old: Plan
    new_problem: Problem
    new: Plan
    before: Mapping[str, Mapping[str, float]]
    after: Mapping[str, Mapping[str, float]]

    def share(self, name: str) -> float:
        """Return which part of a workload is elsewhere."""
        before, after = self.before.get(name, {}), self.after.get(name, {})
        if bool(before) != bool(after):
            return 1.0
        return sum(max(0.0, part - after.get(place, 0.0)) for place, part in before.items())

    def move(self, name: str, share: float) -> Move:
        before, after = self.before.get(name, {}), self.after.get(name, {})
        costs = (_cost_usd(self.old, name), _cost_usd(self.new, name))
        why, detail = self._why(name, before, after, costs)
        return Move(name, share, before, after, *costs, why, detail)

    def _why(
        self, name: str, before: Mapping[str, float], after: Mapping[str, float], costs: tuple[float, float]
    ) -> tuple[Why, str]:
        if name not in self.new_problem.workload:
            return "dropped", "is not part of this scenario"
        if not after:
            return "left out", self._left_out(name) or "nothing of it is served"
        if not before:
            known = name in self.old_problem.workload
            return ("back", "was left out") if known else ("new", "was not there")
        left = [place for place, part in before.items() if after.get(place, 0.0) < part - LEAST_SHARE]
        return self._why_elsewhere(name, left, costs)

    def _left_out(self, name: str) -> str:
        """Return why a workload is left out, wholly or in part; nothing where it is not."""
        entry = next((each for each in self.new.left_out if each.workload == name), None)
        return f"{entry.reason}: {entry.detail}" if entry else ""

    def _why_elsewhere(self, name: str, left: list[str], costs: tuple[float, float]) -> tuple[Why, str]:
        """Return why a workload went away from the places ``left``."""
        if barred := self._why_barred(name, left):
            return barred
        if self._more_unserved[name] > 0:
            return "left out", f"in part, {self._left_out(name)}"
        if costs[1] < costs[0] - 0.005 and self._does_the_same(name):
            return "cheaper", f"{money(costs[0] - costs[1])} USD less"
        if full := [place for place in left if self._is_full(name, place)]:
            return "full", f"{', '.join(full)} has no room left"
        return "other", "costs or limits changed"

    def _why_barred(self, name: str, left: list[str]) -> tuple[Why, str] | None:
        """Return why a workload could no longer be at some of its places, whatever else is there."""
        if gone := [place for place in left if not self._pools(name, place)]:
            return "gone", f"no capacity at {', '.join(gone)}"
        if cut := [f"{place} (link {link})" for place in left if (link := self._lost_link(name, place))]:
            return "cut", f"the way is gone to {', '.join(cut)}"
        if far := [place for place in left if self._is_too_far(name, place)]:
            return "other", f"ways to {', '.join(far)} are too slow now"
        if small := [place for place in left if self._is_too_small(name, place)]:
            return "other", f"{', '.join(small)} is too small for it now"
        return None

    def _does_the_same(self, name: str) -> bool:
        """Return whether a workload is as it was and served wholly, so that its costs can be compared."""
        is_same = self.old_problem.workload[name] == self.new_problem.workload[name]
        return is_same and not any(each.workload == name for each in self.new.left_out)

    def _pools(self, name: str, place: str) -> list[Pool]:
        """Return the pools of a place that have capacity of a type on which the workload runs."""
        work = self.new_problem.workload[name]
        pools = [each for each in self.new_problem.pools if each.data_center == place and not each.is_lost]
        if isinstance(work, TrainingJob):
            return [pool for pool in pools if any(True for _ in counts(work, pool.accelerator))]
        return [pool for pool in pools if serving(work, pool)]

    @cached_property
    def _ways(self) -> Mapping[tuple[str, str], set[str]]:
        """Ids of the routes that each workload took to each data center, of requests or of its dataset."""
        used = [(service.service, flow.route) for service in self.old.services for flow in service.flows]
        used += [
            (job.job, route) for job in self.old.jobs for route in job.dataset_routes if route is not None
        ]
        found = defaultdict[tuple[str, str], set[str]](set)
        for name, route in used:
            found[name, self.old.route[route].destination].add(route)
        return found

    def _lost_link(self, name: str, place: str) -> str | None:
        """Return a link that is no longer there of the ways to ``place``; None where one of them is whole."""
        lost = [self._lost_of(self.old.route[route]) for route in sorted(self._ways.get((name, place), ()))]
        return lost[0] if lost and None not in lost else None

    def _lost_of(self, route: Route) -> str | None:
        links = (*route.links, *route.return_links)
        return next((link for link in links if link not in self.new_problem.link), None)

    def _is_too_far(self, name: str, place: str) -> bool:
        """Return whether requests went to a place by ways that the limits of the service do not allow now."""
        service = self.new_problem.workload.get(name)
        if not isinstance(service, InferenceService):
            return False
        limits = (service.max_rtt_ms, service.max_latency_ms)
        flows = [flow for each in self.old.services if each.service == name for flow in each.flows]
        return any(
            limit is not None and value > limit * (1 + TOLERANCE)
            for flow in flows
            if flow.data_center == place
            for value, limit in zip((flow.rtt_ms, flow.latency_ms), limits, strict=True)
        )

    def _is_too_small(self, name: str, place: str) -> bool:
        """Return whether no part of a job would fit into a place even where nothing else is there."""
        job, problem = self.new_problem.workload[name], self.new_problem
        pools = self._pools(name, place)
        return isinstance(job, TrainingJob) and all(is_too_small(problem, job, pool) for pool in pools)

    def _is_full(self, name: str, place: str) -> bool:
        """Return whether a place has no room for a job, or for another replica while a service has fewer."""
        work, pools = self.new_problem.workload[name], self._pools(name, place)
        if isinstance(work, TrainingJob):
            return not any(self._room.holds(work, pool) for pool in pools)
        fewer = _replicas(self.old, name, place) - _replicas(self.new, name, place)
        return any(not any(self._room.adds(work, pool, period) for pool in pools) for period in +fewer)

    @cached_property
    def _more_unserved(self) -> Counter[str]:
        """How many requests more of each service are left out than before."""
        found = _unserved(self.new_problem, self.new)
        found.subtract(_unserved(self.old_problem, self.old))
        return found

    @cached_property
    def _room(self) -> Room:
        return Room(self.new_problem, self.new)


def _replicas(plan: Plan, service: str, place: str) -> Counter[str]:
    """Return the replicas of a service at a place, by period."""
    found = Counter[str]()
    for entry in plan.services:
        for each in entry.replicas if entry.service == service else ():
            if each.data_center == place:
                found[each.period] += each.replicas
    return found


def _unserved(problem: Problem, plan: Plan) -> Counter[str]:
    """Return the requests that a plan leaves out, by service."""
    hours = dict(zip((period.id for period in problem.periods), problem.durations_hours, strict=True))
    found = Counter[str]()
    for entry in plan.left_out:
        if entry.period is not None and entry.requests_per_second is not None:
            found[entry.workload] += round(entry.requests_per_second * 3600 * hours[entry.period])
    return found


def _cost_usd(plan: Plan, name: str) -> float:
    cost = plan.breakdown.by_workload.get(name)
    return cost.total_usd if cost else 0.0
