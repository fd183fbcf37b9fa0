"""The library inside other programs: threads, processes, nothing printed, and the documented service."""

from __future__ import annotations

import logging
import multiprocessing
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from computeroute.routing import Problem
from computeroute.solvers import solve

from .model.test_constraints import CASES
from .small_worlds import random_world

ROOT = Path(__file__).parents[2]


def objective(problem: Problem) -> float | None:
    return solve(problem).objective


def worlds(count: int) -> list[Problem]:
    return [Problem.parse(random_world(Random(seed))) for seed in range(count)]


@pytest.mark.no_cover
def test_threads_solve_at_once_and_agree() -> None:
    problems = worlds(6)
    alone = [objective(problem) for problem in problems]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(objective, problems)) == alone


def test_one_problem_serves_many_threads() -> None:
    [problem] = worlds(1)
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(objective, [problem] * 8))) == 1


@pytest.mark.no_cover
def test_processes_solve_at_once() -> None:
    data, cost = CASES["pool_capacity"]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        plans = list(pool.map(solve, [Problem.parse(data)] * 2))
    assert [plan.objective for plan in plans] == [pytest.approx(cost)] * 2


def test_other_threads_run_meanwhile() -> None:
    ticks, done = 0, threading.Event()

    def count() -> None:
        nonlocal ticks
        while not done.wait(0.001):
            ticks += 1

    counter = threading.Thread(target=count)
    counter.start()
    for problem in worlds(5):
        solve(problem)
    done.set()
    counter.join()
    assert ticks > 20


@pytest.mark.no_cover
@pytest.mark.parametrize("solver", ["auto", "highs", "cp-sat", "scip"])
def test_nothing_is_printed_and_logging_is_left_alone(solver: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = (list(logging.root.handlers), logging.root.level)
    for problem in worlds(15):
        solve(problem, solver=solver, time_limit=5)
    assert (list(logging.root.handlers), logging.root.level) == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.no_cover
def test_the_documented_service() -> None:
    page = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
    example = ROOT / "docs" / "examples" / "asyncio_service.py"
    assert example.read_text(encoding="utf-8").strip() in page
    done = subprocess.run([sys.executable, example], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    assert "optimal" in done.stdout
    assert "cancelled" in done.stdout
