"""The slots and arcs of all inference services, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...routing.paths import Candidate
from ...routing.plan import Reason
from ...routing.problem import Problem
from ...routing.trip_table import TripTable
from ..rates import Floats, Ints, most_accelerators, whole_replicas
from .survival import Guard, Rescue

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Services:
    """Arrays of all services. D demands (service, location), S slots (service, pool), A arcs, T periods.

    Attributes
    ----------
    demand
        (D, T) requests/s.
    demand_service, demand_weight
        (D,) index of the service; priority over the service's requests in the horizon.
    slot_service, slot_pool
        (S,) indices.
    slot_rps, slot_accelerators
        (S,) usable throughput of one replica (target utilisation taken off) and its accelerators.
    arc_demand, arc_slot
        (A,) indices; demands ascend.
    arc_trip
        (A,) number of each arc's route in ``trips``.
    trips
        The arcs and measures of all routes; a network arc is a direction of a link, numbered as in
        ``direction_index``.
    arc_route
        Route of each arc, made when it is asked for.
    arc_usd
        (A,) price of one request on the arc: link, egress and latency, with the money weight.
    arc_money
        (A,) the part of it that is money, unweighted.
    barred
        First-order reason of each demand that no arc serves.
    exposed
        The loss that leaves those barred for ``survival`` no pool.
    guards, rescues
        Who may be served from where after the losses that services are to survive.
    stand_ins
        Guards that ask for what the rescues do, and for more; None where some have none.
    """

    demand: Floats
    demand_service: Ints
    demand_weight: Floats
    slot_service: Ints
    slot_pool: Ints
    slot_rps: Floats
    slot_accelerators: Ints
    arc_demand: Ints
    arc_slot: Ints
    arc_trip: NDArray[np.int32]
    trips: TripTable
    arc_route: Sequence[Candidate]
    arc_usd: Floats
    arc_money: Floats
    barred: dict[int, Reason]
    exposed: dict[int, str]
    guards: tuple[Guard, ...]
    rescues: tuple[Rescue, ...]
    stand_ins: tuple[Guard, ...] | None

    @property
    def survivors(self) -> list[int]:
        """Indices of the services that hold replicas for the case of a loss."""
        return sorted({each.service for each in self.guards} | {each.service for each in self.rescues})

    @property
    def arcs_service(self) -> Ints:
        """(A,) index of each arc's service."""
        return np.asarray(self.slot_service[self.arc_slot], dtype=np.int64)


def replica_limits(problem: Problem, services: Services) -> Floats:
    """Return (S, T) upper bounds of the replicas: what the arcs could bring and what the pool could hold."""
    shape = len(services.slot_pool), len(services.demand)
    ones = np.ones(len(services.arc_slot))
    joined = csr_array((ones, (services.arc_slot, services.arc_demand)), shape=shape)
    joined.data[:] = 1.0
    reachable = joined @ services.demand
    held = np.array([most_accelerators(pool) for pool in problem.pools], dtype=float)
    most = np.floor(held[services.slot_pool] / np.maximum(services.slot_accelerators, 1))
    needed = whole_replicas(reachable, services.slot_rps[:, None])
    steady = np.array([problem.services[index].min_sites > 1 for index in services.slot_service], dtype=float)
    limits: Floats = np.minimum(np.maximum(needed, steady[:, None]), most[:, None])
    return limits
