"""Solvers that fail: a second attempt where it may help, and what is said where it does not."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from computeroute.routing import check
from computeroute.routing.errors import SolverError
from computeroute.solvers import solve
from computeroute.solvers.programs import highs, mathopt
from computeroute.solvers.programs.program import MOST_COST, Program, cost_scale
from computeroute.solvers.programs.request import Answer, Request
from computeroute.solvers.programs.solve_program import keeps_rows, solve_integer, solve_relaxation
from computeroute.topologies import load
from scipy.sparse import csr_array


def nearly_whole() -> Program:
    """Return ``x = 1, 8.000000001 y = 8 x`` over flags: HiGHS finds nothing at 1e-9."""
    return Program(
        cost=np.array([0.0, 1.0]),
        lower=np.zeros(2),
        upper=np.ones(2),
        integer=np.ones(2, dtype=bool),
        matrix=csr_array(np.array([[1.0, 0.0], [-8.0, 8.000000001], [-1.0, 1.0], [1.0, -1.0]])),
        row_lower=np.array([1.0, 0.0, 0.0, 0.0]),
        row_upper=np.array([1.0, 0.0, np.inf, np.inf]),
    )


def stiff() -> Program:
    """Return a linear program of what is left out beside a share, with factors from 5e-8 to 2e3.

    HiGHS ends it without a solution, with presolve and without.
    """
    entries = [
        *[(0, 0, 1.0), (0, 9, 1.0), (1, 10, 1.0), (1, 13, 1.0), (2, 10, -0.0541322), (2, 19, 1.0)],
        *[(3, 1, 0.000444444), (3, 2, 2125.95), (4, 0, 1.16667e-07), (4, 1, 179.2), (4, 2, 0.487798)],
        *[(4, 3, -0.05), (4, 4, -0.05), (4, 15, -1.2), (4, 16, -0.15), (4, 17, -0.15), (4, 18, -0.15)],
        *[(4, 19, 2.8), (5, 0, -5e-08), (5, 1, -76.8), (5, 2, -0.209056), (5, 3, 0.116667)],
        *[(5, 4, 0.116667), (5, 15, 2.8), (5, 16, 0.35), (5, 17, 0.35), (5, 18, 0.35), (5, 19, -1.2)],
    ]
    row, column, value = (np.array(each) for each in zip(*entries, strict=True))
    cost, upper = np.zeros(20), np.ones(20)
    cost[5:15] = [1, 1, 1, 5, 2, 0, 0.2045, 0.1496, 0.2468, 0.1135]
    upper[[3, 4, 17, 18]] = [7.24, 0.888, 4, 3]
    return Program(
        cost=cost,
        lower=np.zeros(20),
        upper=upper,
        integer=np.zeros(20, dtype=bool),
        matrix=csr_array((value, (row, column)), shape=(6, 20)),
        row_lower=np.array([1, 1, 0, -np.inf, -np.inf, -np.inf]),
        row_upper=np.array([1, 1, np.inf, 1, 0, 0]),
    )


class StatusError(Exception):
    """What the library of the solver raises beneath MathOpt."""


def stumble(*_: Any, **__: Any) -> None:
    """Fail as MathOpt does when a solver fails: over the status that it is to tell."""
    try:
        raise StatusError("HighsStatus: kError")
    except StatusError:
        raise AttributeError("no attribute 'canonical_code'") from None


def test_factors_that_are_nearly_whole_are_taken_as_that() -> None:
    answer = solve_integer(nearly_whole(), Request(time_limit=10, watch=False))
    assert answer.x is not None
    assert answer.x.tolist() == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("forbidding", [1e9, 1e10, 1e11])
def test_no_bound_is_above_the_solution_that_came_with_it(forbidding: float) -> None:
    """HiGHS tells a bound of 102,155 beside a solution of 101,972: so little is nothing to it beside 1e10."""
    cost = np.array([100_300.0, 100_200.5, 100_150.25, 100_117.29, 1_855.05, forbidding, forbidding])
    owner = np.array([0, 0, 0, 0, 1, 0, 1])
    program = Program(
        cost=cost,
        lower=np.zeros(7),
        upper=np.ones(7),
        integer=np.ones(7, dtype=bool),
        matrix=csr_array((np.ones(7), (owner, np.arange(7))), shape=(2, 7)),
        row_lower=np.ones(2),
        row_upper=np.ones(2),
    )
    answer = solve_integer(program, Request(time_limit=10, gap_limit=1e-6, watch=False))
    assert answer.x is not None
    assert answer.bound <= cost @ answer.x


def test_another_solver_is_asked_for_relaxations_where_highs_fails() -> None:
    program = stiff()
    found = solve_relaxation(program, 10.0)
    assert found.x is not None
    used = program.matrix @ found.x
    assert (used >= program.row_lower - 1e-6).all() and (used <= program.row_upper + 1e-6).all()
    reduced = program.cost - found.duals @ program.matrix.toarray()
    sides = np.where(found.duals > 0, program.row_lower, program.row_upper)
    bound = found.duals[found.duals != 0] @ sides[found.duals != 0] + np.minimum(reduced, 0) @ program.upper
    assert program.cost @ found.x == pytest.approx(bound, abs=1e-5)


def test_a_failure_is_told_in_the_words_of_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mathopt.mathopt, "solve", stumble)
    with pytest.raises(SolverError, match=r"failed: HighsStatus: kError$"):
        solve_integer(nearly_whole(), Request(solver="scip", time_limit=10))


def packing(columns: int = 60, rows: int = 25) -> Program:
    """Return a program over flags; as large as it is, no solver ends without telling something on the way."""
    rng = np.random.default_rng(0)
    weight = rng.integers(1, 60, (rows, columns)).astype(float)
    return Program(
        cost=-rng.integers(1, 60, columns).astype(float),
        lower=np.zeros(columns),
        upper=np.ones(columns),
        integer=np.ones(columns, dtype=bool),
        matrix=csr_array(weight),
        row_lower=np.full(rows, -np.inf),
        row_upper=weight.sum(axis=1) / 3,
    )


@pytest.mark.parametrize("kind", [ValueError, RuntimeError, AttributeError, KeyError])
@pytest.mark.parametrize("solver", ["highs", "scip", "cp-sat"])
def test_what_a_callback_raises_is_no_failure_of_the_solver(solver: str, kind: type[Exception]) -> None:
    mine, calls = kind("mine"), 0

    def complain(_: Any) -> None:
        nonlocal calls
        calls += 1
        raise mine

    request = Request(solver=solver, time_limit=10, incumbent=complain, bound=complain)
    with pytest.raises(kind) as caught:
        solve_integer(packing(), request)
    assert caught.value is mine
    assert calls == 1, "nothing is asked a second time"


def test_highs_ends_where_it_is_to_stop() -> None:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    answer = solve_integer(packing(), Request(time_limit=60, stop=stop, watch=False))
    best = solve_integer(packing(), Request(solver="cp-sat", time_limit=60))
    assert best.x is not None
    least = float(packing().cost @ best.x)
    assert answer.bound < least - 1, "it had not been done"
    assert not answer.infeasible


def test_highs_tells_of_solutions_and_bounds_as_they_come() -> None:
    program, costs, bounds = packing(45, 18), list[float](), list[float]()
    request = Request(
        time_limit=60, incumbent=lambda x: costs.append(float(program.cost @ x)), bound=bounds.append
    )
    answer = solve_integer(program, request)
    assert answer.x is not None
    assert len(costs) > 1 and len(bounds) > 1
    assert costs[-1] == pytest.approx(program.cost @ answer.x)
    assert bounds == sorted(bounds)
    assert bounds[-1] <= answer.bound


@pytest.mark.parametrize(("least", "fits"), [(-1.0, True), (1.0, False)])
def test_programs_without_columns_fit_or_not(least: float, *, fits: bool) -> None:
    none, rows = np.zeros(0), csr_array((1, 0))
    program = Program(none, none, none, np.zeros(0, bool), rows, np.array([least]), np.array([9.0]))
    answer, relaxed = solve_integer(program, Request(time_limit=1)), solve_relaxation(program, 1.0)
    assert (answer.x is not None, answer.infeasible) == (fits, not fits)
    assert (relaxed.x is not None, relaxed.infeasible) == (fits, not fits)


def test_cp_sat_refuses_columns_without_an_upper_bound() -> None:
    # it would make whole numbers of them and prove what is wrong
    program = replace(nearly_whole(), integer=np.zeros(2, dtype=bool), upper=np.array([1.0, np.inf]))
    with pytest.raises(SolverError, match="upper bound"):
        solve_integer(program, Request(solver="cp-sat", time_limit=10, watch=False))


@pytest.mark.parametrize(
    ("cost", "scale"),
    [
        ([1.0, 2.0, 4.0, 4.0], 4.0),
        ([0.0, 0.0], 1.0),
        ([2.0**20] * 9 + [1.0], 2.0**20),  # large costs that are still costs
        ([2.0] * 7 + [2.0**30] * 3, 2.0),  # what is never to be
    ],
)
def test_costs_are_scaled_by_what_is_usual(cost: list[float], scale: float) -> None:
    columns = len(cost)
    program = replace(packing(), cost=np.array(cost), integer=np.zeros(columns, dtype=bool))
    assert cost_scale(program) == scale


def test_costs_that_forbid_do_not_hide_the_others() -> None:
    # One of ten columns has to be 1; seven cost 1e9, the others 3, 2 and 4.
    cost = np.array([1e9] * 7 + [3.0, 2.0, 4.0])
    ones = csr_array(np.ones((1, 10)))
    nothing = np.zeros(10)
    program = Program(cost, nothing, np.ones(10), np.ones(10, dtype=bool), ones, np.ones(1), np.ones(1))
    answer = solve_integer(program, Request(time_limit=10, watch=False))
    assert answer.x is not None
    assert program.cost @ answer.x == pytest.approx(2.0)
    assert answer.bound == pytest.approx(2.0)


def test_no_cost_is_beyond_what_highs_copes_with() -> None:
    cost = np.array([1e-6, 1e-6, 1e19])
    program = Program(cost, np.zeros(3), np.ones(3), np.zeros(3, bool), csr_array((0, 3)), *np.zeros((2, 0)))
    assert 0 < (cost / cost_scale(program)).max() <= 2 * MOST_COST


def test_highs_proves_nothing_above_the_optimum() -> None:
    """Of 1.12, at a tight tolerance, 30,143.77 is the bound here, of what SCIP finds for 30,140.19."""
    problem = load(Path(__file__).with_name("tight_tolerance.json"))
    plan = solve(problem, solver="highs", time_limit=20, gap_limit=1e-6)
    assert plan.unserved == 0.0
    assert plan.objective == pytest.approx(30_140.19, abs=0.04)


def test_what_may_be_left_out_beyond_the_least_is_not_overlooked() -> None:
    """At a tolerance of 1e-7, as much as may be, HiGHS tells 257,351.83 as the bound of 12,199.87."""
    problem = load(Path(__file__).with_name("room.json"))
    plan = solve(problem, solver="highs", time_limit=20, gap_limit=1e-6)
    assert plan.unserved == pytest.approx(1.435178, abs=1e-6)
    assert plan.objective == pytest.approx(12_199.87, abs=0.01)


@pytest.mark.parametrize("fault", ["a bound too high", "none found", "a failure"])
def test_where_highs_errs_it_is_asked_in_another_way(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = packing(40, 15)
    known = solve_integer(program, Request(solver="cp-sat", time_limit=60))
    asked: list[bool] = []
    solve_once = highs._solve_integer

    def wrong_at_first(program: Program, request: Request) -> Answer:
        asked.append(highs._is_presolved(program, request))
        answer = solve_once(program, request)
        if len(asked) > 1:
            return answer
        if fault == "a failure":
            raise SolverError(fault)
        if fault == "none found":
            return Answer(None, -np.inf, True)
        return Answer(answer.x, answer.bound + 1.0, False)

    monkeypatch.setattr(highs, "_solve_integer", wrong_at_first)
    answer = solve_integer(program, Request(time_limit=60, hint=known.x, watch=False))
    assert asked == [False, True]
    assert known.x is not None
    assert answer.bound == pytest.approx(program.cost @ known.x)


def test_what_is_to_be_certain_is_solved_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    program, told, solve_once = packing(40, 15), list[float](), highs._solve_integer
    asked: list[bool] = []

    def wrong_without(program: Program, request: Request) -> Answer:
        presolved = highs._is_presolved(program, request)
        asked.append(presolved)
        answer = solve_once(program, request)
        return answer if presolved else Answer(answer.x, answer.bound + 1.0, False)

    best = solve_integer(program, Request(time_limit=60))
    monkeypatch.setattr(highs, "_solve_integer", wrong_without)
    answer = solve_integer(program, Request(time_limit=60, twice=True, bound=told.append))
    assert asked == [False, True, True]
    assert answer.bound == pytest.approx(best.bound)
    assert told == [], "a bound cannot be taken back"


def test_highs_cuts_nothing_off_by_beginning_anew() -> None:
    """Of seven workloads 0.027778 are left out; HiGHS with restarts tells that it must be 0.027856."""
    problem = load(Path(__file__).with_name("cut_off.json"))
    exact, scip = (
        solve(problem, solver=solver, time_limit=20, gap_limit=1e-6) for solver in ("highs", "scip")
    )
    assert exact.unserved == pytest.approx(scip.unserved, abs=2e-7)
    assert exact.unserved_bound <= scip.unserved
    assert exact.objective == pytest.approx(scip.objective, rel=1e-6)


@pytest.mark.parametrize("solver", ["highs", "scip"])
def test_small_costs_are_decided_beside_large_ones(solver: str) -> None:
    """One of 1e6 has to be paid, and amounts 3, 2 and 2 have to make 3: the first for 0.9 is the cheapest."""
    program = Program(
        cost=np.array([1e6, 1e6, 1e6, 0.9, 0.6, 0.5]),
        lower=np.zeros(6),
        upper=np.ones(6),
        integer=np.ones(6, dtype=bool),
        matrix=csr_array(np.array([[1.0, 1, 1, 0, 0, 0], [0, 0, 0, 3, 2, 2]])),
        row_lower=np.array([1.0, 3.0]),
        row_upper=np.array([1.0, 7.0]),
    )
    answer = solve_integer(program, Request(solver=solver, time_limit=10, watch=False, presolve=False))
    assert answer.x is not None
    assert program.cost @ answer.x == pytest.approx(1e6 + 0.9, abs=1e-4)
    assert answer.bound == pytest.approx(1e6 + 0.9, abs=1e-4)


@pytest.mark.parametrize(("share", "keeps"), [(0.5, True), (0.5 + 1e-7, True), (0.51, False)])
def test_a_solution_that_breaks_a_row_is_known(share: float, *, keeps: bool) -> None:
    # 1e6 times a share, beside 5e5 of a whole, is to be at most 1e6
    matrix, row = csr_array(np.array([[1e6, 5e5]])), (np.array([-np.inf]), np.array([1e6]))
    program = Program(np.zeros(2), np.zeros(2), np.ones(2), np.array([False, True]), matrix, *row)
    assert keeps_rows(program, np.array([share, 1.0])) == keeps


@pytest.mark.parametrize("solver", ["auto", "highs", "decomposition"])
def test_a_priority_of_a_million_does_not_hide_one_of_one(solver: str) -> None:
    """HiGHS ended with 1.0 left out and 0.482 proven: by default so little is nothing beside a million."""
    plan = solve(load(Path(__file__).with_name("far_apart.json")), solver=solver, time_limit=20)
    assert plan.status == "optimal"
    assert plan.unserved == pytest.approx(0.56523, abs=1e-5)


def test_cp_sat_gives_no_plan_that_breaks_a_limit() -> None:
    """In rows with amounts up to 1e6 it takes 114 USD for 100."""
    problem = load(Path(__file__).with_name("far_apart.json"))
    plan = solve(problem, solver="cp-sat", time_limit=20)
    assert not plan or check(problem, plan) == []


def test_cp_sat_does_not_lose_the_optimum_to_dominance() -> None:
    """Of users who ask for 12.1 and 1.3 requests/s the 1.3 are left out: it proved 1.4 to be the least."""
    plan = solve(load(Path(__file__).with_name("dominance.json")), solver="cp-sat", time_limit=20)
    assert plan.unserved == pytest.approx(1.3 / 13.4, abs=1e-6)
    assert plan.unserved_bound <= plan.unserved


def market_split() -> Program:
    """Return six rows that 60 flags have to meet exactly: far too hard to find, or to rule out.

    Cornuejols and Dawande, "A class of hard small 0-1 programs", 1998.
    """
    rng = np.random.default_rng(1)
    matrix = rng.integers(0, 100, (6, 60)).astype(float)
    half = matrix.sum(axis=1) // 2
    return Program(
        np.zeros(60), np.zeros(60), np.ones(60), np.ones(60, dtype=bool), csr_array(matrix), half, half
    )


def test_cp_sat_stops_when_asked_to_though_it_finds_nothing() -> None:
    began = time.monotonic()
    request = Request(solver="cp-sat", time_limit=60, stop=lambda: time.monotonic() > began + 0.5)
    assert solve_integer(market_split(), request).x is None
    assert time.monotonic() < began + 30
