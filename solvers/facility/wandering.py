"""Better assignments of whole customers by wandering: from sets of sites that look good, and from the best.

Sets of sites come from the relaxation, those that may be cheapest first; a tabu search looks for a way to
serve all from each, and for longer from the set that is being proved. By turns, the assignment at hand is
taken from some site to another, and a few steps of tabu search over all sites follow; what comes out is at
hand next if it is little worse.
Source of the second: H. R. Lourenco, O. C. Martin and T. Stutzle, Iterated local search, in Handbook of
Metaheuristics (2003) 320-353.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..blocks import Floats, Ints
from .instance import Facility
from .tabu import Tabu
from .tree import Incumbent

WORK = 1_000_000
"""Moves looked at in a turn."""
FEWEST_STEPS, MOST_STEPS = 10, 50
"""Steps in a turn on a set of sites."""
KICK_STEPS = 50
"""Steps after the assignment at hand was changed."""
TURNS, LATER = 8, 5e-5
"""Turns that a set gets, and the part of its bound that is added to that for each, so that others follow."""
WORSE = 1e-3
"""Mean part of the cost by which an assignment may be worse to be at hand next."""
SWAPPED, OPENED = 0.8, 0.1
"""Parts of the changes that give up a site for another, and that open one; the others give one up."""
NEAR = 0.06
"""Mean rank of the swap of sites that is drawn, as a part of all of them."""


@dataclass
class Draft:
    """A set of ``sites`` (of the whole), the site of every customer (n) to begin with, and the search."""

    sites: Ints
    site: Ints
    bound: float
    search: Tabu | None = None
    turns: int = 0

    @property
    def best(self) -> Ints | None:
        """The site of the whole of every customer (n) in the best assignment found, if any."""
        found = None if self.search is None else self.search.best_site
        return None if found is None else self.sites[found]

    def go_on_from(self, cost: float, site: Ints) -> None:
        """Go on from an assignment to sites of the whole (n), if it is to these sites and the best."""
        if self.search is None or cost >= self.search.best or not np.isin(site, self.sites).all():
            return
        self.search.put(np.searchsorted(self.sites, site))
        self.search.best, self.search.best_site = cost, self.search.site.copy()


@dataclass
class Wanderer:
    """Wanders turn by turn; ``offer(share)`` takes shares (m, n) that are better than the best."""

    facility: Facility
    incumbent: Incumbent
    seed: int
    offer: Callable[[Floats], None]
    proved: Draft | None = None
    """The set that is being proved."""
    _drafts: list[tuple[float, int, Draft]] = field(default_factory=list)
    _insisted: dict[bytes, Draft] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin nowhere."""
        self._random = np.random.default_rng(self.seed)
        self._search = Tabu(self.facility, self._random)
        sites, customers = self.facility.cost.shape
        self._steps = int(np.clip(WORK // max(1, (sites + customers) * customers), FEWEST_STEPS, MOST_STEPS))
        self._number = itertools.count()
        self._turn = self._asked = 0
        self._cost = np.inf
        self._known: Floats | None = None
        self._from = np.zeros(customers, dtype=np.int64)

    def consider(self, sites: Ints, site: Ints, bound: float) -> None:
        """Keep a set of ``sites`` whose cost is at least ``bound``, to serve all from; ``site`` (n) of it."""
        draft = Draft(sites, site, bound)
        heapq.heappush(self._drafts, (bound, next(self._number), draft))

    def insist(self, sites: Ints, site: Ints, bound: float) -> None:
        """Serve all from a set of ``sites``, sorted, until another one is insisted on or it is forgotten."""
        self.proved = self._insisted.setdefault(sites.tobytes(), Draft(sites, site, bound))

    def forget(self, sites: Ints) -> None:
        """Have nothing more to do with a set of sites, of which all is known."""
        if self._insisted.pop(sites.tobytes(), None) is self.proved:
            self.proved = None

    def turn(self) -> None:
        """Wander a little."""
        self._turn += 1
        draft = self._next() if self._turn % 2 else None
        if draft is not None:
            self._serve(draft)
        elif self.incumbent.share is not None:
            self._wander()

    def at_hand(self) -> Floats | None:
        """Return the shares (m, n) of another assignment than the best, None where there is none.

        That is what was found for the set that is being proved, or what is at hand, in turn.
        """
        self._asked += 1
        found = self.proved.best if self.proved is not None and self._asked % 2 else None
        if found is not None:
            return self._shares(found)
        if not np.isfinite(self._cost) or self._cost <= self.incumbent.cost:
            return None
        return self._shares(self._from)

    def take(self, share: Floats) -> None:
        """Go on from an assignment (shares (m, n)), and offer it."""
        cost, site = self.facility.price(share), share.argmax(axis=0)
        self._take(cost, site)
        if cost < self._cost:
            self._cost, self._from = cost, site
        if self.proved is not None:
            self.proved.go_on_from(cost, site)

    def _next(self) -> Draft | None:
        if self.proved is not None and (self._turn // 2) % 2:
            return self.proved
        while self._drafts:
            _, _, draft = heapq.heappop(self._drafts)
            if draft.bound < self.incumbent.threshold:
                return draft
        return None

    def _serve(self, draft: Draft) -> None:
        """Look for a better way to serve all from a set of sites; it gets more turns where that helps."""
        search = draft.search
        if search is None:
            search = draft.search = Tabu(self.facility.only(draft.sites), self._random)
            search.put(draft.site)
        before = search.best
        search.run(self._steps)
        draft.turns += 1
        if draft.best is not None and search.best < before:
            draft.turns = 0
            self._take(search.best, draft.best)
        if draft.turns < TURNS and draft is not self.proved:
            later = draft.bound + draft.turns * LATER * abs(draft.bound)
            heapq.heappush(self._drafts, (later, next(self._number), draft))

    def _wander(self) -> None:
        """Change which sites are open in the assignment at hand, and go on for some steps."""
        share, search = self.incumbent.share, self._search
        if share is not None and share is not self._known:
            self._known = share
            self._cost, self._from = self.incumbent.cost, share.argmax(axis=0)
        search.put(self._from)
        self._kick()
        search.run(KICK_STEPS)
        allowance = WORSE * abs(self.incumbent.cost) * self._random.exponential()
        if search.best_site is not None and search.best < self._cost + allowance:
            self._cost, self._from = search.best, search.best_site
            self._take(search.best, search.best_site)

    def _take(self, cost: float, site: Ints) -> None:
        if cost < self.incumbent.cost:
            self.offer(self._shares(site))

    def _kick(self) -> None:
        """Change which sites are open."""
        opened, closed = np.flatnonzero(self._search.count > 0), np.flatnonzero(self._search.count == 0)
        drawn = self._random.random()
        if len(closed) and drawn < SWAPPED:
            self._swap(opened, closed)
        elif len(closed) and drawn < SWAPPED + OPENED:
            self._open(int(self._random.choice(closed)))
        elif len(opened) > 1:
            self._give_up(int(self._random.choice(opened)), opened)

    def _swap(self, opened: Ints, closed: Ints) -> None:
        """Serve all of an open site from a closed one, a cheap change of all."""
        search = self._search
        dearer = self._sums(search.cost - search.cost[search.site, np.arange(len(search.site))])
        load = self._sums(self.facility.take)[np.ix_(opened, closed)]
        opening, pair = self.facility.opening, np.ix_(opened, closed)
        rise = dearer[pair] + opening[closed] - opening[opened][:, None] + search.over(load, closed)
        rise -= search.over(search.load[opened], opened)[:, None]
        order = np.argsort(rise, axis=None, kind="stable")
        rank = int(self._random.exponential(NEAR * len(order)))
        one, other = divmod(int(order[min(rank, len(order) - 1)]), len(closed))
        for customer in np.flatnonzero(search.site == opened[one]).tolist():
            search.move(customer, int(closed[other]))

    def _sums(self, values: Floats) -> Floats:
        """Return the sums of values (m, n) of the customers of each site, for every other site (m, m)."""
        found = np.zeros((len(values), len(values)))
        np.add.at(found, self._search.site, values.T)
        return found

    def _open(self, site: int) -> None:
        """Serve from a closed site those for whom it is best, as long as they fit."""
        search, take = self._search, self.facility.take[site]
        dearer = search.cost[site] - search.cost[search.site, np.arange(len(search.site))]
        order = np.argsort(dearer, kind="stable")
        for customer in order[np.cumsum(take[order]) <= search.room[site]].tolist():
            search.move(customer, site)

    def _give_up(self, site: int, opened: Ints) -> None:
        """Serve all of an open site from others that are open."""
        search, others = self._search, opened[opened != site]
        for customer in np.flatnonzero(search.site == site).tolist():
            search.move(customer, int(others[search.cost[others, customer].argmin()]))

    def _shares(self, site: Ints) -> Floats:
        """Return the shares (m, n) where every customer is served by a ``site`` (n)."""
        found = np.zeros(self.facility.cost.shape)
        found[site, np.arange(len(site))] = 1.0
        return found
