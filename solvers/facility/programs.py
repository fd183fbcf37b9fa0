"""The program of serving all customers from sites, some of which may have to be opened for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from ..blocks import Floats, Ints
from ..programs.program import Program
from .instance import TOLERANCE, Bools, Facility


@dataclass(frozen=True)
class Model:
    """A program and where its columns come from: the openings of all m sites, then the cells chosen."""

    program: Program
    cell: Ints
    shape: tuple[int, int]

    def share(self, x: Floats) -> Floats:
        """Return the shares (m, n) of a solution."""
        found = np.zeros(self.shape)
        found.ravel()[self.cell] = x[self.shape[0] : self.shape[0] + len(self.cell)]
        return found


def build_program(facility: Facility, cells: Bools, forced: Bools, tolerance: float = TOLERANCE) -> Model:
    """Return the program over the given cells (m, n) in which the sites ``forced`` (m) are open anyway.

    Loads may pass capacities by the relative ``tolerance``: all of what solutions may, for a relaxation.

    Columns of cells that are not given are left out, which is a restriction unless they are known to be 0.
    The program is strong: ``x <= y`` is a row for every cell of a site that is not forced.
    """
    sites, customers = facility.cost.shape
    cell = np.flatnonzero(cells)
    site, customer, count = cell // customers, cell % customers, len(cell)
    column = sites + np.arange(count)
    shape = (customers, sites + count)
    serve = coo_array((np.ones(count), (customer, column)), shape=shape)
    tied = np.flatnonzero(~forced[site])
    links = _links(site[tied], column[tied], shape[1])
    program = Program(
        cost=np.concatenate([facility.opening, facility.cost.ravel()[cell]]),
        lower=np.concatenate([forced.astype(float), np.zeros(count)]),
        upper=np.ones(sites + count),
        integer=np.concatenate([~forced, np.full(count, facility.single)]),
        matrix=csr_array(vstack([serve, _limits(facility, cell, tolerance), links])),
        row_lower=np.concatenate([np.ones(customers), np.full(sites + len(tied), -np.inf)]),
        row_upper=np.concatenate([np.ones(customers), np.zeros(sites + len(tied))]),
    )
    return Model(program, cell, (sites, customers))


def _limits(facility: Facility, cell: Ints, tolerance: float) -> coo_array:
    """Return the rows: load of a site at most its capacity, if open."""
    sites, customers = facility.cost.shape
    every = np.arange(sites)
    room = facility.capacity * (1 + tolerance)
    values = np.concatenate([-room, facility.take.ravel()[cell]])
    rows = np.concatenate([every, cell // customers])
    columns = np.concatenate([every, sites + np.arange(len(cell))])
    return coo_array((values, (rows, columns)), shape=(sites, sites + len(cell)))


def _links(site: Ints, column: Ints, width: int) -> coo_array:
    """Return the rows: a share at most the opening of its site."""
    rows, ones = np.arange(len(site)), np.ones(len(site))
    values = np.concatenate([ones, -ones])
    return coo_array(
        (values, (np.concatenate([rows, rows]), np.concatenate([column, site]))), shape=(len(site), width)
    )
