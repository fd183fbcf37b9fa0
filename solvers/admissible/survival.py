"""What single losses of data centers or links leave in reach of the users of services that survive them.

Only losses that take something away are looked at, and of these only the worst: what is served after a loss
that leaves less is served after one that leaves more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

import numpy as np
from numpy.typing import NDArray

from ...routing.fans import Fans
from ...routing.problem import Problem
from ...routing.trip_table import TripTable
from ..rates import Ints
from .pools import Flags

Seek = Callable[[Fans, Ints], Ints]
"""Returns the (rows, pools) trips of some users over the network of the fans; negative where none is."""
MOST_GUARDS = 512
"""Of one loss; beyond, flows are the smaller model."""
CHUNK = 1_000
"""Guards compared with all others at once."""


@dataclass(frozen=True)
class Rescue:
    """Users of a service whom the same slots may serve after one loss.

    ``loss`` numbers the losses of all services; ``demands`` and ``slots`` are numbered as in ``Services``.
    """

    service: int
    loss: int
    demands: Ints
    slots: Ints


@dataclass(frozen=True)
class Guard:
    """Users of a service whom, after some loss, these slots alone can serve."""

    service: int
    demands: Ints
    slots: Ints


@dataclass(frozen=True)
class Damage:
    """What one loss does to a service of D users and P pools.

    ``reach`` (D, P) says which pools each may still be served from, ``gone`` (D,) who is lost with the site,
    ``name`` what is lost.
    """

    reach: Flags
    gone: Flags
    name: str

    def needs_less(self, other: Damage) -> bool:
        """Return whether what serves everybody after ``other`` does so after this one too."""
        kept = ~self.gone
        return bool((other.gone <= self.gone).all() and (other.reach[kept] <= self.reach[kept]).all())

    def only(self, users: Flags) -> Damage:
        """Return the damage to some of the users, whom alone the service has."""
        return replace(self, reach=self.reach & users[:, None], gone=self.gone | ~users)


class Losses:
    """The losses of single links or data centers of one network."""

    def __init__(self, problem: Problem, fans: Fans) -> None:
        self.problem, self._whole = problem, fans
        self._damaged: dict[frozenset[str], Fans] = {}
        arcs = fans.arcs
        self._tail, self._head = arcs.tail[::2], arcs.head[::2]
        self._is_site = np.isin(np.arange(len(arcs.nodes)), fans.numbers(problem.data_center))

    def damages(self, kind: str, users: Ints, places: Ints, ways: Ints, seek: Seek) -> list[Damage]:
        """Return what every loss that matters does.

        Parameters
        ----------
        kind
            ``site`` or ``link``.
        users, places
            (D,) and (P,) numbers of the nodes of users and of pools.
        ways
            (A, D, P) trips in the whole network: the cheapest, and others that spare a search where the loss
            leaves one of them; negative where there is none.
        """
        trips = ways[0]
        used, hop, link = _links_of(self._whole.trips, ways)
        noticed = _links_of(self._whole.trips, trips)[2]
        found = []
        for lost, node in self._losses(kind, noticed, places[(trips >= 0).any(axis=0)]):
            hit = np.zeros(len(self._whole.trips), dtype=bool)
            hit[used[hop[lost[link]]]] = True
            reach, gone = (trips >= 0) & (places != node), users == node
            broken = (reach & ((ways < 0) | hit[ways]).all(axis=0)).any(axis=1) & ~gone
            if broken.any():
                rows = np.flatnonzero(broken)
                reach[rows] &= seek(self._fans(lost), rows) >= 0
            damage = Damage(reach, gone, self._name(lost, node))
            if (damage.reach != (trips >= 0))[~gone].any():
                found.append(damage)
        return found

    def _losses(self, kind: str, links: Ints, places: Ints) -> Iterator[tuple[Flags, int]]:
        """Yield the links lost, and the node lost or -1, of the losses that trips or pools could notice."""
        if kind == "link":
            for number in np.unique(links).tolist():
                yield np.arange(len(self._tail)) == number, -1
            return
        passed = np.unique(np.concatenate([places, self._tail[links], self._head[links]]))
        for node in passed[self._is_site[passed]].tolist():
            yield (self._tail == node) | (self._head == node), node

    def _name(self, lost: Flags, node: int) -> str:
        arcs = self._whole.arcs
        return arcs.nodes[node] if node >= 0 else arcs.links[int(np.flatnonzero(lost)[0])]

    def _fans(self, lost: Flags) -> Fans:
        names = frozenset(name for name, gone in zip(self._whole.arcs.links, lost, strict=True) if gone)
        if names not in self._damaged:
            self._damaged[names] = Fans(self._whole.finder.without(names))
        return self._damaged[names]


def _links_of(table: TripTable, trips: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the trips that there are, once each, and the links crossed, each with the number of its trip."""
    used = np.unique(trips[trips >= 0])
    ways = table.out.take(used), table.back.take(used)
    number = [np.repeat(np.arange(len(used)), way.lengths) for way in ways]
    return used, np.concatenate(number), np.concatenate([way.values >> 1 for way in ways]).astype(np.int64)


def unprotected(damages: list[Damage], trips: Ints) -> dict[int, str]:
    """Return who is served from somewhere, but from nowhere after a loss, with the first such loss."""
    served = (trips >= 0).any(axis=1)
    found: dict[int, str] = {}
    for damage in damages:
        for user in np.flatnonzero(served & ~damage.gone & ~damage.reach.any(axis=1)).tolist():
            found.setdefault(user, damage.name)
    return found


@dataclass(frozen=True)
class Protection:
    """What keeps a service served after losses: rows of whom only some slots can serve, or flows.

    ``stand_ins`` ask for what the flows do, and for more; None where nothing so simple does.
    """

    guards: list[Guard]
    rescues: list[Rescue]
    stand_ins: list[Guard] | None


def protection(damages: list[Damage], users: Flags, first: Rescue, most: int) -> Protection:
    """Return what ``users`` need after the worst losses.

    After a loss everybody is served if and only if, of every set of slots, those whom no other slot can serve
    ask for no more than it holds (Gale, 1957, from the theorem of maximum flow and minimum cut). The unions
    of what classes of users reach suffice. Where these are more than ``most``, the loss has flows instead.

    Parameters
    ----------
    first
        Has the service, the number of the first loss, and the numbers of all its demands and slots.
    """
    guards: dict[tuple[int, int], None] = {}
    flows: list[Rescue] = []
    stand_ins: dict[tuple[int, int], None] | None = {}
    for damage in _worst([damage.only(users) for damage in damages]):
        classes = list(_classes(damage))
        found = _guards_of(classes, most)
        if found is not None:
            guards |= found
            continue
        loss = flows[-1].loss + 1 if flows else first.loss
        flows += [_rescue(replace(first, loss=loss), *each) for each in classes]
        rough = _guards_of(_merged(classes, most.bit_length() - 1), most)
        stand_ins = None if stand_ins is None or rough is None else stand_ins | rough
    exact, more = (
        None if each is None else [_guard(first, *guard) for guard in _binding(list(each))]
        for each in (guards, stand_ins)
    )
    return Protection(exact or [], flows, more)


def _guards_of(classes: list[tuple[int, int]], most: int) -> dict[tuple[int, int], None] | None:
    """Return the users and slots of the guards of one loss, None where they are too many."""
    unions = _unions([slots for _, slots in classes], most)
    if unions is None:
        return None
    return {
        (reduce(or_, [mine for mine, slots in classes if slots | union == union]), union): None
        for union in unions
    }


def _merged(classes: list[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """Return at most so many classes, if possible: those most alike become one, with the slots of both."""
    found = list(classes)
    while len(found) > most:
        pairs = [
            ((one[1] ^ other[1]).bit_count(), at, below)
            for at, one in enumerate(found)
            for below, other in enumerate(found[:at])
            if one[1] & other[1]
        ]
        if not pairs:
            break
        _, at, below = min(pairs)
        (users, slots), (more, fewer) = found.pop(at), found.pop(below)
        found.append((users | more, slots & fewer))
    return found


def _classes(damage: Damage) -> Iterator[tuple[int, int]]:
    """Yield the users, and the slots in their reach, of each class of users that have the same; as bits."""
    users: dict[int, int] = {}
    for row in np.flatnonzero(~damage.gone).tolist():
        slots = sum(1 << slot for slot in np.flatnonzero(damage.reach[row]).tolist())
        users[slots] = users.get(slots, 0) | 1 << row
    yield from ((mine, slots) for slots, mine in users.items())


def _unions(sets: list[int], most: int) -> set[int] | None:
    """Return every union of some sets, or None where they are too many."""
    found: set[int] = set()
    for each in sets:
        found |= {each, *(each | other for other in found)}
        if len(found) > most:
            return None
    return found


def _binding(guards: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the guards that no other implies: one of more users with fewer slots."""
    ordered = sorted(guards, key=lambda guard: (guard[1].bit_count(), -guard[0].bit_count()))
    users, slots = (_marks([guard[side] for guard in ordered]) for side in (0, 1))
    kept = np.ones(len(ordered), dtype=bool)
    for begin in range(0, len(ordered), CHUNK):
        part = slice(begin, begin + CHUNK)
        has_more = users[part] @ users.T >= users[part].sum(axis=1)[:, None]
        has_fewer = slots[part] @ slots.T >= slots.sum(axis=1)[None, :]
        kept[part] = (has_more & has_fewer).sum(axis=1) <= 1  # each implies itself
    return [guard for guard, stays in zip(ordered, kept.tolist(), strict=True) if stays]


def _marks(masks: list[int]) -> NDArray[np.float32]:
    """Return the bits of masks, a row each."""
    found = np.zeros((len(masks), max((mask.bit_length() for mask in masks), default=0)), dtype=np.float32)
    for row, mask in zip(found, masks, strict=True):
        row[_bits(mask)] = 1.0
    return found


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _guard(first: Rescue, users: int, slots: int) -> Guard:
    return Guard(first.service, first.demands[_bits(users)], first.slots[_bits(slots)])


def _rescue(first: Rescue, users: int, slots: int) -> Rescue:
    return replace(first, demands=first.demands[_bits(users)], slots=first.slots[_bits(slots)])


def _worst(damages: list[Damage]) -> list[Damage]:
    """Return the damages that no other implies; of equal ones the first."""
    kept: list[Damage] = []
    for damage in damages:
        if damage.gone.all() or any(damage.needs_less(other) for other in kept):
            continue
        kept = [other for other in kept if not other.needs_less(damage)]
        kept.append(damage)
    return kept
