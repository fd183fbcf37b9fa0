"""What admission asks of pools, as arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ...routing.policies import Residency
from ...routing.problem import Problem
from ...routing.sites import Pool
from ...routing.workloads import InferenceService
from ..rates import Floats, Ints, largest_gang

Flags = NDArray[np.bool_]


class Pools:
    """What admission asks of the P pools of a problem, as arrays.

    Attributes
    ----------
    accelerator, site
        (P,) indices of the type and of the data center.
    memory_gb, gang
        (P,) memory of one accelerator and largest cluster that one job can hold.
    kind
        (P,) number shared by the pools in which any job takes equally long.
    kinds
        One pool of each kind.
    kind_accelerator
        (K,) index of the type of each kind.
    """

    def __init__(self, problem: Problem) -> None:
        pools = problem.pools
        self.problem = problem
        self.types = {entry.id: index for index, entry in enumerate(problem.accelerators)}
        sites = {site.id: index for index, site in enumerate(problem.data_centers)}
        self.accelerator = numbers(self.types[pool.accelerator] for pool in pools)
        self.site = numbers(sites[pool.data_center] for pool in pools)
        self.gang = numbers(largest_gang(pool) for pool in pools)
        memory_gb = np.array([entry.memory_gb for entry in problem.accelerators], dtype=float)
        self.memory_gb: Floats = memory_gb[self.accelerator]
        kinds: dict[object, int] = {}
        self.kind = numbers(kinds.setdefault((p.accelerator, p.scaling), len(kinds)) for p in pools)
        self.kinds = [pools[index] for index in np.unique(self.kind, return_index=True)[1]]
        self.kind_accelerator = numbers(self.types[pool.accelerator] for pool in self.kinds)
        self._codes = [site.jurisdiction for site in problem.data_centers]
        self._processing: dict[Residency, Flags] = {}
        self._efficiency: dict[int, Floats] = {}
        self._all = np.ones(len(pools), dtype=bool)

    def processing(self, residency: Residency) -> Flags:
        """Return (P,) where data under ``residency`` may be processed."""
        found = self._processing.get(residency)
        if found is None:
            permitted = {code: residency.may_process(code) for code in set(self._codes)}
            by_site = np.array([permitted[code] for code in self._codes], dtype=bool)
            found = self._processing[residency] = by_site[self.site]
        return found

    def efficiency(self, accelerators: int) -> Floats:
        """Return (K,) the parallel efficiency at that size of each kind."""
        found = self._efficiency.get(accelerators)
        if found is None:
            found = np.array([efficiency(pool, accelerators) for pool in self.kinds])
            self._efficiency[accelerators] = found
        return found

    def permitted(self, workload: str) -> Flags:
        """Return (P,) where the limits let a workload run."""
        limits = self.problem.limits
        if not (limits.pinned or limits.forbidden):
            return self._all
        pinned = [entry for entry in limits.pinned if entry.workload == workload]
        forbidden = [entry for entry in limits.forbidden if entry.workload == workload]
        allowed = self._named(pinned) if pinned else self._all
        return allowed & ~self._named(forbidden)

    def _named(self, entries: list) -> Flags:  # type: ignore[type-arg]
        pools, sites = {entry.pool for entry in entries}, {entry.data_center for entry in entries}
        return np.array([p.id in pools or p.data_center in sites for p in self.problem.pools], dtype=bool)

    def per_replica(self, service: InferenceService) -> Ints:
        """Return (P,) the accelerators that a replica of a service takes, 0 where it cannot run."""
        by_type = np.zeros(len(self.types), dtype=np.int64)
        for serving in service.serving:
            by_type[self.types[serving.accelerator]] = serving.accelerators_per_replica
        return by_type[self.accelerator]

    def of_types(self, names: Iterable[str]) -> Flags:
        """Return (P,) which pools have accelerators of those types."""
        wanted = np.zeros(len(self.types) + 1, dtype=bool)
        wanted[[self.types.get(name, -1) for name in names]] = True
        wanted[-1] = False
        return wanted[self.accelerator]


def efficiency(pool: Pool, accelerators: int) -> float:
    """Return the parallel efficiency at that size: linear in ln(size) between the points of the curve."""
    low_size, low = 1, 1.0
    for point in pool.scaling:
        if accelerators <= point.accelerators:
            if point.accelerators == low_size:
                return point.efficiency
            share = math.log(accelerators / low_size) / math.log(point.accelerators / low_size)
            return low + share * (point.efficiency - low)
        low_size, low = point.accelerators, point.efficiency
    return low


def numbers(values: Iterable[int]) -> Ints:
    """Return whole numbers as an array."""
    return np.array([*values], dtype=np.int64)
