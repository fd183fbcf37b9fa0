"""Seats: where accelerators are held, and how many things of one size a pool can hold at once.

A pool of 53 accelerators holds one job of 32, where prices of accelerators alone make it hold 1.66 of them.
So what takes a large part of a pool has seats of its own there, which are priced by the piece as well: for
whole numbers z of things of sizes a in a pool of C, and any size d, sum g(a) z <= floor(C / d), where
g(a) = floor(a / d) + max(0, frac(a / d) - f) / (1 - f) and f = frac(C / d).
Source: H. Marchand, L. A. Wolsey, Aggregation and mixed integer rounding to solve MIPs, Operations Research
49 (2001) 363-371.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ....routing.problem import Problem
from ...admissible.jobs import JobOptions
from ...admissible.services import Services
from ...arrays import Bools
from ...model.constraints import usable_before_modules
from ...rates import Floats, Ints

LARGE = 0.12
"""Part of a pool from which on a thing counts as large: smaller ones fill up what others leave."""
MOST_SIZES, LEAST_LEFT = 2, 0.1
"""Sizes by which things are counted in a pool at most, and the part of it that whole ones of each leave:
on small problems two such sizes add nine tenths to a bound of what all sizes do, in half of the rows."""
MOST_SEATS = 8
"""Sizes of things that have seats of their own in a pool, those of most options."""


@dataclass(frozen=True)
class Counted:
    """What counts things in a pool: as how many pieces those of seats (N,) count, and the most of these."""

    seats: Ints
    pieces: Floats
    most: float


@dataclass(frozen=True)
class Seats:
    """Places to hold accelerators: first those of every pool, for all; then those for things of one size.

    Attributes
    ----------
    pool, size
        (N,) of every seat; the size is 0 where it is for all.
    held, spot
        What counts things among all, and among those at the spot price.
    """

    pool: Ints
    size: Floats
    held: tuple[Counted, ...] = ()
    spot: tuple[Counted, ...] = ()

    @classmethod
    def of(cls, problem: Problem, jobs: JobOptions, services: Services) -> Seats:
        """Return the seats of what the options of jobs and the replicas of services hold.

        Things are not counted where modules may widen a pool.
        """
        pool, size, spot = _things(jobs, services)
        usable = np.array([0.0 if each.expansion else usable_before_modules(each) for each in problem.pools])
        offered = np.array([float(each.spot_count or 0) for each in problem.pools])
        held, at_spot = _large(pool, size, usable), _large(pool[spot], size[spot], offered)
        every = np.arange(len(usable))
        own = np.unique(np.concatenate([held.pairs, at_spot.pairs]), axis=0)
        seats = cls(
            np.concatenate([every, own[:, 0].astype(np.int64)]), np.concatenate([0.0 * every, own[:, 1]])
        )
        return replace(seats, held=tuple(seats._counted(held)), spot=tuple(seats._counted(at_spot)))

    def __len__(self) -> int:
        return len(self.pool)

    def find(self, pool: Ints, accelerators: Floats) -> Ints:
        """Return the seats (N,) of things that hold so many accelerators (N,) in a pool (N,)."""
        sizes = np.unique(self.size)
        known = self.pool * len(sizes) + np.searchsorted(sizes, self.size)
        order = np.argsort(known)
        place = np.minimum(np.searchsorted(sizes, accelerators), len(sizes) - 1)
        wanted = pool * len(sizes) + place
        at = order[np.minimum(np.searchsorted(known[order], wanted), len(order) - 1)]
        return np.where((known[at] == wanted) & (sizes[place] == accelerators), at, pool)

    def _counted(self, large: _Large) -> Iterator[Counted]:
        """Yield what counts things by the sizes that leave most of a pool."""
        for pool, size, room in large.counting:
            seats = np.flatnonzero((self.pool == pool) & (self.size > 0))
            pieces = _pieces(self.size[seats] / size, room / size)
            yield Counted(seats[pieces > 0], pieces[pieces > 0], float(room // size))


@dataclass(frozen=True)
class _Large:
    """Pairs (K, 2) of a pool and a size that is a large part of it, and those, with the room, to count by."""

    pairs: Floats
    counting: list[tuple[int, float, float]]


def _things(jobs: JobOptions, services: Services) -> tuple[Ints, Floats, Bools]:
    """Return pool, accelerators and whether at the spot price of all that may hold some."""
    table = jobs.table
    never = np.zeros(len(services.slot_pool), dtype=bool)
    parts = [(pool, table.accelerators[option], table.spot[option]) for option, pool in table.by_site()]
    pool, size, spot = zip(*parts, (services.slot_pool, services.slot_accelerators, never), strict=True)
    return np.concatenate(pool), np.concatenate(size).astype(float), np.concatenate(spot)


def _large(pool: Ints, size: Floats, room: Floats) -> _Large:
    """Return the large sizes of pools that have so much ``room`` (P,), where they leave much of it."""
    large = (size >= LARGE * room[pool]) & (size <= room[pool]) & (size > 0)
    sizes, place = np.unique(size[large], return_inverse=True)
    code, times = np.unique(pool[large] * max(1, len(sizes)) + place, return_counts=True)
    of, found = np.divmod(code, max(1, len(sizes)))
    pairs: list[tuple[int, float]] = []
    counting: list[tuple[int, float, float]] = []
    for each in np.unique(of).tolist():
        mine = np.flatnonzero(of == each)
        mine = mine[np.argsort(-times[mine], kind="stable")][:MOST_SEATS]
        parts = room[each] / sizes[found[mine]]
        left = 1.0 - np.floor(parts) / parts
        best = np.argsort(-left, kind="stable")[:MOST_SIZES]
        by = sizes[found[mine]][best[left[best] >= LEAST_LEFT]].tolist()
        counting += [(each, size, float(room[each])) for size in by]
        counts = sum(_pieces(sizes[found[mine]] / size, room[each] / size) for size in by)
        pairs += [
            (each, size) for size in sizes[found[mine]][np.broadcast_to(counts, len(mine)) > 0].tolist()
        ]
    return _Large(np.array(pairs, dtype=float).reshape(-1, 2), counting)


def _pieces(parts: Floats, most: float) -> Floats:
    """Return as how many pieces things count that are so many times the size by which a pool is counted.

    Sizes are whole numbers, so that quotients are whole where they seem to be.
    """
    whole, left = np.floor(parts), most - np.floor(most)
    return np.asarray(whole + np.maximum(0.0, parts - whole - left) / (1.0 - left))
