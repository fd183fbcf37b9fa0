"""What is left where all sites are settled, as a program over whole packings of them.

Where few customers fill a site, few packings of it are near enough to the best to be in a good solution. The
program of those holds good solutions, and every solution up to some cost, so that it raises the bound to
that, too.
Source: R. Baldacci, E. Hadjiconstantinou, V. Maniezzo and A. Mingozzi, A new method for solving capacitated
location problems based on a set partitioning approach, Computers & Operations Research 29 (2002) 365-386.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..blocks import Floats, Ints
from ..packings import packing_program, packings
from .assign import Question
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


def ask_packed(facility: Facility, leaf: Node, cutoff: float, gap_limit: float) -> Question | None:
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
            return replace(
                _question(facility, *listed, gap_limit),
                limit=min(cutoff, leaf.base + gap),
                cutoff=cutoff,
            )
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


def _question(facility: Facility, customers: list[Ints], site: Ints, gap_limit: float) -> Question:
    """Return the question for the best of packings (K) that hold ``customers`` at a ``site``, all open."""
    cost = np.array([facility.cost[row, each].sum() for row, each in zip(site, customers, strict=True)])
    sites, count = facility.cost.shape
    program = packing_program(cost, customers, site, count, sites)

    def share(x: Floats) -> Floats:
        found = np.zeros(facility.cost.shape)
        for place in np.flatnonzero(x > 0.5).tolist():
            found[site[place], customers[place]] = 1.0
        return found

    # presolve of 40,000 packings took HiGHS 53 s, and without it fewer take a third of the time
    return Question(program, share, gap_limit, float(facility.opening.sum()), presolve=False)
