"""The whole model of blocks, and the accounts of solutions, on instances worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from computeroute.solvers.block_accounts import objective, violation
from computeroute.solvers.blocks import Blocks, BlockSolution, Choices, Divisions, Flows, Resources
from computeroute.solvers.whole import solve_whole
from scipy.sparse import csr_array

from .choices.small import optimum, random_blocks


def best(blocks: Blocks) -> tuple[float, BlockSolution]:
    result = solve_whole(blocks, time_limit=20.0, gap_limit=0.0)
    assert result.solution is not None
    assert violation(blocks, result.solution) <= 1e-6
    assert result.bound == pytest.approx(result.objective)
    return result.objective, result.solution


def facility(capacity: list[float]) -> Blocks:
    """Two sites (opening 10 and 1), two demands of 4: cost 1 from the first, 3 from the second."""
    uses = csr_array(np.array([[4.0, 0.0], [0.0, 4.0]] * 2))
    divisions = Divisions.plain(np.array([0, 2, 4]), np.array([1.0, 3.0] * 2), uses, np.full(2, np.inf))
    resources = Resources.fixed(np.array(capacity), np.array([10.0, 1.0]))
    return Blocks(resources, Choices.none(2), divisions)


@pytest.mark.no_cover
def test_choices_agree_with_enumeration() -> None:
    for seed in range(100):
        blocks = random_blocks(np.random.default_rng(seed))
        result = solve_whole(blocks, time_limit=20.0, gap_limit=0.0)
        least = optimum(blocks)
        assert result.infeasible == (least == np.inf)
        assert result.objective == pytest.approx(least)


def test_sites_open_where_that_pays() -> None:
    value, solution = best(facility([8.0, 8.0]))  # the second alone: 1 + 3 + 3; the first alone: 10 + 2
    assert value == pytest.approx(7.0)
    assert solution.opened.tolist() == [False, True]


def test_demand_is_divided_where_a_site_is_full() -> None:
    value, solution = best(facility([8.0, 6.0]))  # both: 11 + 0.5 + 1.5 * 3 = 16; the first alone: 12
    assert value == pytest.approx(12.0)
    assert solution.share.tolist() == pytest.approx([1, 0, 1, 0])


def test_a_site_without_capacity_limit_still_has_to_open() -> None:
    assert best(facility([np.inf, np.inf]))[0] == pytest.approx(7.0)


def test_who_takes_nothing_needs_an_open_site_too() -> None:
    # One demand of 0, cost 1 from the first site and 3 from the second: 3 + 1 is less than 1 + 10.
    blocks = facility([8.0, 8.0])
    uses = csr_array((np.zeros(2), np.array([0, 1]), np.arange(3)), shape=(2, 2))
    divisions = Divisions.plain(np.array([0, 2]), np.array([1.0, 3.0]), uses, np.full(1, np.inf))
    value, solution = best(replace(blocks, divisions=divisions))
    assert value == pytest.approx(4.0)
    assert solution.opened.tolist() == [False, True]


def test_replicas_are_whole_and_use_resources() -> None:
    # a demand of 2.5 replicas at slot 0 (3 replicas at 2 each, one card each) or 1 at slot 1 (9, one card)
    divisions = Divisions(
        first=np.array([0, 2]),
        cost=np.array([0.0, 0.0]),
        uses=csr_array((2, 1)),
        left_out_cost=np.array([100.0]),
        slot=np.array([0, 1]),
        load=np.array([2.5, 1.0]),
        replica_cost=np.array([2.0, 9.0]),
        replica_uses=csr_array(np.ones((2, 1))),
        most_replicas=np.array([5.0, 5.0]),
    )
    resources = Resources.fixed(np.array([3.0]))
    value, solution = best(Blocks(resources, Choices.none(1), divisions))
    assert value == pytest.approx(6.0)
    assert solution.replicas.tolist() == [3.0, 0.0]
    two = Blocks(Resources.fixed(np.array([2.0])), Choices.none(1), divisions)
    # with two cards: slot 1 serves 1 of 1 at 9, or 2 replicas at slot 0 (0.8) and 20 for the rest: 9
    assert best(two)[0] == pytest.approx(9.0)


def network(amount: float) -> Blocks:
    """Two parallel arcs from 0 to 1: fixed cost 5, unit cost 1, room 4; fixed 0, unit cost 3, room 10."""
    flows = Flows(
        2,
        np.array([0, 0]),
        np.array([1, 1]),
        np.array([1.0, 3.0]),
        np.array([0, 1]),
        np.array([0]),
        np.array([1]),
        np.array([amount]),
    )
    resources = Resources.fixed(np.array([4.0, 10.0]), np.array([5.0, 0.0]))
    return Blocks(resources, Choices.none(2), Divisions.none(2), flows)


@pytest.mark.parametrize(("amount", "value"), [(2.0, 6.0), (4.0, 9.0), (6.0, 15.0)])
def test_flows_pay_for_the_arcs_they_open(amount: float, value: float) -> None:
    # 2: 2 * 3; 4: 5 + 4; 6: 5 + 4 + 2 * 3
    found, solution = best(network(amount))
    assert found == pytest.approx(value)
    assert solution.flow.toarray().sum() == pytest.approx(amount)


def test_modules_of_a_resource_that_has_to_be_opened() -> None:
    resources = Resources(*(np.array([x]) for x in (1.0, 2.0, 3.0, 4.0, 5.0)))
    choices = Choices(np.array([0, 1]), np.array([0.0]), csr_array(np.array([[7.0]])), np.array([np.inf]))
    value, solution = best(Blocks(resources, choices, Divisions.none(1)))
    assert value == 2.0 + 2 * 4.0  # room 1, two modules of 3
    assert solution.modules.tolist() == [2.0]


def test_what_cannot_be_is_infeasible() -> None:
    result = solve_whole(network(20.0), time_limit=20.0)
    assert result.infeasible
    assert result.gap is None


def test_other_solvers_tell_their_progress() -> None:
    told: list[float | None] = []
    result = solve_whole(
        facility([8.0, 8.0]),
        time_limit=20.0,
        solver="cp-sat",
        stop=lambda: False,
        progress=lambda value, _: told.append(value),
    )
    assert told == [pytest.approx(7.0, abs=1e-4)]
    assert result.objective == pytest.approx(7.0, abs=1e-4)


@pytest.mark.parametrize(
    "change",
    [
        {"share": np.array([0.5, 0.0, 0.0, 1.0])},  # demand 0 is half unserved
        {"share": np.array([2.0, -1.0, 0.0, 1.0])},
        {"share": np.array([1.0, 0.0, 1.0, 0.0])},  # from a closed site
        {"opened": np.array([True, False])},
        {"modules": np.array([0.0, 1.0])},
    ],
)
def test_what_breaks_a_rule_is_seen(change: dict[str, np.ndarray]) -> None:
    blocks = facility([8.0, 8.0])
    _, solution = best(blocks)
    assert violation(blocks, replace(solution, **change)) > 0.1


def test_overload_wrong_options_and_lost_flow_are_seen() -> None:
    blocks = random_blocks(np.random.default_rng(3))
    _, solution = best(blocks)
    options = len(blocks.choices.cost)
    assert violation(blocks, replace(solution, option=np.full(len(blocks.choices), options - 1))) >= 1
    full = replace(blocks, resources=replace(blocks.resources, capacity=np.zeros(len(blocks.resources))))
    assert violation(full, solution) > 0.1
    carried = best(network(6.0))[1]
    assert violation(network(6.0), replace(carried, flow=csr_array(0.5 * carried.flow))) > 0.1


def test_left_out_demand_and_workloads_are_paid_for() -> None:
    blocks = facility([8.0, 8.0])
    cheap = replace(blocks.divisions, left_out_cost=np.array([1.0, 50.0]))
    value, solution = best(replace(blocks, divisions=cheap))
    assert value == pytest.approx(1.0 + 1.0 + 3.0)
    assert objective(replace(blocks, divisions=cheap), solution) == pytest.approx(5.0)
