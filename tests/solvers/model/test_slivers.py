"""Work so little that leaving it out is within tolerances is served where there is room."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem, check
from computeroute.solvers import Options
from computeroute.solvers.arrays import Arrays
from computeroute.solvers.exact import build_variables, solve_exact
from computeroute.solvers.model.formulation import build_arrays
from computeroute.solvers.model.slivers import serve_slivers
from computeroute.solvers.model.variables import Variables
from computeroute.solvers.programs.program import Program, partial_program
from computeroute.solvers.programs.request import Answer, Request
from computeroute.solvers.programs.solve_program import solve_integer
from computeroute.solvers.rates import Floats
from computeroute.solvers.searching import telling
from computeroute.solvers.searching.events import Event
from computeroute.solvers.searching.search import Search
from computeroute.solvers.searching.telling import WIDE_TOLERANCE, Settings

from .test_constraints import job, service


def scarce(room: int = 4) -> dict[str, Any]:
    """Return too much demand in the first period; in the others ``room`` replicas of 10 a second hold it.

    Requests from afar cost money, so leaving out a little of them saves a little.
    """
    return {
        "periods": [{"id": f"h{number}", "hours": 6} for number in range(3)],
        "accelerators": [{"id": "a", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 1}],
        "data_centers": [{"id": "dc", "jurisdiction": "DE"}],
        "locations": [{"id": "afar", "jurisdiction": "DE"}],
        "pools": [
            {
                "id": "p",
                "data_center": "dc",
                "accelerator": "a",
                "count": room,
                "usd_per_accelerator_hour": 1,
            }
        ],
        "links": [{"source": "afar", "target": "dc", "bandwidth_gbps": 10, "latency_ms": 5, "usd_per_gb": 9}],
        "workloads": [
            {
                "kind": "inference",
                "id": "chat",
                "demand": [
                    {"location": "dc", "requests_per_second": [60, 20, 5]},
                    {"location": "afar", "requests_per_second": [10, 15, 20]},
                ],
                "response_kb": 50,
                "serving": [{"accelerator": "a", "requests_per_second": 10}],
                "priority": 3,
            }
        ],
    }


def least_left_out(data: dict[str, Any]) -> tuple[Variables, Arrays, Floats]:
    """Return the columns, the arrays and a solution that leaves as little out as can be."""
    variables = build_variables(Problem.parse(data))
    arrays = build_arrays(variables)
    x = solve_integer(partial_program(arrays, arrays.unserved), Request(time_limit=10)).x
    assert x is not None
    return variables, arrays, x


@pytest.mark.parametrize("solver", ["highs", "cp-sat"])
def test_only_what_has_no_room_is_left_out(solver: str) -> None:
    problem = Problem.parse(scarce())
    plan = solve_exact(problem, Options(), solver)
    assert {entry.period for entry in plan.left_out} == {"h0"}
    assert plan.status == "optimal"
    assert check(problem, plan) == []


def test_a_sliver_is_served_where_the_replicas_leave_room() -> None:
    variables, arrays, x = least_left_out(scarce())
    columns = variables.columns
    left = columns.range("unserved")[(variables.open_demand == 1) & (variables.open_period == 1)]
    arcs = (variables.services.arc_demand[variables.share_arc] == 1) & (variables.share_period == 1)
    x[left], x[columns.range("share")[arcs]] = 1e-6, 1 - 1e-6
    found = serve_slivers(arrays, x, 1e-6)
    assert found[left].tolist() == [0.0]
    assert partial_program(arrays, arrays.cost).violation(found) <= 1e-7


def test_a_sliver_without_room_stays_left_out() -> None:
    data = scarce(3)
    data["workloads"][0]["demand"][1]["requests_per_second"] = [10, 10.0001, 20]
    _, arrays, x = least_left_out(data)
    slivers = arrays.unserved * x
    assert ((slivers > 1e-8) & (slivers < 1e-5)).sum() == 1
    found = serve_slivers(arrays, x, 1e-5)
    assert float(arrays.unserved @ found) == pytest.approx(float(arrays.unserved @ x), abs=1e-9)
    assert partial_program(arrays, arrays.cost).violation(found) <= 1e-7


def test_where_a_solver_finds_nothing_within_a_limit_that_can_be_kept_it_is_widened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HiGHS has been seen to find nothing where it is granted 1e-7 of work, and much with 1e-6."""
    limits: list[float] = []
    solved = telling.solve_integer

    def strict(program: Program, request: Request) -> Answer:
        answer = solved(program, request)
        if request.hint is None or request.gap_limit == 1e-6:
            return answer
        limits.append(float(program.row_upper[-1]))
        return Answer(answer.x, -np.inf, False) if len(limits) == 1 else answer

    problem = Problem.parse(scarce())
    plain = solve_exact(problem, Options(), "highs")
    monkeypatch.setattr(telling, "solve_integer", strict)
    variables = build_variables(problem)
    arrays = build_arrays(variables)
    heard: list[Event] = []
    settings = Settings("highs", 20.0, 1e-4, 0, None, 1, "highs")
    found = Search(arrays, settings, heard.append)
    found.run()
    assert len(limits) == 2 and limits[1] - limits[0] == pytest.approx(9e-7, rel=1e-3)
    assert found.room == WIDE_TOLERANCE
    best = found.best
    assert best is not None and plain.unserved is not None
    assert float(arrays.unserved @ best) == pytest.approx(plain.unserved, abs=1e-9)
    assert found.bounds["cost"] + arrays.offset == pytest.approx(plain.objective, rel=1e-3)


@pytest.mark.parametrize("solver", ["highs", "cp-sat", "scip"])
def test_what_has_to_be_left_out_takes_nothing_else_with_it(solver: str) -> None:
    # The link bears less than the job's data take, so the job is left out (weight 1). All requests fit beside
    # it; but 6e-5 of the 0.1 requests/s at night cost 1e-9 USD and are within what solvers take for rounding.
    link = {"source": "town", "target": "dc", "bandwidth_gbps": 0.2, "latency_ms": 5, "usd_per_gb": 0.01}
    chat = {
        **service(1),
        "demand": [{"location": "town", "requests_per_second": [0.1, 300]}],
        "response_kb": 50,
    }
    chat["serving"] = [{"accelerator": "a", "requests_per_second": 4}]
    data = scarce(256) | {
        "periods": [{"id": "night", "hours": 8}, {"id": "day", "hours": 16}],
        "links": [link],
    }
    data["locations"] = [{"id": "town", "jurisdiction": "DE"}]
    data["workloads"] = [job("big", 16, 20, dataset={"at": ["town"], "gb": 8000}), chat]
    problem = Problem.parse(data)
    plan = solve_exact(problem, Options(time_limit=20), solver)
    assert [each.workload for each in plan.left_out] == ["big"]
    assert plan.unserved == 1.0
    assert check(problem, plan) == []
