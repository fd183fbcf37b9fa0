"""The parts of network design, each for itself."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from computeroute.routing.errors import SolverError
from computeroute.solvers.blocks import Blocks, Choices, Divisions, Resources
from computeroute.solvers.network import solve
from computeroute.solvers.network.dual import Dual
from computeroute.solvers.network.instance import block_solution, network_of
from computeroute.solvers.network.linear import bundles, route, solve_linear
from computeroute.solvers.network.paths import strip_paths
from computeroute.solvers.network.programs import design_program
from computeroute.solvers.network.proof import remainder
from computeroute.solvers.network.routing import minimise_utilisation, solve_routing
from computeroute.solvers.network.slope import reweighted, scaled_slopes, supported
from computeroute.solvers.network.solve import solve_network
from scipy.sparse import csr_array

from .cases import DIAMOND, blocks_of, diamond, wide


@pytest.mark.parametrize(("amount", "best"), [(4, 26.0), (5, 30.0), (9, 38.0), (12, 18 + 20 + 18 + 2)])
def test_which_way_pays_depends_on_the_amount(amount: float, best: float) -> None:
    """4: 28 or 6*4+2 = 26. 5: 2*5+20 = 30 or 32. 9: 38 or 56. 12: 9 by the first, 3 by the other."""
    blocks = blocks_of(DIAMOND, [(0, 3, amount)])
    found = solve_network(blocks, time_limit=5)
    assert found.objective == pytest.approx(best)


def test_more_than_all_ways_carry_is_infeasible() -> None:
    found = solve_network(blocks_of(DIAMOND, [(0, 3, 18.5)]), time_limit=5)
    assert found.infeasible
    assert found.bound == np.inf
    assert found.gap is None


def test_where_no_way_leads_is_infeasible() -> None:
    assert solve_network(blocks_of(DIAMOND, [(3, 0, 1)]), time_limit=5).infeasible
    assert minimise_utilisation(blocks_of(DIAMOND, [(3, 0, 1)])).infeasible
    assert solve_routing(blocks_of([(0, 1, 1, 5, 0)], [(1, 0, 1)])).infeasible


def test_loops_and_arcs_of_no_capacity_and_empty_commodities_are_left_out() -> None:
    arcs = [*DIAMOND, (1, 1, 0, 9, 0), (0, 3, 0, 0, 0)]
    blocks = blocks_of(arcs, [(0, 3, 4), (2, 2, 7), (0, 1, 0)])
    network = network_of(blocks)
    assert (network.arcs, network.commodities) == (4, 1)
    found = solve_network(blocks, time_limit=5)
    assert found.objective == pytest.approx(26)
    assert found.solution is not None
    assert found.solution.flow.shape == (3, 6)


def test_capacities_without_limit_are_made_finite() -> None:
    network = network_of(blocks_of([(0, 1, 1, np.inf, 3)], [(0, 1, 2), (0, 1, 5)]))
    assert network.capacity.tolist() == [7]


def test_flow_is_stripped_of_cycles_and_traces() -> None:
    network = network_of(blocks_of([*DIAMOND, (1, 0, 1, 9, 0), (3, 1, 0, 9, 0)], [(0, 3, 4)]))
    flow = np.array([5.0, 4 + 1e-9, 1e-11, 1e-11, 1.0, 0])
    assert strip_paths(network, flow, np.array([0]))[:, 0] == pytest.approx([4, 4, 0, 0, 0, 0], abs=1e-12)


def test_what_rounding_took_goes_by_the_paths_found() -> None:
    flow = np.array([3.999999, 3.999999, 0, 0])
    assert strip_paths(diamond(), flow, np.array([0]))[:, 0] == pytest.approx([4, 4, 0, 0], abs=1e-12)


def test_flow_that_arrives_nowhere_is_told() -> None:
    with pytest.raises(SolverError, match="lost in the rounding"):
        strip_paths(diamond(), np.zeros(4), np.array([0]))


@pytest.mark.parametrize("turn", [False, True])
def test_commodities_of_one_end_are_bundled_and_taken_apart(turn: bool) -> None:
    wanted = [(0, 3, 2.0), (0, 1, 1.0), (0, 2, 3.0)]
    arcs = [(a, b, cost, 20, 0) for a, b, cost, _, _ in DIAMOND]
    if turn:
        arcs, wanted = [(b, a, *rest) for a, b, *rest in arcs], [(b, a, amount) for a, b, amount in wanted]
    network = network_of(blocks_of(arcs, wanted))
    bundle = bundles(network)
    assert len(bundle.balance) == 1
    assert bundle.turned is turn
    found = route(network, bundle, network.cost)
    assert found.flow is not None
    # 0 to 3 over 1 costs 2 each, 1 costs 1 each, 2 costs 3 each
    assert found.value == pytest.approx(2 * 2 + 1 + 3 * 3)
    apart = bundle.apart(found.flow)
    balance = np.zeros((3, 4))
    for arc in range(4):
        balance[:, network.tail[arc]] += apart[arc]
        balance[:, network.head[arc]] -= apart[arc]
    assert balance == pytest.approx(network.balance())


def test_no_time_is_no_proof() -> None:
    big = network_of(wide(commodities=80))
    bundle = bundles(big)
    found = route(big, bundle, big.cost, seconds=1e-9)
    assert found.flow is not None or not found.infeasible


def test_highs_solves_the_same_linear_program() -> None:
    from computeroute.solvers.network.linear import routing_program

    network = diamond()
    program = routing_program(network, bundles(network), network.cost, np.arange(4))
    values = [float(program.cost @ solve_linear(program, 5, name).x) for name in ("glop", "highs")]
    assert values == pytest.approx([8, 8])


def test_routing_tells_what_it_is_not_for() -> None:
    with pytest.raises(ValueError, match="opening costs"):
        solve_routing(blocks_of(DIAMOND, [(0, 3, 1)]))


@pytest.mark.parametrize("negative", ["cost", "opening"])
def test_negative_costs_are_refused(negative: str) -> None:
    arc = (0, 1, -1, 5, 0) if negative == "cost" else (0, 1, 1, 5, -3)
    with pytest.raises(ValueError, match="negative"):
        solve_network(blocks_of([arc], [(0, 1, 1)]), time_limit=1)


@pytest.mark.parametrize("width", [0.3, 0.01])
def test_the_gradient_of_the_smoothed_dual_is_its_slope(width: float) -> None:
    network = network_of(wide(commodities=5))
    dual, rng = Dual(network), np.random.default_rng(1)
    point = np.abs(dual.start() + rng.normal(0, 1, len(dual.start())))
    along = rng.normal(0, 1, len(point))
    step = 1e-6
    rise = dual.evaluate(point + step * along, width).value - dual.evaluate(point - step * along, width).value
    slope = dual.evaluate(point, width).gradient @ along
    assert rise / (2 * step) == pytest.approx(slope, rel=1e-4, abs=1e-4)


def test_smoothing_is_from_below_and_vanishes() -> None:
    dual = Dual(network_of(wide()))
    point = dual.climb(dual.start(), 0.1, 30)
    values = [dual.evaluate(point, width).value for width in (10, 1, 0.1, 1e-6)]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(dual.bound(point), rel=1e-4)


def test_the_dual_without_costs_is_nothing() -> None:
    network = network_of(blocks_of([(0, 1, 0, 5, 0)], [(0, 1, 1)]))
    assert Dual(network).bound(Dual(network).start()) == pytest.approx(0)


@pytest.mark.no_cover
def test_reweighting_decides_and_slopes_carry_everything() -> None:
    blocks = wide()
    network = network_of(blocks)
    dual, bundle = Dual(network), bundles(network)
    point = dual.climb(dual.start(), 0.03, 100)
    rounds = [found.opening.copy() for found in reweighted(dual, point, lambda: False)]
    undecided = [int(((opening > 0.05) & (opening < 0.95)).sum()) for opening in rounds]
    assert undecided[-1] < undecided[0]
    last = next(reweighted(dual, point, lambda: True))
    load = network.load(last.flow)
    flow, value = scaled_slopes(network, bundle, np.arange(network.arcs), load, lambda: False)
    assert value == pytest.approx(network.value(bundle.apart(flow)), rel=1e-6)
    assert scaled_slopes(network, bundle, supported(network, last)[:1], load, lambda: False) is None
    assert scaled_slopes(network, bundle, np.arange(network.arcs), load, lambda: True) is not None


def test_reweighting_ends_when_nothing_is_undecided() -> None:
    network = network_of(blocks_of([(0, 1, 1, 5, 3)], [(0, 1, 5)]))
    dual = Dual(network)
    assert len(list(reweighted(dual, dual.start(), lambda: False))) <= 3


def test_what_is_held_is_open_at_no_cost() -> None:
    """With one unit held over 1, the rest goes there too: only the cost per unit is left."""
    network = diamond()
    held = np.array([1.0, 1, 0, 0])
    everything = np.ones((4, 1), dtype=bool)
    design = design_program(network, everything, network.capacity - held, held > 0)
    assert design.gate.tolist() == [2, 3]
    assert design.flow(np.array([4.0, 4, 0, 0, 0, 0]))[:, 0].tolist() == [4, 4, 0, 0]


def test_the_remainder_leaves_out_what_cannot_be_better() -> None:
    """Opening one way costs 20 more than the best known 26 allows."""
    network = diamond()
    dual = Dual(network)
    point = dual.climb(dual.start(), 1e-3, 200)
    kernel = np.ones((4, 1), dtype=bool)
    rest = remainder(network, dual, point, 26.0, kernel)
    assert rest is not None
    assert set(rest.design.gate) <= {0, 1, 2, 3}
    assert {2, 3} <= set(rest.design.gate)
    assert rest.bound(30.0) == 26.0
    assert rest.bound(25.0) == 25.0


def test_a_remainder_that_is_too_large_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    from computeroute.solvers.network import proof

    monkeypatch.setattr(proof, "MOST_COLUMNS", 1)
    network = diamond()
    dual = Dual(network)
    assert remainder(network, dual, dual.start(), 26.0, np.ones((4, 1), dtype=bool)) is None


@pytest.mark.no_cover
def test_a_larger_design_is_improved_until_time_is_over() -> None:
    told: list[tuple[float | None, float]] = []
    blocks = wide(commodities=60)
    found = solve_network(
        blocks, time_limit=2, gap_limit=0, progress=lambda value, bound: told.append((value, bound))
    )
    assert found.seconds < 4
    assert found.bound <= found.objective
    assert found.gap < 0.3
    values = [value for value, _ in told if value is not None]
    assert values == sorted(values, reverse=True)
    assert [bound for _, bound in told] == sorted(bound for _, bound in told)
    assert values[-1] == found.objective


@pytest.mark.no_cover
def test_somebody_may_stop_it() -> None:
    began = time.monotonic()
    found = solve_network(
        wide(commodities=60), time_limit=60, gap_limit=0, stop=lambda: time.monotonic() > began + 1
    )
    assert found.seconds < 5
    assert found.solution is not None


def test_without_a_solution_in_time_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solve, "_relax", lambda *_: None)
    monkeypatch.setattr(solve, "_first_solutions", lambda *_: False)
    found = solve_network(wide(commodities=60), time_limit=3, gap_limit=0)
    assert found.solution is None
    assert not found.infeasible
    assert found.objective == np.inf


def test_utilisation_over_given_paths() -> None:
    """20 over links of 10 and 30: at best a quarter and three quarters, both half full."""
    uses = csr_array(np.array([[20.0, 0], [0, 20]]))
    paths = Divisions.plain(np.array([0, 2]), np.zeros(2), uses, np.array([np.inf]))
    blocks = Blocks(Resources.fixed(np.array([10.0, 30])), Choices.none(2), paths)
    found = minimise_utilisation(blocks)
    assert found.objective == pytest.approx(0.5)
    assert found.bound == pytest.approx(0.5)
    assert found.solution is not None
    assert found.solution.share.tolist() == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize("seed", range(9))
def test_utilisation_is_that_of_every_commodity_for_itself(seed: int) -> None:
    """Bundles lose nothing: the same as one linear program with a column per commodity and arc."""
    from scipy.optimize import linprog

    blocks = wide(seed, commodities=6)
    network = network_of(blocks)
    arcs, nodes, count = network.arcs, network.nodes, network.commodities
    incidence = np.zeros((nodes, arcs))
    np.add.at(incidence, (network.tail, np.arange(arcs)), 1)
    np.add.at(incidence, (network.head, np.arange(arcs)), -1)
    wanted = np.hstack([np.kron(np.eye(count), incidence), np.zeros((nodes * count, 1))])
    load = np.hstack([np.tile(np.eye(arcs), count), -blocks.resources.capacity[:, None]])
    cost = np.append(np.zeros(arcs * count), 1)
    exact = linprog(cost, A_ub=load, b_ub=np.zeros(arcs), A_eq=wanted, b_eq=network.balance().ravel())
    for factor in (1.0, 1e9, 1e-6):  # of capacities that hardly anybody needs, or that nobody could keep
        resources = Resources.fixed(blocks.resources.capacity * factor)
        found = minimise_utilisation(replace(blocks, resources=resources))
        assert found.objective * factor == pytest.approx(exact.fun, rel=1e-6)
        assert found.bound * factor == pytest.approx(exact.fun, rel=1e-6)
        assert found.bound * factor <= exact.fun * (1 + 1e-9)


def test_the_solution_of_a_network_is_one_of_its_blocks() -> None:
    blocks = blocks_of(DIAMOND, [(0, 3, 4)])
    network = network_of(blocks)
    found = block_solution(blocks, network, np.array([[4.0], [4], [0], [0]]))
    assert found.opened.tolist() == [True, True, False, False]
    assert found.flow.toarray().tolist() == [[4, 4, 0, 0]]


@pytest.mark.parametrize("capacity", [1e12, 1e18, np.inf])
def test_one_link_that_stands_for_no_limit_does_not_blur_the_others(capacity: float) -> None:
    # 0 -> 1 by 10 and 30 in parallel, 20 in all: half of both; 1 -> 2 is as good as unlimited.
    blocks = blocks_of([(0, 1, 0, 10, 0), (0, 1, 0, 30, 0), (1, 2, 0, capacity, 0)], [(0, 2, 20)])
    found = minimise_utilisation(blocks)
    assert found.objective == pytest.approx(0.5)
    assert found.bound == pytest.approx(0.5)


@pytest.mark.parametrize(("capacity", "infeasible"), [(0.0, True), (np.inf, False)])
def test_utilisation_where_nothing_has_a_finite_capacity(capacity: float, infeasible: bool) -> None:
    found = minimise_utilisation(blocks_of([(0, 1, 0, capacity, 0)], [(0, 1, 20)]))
    assert found.infeasible == infeasible
    if not infeasible:
        assert (found.objective, found.bound) == (0.0, 0.0)
