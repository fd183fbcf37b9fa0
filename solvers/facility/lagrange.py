"""Lagrangian relaxation of the assignment constraints: one knapsack per site, a bound from any prices.

With a price u[i] for serving customer i, ``L(u) = sum(u) + min over y of sum_j (opening[j] + K_j(u)) y[j]``,
where K_j is the continuous knapsack of site j over the costs less the prices. L is a lower bound for every u,
and its maximum is the value of the linear relaxation with the rows ``x[i, j] <= y[j]`` (Cornuejols, Sridharan
and Thizy 1991). That all demand needs at least so many sites is kept as a constraint on y, which lifts the
bound above the linear relaxation where few large sites are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..blocks import Floats, Ints
from .instance import Bools, Facility

INERTIA = 0.6
"""Weight of the former direction in a step."""
MEMORY = 0.92
"""Weight of the past in the frequency with which a site was open."""

HOPE = 0.05
"""Relative gap that is assumed while there is no solution."""


@dataclass(frozen=True)
class Dual:
    """What prices of the customers tell.

    Attributes
    ----------
    bound
        Proven lower bound.
    price
        Price of serving each customer (n).
    site
        What opening each site adds to the bound (m): the bound rises by as much when a site with a positive
        entry has to open, and falls by it when one with a negative entry has to close.
    opened
        Sites that the relaxation opens (m).
    slope
        Subgradient of the bound (n): 1 less the share of the customer that is served.
    """

    bound: float
    price: Floats
    site: Floats
    opened: Bools
    slope: Floats


def fewest_sites(facility: Facility) -> int:
    """Return a number of sites that every solution opens at least."""
    demand = facility.least_demand()
    room = np.cumsum(np.sort(facility.capacity)[::-1])
    return int(np.searchsorted(room, demand * (1 - 1e-9)) + 1) if demand > 0 else 0


def answer_knapsacks(facility: Facility, price: Floats) -> tuple[Floats, Ints, Floats]:
    """Fill every site with the customers that pay most per unit of its capacity.

    Returns
    -------
    gain
        What each site earns on top of its costs of serving (m).
    cell, part
        Cells of the table (flat) that are served, by site and falling density, and which part of each.
    """
    sites, customers = facility.cost.shape
    profit = price[None, :] - facility.cost
    cell = np.flatnonzero(profit > 0).astype(np.int64)
    site, take, profit = cell // customers, facility.take.ravel()[cell], profit.ravel()[cell]
    density = profit / np.maximum(take, 1e-100)
    order = _by_site_and_density(site, density)
    cell, site, take, profit = cell[order], site[order], take[order], profit[order]
    load = np.cumsum(take)
    first = np.searchsorted(site, np.arange(sites))
    before = load - take
    start = np.append(before, 0.0)[np.minimum(first, len(before))]
    room = facility.capacity[site] - (before - start[site])
    part = np.where(room >= take, 1.0, np.maximum(room, 0.0) / np.maximum(take, 1e-100))
    gain = np.bincount(site, weights=part * profit, minlength=sites)
    return np.asarray(gain, dtype=float), cell, part


def _by_site_and_density(site: Ints, density: Floats) -> Ints:
    """Return the order of rising site and falling density, several times as fast as ``np.lexsort``."""
    falling = np.argsort(-density)
    narrow = np.int16 if site.max(initial=0) < 2**15 else np.int64  # the former is sorted by radix
    return np.asarray(falling[np.argsort(site[falling].astype(narrow), kind="stable")])


def evaluate(facility: Facility, price: Floats, forced: Bools, fewest: int) -> Dual:
    """Return the bound at ``price`` when the sites ``forced`` (m) are open and at least ``fewest`` in all."""
    gain, cell, part = answer_knapsacks(facility, price)
    site = facility.opening - gain
    free = np.flatnonzero(~forced)
    missing = min(max(0, fewest - int(forced.sum())), len(free))
    premium = 0.0
    if missing:
        premium = max(0.0, float(np.partition(site[free], missing - 1)[missing - 1]))
        site = np.where(forced, site, site - premium)
    opened = forced | (site < 0)
    short = max(0, fewest - int(opened.sum()))
    if missing and short:
        ties = np.flatnonzero(~opened)
        opened[ties[np.argsort(site[ties], kind="stable")[:short]]] = True
    bound = float(price.sum() + missing * premium + site[forced].sum() + np.minimum(site[free], 0.0).sum())
    customers = len(price)
    served = np.bincount(cell % customers, weights=part * opened[cell // customers], minlength=customers)
    return Dual(bound, price, site, opened, np.asarray(1.0 - served))


def reduced_costs(facility: Facility, price: Floats) -> Floats:
    """Return what serving each customer from each site (m, n) adds to the bound, the site being open.

    Negative where the site serves the customer anyway.
    """
    _, cell, part = answer_knapsacks(facility, price)
    customers = len(price)
    cut = cell[part < 1.0][::-1]
    take = facility.take.ravel()[cut]
    worth = np.zeros(len(facility.opening))
    # the first customer of a site that is not served whole is the last to be written
    worth[cut // customers] = (price[cut % customers] - facility.cost.ravel()[cut]) / np.maximum(take, 1e-100)
    return np.asarray(facility.cost - price + worth[:, None] * facility.take)


@dataclass(frozen=True)
class Climb:
    """How to raise a bound: steps at most, first step length, idle steps before the length is halved."""

    steps: int
    length: float
    patience: int


ROOT = Climb(steps=300, length=1.0, patience=15)
NODE = Climb(steps=30, length=0.5, patience=6)


def first_prices(facility: Facility) -> Floats:
    """Return what serving each customer costs at least with its share of the opening cost (n)."""
    per_unit = facility.opening / np.maximum(facility.capacity, 1e-100)
    return np.asarray((facility.cost + facility.take * per_unit[:, None]).min(axis=0))


def climb(
    facility: Facility, start: Floats, forced: Bools, *, fewest: int, target: float, how: Climb
) -> tuple[Dual, Floats]:
    """Raise the bound by deflected subgradient steps of Polyak's length until it reaches ``target``.

    After Held, Wolfe and Crowder (1974), with the direction deflected as by Camerini, Fratta and Maffioli
    (1975).

    Returns
    -------
    dual
        The best one met.
    frequency
        How often each site was open of late (m), an estimate of its opening in the linear relaxation.
    """
    dearest = facility.cost[facility.allowed].max(initial=1.0) + facility.opening.max(initial=0.0)
    ceiling = 10.0 * float(dearest)
    best = current = evaluate(facility, start, forced, fewest)
    direction, length, idle = current.slope, how.length, 0
    seen, frequency = 1.0 - MEMORY, (1.0 - MEMORY) * current.opened
    for _ in range(how.steps):
        size = float(direction @ direction)
        if best.bound >= target or size < 1e-18:
            break
        goal = target if np.isfinite(target) else best.bound + HOPE * abs(best.bound)
        step = length * max(goal - current.bound, 1e-6 * abs(goal)) / size
        price = np.clip(current.price + step * direction, -ceiling, ceiling)
        current = evaluate(facility, price, forced, fewest)
        seen = MEMORY * seen + 1.0 - MEMORY
        frequency = MEMORY * frequency + (1.0 - MEMORY) * current.opened
        direction = INERTIA * direction + (1.0 - INERTIA) * current.slope
        idle += 1
        if current.bound > best.bound:
            best, idle = current, 0
        elif idle >= how.patience:
            length, idle, current = length / 2, 0, best
            direction = best.slope
            if length < 1e-3:
                break
    return best, np.asarray(frequency / seen)
