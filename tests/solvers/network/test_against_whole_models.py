"""Designs and routings of small random networks agree with their whole models."""

from __future__ import annotations

import numpy as np
import pytest
from computeroute.solvers.block_program import block_program
from computeroute.solvers.blocks import Blocks, Choices, Divisions, Flows, Resources
from computeroute.solvers.network import solve
from computeroute.solvers.network.routing import minimise_utilisation, solve_routing
from computeroute.solvers.network.solve import solve_network
from computeroute.solvers.programs.request import Request
from computeroute.solvers.programs.solve_program import solve_integer, solve_relaxation


def network(seed: int, *, fixed: bool = True, tight: float = 1.0) -> Blocks:
    """Return a random network of 6 nodes on a ring with chords, and 4 commodities."""
    rng = np.random.default_rng(seed)
    ring = [(node, (node + 1) % 6) for node in range(6)] + [((node + 1) % 6, node) for node in range(6)]
    chords = [tuple(rng.choice(6, 2, replace=False)) for _ in range(5)]
    tail, head = np.array(ring + chords).T.astype(np.int64)
    arcs = len(tail)
    ends = np.array([rng.choice(6, 2, replace=False) for _ in range(4)])
    amount = rng.integers(1, 8, 4).astype(float)
    capacity = rng.integers(5, 14, arcs) * tight
    opening = rng.integers(5, 60, arcs).astype(float) if fixed else np.zeros(arcs)
    flows = Flows(
        nodes=6,
        tail=tail,
        head=head,
        cost=rng.integers(1, 9, arcs).astype(float),
        resource=np.arange(arcs),
        origin=ends[:, 0].astype(np.int64),
        destination=ends[:, 1].astype(np.int64),
        amount=amount,
    )
    return Blocks(Resources.fixed(capacity, opening), Choices.none(arcs), Divisions.none(arcs), flows)


def exact(blocks: Blocks) -> float:
    """Return the optimum of the whole model, infinite where there is none."""
    answer = solve_integer(block_program(blocks), Request(time_limit=20, watch=False))
    return np.inf if answer.x is None else float(block_program(blocks).cost @ answer.x)


@pytest.mark.no_cover
@pytest.mark.parametrize(("seed", "beside"), [(0, 1), (1, 2), (2, 1), (3, 2)])
def test_long_searches_never_pass_the_optimum(
    seed: int, beside: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solve, "SMALL_COLUMNS", 0)
    blocks = network(seed)
    best = exact(blocks)
    found = solve_network(blocks, time_limit=2, gap_limit=1e-3, seed=0, threads=beside)
    if np.isinf(best):
        assert found.infeasible
        return
    assert found.bound <= best + 1e-6 * best
    assert found.objective >= best - 1e-6 * best
    assert found.objective <= 1.02 * best


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(24))
def test_small_designs_are_solved_to_the_end(seed: int) -> None:
    blocks = network(seed, tight=0.8)
    best = exact(blocks)
    told: list[tuple[float | None, float]] = []
    found = solve_network(
        blocks, time_limit=20, gap_limit=1e-6, progress=lambda value, bound: told.append((value, bound))
    )
    assert found.infeasible == np.isinf(best)
    if not found.infeasible:
        assert found.objective == pytest.approx(best, rel=1e-6)
        assert found.bound <= best * (1 + 1e-9)
        assert told[-1][1] <= best * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_routing_is_the_linear_program(seed: int) -> None:
    blocks = network(seed, fixed=False)
    relaxed = solve_relaxation(block_program(blocks), 10)
    found = solve_routing(blocks)
    assert found.infeasible == (relaxed.x is None)
    if relaxed.x is not None:
        assert found.objective == pytest.approx(float(block_program(blocks).cost @ relaxed.x), rel=1e-6)


def test_utilisation_of_two_parallel_ways() -> None:
    """Ways of 10 and 30 carry 20 in all at 20 / 40 = 0.5 of their capacity."""
    flows = Flows(
        nodes=3,
        tail=np.array([0, 0, 1]),
        head=np.array([2, 1, 2]),
        cost=np.zeros(3),
        resource=np.arange(3),
        origin=np.array([0]),
        destination=np.array([2]),
        amount=np.array([20.0]),
    )
    blocks = Blocks(Resources.fixed(np.array([10.0, 30, 30])), Choices.none(3), Divisions.none(3), flows)
    found = minimise_utilisation(blocks)
    assert found.objective == pytest.approx(0.5)
    assert found.bound == pytest.approx(0.5)


def test_nothing_to_carry_costs_nothing() -> None:
    blocks = network(0)
    empty = Blocks(blocks.resources, blocks.choices, blocks.divisions, Flows.none())
    assert solve_network(empty, time_limit=1).objective == 0


def test_other_blocks_are_refused() -> None:
    blocks = network(0)
    more = Resources(*(np.ones(17) for _ in range(5)))
    with pytest.raises(ValueError, match="modules"):
        solve_network(Blocks(more, blocks.choices, blocks.divisions, blocks.flows), time_limit=1)
