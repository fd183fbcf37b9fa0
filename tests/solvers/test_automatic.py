"""``auto``: it says what it does, and one solver goes on where the other ends."""

from __future__ import annotations

import threading
import time
from random import Random

import pytest
from computeroute.routing import Plan, Problem, check
from computeroute.routing.errors import SolverError
from computeroute.solvers import Options, Progress, automatic, racing, solve, structure
from computeroute.solvers.arrays import Arrays
from computeroute.solvers.automatic import EXACT, lead_of
from computeroute.solvers.exact import build_variables, search_exact
from computeroute.solvers.first_plan import tell_bounds
from computeroute.solvers.market import solve as market_search
from computeroute.solvers.market.form.market import build_market
from computeroute.solvers.market.solve import MarketSearch, market_of, search_of
from computeroute.solvers.model.formulation import build_arrays
from computeroute.solvers.model.variables import Variables
from computeroute.solvers.racing import Rival
from computeroute.solvers.searching import search
from computeroute.solvers.searching.events import Proved
from computeroute.solvers.watch import Watch
from computeroute.topologies import load
from computeroute.topologies.generate import generate

from .model.test_constraints import job, world
from .small_worlds import random_world

SEEDS = range(4)


def problem_of(seed: int) -> Problem:
    return Problem.parse(random_world(Random(seed)))


def searched(problem: Problem) -> tuple[MarketSearch, Variables, Arrays]:
    variables = build_variables(problem)
    market = build_market(problem, variables.rates, variables.jobs, variables.services)
    found = MarketSearch(market, Options(), Watch(0.2), time.monotonic())
    found.run()
    return found, variables, build_arrays(variables)


@pytest.fixture
def tangled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send every problem to the decomposition first."""
    monkeypatch.setattr(structure, "SMALL_COLUMNS", 0)
    monkeypatch.setattr(structure, "MOST_MEETINGS", 0)


def test_what_was_taken_and_why_is_in_progress_and_plan() -> None:
    heard: list[Progress] = []
    plan = solve(load("two-sites"), progress=heard.append)
    assert plan.solver == "auto: highs (20 columns, 1 shared limit could bind, 1 of 5 blocks meet there)"
    assert heard[0].phase == plan.solver
    assert (heard[0].incumbent, heard[0].bound, heard[0].gap) == (None, None, None)
    assert Plan.from_json(plan.to_json()).solver == plan.solver


def test_where_nothing_could_bind_the_decomposition_proves_its_plan_at_once() -> None:
    problem = Problem.parse(world(job("one", 4, 4), job("two", 2, 2), job("three", 2, 3, interruptible=True)))
    plan = solve(problem, gap_limit=1e-9)
    assert plan.solver.startswith("auto: decomposition (")
    assert (plan.status, plan.stopped_by) == ("optimal", "gap")
    assert plan.objective == pytest.approx(16 + 4 + 6)
    assert plan.runtime_seconds < 5
    assert check(problem, plan) == []


def test_where_it_proves_nothing_there_the_exact_search_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MarketSearch, "is_close", lambda _: False)
    plan = solve(Problem.parse(world(job("one", 4, 4))), time_limit=20)
    assert plan.solver.startswith("auto: decomposition, then highs (")
    assert (plan.status, plan.objective) == ("optimal", pytest.approx(16))


def test_where_a_solver_fails_there_the_plan_stays_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Plan:
        raise SolverError("highs: out of luck")

    monkeypatch.setattr(MarketSearch, "is_close", lambda _: False)
    monkeypatch.setattr(automatic, "search_exact", fail)
    plan = solve(Problem.parse(world(job("one", 4, 4))), time_limit=20)
    assert plan.solver.startswith("auto: decomposition (") and "highs: out of luck" in plan.solver
    assert plan.objective == pytest.approx(16)


@pytest.mark.no_cover
@pytest.mark.usefixtures("tangled")
@pytest.mark.parametrize(("cores", "after"), [(1, ", then highs ("), (2, " with highs beside (")])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_exact_search_goes_on_to_the_optimum(seed: int, cores: int, after: str) -> None:
    problem = problem_of(seed)
    best = solve(problem, solver="highs", gap_limit=1e-6)
    plan = solve(problem, gap_limit=1e-6, time_limit=4, cores=cores)
    is_free = "no shared limit could bind" in plan.solver
    assert is_free or plan.solver.startswith(("auto: decomposition (", f"auto: decomposition{after}"))
    assert check(problem, plan) == []
    assert plan.unserved == pytest.approx(best.unserved, abs=1e-6)
    assert plan.objective == pytest.approx(best.objective, rel=1e-5, abs=1e-5)
    assert plan.status == best.status


@pytest.mark.usefixtures("tangled")
def test_the_time_of_both_is_the_time_given() -> None:
    problem = Problem.parse(world(job("one", 8, 4), job("two", 8, 4), job("three", 8, 2)))
    heard: list[Progress] = []
    began = time.monotonic()
    plan = solve(problem, gap_limit=0, time_limit=2, progress=heard.append)
    assert time.monotonic() - began < 4
    assert plan.runtime_seconds < 4
    seconds = [report.seconds for report in heard]
    assert seconds == sorted(seconds)
    assert [report.phase for report in heard if report.phase.startswith("auto: decomposition with highs")]


@pytest.mark.usefixtures("tangled")
def test_who_asked_to_stop_is_not_kept_waiting_by_the_second() -> None:
    cancel = threading.Event()
    cancel.set()
    problem = problem_of(1)
    plan = solve(problem, cancel=cancel)
    assert "then highs" not in plan.solver
    assert plan.stopped_by == "cancel"


@pytest.mark.usefixtures("tangled")
def test_a_model_too_large_is_not_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automatic, "HANDOVER_COLUMNS", 0)
    problem = Problem.parse(world(job("one", 8, 4), job("two", 8, 4), job("three", 8, 2)))
    plan = solve(problem, gap_limit=0, time_limit=1)
    assert plan.solver.startswith("auto: decomposition (")


@pytest.mark.no_cover
@pytest.mark.usefixtures("tangled")
@pytest.mark.parametrize("cores", [1, 2])
def test_a_model_large_for_its_time_is_handed_over_in_the_end_only(
    cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automatic, "COLUMNS_PER_SECOND", 0)
    monkeypatch.setattr(structure, "PERIOD_COLUMNS", 0)
    monkeypatch.setattr(market_search, "IDLE_ROUNDS", 1)
    monkeypatch.setattr(automatic, "_raced", lambda *_: pytest.fail("takes a core"))
    monkeypatch.setattr(automatic, "_end_where_served", lambda *_: pytest.fail("takes time"))
    problem = Problem.parse(world(job("one", 8, 4), job("two", 8, 4), job("three", 8, 2)))
    plan = solve(problem, gap_limit=0, time_limit=20, cores=cores)
    assert plan.solver.startswith("auto: decomposition, then highs (")
    assert (plan.status, plan.runtime_seconds < 16) == ("optimal", True)


@pytest.mark.parametrize(
    ("columns", "seconds", "is_worth_it"),
    [(39_000, 30, True), (39_000, 15, False), (17_000, 10, True), (144_001, 60, False), (30_000, 60, True)],
)
def test_the_exact_search_has_a_core_where_it_gets_far(
    columns: int, seconds: float, *, is_worth_it: bool
) -> None:
    measured = structure.Structure(columns, blocks=700, contested=300, meeting=600, periods=24)
    assert automatic._gets_far(measured, Options(time_limit=seconds, cores=2)) == is_worth_it


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_handed_over_is_a_solution_and_bounds_that_hold(seed: int) -> None:
    problem = problem_of(seed)
    best = solve(problem, solver="highs", gap_limit=1e-6)
    found, variables, arrays = searched(problem)
    lead = lead_of(found, variables, arrays)
    assert lead.start is not None and best.objective is not None
    assert float(arrays.unserved @ lead.start) >= best.unserved - 1e-6
    room = 1e-5 * max(1.0, abs(best.objective))
    is_complete = best.unserved <= found.market.barred_work + 1e-6
    is_as_good = abs(float(arrays.unserved @ lead.start) - best.unserved) < 1e-6
    for proved in lead.proved:
        if proved.phase == "unserved work":
            assert proved.bound <= best.unserved + 1e-6
        elif is_complete or (is_as_good and proved.phase == "cost"):
            assert proved.bound + arrays.offset <= best.objective + room


def test_a_search_stopped_at_once_returns_the_plan_and_the_bound_that_it_began_with() -> None:
    problem = problem_of(1)
    found, variables, arrays = searched(problem)
    lead = lead_of(found, variables, arrays)
    cancel = threading.Event()
    cancel.set()
    plan = search_exact(variables, arrays, Options(cancel=cancel), EXACT, started=time.monotonic(), lead=lead)
    assert plan.objective == pytest.approx(found.incumbent())
    assert plan.bound is not None and plan.bound >= (found.cost_bound() or 0.0) - 1e-6
    assert check(problem, plan) == []


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", SEEDS)
def test_a_large_search_returns_nothing_worse_than_its_start(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LARGE_COLUMNS", 0)
    problem = problem_of(seed)
    found, variables, arrays = searched(problem)
    lead = lead_of(found, variables, arrays)
    plan = search_exact(variables, arrays, Options(), EXACT, started=time.monotonic(), lead=lead)
    best = solve(problem, solver="highs", gap_limit=1e-6)
    assert check(problem, plan) == []
    assert plan.unserved == pytest.approx(best.unserved, abs=1e-6)
    assert plan.objective is not None and best.objective is not None
    assert plan.objective <= best.objective + 2e-3 * abs(best.objective) + 1e-6


def test_of_a_plan_that_is_no_solution_of_the_model_only_the_bound_of_complete_plans_is_of_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(automatic, "as_solution", lambda *_: None)
    found, variables, arrays = searched(problem_of(1))
    lead = lead_of(found, variables, arrays)
    assert lead.start is None
    assert [proved.phase for proved in lead.proved] == ["complete cost"]


def test_a_bound_of_another_plan_is_not_told() -> None:
    search, _, arrays = searched(problem_of(3))
    told: list[Proved] = []
    tell_bounds(search, arrays, told.append, is_its_plan=False)
    assert {each.phase for each in told} == {"complete cost", "unserved work"}
    tell_bounds(search, arrays, told.append)
    assert "cost" in {each.phase for each in told}


@pytest.mark.no_cover
@pytest.mark.usefixtures("tangled")
def test_what_the_exact_search_finds_beside_ends_the_decomposition(monkeypatch: pytest.MonkeyPatch) -> None:
    # The decomposition never thinks that it is done; the exact search proves its own plan.
    monkeypatch.setattr(MarketSearch, "is_close", lambda _: False)
    monkeypatch.setattr(MarketSearch, "_is_exhausted", lambda _: False)
    problem = Problem.parse(world(job("one", 8, 4), job("two", 8, 4), job("three", 8, 2)))
    plan = solve(problem, gap_limit=1e-6, time_limit=30, cores=2)
    assert plan.solver.startswith("auto: decomposition with highs beside (")
    assert (plan.status, plan.stopped_by) == ("optimal", "gap")
    assert plan.runtime_seconds < 15


@pytest.mark.no_cover
def test_what_either_proves_beside_the_other_is_proven_of_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    # The exact search tells the bound of its relaxation within the time, and has no plan of its own by then.
    monkeypatch.setattr(automatic, "SMALL_COLUMNS_PER_SECOND", 10_000)
    problem, heard = generate(sites=20, services=30, jobs=100, periods=24, seed=3), list[Progress]()
    plan = solve(problem, gap_limit=0, time_limit=5, cores=2, progress=heard.append)
    assert plan.solver.startswith("auto: decomposition with highs beside (")
    assert plan.stopped_by == "time"
    told = [report.bound for report in heard if report.phase == "cost" and report.bound is not None]
    assert plan.unserved > 0 or plan.bound >= max(told)


@pytest.mark.usefixtures("tangled")
def test_where_the_exact_search_fails_the_decomposition_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Plan:
        raise SolverError("out of memory")

    monkeypatch.setattr(racing, "search_exact", fail)
    problem = Problem.parse(world(job("one", 8, 4), job("two", 8, 4), job("three", 8, 2)))
    plan = solve(problem, gap_limit=0, time_limit=1, cores=2)
    assert plan.solver.startswith("auto: decomposition (")
    assert check(problem, plan) == []


@pytest.mark.usefixtures("tangled")
def test_an_error_of_ours_in_the_exact_search_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Plan:
        raise ZeroDivisionError

    monkeypatch.setattr(racing, "search_exact", fail)
    problem = Problem.parse(world(job("one", 8, 4), job("two", 8, 4), job("three", 8, 2)))
    with pytest.raises(ZeroDivisionError):
        solve(problem, gap_limit=0, time_limit=1, cores=2)


def test_where_a_first_plan_leaves_much_out_both_search_from_the_beginning() -> None:
    problem = generate(sites=20, services=4, jobs=150, periods=4, locations=8, tightness=0.9, seed=42)
    one, both = (solve(problem, gap_limit=0, time_limit=2, cores=cores) for cores in (1, 2))
    assert one.solver.startswith("auto: highs (")
    assert both.solver.startswith("auto: decomposition with highs beside (")
    assert both.solver.endswith("; a first plan leaves much out)")
    assert check(problem, both) == []
    assert both.unserved >= max(one.unserved_bound, both.unserved_bound) > 0


def test_what_is_proven_where_both_begin_at_once_is_the_same_in_every_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Two pools of eight hold two of the three jobs, which outlast the horizon.
    monkeypatch.setattr(automatic, "LITTLE_COLUMNS", 0)
    problem = Problem.parse(world(job("one", 8, 13), job("two", 8, 14), job("three", 8, 15)))
    plans = [solve(problem, gap_limit=0, time_limit=30, cores=2) for _ in range(2)]
    assert plans[0].solver.endswith("; a first plan leaves much out)")
    assert {plan.status for plan in plans} == {"optimal"}
    assert plans[0].jobs == plans[1].jobs


@pytest.mark.parametrize("seed", SEEDS)
def test_the_decomposition_goes_on_from_what_the_exact_search_has_found(seed: int) -> None:
    problem = problem_of(seed)
    options, started = Options(gap_limit=0.0), time.monotonic()
    search = search_of(market_of(problem), options, started, 5.0)
    search.run(rounds=0)
    first = search._value()
    with Rival(search, options, started, "both") as rival:
        rival.wait(lambda: False)
    found, search.hint = rival.plan(), rival.hint
    assert found is not None
    search._take_hint()
    mine = search.plan()
    assert (mine.objective, mine.unserved) == pytest.approx(
        (found.objective, found.unserved), rel=1e-6, abs=1e-6
    )
    assert search._value() <= first
    assert rival.hint() is None


def test_the_better_report_is_told_with_the_better_bound() -> None:
    dear, cheap = Progress("cost", 20.0, 12.0, 0.4, 1.0), Progress("cost", 16.0, 8.0, 0.5, 2.0)
    assert racing._merged([dear, cheap]) == Progress("cost", 16.0, 12.0, 0.25, 2.0)
    left, known = Progress("unserved work", 3.0, 0.0, None, 1.0), Progress("cost", None, 8.0, None, 2.0)
    assert racing._merged([left, known]) == left
    assert racing._merged([left, cheap]) == cheap
