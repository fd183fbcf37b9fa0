"""The solver's process by itself, and its progress."""

from __future__ import annotations

import queue
import subprocess
import sys
import time

import pytest
from computeroute.routing import Problem, check
from computeroute.routing.errors import SolverError
from computeroute.solvers import solve
from computeroute.solvers.exact import build_variables
from computeroute.solvers.model.formulation import build_arrays
from computeroute.solvers.processes import read_frame, write_frame
from computeroute.solvers.searching import runner
from computeroute.solvers.searching.events import Event, Finished, Found, Still
from computeroute.solvers.searching.telling import Settings

from ..model.test_constraints import CASES, job, world


@pytest.mark.no_cover
@pytest.mark.parametrize("solver", ["highs", "cp-sat", "scip"])
def test_the_process_tells_and_ends(solver: str) -> None:
    arrays = build_arrays(build_variables(Problem.parse(CASES["pool_capacity"][0])))
    settings = Settings(
        solver=solver, seconds=20, gap_limit=0, seed=0, threads=1, cores=1, cell_solver="scip"
    )
    command = [sys.executable, "-m", "computeroute.solvers.searching.child"]
    events: list[Event] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        write_frame(process.stdin, (arrays, settings))
        while not (events and isinstance(events[-1], Finished)):
            events.append(read_frame(process.stdout))
        with pytest.raises(EOFError):
            read_frame(process.stdout)
    assert process.returncode == 0
    assert events[-1] == Finished()
    assert any(isinstance(event, Found) for event in events)


def test_compute_is_turned_into_hours() -> None:
    """0.1 PFLOP-days at half of 1 PFLOP/s on 4: 2.4 / 2 = 1.2 h, 1.5 h at efficiency 0.8: 6 USD."""
    compute = {"pflop_days": 0.1, "utilization": 0.5, "counts": [4]}
    train = {"kind": "training", "id": "train", "compute": compute}
    near = {"scaling": [{"accelerators": 2, "efficiency": 0.9}, {"accelerators": 4, "efficiency": 0.8}]}
    problem = Problem.parse(world(train, job("other", 1, 1), near=near))
    plan = solve(problem)
    assert check(problem, plan) == []
    assert plan.jobs[0].hours == pytest.approx(1.5)
    assert plan.objective == pytest.approx(7)


@pytest.mark.parametrize("asked", [True, False])
def test_a_solver_that_is_ended_with_this_process_has_not_failed(asked: bool) -> None:
    """A signal to a whole service reaches the solver's process too, and may do so first."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    events.put(Finished("the solver's process died"))
    stops = iter([False, asked])

    def listen() -> bool:
        return runner._listen(events, lambda _: None, lambda: next(stops), time.monotonic() + 5.0)

    if asked:
        assert listen() is False
    else:
        with pytest.raises(SolverError, match="died"):
            listen()


def test_the_process_leaves_it_to_its_parent_to_heed_signals() -> None:
    code = """
import time
from computeroute.solvers.processes import own_pipes, write_frame
write_frame(own_pipes()[1], "ready")
time.sleep(60)
"""
    command, pipe = [sys.executable, "-c", code], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert read_frame(process.stdout) == "ready"
        process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.kill()


def test_silence_is_told_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SIGN_SECONDS", 0.0)
    heard: list[Event] = []
    assert not runner._listen(
        queue.SimpleQueue(), heard.append, lambda: len(heard) == 2, time.monotonic() + 5
    )
    assert heard == [Still(), Still()]
