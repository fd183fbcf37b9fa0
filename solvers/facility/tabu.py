"""Tabu search over whole customers at sites, which may be overloaded on the way.

In every step the customer that costs least to move goes to another site, or two change places, whether that
is better or not; who moved stays for a while. Overload has a price at each site, which rises while it lasts
and falls while nothing is overloaded, so that the search swings about the edge of what fits.
Letters of shapes: m sites, n customers.
Sources: F. Glover, Tabu search, part I, ORSA Journal on Computing 1 (1989) 190-206; M. Gendreau, A. Hertz and
G. Laporte, A tabu search heuristic for the vehicle routing problem, Management Science 40 (1994) 1276-1290,
for prices that swing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..blocks import Floats, Ints
from .instance import TOLERANCE, Bools, Facility

RISK = 2.0
"""Price of a unit of overload at first, in what serving a unit of demand costs on average."""
RISE, FALL = 1.05, 0.97
"""Factors of the price of overload at a site that is overloaded, and of all where none is."""
FEWEST_STEPS, PART = 1, 6
"""Steps that who moved stays at least, and one in how many customers may be kept so at most."""
PAIRS = 12_000
"""Pairs of customers that may change places of which the best is taken; of more, some are drawn."""
FAR = 10.0
"""Times the largest cost that serving from a site costs which may not."""
KEPT = 1e12
"""Added to what moving somebody costs who has just moved."""


@dataclass
class Tabu:
    """One search, which goes on from wherever it is put.

    Attributes
    ----------
    best, best_site
        The cheapest assignment met that fits since it was put somewhere: cost, and the site of each (n).
    """

    facility: Facility
    random: np.random.Generator
    best: float = np.inf
    best_site: Ints | None = None
    steps: int = 0
    site: Ints = field(init=False)
    load: Floats = field(init=False)
    count: Ints = field(init=False)

    def __post_init__(self) -> None:
        """Price overload, and what is not allowed."""
        facility = self.facility
        sites, customers = facility.cost.shape
        allowed = facility.allowed
        dearest = np.abs(facility.cost[allowed]).max(initial=1.0) + facility.opening.max(initial=0.0)
        self.cost = np.where(allowed, facility.cost, FAR * float(dearest))
        take = facility.take[allowed & (facility.take > 0)]
        self.price = np.full(sites, RISK * _mean(np.abs(facility.cost[allowed])) / _mean(take))
        self.room = facility.capacity * (1 + TOLERANCE)
        self._until = np.zeros(customers, dtype=np.int64)
        self._every = np.arange(customers)
        self._drawn = min(customers, max(1, PAIRS // max(1, customers)))

    def put(self, site: Ints) -> None:
        """Go on from the assignment of every customer to a ``site`` (n), of which nobody has moved yet."""
        sites = len(self.room)
        self.site = site.copy()
        self.load = np.bincount(site, self.facility.take[site, self._every], sites).astype(float)
        self.count = np.bincount(site, minlength=sites)
        self._until[:] = 0
        self.best, self.best_site = np.inf, None

    def run(self, steps: int) -> None:
        """Take so many steps."""
        for _ in range(steps):
            self._step()

    def move(self, customer: int, site: int) -> None:
        """Move a customer to another site."""
        take, now = self.facility.take, int(self.site[customer])
        self.load[now] -= take[now, customer]
        self.load[site] += take[site, customer]
        self.count[now] -= 1
        self.count[site] += 1
        self.site[customer] = site

    def over(self, load: Floats, site: Ints) -> Floats:
        """Return what a load of sites costs above their room."""
        return np.asarray(self.price[site] * np.maximum(load - self.room[site], 0.0))

    def _step(self) -> None:
        self.steps += 1
        kept = self._until > self.steps
        shifts = self._shifts()
        shifts[:, kept] += KEPT
        rows = self._some()
        swaps = self._swaps(rows)
        swaps[kept[rows]] += KEPT
        swaps[:, kept] += KEPT
        shift, swap = int(shifts.argmin()), int(swaps.argmin())
        if shifts.flat[shift] <= swaps.flat[swap]:
            site, one = divmod(shift, len(self._every))
            self.move(one, site)
            moved = [one]
        else:
            row, other = divmod(swap, len(self._every))
            one = int(rows[row])
            here, there = int(self.site[one]), int(self.site[other])
            self.move(one, there)
            self.move(other, here)
            moved = [one, other]
        most = FEWEST_STEPS + PART + len(self._every) // PART
        for customer in moved:
            self._until[customer] = self.steps + self.random.integers(FEWEST_STEPS, most)
        self._look()

    def _look(self) -> None:
        """Note an assignment that fits if it is the best, and let the prices of overload follow."""
        over = self.load > self.room
        if over.any():
            self.price[over] *= RISE
            return
        self.price *= FALL
        cost = float(self.cost[self.site, self._every].sum() + self.facility.opening[self.count > 0].sum())
        if cost < self.best and self.facility.allowed[self.site, self._every].all():
            self.best, self.best_site = cost, self.site.copy()

    def _some(self) -> Ints:
        if self._drawn == len(self._every):
            return self._every
        return np.asarray(self.random.choice(len(self._every), self._drawn, replace=False))

    def _shifts(self) -> Floats:
        """Return by how much the cost rises if a customer moves to a site (m, n); infinite where it is."""
        now, opening, take = self.site, self.facility.opening, self.facility.take
        every = np.arange(len(self.room))
        over = self.over(self.load, every)
        relief = over[now] - self.over(self.load[now] - take[now, self._every], now)
        relief += np.where(self.count[now] == 1, opening[now], 0.0)
        own = self.cost[now, self._every] + relief
        open_ = np.where(self.count == 0, opening, 0.0) - over
        rise = np.maximum((self.load - self.room)[:, None] + take, 0.0)
        rise *= self.price[:, None]
        rise += self.cost
        rise += open_[:, None]
        rise -= own
        rise[now, self._every] = np.inf
        return rise

    def _swaps(self, rows: Ints) -> Floats:
        """Return by how much the cost rises if some customers (K) change places with others (K, n)."""
        now, take = self.site, self.facility.take
        there = now[rows]
        own_cost, own = self.cost[now, self._every], take[now, self._every]
        spare, over = self.load - self.room, self.over(self.load, np.arange(len(self.room)))
        rise = np.maximum((spare[now] - own) + take[np.ix_(now, rows)].T, 0.0)
        rise *= self.price[now]
        other = np.maximum((spare[there] - own[rows])[:, None] + take[there], 0.0)
        other *= self.price[there][:, None]
        rise += other
        rise += self.cost[np.ix_(now, rows)].T
        rise += self.cost[there]
        rise -= own_cost + over[now]
        rise -= (own_cost[rows] + over[there])[:, None]
        rise[self._same(there)] = np.inf
        return rise

    def _same(self, site: Ints) -> Bools:
        return np.asarray(site[:, None] == self.site[None, :])


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else 1.0
