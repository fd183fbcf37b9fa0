"""Which link leaves no room for left-out work on its way to a pool, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np

from ...routing.errors import quoted
from ...routing.text import number
from ...routing.trip_table import NO_TRIP
from ..model.variables import GBIT_PER_KB
from ..rates import Floats, Ints, direction_gbps
from .accounting import World
from .in_use import traffic_gbps
from .solution import Decisions

ROUNDING = 1e-9
"""Part by which what is needed may pass what there is."""


class FullLinks:
    """What a plan leaves free of the links; found when it is asked for."""

    def __init__(self, variables: World, decisions: Decisions) -> None:
        self.variables, self.decisions = variables, decisions

    def of_job(self, option: int) -> str:
        """Tell of the link with least room for the dataset, and between the sites, of an option."""
        needed = _summed(self._crossed_by_job(option))
        return self._told([needed], np.arange(self.variables.rates.periods))

    def _crossed_by_job(self, option: int) -> Iterator[tuple[int, float]]:
        """Yield the directions of links that an option crosses, with the Gbit/s that it needs there."""
        table, trips = self.variables.jobs.table, self.variables.jobs.trips
        limits = self.variables.problem.jobs[int(table.job[option])].multi_site
        reserved_gbps = limits.min_bandwidth_gbps if limits else 0.0
        for trip in table.routes[option].tolist():
            if trip != NO_TRIP:
                yield from ((way, float(table.rate_gbps[option])) for way in trips.out.run(trip).tolist())
        for trip in table.links[option].tolist():
            if trip != NO_TRIP:
                both = (*trips.out.run(trip).tolist(), *trips.back.run(trip).tolist())
                yield from ((way, reserved_gbps) for way in both)

    def of_demand(self, row: int, arcs: Ints) -> str:
        """Tell of the link with least room for what is left out of a demand, on the ``arcs`` (K,) it has.

        Nothing is told where one of the arcs has room.
        """
        services, unserved = self.variables.services, self.decisions.unserved[row]
        service = self.variables.problem.services[int(services.slot_service[services.arc_slot[arcs[0]]])]
        gbit = GBIT_PER_KB * float(unserved.max())
        ways = (
            (services.trips.out, service.request_kb * gbit),
            (services.trips.back, service.response_kb * gbit),
        )
        needed = [
            _summed((direction, gbps) for runs, gbps in ways for direction in runs.run(trip).tolist())
            for trip in services.arc_trip[arcs].tolist()
        ]
        return self._told(needed, np.flatnonzero(unserved > 0))

    @cached_property
    def _usable(self) -> Floats:
        """(2 * links,) Gbit/s."""
        return direction_gbps(self.variables.problem)

    @cached_property
    def _free(self) -> Floats:
        """(2 * links, T) Gbit/s."""
        return self._usable[:, None] - traffic_gbps(self.variables, self.decisions)

    def _told(self, ways: list[dict[int, float]], periods: Ints) -> str:
        """Tell of the tightest link of the way that has most room, where that is too little on average."""
        share, direction, needed = max(self._tightest(each, periods) for each in ways)
        if share >= 1 - ROUNDING:
            return ""
        link = self.variables.problem.links[direction // 2]
        first, last = (link.target, link.source) if direction % 2 else (link.source, link.target)
        free, usable = max(share * needed, 0.0), float(self._usable[direction])
        gbps = f"{number(free, 3)} of {number(usable, 3)} Gbit/s free on average, {number(needed, 3)} needed"
        return f"; link {quoted(link.id)} from {quoted(first)} to {quoted(last)} on the way has {gbps}"

    def _tightest(self, needed: dict[int, float], periods: Ints) -> tuple[float, int, float]:
        """Return the least part of what a way needs that is free on average, where, and what it needs."""
        hours = self.variables.rates.durations[periods]
        crossed = np.array([way for way, gbps in needed.items() if gbps > 0], dtype=np.int64)
        free = self._free[crossed[:, None], periods] @ hours / hours.sum()
        parts = zip(free.tolist(), crossed.tolist(), strict=True)
        return min(((each / needed[way], way, needed[way]) for each, way in parts), default=(np.inf, -1, 0.0))


def _summed(crossed: Iterable[tuple[int, float]]) -> dict[int, float]:
    """Return the Gbit/s needed by direction of a link; a way may cross one more than once."""
    found: dict[int, float] = {}
    for direction, gbps in crossed:
        found[direction] = found.get(direction, 0.0) + gbps
    return found
