"""Designs of tiny networks against every set of open resources."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pytest
from computeroute.solvers.block_accounts import objective, violation
from computeroute.solvers.blocks import Blocks, Choices, Divisions, Flows, Resources
from computeroute.solvers.network import solve
from computeroute.solvers.network.dual import Dual
from computeroute.solvers.network.instance import network_of
from computeroute.solvers.network.solve import solve_network
from scipy.optimize import linprog


def tiny(seed: int, *, shared: bool = False) -> Blocks:
    """Return 4 nodes, 8 arcs and 3 commodities; with ``shared``, pairs of arcs draw on one resource."""
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in range(4) for b in range(4) if a != b]
    tail, head = np.array([pairs[at] for at in rng.choice(12, 8, replace=False)], dtype=np.int64).T
    resource = np.arange(8) // 2 if shared else np.arange(8)
    ends = np.array([pairs[at] for at in rng.choice(12, 3, replace=False)], dtype=np.int64)
    resources = int(resource.max()) + 1
    flows = Flows(
        nodes=4,
        tail=tail,
        head=head,
        cost=rng.integers(0, 6, 8).astype(float),
        resource=resource,
        origin=ends[:, 0],
        destination=ends[:, 1],
        amount=rng.integers(1, 5, 3).astype(float),
    )
    capacity = rng.choice([2.0, 5.0, 9.0, np.inf], resources)
    opening = rng.choice([0.0, 7.0, 20.0, 35.0], resources)
    return Blocks(
        Resources.fixed(capacity, opening), Choices.none(resources), Divisions.none(resources), flows
    )


@cache
def cheapest(seed: int, *, shared: bool = False) -> float:
    """Return the optimum by trying sets of open resources; infinite where there is none.

    Sets that shut what costs nothing to open are no cheaper than others, nor are those that cost as much to
    open as a whole design known.
    """
    blocks = tiny(seed, shared=shared)
    opening = blocks.resources.activation_cost
    sets = np.array(list(product([False, True], repeat=len(opening))))
    sets = sets[sets[:, opening == 0.0].all(axis=1)]
    best = routed(blocks, np.ones(len(opening), dtype=bool)) + opening.sum()
    if np.isinf(best):  # fewer do not suffice either
        return best
    for opened in sets[np.argsort(sets @ opening)]:
        if opening[opened].sum() >= best:
            break
        best = min(best, routed(blocks, opened) + opening[opened].sum())
    return best


def routed(blocks: Blocks, opened: np.ndarray) -> float:
    """Return the cost of the flow over open resources, commodity by commodity."""
    flows, count = blocks.flows, len(blocks.flows)
    arcs = len(flows.tail)
    incidence = np.zeros((flows.nodes, arcs))
    np.add.at(incidence, (flows.tail, np.arange(arcs)), 1)
    np.add.at(incidence, (flows.head, np.arange(arcs)), -1)
    balance = np.zeros((count, flows.nodes))
    balance[np.arange(count), flows.origin] += flows.amount
    balance[np.arange(count), flows.destination] -= flows.amount
    room = np.where(opened, np.minimum(blocks.resources.capacity, 1e3), 0.0)
    draws = np.zeros((len(room), arcs))
    draws[flows.resource, np.arange(arcs)] = 1
    found = linprog(
        np.tile(flows.cost, count),
        A_ub=np.tile(draws, count),
        b_ub=room,
        A_eq=np.kron(np.eye(count), incidence),
        b_eq=balance.ravel(),
    )
    return float(found.fun) if found.status == 0 else np.inf


@pytest.mark.no_cover
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_a_tiny_design_is_the_cheapest_of_all(seed: int, shared: bool) -> None:
    blocks = tiny(seed, shared=shared)
    best = cheapest(seed, shared=shared)
    found = solve_network(blocks, time_limit=20, gap_limit=0)
    assert found.infeasible == np.isinf(best)
    if found.infeasible:
        assert found.solution is None
        return
    assert found.objective == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert found.bound <= best * (1 + 1e-9)
    assert violation(blocks, found.solution) < 1e-6
    assert objective(blocks, found.solution) == pytest.approx(best, rel=1e-6, abs=1e-6)


@pytest.mark.no_cover
def test_some_tiny_designs_are_infeasible_and_some_are_not() -> None:
    values = [cheapest(seed) for seed in range(4)]
    assert 0 < np.isinf(values).sum() < 4


@pytest.mark.parametrize("seed", range(6))
def test_the_dual_is_below_the_optimum_at_every_point(seed: int) -> None:
    best = cheapest(seed)
    if np.isinf(best):
        return
    network = network_of(tiny(seed))
    dual = Dual(network)
    rng = np.random.default_rng(seed)
    potentials = rng.normal(0, 10, (200, network.nodes * network.commodities))
    prices = rng.exponential(2, (200, len(network.capacity)))
    points = np.hstack([potentials, prices])
    assert max(dual.bound(point) for point in points) <= best + 1e-9
    climbed = dual.climb(dual.start(), 0.01, 100)
    assert dual.bound(climbed) <= best + 1e-9
    assert dual.bound(climbed) >= dual.bound(dual.start()) - 1e-9


@pytest.mark.no_cover
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_long_way_finds_the_same(seed: int, shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solve, "SMALL_COLUMNS", 0)
    blocks = tiny(seed, shared=shared)
    best = cheapest(seed, shared=shared)
    found = solve_network(blocks, time_limit=10, gap_limit=1e-6)
    assert found.infeasible == np.isinf(best)
    if not found.infeasible:
        assert found.objective == pytest.approx(best, rel=1e-6, abs=1e-6)
        assert found.bound == pytest.approx(best, rel=1e-5, abs=1e-5)
        assert found.seconds < 9
