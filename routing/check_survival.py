"""Services that are to survive losses: every single loss is simulated, with the replicas that are left.

What a plan serves must still be served, within every limit, by routes found anew and replicas as they stand.
Users at a lost data center are lost with it. Bandwidth of links is not counted after a loss.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .check_admission import in_time, serving, site_of
from .check_findings import Findings, exceeds, figure, named
from .check_reach import Reach, Rules
from .check_structure import Sound, SoundService
from .problem import Problem
from .workloads import Survival

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Loss:
    """A data center with its links, or one link, that is gone."""

    problem: Problem
    whole: Reach
    kind: Survival
    name: str
    links: frozenset[str]

    @property
    def site(self) -> str | None:
        """The data center, where one is lost."""
        return self.name if self.kind == "site" else None

    @property
    def what(self) -> str:
        """What is lost, as the elements of violations name it."""
        return "data_center" if self.kind == "site" else "link"

    def round_trip(self, origin: str, site: str, rules: Rules) -> tuple[float, float]:
        """Return bounds of the least round trip that is left, see :meth:`.Reach.round_trip`."""
        hit = self.whole.round_trip_crosses(origin, site, rules, self.links)
        return (self._left if hit else self.whole).round_trip(origin, site, rules)

    @cached_property
    def _left(self) -> Reach:
        return Reach(self.problem, self.links)


class Losses:
    """Every single loss of a problem; each knows the ways that it leaves."""

    def __init__(self, problem: Problem) -> None:
        self._problem, self._whole = problem, Reach(problem)
        self._known: dict[Survival, tuple[Loss, ...]] = {}

    def __call__(self, kind: Survival) -> tuple[Loss, ...]:
        """Return the loss of each data center, or of each link."""
        if kind not in self._known:
            self._known[kind] = tuple(self._of(kind))
        return self._known[kind]

    def _of(self, kind: Survival) -> Iterator[Loss]:
        if kind == "link":
            for name in self._problem.link:
                yield Loss(self._problem, self._whole, kind, name, frozenset({name}))
            return
        for site in self._problem.data_centers:
            ends = (link.id for link in self._problem.links if site.id in (link.source, link.target))
            yield Loss(self._problem, self._whole, kind, site.id, frozenset(ends))


def check_survival(sound: Sound, findings: Findings) -> None:
    """Check that no single loss takes away what a service is to go on serving."""
    losses = Losses(sound.problem)
    for part in sound.services:
        if part.service.survive:
            service = _Service(sound, part)
            for loss in losses(part.service.survive):
                service.check(loss, findings)


_Way = tuple[str, str, str]
"""A route, the data center that answers, and where users are."""


class _Service:
    def __init__(self, sound: Sound, part: SoundService) -> None:
        self.problem, self.sound, self.service = sound.problem, sound, part.service
        self.flows = [flow for flow in part.flows if flow.requests_per_second > 0]
        self.locations = list(dict.fromkeys(flow.location for flow in self.flows))
        self.busy: defaultdict[_Way, set[int]] = defaultdict(set)
        for flow in self.flows:
            self.busy[flow.route, flow.data_center, flow.location].add(sound.period[flow.period])
        self.links = {way[0]: self._links(way[0]) for way in self.busy}
        self.pools = sorted({replica.pool for replica in part.replicas})
        policies = {demand.location: demand.policy or self.service.policy for demand in self.service.demand}
        self.rules = {name: Rules(policy=self.problem.residency(policies[name])) for name in self.locations}
        self.served = self._served()
        self.capacity = np.zeros((len(sound.period), len(self.pools)))
        for replica in part.replicas:
            way = serving(self.service, self.problem.pool[replica.pool])
            rps = way.requests_per_second * self.service.target_utilization if way else 0.0
            self.capacity[sound.period[replica.period], self.pools.index(replica.pool)] = (
                rps * replica.replicas
            )

    def _served(self) -> Floats:
        """Return (T, L) requests/s that flows serve; what exceeds the demand is a fault found elsewhere."""
        total: defaultdict[tuple[str, int], float] = defaultdict(float)
        for flow in self.flows:
            total[flow.location, self.sound.period[flow.period]] += flow.requests_per_second
        demand = self.sound.demand(self.service)
        rates = [
            [min(total[name, period], demand[name][period]) for name in self.locations]
            for period in self.sound.period.values()
        ]
        return np.array(rates, dtype=float).reshape(len(rates), len(self.locations))

    def check(self, loss: Loss, findings: Findings) -> None:
        """Check one loss in all periods in which it breaks a flow."""
        broken = [busy for way, busy in self.busy.items() if self._breaks(loss, way)]
        periods = sorted(set[int]().union(*broken))
        if not periods:
            return
        users = [index for index, name in enumerate(self.locations) if name != loss.site]
        reach = np.array(
            [[self._reaches(loss, self.locations[user], name) for name in self.pools] for user in users]
        )
        served = self.served[np.ix_(periods, users)]
        lost = lost_requests(served, self.capacity[periods], reach.reshape(len(users), len(self.pools)))
        element = named(service=self.service.id, **{loss.what: loss.name})
        for period, total, missing in zip(periods, served.sum(axis=1).tolist(), lost.tolist(), strict=True):
            if exceeds(total, total - missing):
                what = f"{figure(missing)} of {figure(total)} requests/s are lost with it"
                message = f"{what} in period {self.problem.periods[period].id!r}"
                findings.add(f"survive_{loss.kind}", element, message, missing)

    def _links(self, route: str) -> set[str]:
        walk = self.sound.routes.walks.get(route)
        return {hop.link.id for hop in (*walk.out, *walk.back)} if walk else set()

    def _breaks(self, loss: Loss, way: _Way) -> bool:
        route, site, location = way
        if loss.site == location:
            return False
        return site == loss.site or not self.links[route].isdisjoint(loss.links)

    def _reaches(self, loss: Loss, location: str, name: str) -> bool:
        pool, rules = self.problem.pool[name], self.rules[location]
        site = site_of(self.problem, pool)
        if site.id == loss.site or not (rules.policy is None or rules.policy.may_process(site.jurisdiction)):
            return False
        return in_time(self.service, pool, loss.round_trip(location, site.id, rules)[0])


def lost_requests(served: Floats, capacity: Floats, reach: Flags) -> Floats:
    """Return (T,) the requests/s that even the best way of sending them leaves unanswered.

    Parameters
    ----------
    served
        (T, L) requests/s of each location to be answered in each period.
    capacity
        (T, P) requests/s that the replicas in each pool answer.
    reach
        (L, P) which pools may answer which location.
    """
    patterns, which = np.unique(reach, axis=0, return_inverse=True)
    asked = np.zeros((len(served), len(patterns)))
    np.add.at(asked.T, which.ravel(), served.T)
    scale = np.maximum(served.sum(axis=1), 1e-12)[:, None]
    enough = np.minimum(capacity / scale, 1.0)
    return np.asarray(_shortfall(asked / scale, enough, patterns) * scale[:, 0])


def _shortfall(asked: Floats, capacity: Floats, reach: Flags) -> Floats:
    """Return (T,) the least of what is asked (T, C) that the capacity (T, P) in reach (C, P) leaves over.

    One linear program for all periods, which do not meet: the least sum is the sum of the least.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, identity, kron

    periods, (users, pools) = len(asked), np.nonzero(reach)
    if not len(users):
        return np.asarray(asked.sum(axis=1))
    one, flow = np.ones(len(users)), np.arange(len(users))
    of_users = kron(identity(periods), csr_array((one, (users, flow)), shape=(len(reach), len(users))))
    of_pools = kron(identity(periods), csr_array((one, (pools, flow)), shape=(reach.shape[1], len(users))))
    answer = linprog(
        np.concatenate([np.zeros(of_users.shape[1]), np.ones(asked.size)]),
        A_ub=hstack([of_pools, csr_array((capacity.size, asked.size))]),
        b_ub=capacity.ravel(),
        A_eq=hstack([of_users, identity(asked.size)]),
        b_eq=asked.ravel(),
    )
    return np.asarray(answer.x[of_users.shape[1] :].reshape(asked.shape).sum(axis=1))
