"""Parts of an assignment to solve again: a few open sites, their customers, closed sites near."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..blocks import Floats, Ints
from .instance import Bools, Facility

FEWEST, MOST = 2, 12
"""Open sites in a part."""


@dataclass(frozen=True)
class Part:
    """Sites and customers (indices of the whole) that are solved on their own, all else staying as it is."""

    sites: Ints
    customers: Ints
    facility: Facility
    share: Floats

    def put_into(self, share: Floats, found: Floats) -> Floats:
        """Return the shares of the whole (m, n) with those of the part replaced."""
        share = share.copy()
        share[:, self.customers] = 0.0
        share[np.ix_(self.sites, self.customers)] = found
        return share


@dataclass
class Picker:
    """Picks parts about one open site after another and adapts their size.

    Every part holds all customers of its open sites, so that it has their whole capacity.
    """

    facility: Facility
    seed: int
    size: float = 3.0
    _queue: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    def pick(self, share: Floats, eligible: Bools) -> Part:
        """Return the next part; closed sites are taken from ``eligible`` (m)."""
        opened = np.asarray(share.any(axis=1))
        self._queue = [site for site in self._queue if opened[site]]
        if not self._queue:
            self._queue = self._random.permutation(np.flatnonzero(opened)).tolist()
        centre = self._queue.pop()
        rank = self._distance(share, centre) * self._random.uniform(0.7, 1.3, len(opened))
        rank[centre] = -np.inf
        order = np.argsort(rank, kind="stable")
        count = int(self.size)
        near = order[opened[order]][:count]
        fresh = order[(eligible & ~opened)[order]][:count]
        customers = np.flatnonzero(share[near].any(axis=0))
        sites = np.sort(np.concatenate([near, fresh]))
        cut = np.ix_(sites, customers)
        whole = self.facility
        part = Facility(
            whole.cost[cut], whole.take[cut], whole.capacity[sites], whole.opening[sites], whole.single
        )
        return Part(sites, customers, part, share[cut])

    def _distance(self, share: Floats, centre: int) -> Floats:
        """Return what serving the customers of a site from each other site would cost more (m)."""
        cost = self.facility.cost[:, share[centre] > 0]
        dear = 10.0 * np.where(np.isfinite(cost), cost, 0.0).max(initial=1.0)
        own = cost[centre]
        return np.asarray(np.where(np.isfinite(cost), cost - own, dear).sum(axis=1)) + 1e-9

    def adapt(self, *, finished: bool, better: bool) -> None:
        """Choose larger parts where nothing was found in time, smaller ones where time ran out."""
        if not finished:
            self.size = max(FEWEST, self.size - 0.5)
        elif not better:
            self.size = min(MOST, self.size + 0.1)
