"""Which workloads run elsewhere in one plan than in another, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from .places import parts_of_running
from .plan import Plan, Route
from .problem import Problem
from .text import money
from .workloads import InferenceService

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
            entry = next((each for each in self.new.left_out if each.workload == name), None)
            return "left out", f"{entry.reason}: {entry.detail}" if entry else "nothing of it is served"
        if not before:
            known = name in self.old_problem.workload
            return ("back", "was left out") if known else ("new", "was not there")
        left = [place for place, part in before.items() if after.get(place, 0.0) < part - LEAST_SHARE]
        return self._why_elsewhere(name, left, costs)

    def _why_elsewhere(self, name: str, left: list[str], costs: tuple[float, float]) -> tuple[Why, str]:
        """Return why a workload went away from the places ``left``."""
        gone = [place for place in left if not self._has_capacity(place)]
        if gone:
            return "gone", f"no capacity at {', '.join(gone)}"
        cut = [f"{place} (link {link})" for place in left if (link := self._lost_link(name, place))]
        if cut:
            return "cut", f"the way is gone to {', '.join(cut)}"
        far = [place for place in left if self._is_too_far(name, place)]
        if far:
            return "other", f"{', '.join(far)} is too far now"
        full = [place for place in left if self._is_full(place)]
        if costs[1] < costs[0] - 0.005:
            return "cheaper", f"{money(costs[0] - costs[1])} USD less"
        if full:
            return "full", f"{', '.join(full)} is taken by others"
        return "other", "costs or limits of others changed"

    def _has_capacity(self, place: str) -> bool:
        return any(pool.data_center == place and not pool.is_lost for pool in self.new_problem.pools)

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

    def _is_full(self, place: str) -> bool:
        pools = self.new_problem.pool
        uses = [use for use in self.new.pool_use if pools[use.pool].data_center == place]
        return any(
            use.available > 0 and use.utilization > FULL * (1 - pools[use.pool].reserve_fraction)
            for use in uses
        )


FULL = 0.98
"""Utilisation in some period from which a pool counts as full."""


def _cost_usd(plan: Plan, name: str) -> float:
    cost = plan.breakdown.by_workload.get(name)
    return cost.total_usd if cost else 0.0
