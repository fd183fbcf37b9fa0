"""Neighbourhoods of a design, and the process that solves them."""

from __future__ import annotations

import time

import numpy as np
import pytest
from computeroute.routing.errors import SolverError
from computeroute.solvers.network import solve
from computeroute.solvers.network.aside import Aside
from computeroute.solvers.network.dual import Dual
from computeroute.solvers.network.instance import network_of
from computeroute.solvers.network.linear import bundles, route
from computeroute.solvers.network.programs import design_program
from computeroute.solvers.network.search import Pace, Search
from computeroute.solvers.programs.request import Request
from computeroute.solvers.programs.solve_program import solve_integer

from .cases import DIAMOND, blocks_of, diamond, wide


@pytest.mark.no_cover
def test_neighbourhoods_of_a_search_improve_and_never_worsen() -> None:
    blocks = wide()
    network = network_of(blocks)
    bundle = bundles(network)
    routed = route(network, bundle, network.cost)
    everything = np.ones((network.arcs, network.commodities), dtype=bool)
    search, worker = Search(network, bundle.apart(routed.flow), [everything], 0), Aside()
    values = [search.value]
    try:
        for _ in range(8):
            better = search.step(worker, 5.0, lambda: False)
            values.append(search.value)
            assert better == (values[-1] < values[-2])
    finally:
        worker.close()
    assert values == sorted(values, reverse=True)
    assert values[-1] < values[0]
    assert search.value == network.value(search.flow)
    assert network.load(search.flow) == pytest.approx(np.minimum(network.load(search.flow), network.capacity))
    assert not search.step(Aside(), 5.0, lambda: True)


def test_neighbourhoods_that_find_nothing_get_more_time_and_those_that_take_long_shrink() -> None:
    pace = Pace(6, 2, 30)
    pace.adapt(0.0, 60, better=False)
    assert pace.size > 6
    aim = pace.aim
    for _ in range(20):
        pace.adapt(0.0, 60, better=False)
    assert pace.aim > aim
    assert pace.level == 2
    assert pace.size == 30
    pace.adapt(100.0, 60, better=True)
    assert pace.size < 30
    assert pace.failed == 0


def test_a_region_is_designed_anew_for_all_commodities_at_once() -> None:
    """Both over the open way cost 2 * 6 + 2 = 14, both over the other 2 * 2 + 8 = 12, one over each 18."""
    arcs = [(0, 1, 1, 9, 4), (1, 3, 1, 9, 4), (0, 2, 3, 9, 1), (2, 3, 3, 9, 1)]
    network = network_of(blocks_of(arcs, [(0, 3, 1), (0, 3, 1)]))
    flow = np.array([[0.0, 0], [0, 0], [1, 1], [1, 1]])
    search = Search(network, flow, [np.ones((4, 2), dtype=bool)], 0)
    neighbourhood = search._some_region(4, np.ones((4, 2), dtype=bool))
    assert neighbourhood.design.gate.tolist() == [0, 1, 2, 3]
    answer = solve_integer(neighbourhood.design.program, Request(time_limit=5, watch=False))
    assert answer.x is not None
    assert search.accept(neighbourhood.flow(answer.x))
    assert search.value == pytest.approx(12)


def test_outside_a_region_all_stays_open_or_closed() -> None:
    network = network_of(blocks_of(DIAMOND, [(0, 3, 1)]))
    search = Search(network, np.array([[1.0], [1], [0], [0]]), [np.ones((4, 1), dtype=bool)], 0)
    one_node = search._some_region(1, np.ones((4, 1), dtype=bool))
    assert one_node.design.gate.tolist() == []
    assert one_node.design.arc.tolist() == [0, 1]


def test_kernels_widen() -> None:
    network = network_of(wide(commodities=5))
    dual = Dual(network)
    point = dual.climb(dual.start(), 0.03, 50)
    nothing = np.zeros((network.arcs, 5), dtype=bool)
    sizes = [int(kernel.sum()) for kernel in solve._kernels(dual, point, nothing)]
    assert sizes == sorted(sizes)
    assert sizes[0] == 0 < sizes[1]


def test_a_process_tells_bounds_and_answers_and_serves_again() -> None:
    network = network_of(wide(commodities=12))
    everything = np.ones((network.arcs, 12), dtype=bool)
    shut = np.zeros(network.arcs, dtype=bool)
    program = design_program(network, everything, network.capacity, shut).program
    worker = Aside()
    try:
        answers = []
        for watch in (True, False):
            worker.submit(program, 20, 1e-4, 0, watch=watch)
            answers.append(worker.wait(lambda: False))
        values = [float(program.cost @ answer.x) for answer in answers]
        assert values[0] == pytest.approx(values[1], rel=1e-3)
        assert answers[0].bound <= values[0] + 1e-6
    finally:
        worker.close()
    worker.close()


@pytest.mark.no_cover
def test_a_process_that_takes_too_long_is_ended() -> None:
    blocks = wide(commodities=60)
    network = network_of(blocks)
    everything = np.ones((network.arcs, 60), dtype=bool)
    program = design_program(
        network, everything, network.capacity, np.zeros(network.arcs, dtype=bool)
    ).program
    worker, began = Aside(), time.monotonic()
    worker.submit(program, 60, 0.0, 0)
    assert worker.wait(lambda: time.monotonic() > began + 0.5) is None
    assert time.monotonic() - began < 20
    assert worker._process is None


def test_a_process_that_dies_is_told() -> None:
    worker = Aside()
    network = diamond()
    everything = np.ones((4, 1), dtype=bool)
    program = design_program(network, everything, network.capacity, np.zeros(4, dtype=bool)).program
    worker.submit(program, 5, 0.0, 0)
    worker.wait(lambda: False)
    worker._process.kill()
    time.sleep(0.2)
    with pytest.raises(SolverError, match="died"):
        worker.poll()
    worker.close()
