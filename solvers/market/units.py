"""Units: the parts of services that answer to prices on their own, with what may serve whom."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ...routing.problem import Problem
from ..arrays import Bools
from ..moving import enters, minds_entering
from ..rates import Floats, Ints, Rates, most_accelerators, whole_replicas
from ..services import SECONDS_PER_HOUR, Services
from ..survival import Guard
from .guards import NO_GUARDS, Guards
from .seats import Seats


@dataclass(frozen=True)
class Unit:
    """Users of one service who share slots with each other only. L demands, S slots, A arcs, T periods.

    Attributes
    ----------
    service
        Index of the service.
    demand_id, slot_id, arc_id
        Numbers in the world's services (L, S, A).
    demand
        (T, L) requests/s.
    weight
        (T, L) unserved work that leaving a whole demand out counts as.
    rps, accelerators, pool, seat, site
        (S,) usable throughput and accelerators of a replica, and where it stands.
    most
        (S,) replicas that the pool could hold with everything bought.
    row, column
        (A,) demand and slot of each arc within the unit.
    money, other
        (A,) USD and other weighted cost of a request/s on an arc for an hour.
    entering
        (S,) whether using the slot's site means entering it, and that matters.
    usd_per_site_entered
        USD for each site entered.
    min_sites, max_sites
        Over the whole horizon; None where there is no upper limit.
    guards
        What surviving losses asks for.
    """

    service: int
    demand_id: Ints
    slot_id: Ints
    arc_id: Ints
    demand: Floats
    weight: Floats
    rps: Floats
    accelerators: Floats
    pool: Ints
    seat: Ints
    site: Ints
    most: Floats
    row: Ints
    column: Ints
    money: Floats
    other: Floats
    entering: Bools
    usd_per_site_entered: float
    min_sites: int
    max_sites: int | None
    guards: Guards = NO_GUARDS

    @property
    def size(self) -> int:
        """Triples of period, demand and slot."""
        return int(self.demand.size) * len(self.slot_id)

    @cached_property
    def cells(self) -> Ints | None:
        """Place (A,) of each arc among pairs of demand and slot, None where a pair has several arcs."""
        _, _, places = self.arcs_by_cell
        return self._cell if len(places) == len(self._cell) else None

    @cached_property
    def arcs_by_cell(self) -> tuple[Ints, Ints, Ints]:
        """The arcs (A,) by pair of demand and slot, where those of each pair begin, and where it is."""
        order = np.argsort(self._cell, kind="stable")
        places, first = np.unique(self._cell[order], return_index=True)
        return order, first, places

    @cached_property
    def _cell(self) -> Ints:
        return self.row * len(self.slot_id) + self.column

    @cached_property
    def only_arcs(self) -> Ints:
        """The arc (L, S) of each pair of demand and slot, 0 where it has none, where none has several."""
        via = np.zeros(len(self.demand_id) * len(self.slot_id), dtype=np.int64)
        if self.cells is not None:
            via[self.cells] = np.arange(len(self.cells))
        return via.reshape(len(self.demand_id), len(self.slot_id))

    @cached_property
    def useful(self) -> Floats:
        """The most replicas (T, S) of which each could serve somebody, or keep a site; no plan has more."""
        reach = np.zeros((len(self.demand_id), len(self.slot_id)))
        reach[self.row, self.column] = 1.0
        needed = whole_replicas(self.demand @ reach, self.rps)
        return np.asarray(np.minimum(np.maximum(needed, float(self.min_sites > 1)), self.most))

    @property
    def is_whole(self) -> bool:
        """Return whether its periods depend on each other."""
        return self.min_sites > 1 or self.max_sites is not None or bool(self.entering.any())


_Part = tuple[int, Ints, list[Guard], list[Guard]]
"""A service, the arcs of one of its units, its guards and those that stand in for flows after losses."""


def build_units(problem: Problem, rates: Rates, services: Services, seats: Seats) -> list[Unit]:
    """Return the units of all services; users without any arc are in none."""
    order = np.argsort(services.arcs_service, kind="stable")
    ends = np.searchsorted(services.arcs_service[order], np.arange(len(problem.services) + 1))
    label, parts = _components(services), list[_Part]()
    guards = defaultdict[int, list[Guard]](list)
    for guard in services.guards:
        guards[guard.service].append(guard)
    rough = defaultdict[int, list[Guard]](list)
    for guard in services.stand_ins or ():
        rough[guard.service].append(guard)
    for index, service in enumerate(problem.services):
        arcs = order[ends[index] : ends[index + 1]]
        moving = minds_entering(problem) and service.id in problem.present.services
        together = service.min_sites > 1 or service.max_sites is not None or moving
        joined = [arcs] if together else _split(arcs, label[arcs])
        parts.extend((index, part, guards[index], rough[index]) for part in joined if len(part))
    entering = enters(problem, services.slot_service, rates.site[services.slot_pool])
    entering &= minds_entering(problem)
    seat = seats.find(services.slot_pool, services.slot_accelerators.astype(float))
    most = np.array([float(most_accelerators(pool)) for pool in problem.pools])[services.slot_pool]
    of_slots = entering, seat, np.floor(most / services.slot_accelerators)
    return [_unit(problem, rates, services, of_slots, part) for part in parts]


def _components(services: Services) -> Ints:
    """Return a number (A,) that arcs share whose users and slots are joined; those are of one service."""
    demands = len(services.demand)
    size = demands + len(services.slot_pool)
    ends = (services.arc_demand, demands + services.arc_slot)
    joined = coo_array((np.ones(len(services.arc_demand)), ends), shape=(size, size))
    _, label = connected_components(joined, directed=False)
    return np.asarray(label[services.arc_demand], dtype=np.int64)


def _split(arcs: Ints, label: Ints) -> list[Ints]:
    """Return the arcs by label."""
    return [arcs[label == number] for number in np.unique(label)]


def _unit(
    problem: Problem, rates: Rates, services: Services, of_slots: tuple[Bools, Ints, Floats], part: _Part
) -> Unit:
    """Return a unit; ``of_slots`` is whether using each means entering its site, its seat, most replicas."""
    index, arcs, guards, rough = part
    demands, row = np.unique(services.arc_demand[arcs], return_inverse=True)
    entering, seat, most = of_slots
    slots, column = np.unique(services.arc_slot[arcs], return_inverse=True)
    pool = services.slot_pool[slots]
    accelerators = services.slot_accelerators[slots].astype(float)
    money = services.arc_money[arcs] * SECONDS_PER_HOUR
    usd = services.arc_usd[arcs] * SECONDS_PER_HOUR
    demand = services.demand[demands].T
    return Unit(
        service=index,
        demand_id=demands,
        slot_id=slots,
        arc_id=arcs,
        demand=demand,
        weight=demand * services.demand_weight[demands] * rates.durations[:, None],
        rps=services.slot_rps[slots],
        accelerators=accelerators,
        pool=pool,
        seat=seat[slots],
        site=rates.site[pool],
        most=most[slots],
        row=row,
        column=column,
        money=money,
        other=usd - problem.objective.money_weight * money,
        entering=entering[slots],
        usd_per_site_entered=problem.moving.usd_per_site_entered,
        min_sites=problem.services[index].min_sites,
        max_sites=problem.services[index].max_sites,
        guards=Guards.of(guards, rough, demands, slots),
    )
