"""Users for whom all pools that may serve them are too small, even if nothing else ran there.

A pool counts with all modules that may be bought, and wherever the data policy, the type, the memory, pins
and the latency limits let it serve. What is found too much for a set of pools is too much for any plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .check_admission import in_time, remembers, serving, usable
from .check_barring import Barring
from .check_findings import exceeds
from .check_reach import Rules
from .problem import per_period
from .sites import Pool
from .workloads import InferenceService

MOST_SETS = 200
"""Sets of pools of which each is compared with each; of more, only all pools together are looked at."""
Names = frozenset[str]
Needs = dict[Names, list[float]]
"""What users need in each period, by the pools that may serve them."""


@dataclass(frozen=True)
class Crowd:
    """The period in which some users need most of what all their pools have: requests/s or accelerators."""

    period: int
    needed: float
    there: float

    @property
    def is_too_much(self) -> bool:
        """Whether they need more than there is."""
        return exceeds(self.needed, self.there)


class Crowds:
    """The users of one problem."""

    def __init__(self, barring: Barring) -> None:
        self.barring = barring
        self.problem = barring.problem
        self._all: Needs = {}

    def of(self, service: InferenceService) -> Crowd | None:
        """Return the users of a service who are too many, in requests/s; else count them in all users."""
        needs = self._needs(service)
        found = self._worst(needs, lambda pool: _replicas(service, pool) * _per_replica(service, pool))
        if found is None:
            for pools, rates in needs.items():
                each = max(_per_accelerator(service, self.problem.pool[name]) for name in pools)
                _add(self._all, pools, [rate / each for rate in rates])
        return found

    def of_all(self) -> Crowd | None:
        """Return the users of several services, in accelerators, who are too many together."""
        return self._worst(self._all, most_usable)

    def _worst(self, needs: Needs, offer: Callable[[Pool], float]) -> Crowd | None:
        sets = list(needs) if len(needs) <= MOST_SETS else [frozenset().union(*needs)]
        crowds = [self._crowd(needs, pools, offer) for pools in sets]
        return max((each for each in crowds if each.is_too_much), key=lambda each: each.needed, default=None)

    def _crowd(self, needs: Needs, pools: Names, offer: Callable[[Pool], float]) -> Crowd:
        """Return those who can be served by these pools only."""
        rows = [rates for names, rates in needs.items() if names <= pools]
        totals = [sum(rates) for rates in zip(*rows, strict=True)]
        period = max(range(len(totals)), key=totals.__getitem__)
        return Crowd(period, totals[period], sum(offer(self.problem.pool[name]) for name in pools))

    def _needs(self, service: InferenceService) -> Needs:
        """Return requests/s by the pools that may serve them; users whom none may serve are left out."""
        holding: dict[str | None, list[Pool]] = {}
        found: Needs = {}
        for demand in service.demand:
            rates = per_period(demand.requests_per_second, len(self.problem.periods))
            if not any(rates):
                continue
            policy = demand.policy or service.policy
            if policy not in holding:
                holding[policy] = [
                    pool for pool in self.problem.pools if self._may_hold(service, pool, policy)
                ]
            reached = self._reached(service, demand.location, policy, holding[policy])
            if reached:
                _add(found, reached, rates)
        return found

    def _may_hold(self, service: InferenceService, pool: Pool, policy: str | None) -> bool:
        return (
            _replicas(service, pool) > 0
            and remembers(self.problem, service, pool)
            and self.barring.pins.permit(service.id, pool)
            and self.barring.at_rest(Rules(policy=self.problem.residency(policy)))(pool)
        )

    def _reached(
        self, service: InferenceService, location: str, policy: str | None, pools: list[Pool]
    ) -> Names:
        rules = Rules(policy=self.problem.residency(policy))
        trip = {
            site: self.barring.reach.round_trip(location, site, rules)[0]
            for site in {pool.data_center for pool in pools}
        }
        return frozenset(pool.id for pool in pools if in_time(service, pool, trip[pool.data_center]))


def most_usable(pool: Pool) -> int:
    """Return how many accelerators plans may ever use of a pool."""
    return usable(pool, pool.expansion.max_modules if pool.expansion else 0)


def _replicas(service: InferenceService, pool: Pool) -> int:
    way = serving(service, pool)
    return most_usable(pool) // way.accelerators_per_replica if way else 0


def _per_replica(service: InferenceService, pool: Pool) -> float:
    way = serving(service, pool)
    return way.requests_per_second * service.target_utilization if way else 0.0


def _per_accelerator(service: InferenceService, pool: Pool) -> float:
    way = serving(service, pool)
    return _per_replica(service, pool) / way.accelerators_per_replica if way else 0.0


def _add(needs: Needs, pools: Names, rates: Sequence[float]) -> None:
    known = needs.get(pools)
    needs[pools] = list(rates) if known is None else [a + b for a, b in zip(known, rates, strict=True)]
