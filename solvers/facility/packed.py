"""What is left where all sites are settled, as a program over whole packings of them.

Where few customers fill a site, few packings of it are near enough to the best to be in a good solution. The
program of those holds good solutions, and every solution up to some cost, so that it raises the bound to
that, too.
Source: R. Baldacci, E. Hadjiconstantinou, V. Maniezzo and A. Mingozzi, A new method for solving capacitated
location problems based on a set partitioning approach, Computers & Operations Research 29 (2002) 365-386.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..blocks import Floats, Ints
from ..packings import packing_program, packings
from ..program import Program
from ..request import Answer
from .assign import Assigned
from .instance import Facility
from .tree import Node

MOST_CUSTOMERS = 8
"""Customers for every site up to which packings are listed: with more there are far too many."""
MOST_PACKINGS = 8_000
"""Packings in a program."""
NARROWER, TRIES = 0.7, 12
"""Factor of the gap that packings may have where those within it are too many, and how often it is tried."""
ROUNDING = 1e-9
"""Part of costs by which packings may pass the gap."""


@dataclass(frozen=True)
class PackedQuestion:
    """A program over packings of sites that are all open.

    Attributes
    ----------
    facility
        The sites (m) and all customers (n).
    customers, site
        Which customers each packing (K) holds, and where.
    limit, cutoff
        Every solution that costs less than the ``limit`` is one of the program, and none matters that costs
        the ``cutoff`` or more.
    """

    facility: Facility
    customers: list[Ints]
    site: Ints
    program: Program
    limit: float
    cutoff: float
    gap_limit: float
    presolve: bool = False
    """It takes far longer here than it saves."""

    def read(self, answer: Answer) -> Assigned:
        """Return what an answer of the solver says; the bound is infinite when nothing better is left."""
        opening = float(self.facility.opening.sum())
        told = min(np.inf if answer.infeasible else answer.bound + opening, self.limit)
        bound = np.inf if told >= self.cutoff else told
        if answer.x is None:
            return Assigned(None, bound, bound == np.inf)
        value = float(self.program.cost @ answer.x) + opening
        closed = bound >= value - max(1e-6, 1.01 * self.gap_limit) * abs(value)
        return Assigned(self._share(answer.x), bound, closed)

    def _share(self, x: Floats) -> Floats:
        share = np.zeros(self.facility.cost.shape)
        for place in np.flatnonzero(x > 0.5).tolist():
            share[self.site[place], self.customers[place]] = 1.0
        return share


def ask_packed(facility: Facility, leaf: Node, cutoff: float, gap_limit: float) -> PackedQuestion | None:
    """Return the question for an assignment to sites that are all open, at prices of a ``leaf``.

    None where too many customers fill a site, or too many packings are near the best.
    """
    sites, customers = facility.cost.shape
    if not facility.packed or customers > MOST_CUSTOMERS * sites:
        return None
    gap = cutoff - leaf.base
    for _ in range(TRIES):
        listed = _listed(facility, leaf.price, gap + ROUNDING * (gap + abs(leaf.base)))
        if listed is not None:
            return _question(facility, listed, min(cutoff, leaf.base + gap), cutoff, gap_limit)
        gap *= NARROWER
    return None


def _listed(facility: Facility, price: Floats, gap: float) -> tuple[list[Ints], Ints] | None:
    """Return the customers and sites of all packings that earn at most ``gap`` less than the best of a site.

    None where they are too many.
    """
    customers: list[Ints] = []
    site: list[int] = []
    for number, room in enumerate(np.floor(facility.capacity).astype(np.int64).tolist()):
        mine = np.flatnonzero(facility.allowed[number])
        take = facility.take[number, mine].astype(np.int64)
        profit, left = price[mine] - facility.cost[number, mine], MOST_PACKINGS - len(site)
        found, complete = packings(profit, take, room, gap, left)
        if not complete:
            return None
        customers += [mine[each] for each in found if each.any()]
        site += [number] * (len(customers) - len(site))
    return customers, np.array(site, dtype=np.int64)


def _question(
    facility: Facility, listed: tuple[list[Ints], Ints], limit: float, cutoff: float, gap_limit: float
) -> PackedQuestion:
    customers, site = listed
    cost = np.array([facility.cost[row, each].sum() for row, each in zip(site, customers, strict=True)])
    sites, count = facility.cost.shape
    program = packing_program(cost, customers, site, count, sites)
    return PackedQuestion(facility, customers, site, program, limit, cutoff, gap_limit)
