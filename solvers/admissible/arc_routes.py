"""The routes of arcs between users and pools, as objects where they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from ...routing.fans import Fans
from ...routing.paths import Candidate, RouteRequest
from ...routing.problem import Problem
from ...routing.workloads import Demand, InferenceService, Serving
from ..rates import Ints
from .routebook import service_request


class ArcRoutes(Sequence[Candidate]):
    """The routes of arcs as objects, each made when it is asked for."""

    def __init__(self, problem: Problem, fans: Fans, slot_pool: Ints, arcs: dict[str, Ints]) -> None:
        self._problem, self._fans = problem, fans
        self._slot_pool, self._demand = slot_pool, arcs["arc_demand"]
        self._slot, self._trip = arcs["arc_slot"], arcs["arc_trip"]
        self._demands = [(service, demand) for service in problem.services for demand in service.demand]

    def __len__(self) -> int:
        return len(self._trip)

    @overload
    def __getitem__(self, index: int) -> Candidate: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Candidate, ...]: ...
    def __getitem__(self, index: int | slice) -> Candidate | tuple[Candidate, ...]:
        if isinstance(index, slice):
            return tuple(self[each] for each in range(*index.indices(len(self))))
        service, users = self._demands[self._demand[index]]
        pool = int(self._slot_pool[self._slot[index]])
        request = pool_request(self._problem, service, users, pool)
        return self._fans.candidate(request, int(self._trip[index]))


def pool_request(problem: Problem, service: InferenceService, demand: Demand, pool: int) -> RouteRequest:
    """Return the request for the way of requests from ``demand`` to the site of a pool and back."""
    place = problem.pools[pool]
    serving = profiles_of(service)[place.accelerator]
    return service_request(problem, service, demand, serving, place.data_center)


def profiles_of(service: InferenceService) -> dict[str, Serving]:
    """Return how a service is served, by type of accelerator."""
    return {serving.accelerator: serving for serving in service.serving}
