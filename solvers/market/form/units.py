"""Units: the parts of services that answer to prices on their own, with what may serve whom."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ....routing.problem import Problem
from ...admissible.moving import enters, minds_entering
from ...admissible.services import SECONDS_PER_HOUR, Services
from ...admissible.survival import Guard
from ...arrays import Bools
from ...rates import Floats, Ints, Rates, most_accelerators, whole_replicas
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
    money, usd
        (A,) USD of a request on an arc, and its price: this times ``money_weight``, and the latency.
    money_weight
        Weight of money in the objective.
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
    row: NDArray[np.int32]
    column: NDArray[np.int32]
    money: Floats
    usd: Floats
    money_weight: float
    entering: Bools
    usd_per_site_entered: float
    min_sites: int
    max_sites: int | None
    guards: Guards = NO_GUARDS

    @property
    def size(self) -> int:
        """Triples of period, demand and slot."""
        return int(self.demand.size) * len(self.slot_id)

    def charges(self, arcs: Ints | slice) -> tuple[Floats, Floats]:
        """Return USD, and other weighted cost, of a request/s on some arcs for an hour."""
        money = self.money[arcs] * SECONDS_PER_HOUR
        return money, self.usd[arcs] * SECONDS_PER_HOUR - self.money_weight * money

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
        return self.row.astype(np.int64) * len(self.slot_id) + self.column

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


@dataclass(frozen=True)
class _World:
    """What units take their parts of.

    ``entering``, ``seat`` and ``most`` (S,) are whether using a slot means entering its site, its seat, and
    the most replicas; ``arc_id`` (A,) are the numbers of arcs.
    """

    entering: Bools
    seat: Ints
    most: Floats
    arc_id: Ints

    @classmethod
    def of(cls, problem: Problem, rates: Rates, services: Services, seats: Seats) -> _World:
        pool = services.slot_pool
        entering = enters(problem, services.slot_service, rates.site[pool]) & minds_entering(problem)
        most = np.array([float(most_accelerators(each)) for each in problem.pools])[pool]
        return cls(
            entering=entering,
            seat=seats.find(pool, services.slot_accelerators.astype(float)),
            most=np.floor(most / services.slot_accelerators),
            arc_id=np.arange(len(services.arc_demand)),
        )


def build_units(problem: Problem, rates: Rates, services: Services, seats: Seats) -> list[Unit]:
    """Return the units of all services; users without any arc are in none."""
    world, every = _World.of(problem, rates, services, seats), np.arange(len(problem.services) + 1)
    ends = np.searchsorted(services.arc_demand, np.searchsorted(services.demand_service, every))
    parts = list[_Part]()
    guards = defaultdict[int, list[Guard]](list)
    for guard in services.guards:
        guards[guard.service].append(guard)
    rough = defaultdict[int, list[Guard]](list)
    for guard in services.stand_ins or ():
        rough[guard.service].append(guard)
    for index, service in enumerate(problem.services):
        arcs = world.arc_id[ends[index] : ends[index + 1]]
        moving = minds_entering(problem) and service.id in problem.present.services
        together = service.min_sites > 1 or service.max_sites is not None or moving
        joined = [arcs] if together or not len(arcs) else _split(services, arcs)
        parts.extend((index, part, guards[index], rough[index]) for part in joined if len(part))
    return [_unit(problem, rates, services, world, part) for part in parts]


def _split(services: Services, arcs: Ints) -> list[Ints]:
    """Return the arcs of one service apart where neither users nor slots join them."""
    demand, slot = services.arc_demand[arcs], services.arc_slot[arcs]
    is_next = np.append(True, demand[1:] != demand[:-1])
    # A slot with an arc to all of them joins all; several arcs of a pair follow each other.
    is_new = is_next | np.append(True, slot[1:] != slot[:-1])
    if np.bincount(slot[is_new] - slot.min()).max() == np.count_nonzero(is_next):
        return [arcs]
    (demands, row), (slots, column) = _placed(demand), _placed(slot)
    size = len(demands) + len(slots)
    joined = coo_array((np.ones(len(arcs)), (row, len(demands) + column)), shape=(size, size))
    label = connected_components(joined, directed=False)[1][row]
    return [arcs[label == number] for number in np.unique(label)]


def _placed(numbers: Ints) -> tuple[Ints, NDArray[np.int32]]:
    """Return the distinct ``numbers`` (N,), ascending, and the place of each among them; there are some.

    They lie close together, so that nothing has to be sorted.
    """
    least = numbers.min()
    used = np.zeros(numbers.max() + 1 - least, dtype=bool)
    used[numbers - least] = True
    return np.flatnonzero(used) + least, (np.cumsum(used, dtype=np.int32) - 1)[numbers - least]


def _unit(problem: Problem, rates: Rates, services: Services, world: _World, part: _Part) -> Unit:
    index, arcs, guards, rough = part
    demands, row = _placed(services.arc_demand[arcs])
    slots, column = _placed(services.arc_slot[arcs])
    pool = services.slot_pool[slots]
    accelerators = services.slot_accelerators[slots].astype(float)
    beside = slice(arcs[0], arcs[-1] + 1)  # no copies where the arcs follow each other
    mine = beside if beside.stop - beside.start == len(arcs) else arcs
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
        seat=world.seat[slots],
        site=rates.site[pool],
        most=world.most[slots],
        row=row,
        column=column,
        money=services.arc_money[mine],
        usd=services.arc_usd[mine],
        money_weight=problem.objective.money_weight,
        entering=world.entering[slots],
        usd_per_site_entered=problem.moving.usd_per_site_entered,
        min_sites=problem.services[index].min_sites,
        max_sites=problem.services[index].max_sites,
        guards=Guards.of(guards, rough, demands, slots),
    )
