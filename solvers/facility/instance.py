"""Facility location read out of the block-angular form: customers, sites, what serving costs and takes.

In a facility problem every option or arc of the :class:`~..blocks.Blocks` uses exactly one resource (its
site), so that tables of sites by customers hold everything. Customers that may be left out get one more
site, free to open and without limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...routing.errors import SolverError
from ..blocks import Blocks, BlockSolution, Choices, Divisions, Floats, Ints
from ..packs import counted
from ..programs.program import usual_unit

Bools = NDArray[np.bool_]
TOLERANCE = 1e-9
"""Relative overload of a site that is taken for rounding."""


@dataclass(frozen=True)
class Facility:
    """A facility location problem of m sites and n customers.

    Attributes
    ----------
    cost
        Cost of serving a whole customer from a site (m, n); infinite where that is not allowed.
    take
        Capacity that a whole customer takes at a site (m, n); 0 where not allowed.
    capacity
        Of each site (m), finite: at most what all customers together take.
    opening
        Cost of opening each site (m), at least 0.
    single
        Whether every customer is served by one site.
    packed
        Whether bounds pack whole customers, see :mod:`.filling`.
    """

    cost: Floats
    take: Floats
    capacity: Floats
    opening: Floats
    single: bool
    packed: bool = False

    @property
    def allowed(self) -> Bools:
        """Whether a site may serve a customer (m, n)."""
        return np.isfinite(self.cost)

    def only(self, sites: Ints) -> Facility:
        """Return the problem with only these sites."""
        return replace(
            self,
            cost=self.cost[sites],
            take=self.take[sites],
            capacity=self.capacity[sites],
            opening=self.opening[sites],
        )

    def with_costs_up_to(self, most: float) -> Facility:
        """Return the relaxation in which serving a whole customer costs no more than ``most`` anywhere."""
        return replace(self, cost=np.where(self.allowed, np.minimum(self.cost, most), np.inf))

    def price(self, share: Floats) -> float:
        """Return the cost of the shares (m, n) and of opening the sites that they use."""
        used = share > 0
        service = (share[used] * self.cost[used]).sum()
        return float(service + self.opening[used.any(axis=1)].sum())

    def fits(self, share: Floats) -> bool:
        """Return whether every customer is served and no site is overloaded."""
        served = np.abs(share.sum(axis=0) - 1.0).max(initial=0.0) <= TOLERANCE
        load = (self.take * share).sum(axis=1)
        within = (load <= self.capacity * (1 + TOLERANCE)).all()
        return bool(served and within and not (share[~self.allowed] > 0).any())

    def least_demand(self) -> float:
        """Return what all customers take together at least."""
        least = np.where(self.allowed, self.take, np.inf).min(axis=0, initial=np.inf)
        return float(least.sum())

    def grain(self) -> float:
        """Return a step that all costs of solutions are multiples of, 0 where none is known."""
        if not self.single:
            return 0.0
        costs = np.concatenate([self.cost[self.allowed], self.opening])
        whole = np.abs(costs).max(initial=0.0) < 2**40 and bool((costs == np.round(costs)).all())
        return float(np.gcd.reduce(np.abs(costs).astype(np.int64))) if whole and len(costs) else 0.0


@dataclass(frozen=True)
class Reading:
    """A facility problem and the blocks that it was read from.

    ``arc`` holds the option or arc of the blocks behind each cell (m, n), -1 where none; a site more than the
    blocks have resources stands for being left out.
    """

    facility: Facility
    blocks: Blocks
    arc: Ints


def read_facility(blocks: Blocks) -> Reading:
    """Return the facility problem that ``blocks`` are.

    Raises
    ------
    SolverError
        When they are none: flows, modules, replicas, options that use several resources or none, several
        options of one customer at one site, or customers of both kinds.
    """
    resources = blocks.resources
    customers = blocks.choices if len(blocks.choices) else blocks.divisions
    _refuse(len(blocks.flows) > 0, "flows")
    _refuse(len(blocks.choices) > 0 and len(blocks.divisions) > 0, "both choices and divisions")
    _refuse(bool((resources.most_modules > 0).any()), "resources that can be expanded")
    _refuse(bool((resources.activation_cost < 0).any()), "negative activation costs")
    _refuse(bool((blocks.divisions.slot >= 0).any()), "replicas")
    customer, site, amount = _cells(customers)
    arc = np.full((len(resources), len(customers)), -1)
    arc[site, customer] = np.arange(len(customers.cost))
    _refuse(int((arc >= 0).sum()) < len(customers.cost), "several options of a customer at one site")
    cost = np.full(arc.shape, np.inf)
    cost[site, customer] = customers.cost
    take = np.zeros(arc.shape)
    take[site, customer] = amount
    single, capacity = len(blocks.choices) > 0, resources.capacity
    if single:
        take, capacity = counted(take, capacity)
        fits = take <= capacity[:, None] * (1 + TOLERANCE)
        cost, take = np.where(fits, cost, np.inf), np.where(fits, take, 0.0)
    unit = usual_unit(take[take > 0])
    take, capacity = take / unit, np.minimum(capacity, take.sum(axis=1)) / unit
    facility = Facility(cost, take, capacity, resources.activation_cost, single)
    return Reading(_with_outside(facility, customers.left_out_cost), blocks, arc)


def _refuse(present: bool, what: str) -> None:
    if present:
        raise SolverError(f"not a facility location problem: it has {what}")


def _cells(customers: Choices | Divisions) -> tuple[Ints, Ints, Floats]:
    """Return customer, site and amount of each option."""
    uses = csr_array(customers.uses)
    _refuse(bool((np.diff(uses.indptr) != 1).any()), "options that use several resources or none")
    _refuse(bool((uses.data < 0).any()), "negative uses")
    owner = np.repeat(np.arange(len(customers)), np.diff(customers.first))
    return owner, np.asarray(uses.indices, dtype=np.int64), np.asarray(uses.data, dtype=float)


def _with_outside(facility: Facility, left_out_cost: Floats) -> Facility:
    if not np.isfinite(left_out_cost).any():
        return facility
    return Facility(
        cost=np.vstack([facility.cost, left_out_cost]),
        take=np.vstack([facility.take, np.zeros(len(left_out_cost))]),
        capacity=np.append(facility.capacity, 0.0),
        opening=np.append(facility.opening, 0.0),
        single=facility.single,
    )


def write_solution(reading: Reading, share: Floats) -> BlockSolution:
    """Return the solution of the blocks for shares (m, n)."""
    blocks, arc = reading.blocks, reading.arc
    inside = share[: len(arc)]
    site, customer = np.nonzero(inside > 0)
    option = np.full(len(blocks.choices), -1)
    arcs = np.zeros(len(blocks.divisions.cost))
    if reading.facility.single:
        option[customer] = arc[site, customer]
    else:
        arcs[arc[site, customer]] = inside[site, customer]
    return BlockSolution(
        option=option,
        share=arcs,
        replicas=np.zeros(len(blocks.divisions.replica_cost)),
        opened=np.asarray((inside > 0).any(axis=1)),
        modules=np.zeros(len(arc)),
        flow=csr_array((0, 0)),
    )
