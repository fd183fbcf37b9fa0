"""Small facility location problems, and their optima by enumeration."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from computeroute.solvers.blocks import Blocks, Choices, Divisions, Resources
from computeroute.solvers.facility.instance import Facility
from scipy.optimize import linprog
from scipy.sparse import csr_array


def facility_blocks(cost, take, capacity, opening, *, single, left_out=None):
    """Return blocks of dense tables (sites, customers); infinite costs are cells that do not exist."""
    cost, take = np.asarray(cost, float), np.broadcast_to(np.asarray(take, float), np.shape(cost))
    customer, site = np.nonzero(np.isfinite(cost.T))
    first = np.concatenate([[0], np.cumsum(np.isfinite(cost).sum(axis=0))])
    uses = csr_array((take[site, customer], site, np.arange(len(site) + 1)), shape=(len(site), len(cost)))
    must = np.full(cost.shape[1], np.inf) if left_out is None else np.asarray(left_out, float)
    values = (first, cost[site, customer], uses, must)
    return Blocks(
        Resources.fixed(np.asarray(capacity, float), np.asarray(opening, float)),
        Choices(*values) if single else Choices.none(len(cost)),
        Divisions.none(len(cost)) if single else Divisions.plain(*values),
    )


def two_by_two():
    """Return two sites of 6 and 8 for two customers of 4, who may be divided; opening costs 5."""
    cost = np.array([[1.0, 4.0], [8.0, 12.0]])
    return Facility(cost, np.full((2, 2), 4.0), np.array([6.0, 8.0]), np.full(2, 5.0), False)


def random_facility(rng, *, single, whole=True):
    """Draw a problem of up to 5 sites and 6 customers, now and then without a solution."""
    sites, customers = int(rng.integers(1, 6)), int(rng.integers(1, 7))
    demand = rng.integers(0, 10, customers).astype(float)
    capacity = rng.integers(3, 25, sites).astype(float)
    cost = rng.integers(0, 40, (sites, customers)).astype(float)
    if not whole:
        cost += rng.uniform(size=cost.shape)
        demand += rng.uniform(size=customers)
    cost[rng.uniform(size=cost.shape) < 0.1] = np.inf
    take = np.where(np.isfinite(cost), demand, 0.0)
    if rng.uniform() < 0.2:
        capacity[:] = np.inf
    return Facility(cost, take, capacity, rng.integers(0, 60, sites).astype(float), single)


def optimum(facility):
    """Least cost over all sets of open sites, infinite where none will do."""
    sites = len(facility.opening)
    serve = _cheapest_assignment if facility.single else _cheapest_division
    best = np.inf
    for mask in itertools.product((False, True), repeat=sites):
        chosen = np.flatnonzero(mask)
        opening = facility.opening[chosen].sum()
        if opening < best and len(chosen):
            best = min(best, opening + serve(facility.only(chosen)))
    return best


def _cheapest_assignment(facility):
    best = np.inf
    customers = np.arange(facility.cost.shape[1])
    for sites in itertools.product(range(len(facility.opening)), repeat=len(customers)):
        site = np.array(sites)
        load = np.bincount(site, weights=facility.take[site, customers], minlength=len(facility.opening))
        if (load <= facility.capacity + 1e-9).all():
            best = min(best, facility.cost[site, customers].sum())
    return best


def _cheapest_division(facility):
    sites, customers = facility.cost.shape
    cost = np.where(np.isfinite(facility.cost), facility.cost, 0.0).ravel()
    bounds = [(0.0, 1.0 if ok else 0.0) for ok in np.isfinite(facility.cost).ravel()]
    limited = np.flatnonzero(np.isfinite(facility.capacity))
    load = np.kron(np.eye(sites), np.ones(customers)) * facility.take.ravel()
    result = linprog(
        cost,
        load[limited] if len(limited) else None,
        facility.capacity[limited] if len(limited) else None,
        np.tile(np.eye(customers), sites),
        np.ones(customers),
        bounds,
    )
    return result.fun if result.status == 0 else np.inf


def blocks_of(facility):
    """Return the blocks of a problem."""
    return facility_blocks(
        facility.cost, facility.take, facility.capacity, facility.opening, single=facility.single
    )


def bounded(facility):
    """Return the problem with the finite capacities that the solver works with."""
    return replace(facility, capacity=np.minimum(facility.capacity, facility.take.sum(axis=1)))
