"""Lagrangian relaxation of the assignment constraints: one knapsack per site, a bound from any prices.

With a price u[i] for serving customer i, ``L(u) = sum(u) + min over y of sum_j (opening[j] + K_j(u)) y[j]``,
where K_j is the knapsack of site j over the costs less the prices, of parts of customers or of whole ones,
see :mod:`.filling`. L is a lower bound for every u, and with parts its maximum is the value of the linear
relaxation with the rows ``x[i, j] <= y[j]`` (Cornuejols, Sridharan and Thizy 1991). That all demand needs at
least so many sites is kept as a constraint on y, which lifts the bound above the linear relaxation where few
large sites are needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..blocks import Floats
from .filling import Filled, fill, pack
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


def evaluate(facility: Facility, price: Floats, forced: Bools, fewest: int) -> Dual:
    """Return the bound at ``price`` when the sites ``forced`` (m) are open and at least ``fewest`` in all."""
    free = np.flatnonzero(~forced)
    missing = min(max(0, fewest - int(forced.sum())), len(free))
    filled = _filled(facility, price, forced, missing)
    site = facility.opening - filled.gain
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
    part = filled.part * opened[filled.cell // customers]
    served = np.bincount(filled.cell % customers, weights=part, minlength=customers)
    return Dual(bound, price, site, opened, np.asarray(1.0 - served))


def _filled(facility: Facility, price: Floats, forced: Bools, missing: int) -> Filled:
    """Return what fills the sites; where whole customers are packed, in those that may open at the price.

    Parts of customers earn more, so that others stay closed all the more, and what they add is a bound.
    """
    filled = fill(facility, price)
    if not facility.packed:
        return filled
    site = np.where(forced, np.inf, facility.opening - filled.gain)
    limit = 0.0 if missing == 0 else max(0.0, float(np.partition(site, missing - 1)[missing - 1]))
    return pack(facility, price, forced | (site <= limit), filled)


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
    facility: Facility,
    start: Floats,
    forced: Bools,
    *,
    fewest: int,
    target: float,
    how: Climb,
    over: Callable[[], bool] = lambda: False,
) -> tuple[Dual, Floats]:
    """Raise the bound by deflected subgradient steps of Polyak's length to ``target``, or until it is over.

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
        if best.bound >= target or size < 1e-18 or over():
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
