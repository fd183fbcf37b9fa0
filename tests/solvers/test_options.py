"""Options, progress, cancelling, time limits, failures, and what costs of very different size do."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.routing.errors import InputError, SolverError, UnknownNameError
from computeroute.solvers import SOLVERS, Options, Progress, solve
from computeroute.solvers.searching import runner
from computeroute.topologies import load

from .model.test_constraints import job, world
from .small_worlds import random_world


@pytest.fixture(scope="module")
def tiny() -> Problem:
    return Problem.parse(world(job("one", 8, 4), job("two", 8, 4)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_limit", 0),
        ("time_limit", -1.0),
        ("time_limit", float("nan")),
        ("time_limit", float("inf")),
        ("time_limit", 1e18),
        ("gap_limit", -0.1),
        ("gap_limit", 1.5),
        ("gap_limit", float("nan")),
        ("cores", 0),
        ("cores", 1025),
        ("seed", -1),
        ("seed", 2**31),
        ("threads", 0),
        ("threads", 5000),
    ],
)
def test_options_out_of_range(tiny: Problem, name: str, value: Any) -> None:
    with pytest.raises(InputError, match=name):
        solve(tiny, **{name: value})


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("time_limit", "3", "a number, not '3'"),
        ("time_limit", True, "a number, not True"),
        ("seed", 1.5, "a whole number, not 1.5"),
        ("seed", None, "a whole number, not None"),
        ("threads", 2.0, "a whole number, not 2.0"),
        ("progress", "loud", "a callable, not 'loud'"),
        ("cancel", 3, "something with is_set(), such as a threading.Event, not 3"),
        ("all_or_nothing", "no", "True or False, not 'no'"),
        ("similar_plan", 3, "a Plan, not 3"),
    ],
)
def test_options_of_another_kind(tiny: Problem, name: str, value: Any, wanted: str) -> None:
    with pytest.raises(InputError) as caught:
        solve(tiny, **{name: value})
    assert str(caught.value) == f"options: {name}: must be {wanted}"


def test_faults_of_kind_and_of_range_are_told_together(tiny: Problem) -> None:
    with pytest.raises(InputError) as caught:
        solve(tiny, time_limit="3", gap_limit=1.5, threads=0)
    assert [(fault.place, fault.message) for fault in caught.value.faults] == [
        ("time_limit", "must be a number, not '3'"),
        ("gap_limit", "must be between 0 and 1"),
        ("threads", "must be between 1 and 1024"),
    ]


def test_an_unknown_option_is_told_with_a_suggestion(tiny: Problem) -> None:
    with pytest.raises(UnknownNameError, match="unknown option 'timelimit'; did you mean 'time_limit'"):
        solve(tiny, timelimit=3)


def test_what_is_no_problem_or_solver_is_told(tiny: Problem) -> None:
    anything: Any = "two-sites"
    with pytest.raises(InputError, match=r"problem: must be a Problem, as topologies\.load returns"):
        solve(anything)
    anything = None
    with pytest.raises(InputError, match="solver: must be the name of a solver, or a callable, not None"):
        solve(tiny, solver=anything)


def test_every_wrong_option_is_told() -> None:
    with pytest.raises(InputError) as caught:
        Options(time_limit=0, seed=-1)
    assert len(caught.value.faults) == 2


def test_an_unknown_solver_is_told_with_a_suggestion(tiny: Problem) -> None:
    with pytest.raises(UnknownNameError, match="highs"):
        solve(tiny, solver="hihgs")


def test_a_callable_is_a_solver(tiny: Problem) -> None:
    def mine(problem: Problem, options: Options) -> Plan:
        assert options.seed == 7
        return SOLVERS["scip"](problem, options)

    assert solve(tiny, solver=mine, seed=7).solver == "scip"


@pytest.mark.parametrize("solver", SOLVERS)
def test_progress_comes_in_the_calling_thread(tiny: Problem, solver: str) -> None:
    heard: list[tuple[int, Progress]] = []
    plan = solve(tiny, solver=solver, progress=lambda report: heard.append((threading.get_ident(), report)))
    assert {thread for thread, _ in heard} == {threading.get_ident()}
    seconds = [report.seconds for _, report in heard]
    assert seconds == sorted(seconds)
    last = heard[-1][1]
    assert last.incumbent == pytest.approx(plan.objective)
    assert last.gap is not None


def test_a_cancelled_solve_returns_at_once(tiny: Problem) -> None:
    cancel = threading.Event()
    cancel.set()
    plan = solve(tiny, cancel=cancel)
    # On a busy machine a search as small as this may have ended before anybody asks whether to stop.
    assert (plan.stopped_by, plan.status) in {("cancel", "unknown"), ("gap", "optimal")}
    assert bool(plan) == (plan.status == "optimal")
    assert check(tiny, plan) == []


def test_all_or_nothing_refuses_a_plan_that_leaves_work_out() -> None:
    problem = Problem.parse(world(job("one", 8, 4), job("two", 8, 4), job("three", 8, 4)))
    plan = solve(problem, all_or_nothing=True)
    assert (plan.status, plan.objective, plan.bound, plan.gap) == ("infeasible", None, None, None)
    assert [entry.reason for entry in plan.left_out] == ["capacity"]
    assert check(problem, plan) == []


def overcommitted(**site: Any) -> Problem:
    data = world(job("one", 8, 4), job("two", 8, 4), limits={"budget_usd": 10})
    data["pools"][0] |= {"committed_count": 4, "committed_usd_per_accelerator_hour": 3}
    data["data_centers"][0] |= site
    return Problem.parse(data)


@pytest.mark.parametrize("solver", SOLVERS)
def test_commitments_above_the_budget_leave_nothing_to_plan(solver: str) -> None:
    problem = overcommitted()
    plan = solve(problem, solver=solver)
    assert (plan.status, plan.objective, plan.unserved) == ("infeasible", None, 2.0)
    assert {(entry.workload, entry.reason) for entry in plan.left_out} == {
        ("one", "budget"),
        ("two", "budget"),
    }
    assert all(entry.detail.startswith("commitments alone cost") for entry in plan.left_out)
    assert check(problem, plan) == []


def test_commitments_above_the_budget_may_be_earned_back_where_energy_is_paid_for() -> None:
    problem = overcommitted(usd_per_kwh=-1000, kind="on_prem")
    assert solve(problem).status == "optimal"


def test_all_or_nothing_takes_a_plan_of_everything(tiny: Problem) -> None:
    assert solve(tiny, all_or_nothing=True).status == "optimal"


def test_commitments_above_the_budget_cannot_be_planned() -> None:
    near = {"committed_count": 8, "committed_usd_per_accelerator_hour": 1}  # 8 x 4 h x 1 USD in any case
    problem = Problem.parse(world(job("one", 1, 1), near=near, limits={"budget_usd": 31}))
    plan = solve(problem)
    assert plan.status == "infeasible"
    assert check(problem, plan) == []


@pytest.mark.parametrize("solver", ["highs", "cp-sat", "scip"])
def test_the_same_seed_gives_the_same_plan(solver: str) -> None:
    for seed in range(20, 23):
        problem = Problem.parse(random_world(Random(seed)))
        one, other = (solve(problem, solver=solver, seed=3).model_dump() for _ in range(2))
        assert one.pop("runtime_seconds") > 0
        assert other.pop("runtime_seconds") > 0
        assert one == other


@pytest.mark.parametrize("solver", ["highs", "scip"])
def test_costs_of_very_different_size(solver: str) -> None:
    """One job costs 1e-4 USD (1 accelerator, 1 h at 1e-4), one 1e8 (100 accelerators, 1 h at 1e6)."""
    data = world(job("small", 1, 1), job("large", 100, 1))
    data["pools"][0] |= {"usd_per_accelerator_hour": 1e-4, "max_gang": 1}
    data["pools"][1] |= {"usd_per_accelerator_hour": 1e6, "count": 100}
    problem = Problem.parse(data)
    plan = solve(problem, solver=solver, gap_limit=1e-9)
    assert check(problem, plan) == []
    assert plan.gap is not None
    assert plan.gap <= 1e-6
    assert plan.objective == pytest.approx(1e8 + 1e-4, rel=1e-12)


@pytest.mark.no_cover
def test_a_large_model_keeps_the_time_limit() -> None:
    problem = load("east-data-west-compute")
    started = time.monotonic()
    plan = solve(problem, time_limit=1.5)
    assert time.monotonic() - started < 20
    assert check(problem, plan) == []


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no processes")
def test_cores_are_those_that_the_process_is_bound_to() -> None:
    mine = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(mine)})
        assert Options().usable_cores == 1
        assert Options(cores=3).usable_cores == 3
    finally:
        os.sched_setaffinity(0, mine)
    assert Options().usable_cores == len(mine)


def _children() -> set[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(os.getpid())], capture_output=True, check=True)
    return {int(word) for word in found.stdout.split()}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs ps")
@pytest.mark.parametrize("solver", ["highs", "auto"])
def test_a_process_that_dies_is_told_or_made_up_for(
    solver: str, tiny: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "THREAD_COLUMNS", 0)
    before = _children()

    def kill() -> None:
        for _ in range(1000):
            for pid in _children() - before:
                command = Path(f"/proc/{pid}/cmdline")
                if command.exists() and b"solvers.searching.child" in command.read_bytes():
                    os.kill(pid, signal.SIGKILL)
                    return
            time.sleep(0.005)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        if solver == "highs":
            with pytest.raises(SolverError, match="died"):
                solve(tiny, solver=solver)
        else:
            plan = solve(tiny, solver=solver)
            assert plan.solver.startswith("auto: decomposition") and "died" in plan.solver
            assert check(tiny, plan) == []
    finally:
        killer.join()


def test_a_process_imports_from_where_this_one_does(
    tiny: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "THREAD_COLUMNS", 0)
    assert solve(tiny, solver="highs").status == "optimal"


@pytest.mark.no_cover
@pytest.mark.parametrize("solver", ["auto", "cp-sat", "scip"])
def test_a_process_gives_the_plan_of_a_thread(
    tiny: Problem, solver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = solve(tiny, solver=solver)
    monkeypatch.setattr(runner, "THREAD_COLUMNS", 0)
    outside = solve(tiny, solver=solver)
    assert outside.objective == pytest.approx(inside.objective)
    assert check(tiny, outside) == []
