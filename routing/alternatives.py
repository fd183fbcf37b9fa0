"""Which trips to offer: the cheapest that keeps the limit, and others that use other links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from .trips import Search, Trip

_GROWTH = 100.0
"""Factor on the extra cost of links in use when it did not lead to another trip."""
_HIGHEST = 2
"""How often the highest extra may lead to no other; it counts more each time on the links that it led to."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Finds the trips to offer between two nodes.

    Attributes
    ----------
    search
        Where trips come from.
    detours
        The same without the links to avoid; None where there are none.
    ends
        Numbers of origin and destination.
    limit_ms
        Largest round trip; infinite for none.
    avoid
        Numbers of the links that trips after the first should do without.
    """

    search: Search
    detours: Search | None
    ends: tuple[int, int]
    limit_ms: float
    avoid: Collection[int]

    def trips(self, count: int) -> list[Trip]:
        """Return up to ``count`` trips, no two over the same links, the cheapest admissible one first."""
        first = self._admissible(self.search)
        if first is None:
            return []
        found = {first: None}
        others = self._others(first, found)
        while len(found) < count and (trip := next(others, None)) is not None:
            found[trip] = None
        return list(found)

    def _admissible(self, search: Search) -> Trip | None:
        """Return the cheapest trip within the limit."""
        cheapest = search.cheapest(*self.ends)
        if cheapest is None or search.rtt_ms(cheapest) <= self.limit_ms:
            return cheapest
        fastest = self._fastest(search)
        if fastest is None or search.rtt_ms(fastest) > self.limit_ms:
            return None
        # Should the exact search miss it by a rounding error, the fastest trip is admissible nonetheless.
        return search.within(self.ends, self.limit_ms) or fastest

    def in_time(self) -> Trip | None:
        """Return the first of the trips, where it is known that the cheapest of all is too slow."""
        return self.search.within(self.ends, self.limit_ms) or self._admissible(self.search)

    def _fastest(self, search: Search) -> Trip | None:
        """Return the trip of least latency; one way there is none, because latency does not matter."""
        return None if search.fastest is None else search.fastest.cheapest(*self.ends)

    def _others(self, first: Trip, found: Collection[Trip]) -> Iterator[Trip]:
        """Yield further trips; the caller adds each to ``found`` before it asks for the next."""
        detour = None if self.detours is None else self._admissible(self.detours)
        if detour is not None and detour not in found:
            yield detour
        fastest = self._fastest(self.search)
        slower_ms = self.search.rtt_ms(first)
        if fastest is not None and self.search.rtt_ms(fastest) < slower_ms and fastest not in found:
            yield fastest
        yield from self._penalised(first, found)

    def _penalised(self, first: Trip, found: Collection[Trip]) -> Iterator[Trip]:
        """Yield the cheapest trips when links cost extra the more often earlier trips use them.

        Where the extra leads to a trip found before, it is raised, in the end above all other costs. There
        it may take some more turns: few links that many trips use can cost less than many links used once.
        """
        used = Counter(self.avoid)
        for trip in found:
            used.update(_links(trip))
        usual = self.search.cost(first) / len(first.out) or 1.0
        highest = self.search.ceiling_usd or 1.0
        extras = iter((usual, _GROWTH * usual, *(highest,) * _HIGHEST))
        extra = next(extras, None)
        while extra is not None:
            penalty = {link: extra * times for link, times in used.items()}
            trip = self.search.within(self.ends, self.limit_ms, penalty) or first
            used.update(_links(trip))
            if trip in found:
                extra = next(extras, None)
            else:
                yield trip


def _links(trip: Trip) -> set[int]:
    return {arc >> 1 for arc in (*trip.out, *trip.back)}
