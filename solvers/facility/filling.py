"""Filling sites with the customers that pay most: by parts of customers, or packing whole ones.

Parts are quick. Where each customer is served by one site and takes whole numbers, the best packing of whole
customers earns less, so that the bound that follows from it is the higher the fewer customers a site holds.
Source of the stronger bound: K. Holmberg, M. Ronnqvist and D. Yuan, An exact algorithm for the capacitated
facility location problems with single sourcing, European Journal of Operational Research 113 (1999) 544-559.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..blocks import Floats, Ints
from ..packs import NEVER, Packs
from .instance import Bools, Facility

MOST_ROOM, MOST_CELLS = 200_000, 2e7
"""Room of all sites together, and that of the largest for all sites and customers, up to which whole
customers are packed."""


@dataclass(frozen=True)
class Filled:
    """What fills sites.

    Attributes
    ----------
    gain
        What each site earns on top of its costs of serving (m).
    cell, part
        Cells of the table (flat) that are served, by site, and which part of each.
    """

    gain: Floats
    cell: Ints
    part: Floats


def fill(facility: Facility, price: Floats) -> Filled:
    """Fill every site with the customers that pay most per unit of its capacity, densest first."""
    sites, customers = facility.cost.shape
    profit = price[None, :] - facility.cost
    cell = np.flatnonzero(profit > 0).astype(np.int64)
    site, take, profit = cell // customers, facility.take.ravel()[cell], profit.ravel()[cell]
    density = profit / np.maximum(take, 1e-100)
    order = by_site_and_density(site, density)
    cell, site, take, profit = cell[order], site[order], take[order], profit[order]
    load = np.cumsum(take)
    first = np.searchsorted(site, np.arange(sites))
    before = load - take
    start = np.append(before, 0.0)[np.minimum(first, len(before))]
    room = facility.capacity[site] - (before - start[site])
    part = np.where(room >= take, 1.0, np.maximum(room, 0.0) / np.maximum(take, 1e-100))
    gain = np.bincount(site, weights=part * profit, minlength=sites)
    return Filled(np.asarray(gain, dtype=float), cell, part)


def by_site_and_density(site: Ints, density: Floats) -> Ints:
    """Return the order of rising site and falling density, several times as fast as ``np.lexsort``."""
    falling = np.argsort(-density)
    narrow = np.int16 if site.max(initial=0) < 2**15 else np.int64  # the former is sorted by radix
    return np.asarray(falling[np.argsort(site[falling].astype(narrow), kind="stable")])


def is_packable(facility: Facility) -> bool:
    """Return whether whole customers can be packed: each is served by one site and takes a whole number."""
    take, room = facility.take, np.floor(facility.capacity)
    cells = float(room.max(initial=0.0)) * take.size
    is_small = float(room.sum()) <= MOST_ROOM and cells <= MOST_CELLS
    return facility.single and is_small and bool((take == np.round(take)).all())


def pack(facility: Facility, price: Floats, wanted: Bools, filled: Filled) -> Filled:
    """Fill the sites that are ``wanted`` (m) with whole customers, the others as they are ``filled``."""
    packs, cell = _packs(facility, price, wanted)
    if packs is None:
        return filled
    packed = packs.best(packs.padded(_profit(facility, price, cell), NEVER))
    customers = len(price)
    gain = np.where(wanted, 0.0, filled.gain)
    gain[np.unique(cell // customers)] = packed.earned
    other = ~wanted[filled.cell // customers]
    taken = cell[packed.taken[packs.row, packs.column]]
    part = np.concatenate([filled.part[other], np.ones(len(taken))])
    return Filled(gain, np.concatenate([filled.cell[other], taken]), part)


def _packs(facility: Facility, price: Floats, wanted: Bools) -> tuple[Packs | None, Ints]:
    """Return the customers that pay at the sites ``wanted`` (m), and their cells; None where nobody does."""
    pays = (price > facility.cost) & wanted[:, None]
    cell = np.flatnonzero(pays).astype(np.int64)
    if len(cell) == 0:
        return None, cell
    take = facility.take.ravel()[cell].astype(np.int64)
    return Packs.of(cell // len(price), take, np.floor(facility.capacity).astype(np.int64)), cell


def _profit(facility: Facility, price: Floats, cell: Ints) -> Floats:
    return np.asarray(price[cell % len(price)] - facility.cost.ravel()[cell])


def reduced_costs(facility: Facility, price: Floats) -> Floats:
    """Return what serving each customer from each site (m, n) adds to the bound, the site being open.

    Negative where the site serves the customer anyway.
    """
    filled = fill(facility, price)
    customers = len(price)
    cut = filled.cell[filled.part < 1.0][::-1]
    take = facility.take.ravel()[cut]
    worth = np.zeros(len(facility.opening))
    # the first customer of a site that is not served whole is the last to be written
    worth[cut // customers] = (price[cut % customers] - facility.cost.ravel()[cut]) / np.maximum(take, 1e-100)
    return np.asarray(facility.cost - price + worth[:, None] * facility.take)


def packed_costs(facility: Facility, price: Floats) -> Floats:
    """Return what serving each customer from each site (m, n) adds to the bound of whole customers packed.

    All sites are open; infinite where a customer does not fit, 0 where it is in the best packing.
    """
    every = np.ones(len(facility.opening), dtype=bool)
    packs, cell = _packs(facility, price, every)
    added = np.where(facility.allowed, facility.cost - price, np.inf)
    if packs is None:
        return added
    profit = packs.padded(_profit(facility, price, cell), NEVER)
    packed = packs.best(profit)
    paying = np.unique(cell // len(price))
    added[paying] += _displaced(facility, packed.before[-1], packed.earned, paying, packs.room)
    added.ravel()[cell] = packs.forced(profit, packed)[0][packs.row, packs.column]
    return added


def _displaced(facility: Facility, table: Floats, earned: Floats, sites: Ints, room: Ints) -> Floats:
    """Return what sites earn less (M, n) if they keep room for a customer that pays nothing.

    ``table`` (M, C) is what they earn at most in some room, ``room`` (M) what they can use of it.
    """
    spare = np.floor(facility.capacity[sites]).astype(np.int64)[:, None] - facility.take[sites].astype(
        np.int64
    )
    left = np.minimum(spare, room[:, None])
    kept = np.take_along_axis(table, np.maximum(left, 0), axis=1)
    return np.where(left >= 0, earned[:, None] - kept, np.inf)
