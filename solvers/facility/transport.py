"""Dividing all customers over sites that are open: the transportation problem, on promising cells first."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ..blocks import Floats
from ..programs.solve_program import solve_relaxation
from .filling import reduced_costs
from .instance import TOLERANCE, Bools, Facility
from .lagrange import evaluate
from .programs import build_program

NEAREST = 4
"""Cells per customer that the first program has."""
SMALL = 2_000
"""Tables up to this size are taken whole."""
TRIFLE = 1e-9
"""Shares below this are rounding."""


@dataclass(frozen=True)
class Served:
    """How open sites serve all customers: shares (m, n), or None if they cannot.

    ``bound`` is a proven lower bound of what opening all of them and serving from them costs.
    """

    share: Floats | None
    bound: float


def divide(facility: Facility, price: Floats, seconds: float) -> Served:
    """Serve all customers from the sites of ``facility``, all open, at least cost.

    ``price`` (n) tells which cells are promising; it decides nothing else.
    """
    if not len(facility.opening):
        return Served(None, np.inf)
    easy = _each_from_its_cheapest(facility)
    if easy is not None:
        return easy
    cells = _promising(facility, price)
    forced = np.ones(len(facility.opening), dtype=bool)
    deadline = time.monotonic() + seconds
    while True:
        model = build_program(facility, cells, forced, 0.0)  # what has to be mended costs more
        answer = solve_relaxation(model.program, deadline - time.monotonic())
        whole = cells.sum() == facility.allowed.sum()
        last = whole or time.monotonic() > deadline
        if answer.x is None and last:
            return Served(None, np.inf if answer.infeasible and whole else -np.inf)
        if answer.x is None:
            cells = facility.allowed
            continue
        missing = _priced_out(facility, answer.duals) & ~cells
        if last or not missing.any():
            break
        cells = cells | missing
    bound = evaluate(facility, answer.duals[: len(price)], forced, 0).bound
    return Served(mend(facility, model.share(answer.x)), bound)


def _each_from_its_cheapest(facility: Facility) -> Served | None:
    """Return the shares when every site can serve all for whom it is the cheapest."""
    customers = np.arange(facility.cost.shape[1])
    site = facility.cost.argmin(axis=0)
    load = np.bincount(site, weights=facility.take[site, customers], minlength=len(facility.opening))
    if (load > facility.capacity).any() or not np.isfinite(facility.cost[site, customers]).all():
        return None
    share = np.zeros(facility.cost.shape)
    share[site, customers] = 1.0
    return Served(share, float(facility.cost[site, customers].sum() + facility.opening.sum()))


def _promising(facility: Facility, price: Floats) -> Bools:
    if facility.cost.size <= SMALL:
        return facility.allowed
    reduced = reduced_costs(facility, price)
    nearest = np.minimum(NEAREST, len(facility.opening)) - 1
    cells = facility.cost <= np.partition(facility.cost, nearest, axis=0)[nearest]
    cells |= reduced <= np.partition(reduced, nearest, axis=0)[nearest]
    return np.asarray(cells & facility.allowed)


def _priced_out(facility: Facility, duals: Floats) -> Bools:
    """Return the cells that would improve the program with these duals."""
    sites, customers = facility.cost.shape
    paid = duals[:customers] + duals[customers : customers + sites, None] * facility.take
    size = np.abs(duals[:customers]).max(initial=1.0)
    return np.asarray(facility.cost - paid < -1e-9 * size)


def mend(facility: Facility, share: Floats) -> Floats | None:
    """Return the shares without rounding errors: all served, no site overloaded; None if that fails."""
    share = np.where(share > TRIFLE, share, 0.0)
    share /= share.sum(axis=0)
    over = (facility.take * share).sum(axis=1) > facility.capacity * (1 + TOLERANCE / 2)
    for site in np.flatnonzero(over):
        _relieve(facility, share, int(site))
    return share if facility.fits(share) else None


def _relieve(facility: Facility, share: Floats, site: int) -> None:
    """Move a little from an overloaded site to those with room, dearest customers first."""
    load = (facility.take * share).sum(axis=1)
    allowed = facility.capacity * (1 + TOLERANCE / 4)
    excess = load[site] - allowed[site]
    room = allowed - load
    for customer in np.argsort(-share[site] * facility.take[site]):
        for other in np.argsort(facility.cost[:, customer]):
            take, to = facility.take[site, customer], facility.take[other, customer]
            if excess <= TOLERANCE * facility.capacity[site] / 4 or take <= 0:
                return
            if room[other] <= 0 or not np.isfinite(facility.cost[other, customer]):
                continue
            moved = min(share[site, customer], excess / take, room[other] / max(to, 1e-100))
            share[site, customer] -= moved
            share[other, customer] += moved
            excess -= moved * take
            room[other] -= moved * to
