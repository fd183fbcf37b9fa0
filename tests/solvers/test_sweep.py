"""Sweeps: the same outcomes however they are solved, failures apart, cancelling, going on from a folder."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from computeroute.routing import Problem, check
from computeroute.routing.changes import Scale
from computeroute.routing.commitments import Sunk
from computeroute.routing.errors import InputError, OutputError, SolverError
from computeroute.routing.scenarios import Scenario, chosen, sweep
from computeroute.solvers import solve, sweep_processes
from computeroute.solvers import sweep as sweep_module
from computeroute.solvers.options import Options
from computeroute.solvers.sweep import Outcome, Task, solve_scenario, solve_scenarios
from computeroute.solvers.sweep_processes import _Crew, _Worker, serve
from computeroute.topologies import load

LINES = ("hybrid", "cloud-only", "on-prem-only", "demand*1.2 + prices*0.5", "without=frankfurt")


@pytest.fixture(scope="module")
def problem() -> Problem:
    return load("two-sites")


@pytest.fixture(scope="module")
def alone(problem: Problem) -> list[Outcome]:
    """Outcomes in this process, one after the other."""
    return solve_scenarios(problem, chosen(LINES, {**_built_in()}))


def _built_in() -> dict[str, Scenario]:
    from computeroute.routing.scenarios import BUILT_IN

    return dict(BUILT_IN)


def _figures(outcomes: list[Outcome]) -> list[tuple[Any, ...]]:
    """Return what has to be the same: everything of the plans but how long they took."""
    plans = [(each.scenario.name, each.plan) for each in outcomes if each.plan]
    return [(name, plan.model_copy(update={"runtime_seconds": 0.0})) for name, plan in plans]


def test_every_plan_holds_for_its_own_problem(alone: list[Outcome]) -> None:
    assert [outcome.scenario.name for outcome in alone] == list(LINES)
    for outcome in alone:
        assert outcome.problem is not None
        assert outcome.plan is not None
        assert outcome.plan.problem_digest == outcome.problem.digest
        assert not check(outcome.problem, outcome.plan)


def test_a_scenario_is_what_solving_its_problem_gives(problem: Problem, alone: list[Outcome]) -> None:
    cheap = Scenario("x", alone[3].scenario.changes).apply(problem)
    found = solve(cheap)
    assert alone[3].plan is not None
    assert found.objective == pytest.approx(alone[3].plan.objective)


@pytest.mark.no_cover
def test_processes_give_the_same_outcomes(problem: Problem, alone: list[Outcome]) -> None:
    told: list[str] = []
    found = solve_scenarios(
        problem, chosen(LINES, _built_in()), jobs=2, done=lambda outcome: told.append(outcome.scenario.name)
    )
    assert _figures(found) == _figures(alone)
    assert sorted(told) == sorted(LINES)


def test_a_failed_scenario_does_not_lose_the_others(problem: Problem) -> None:
    lines = ["hybrid", "kind=edge", "cloud-only"]
    for jobs in (1, 2):
        found = solve_scenarios(problem, chosen(lines, _built_in()), jobs=jobs)
        assert [bool(outcome) for outcome in found] == [True, False, True]
        assert isinstance(found[1].error, InputError)
        assert "kind=edge" in str(found[1].error)
        assert "no pool is left" in found[1].line()


def test_scenarios_that_cannot_be_are_told_before_any_is_planned(problem: Problem) -> None:
    told: list[str] = []
    lines = ["hybrid", "without=nowhere", "cloud-only"]
    solve_scenarios(
        problem, chosen(lines, _built_in()), done=lambda outcome: told.append(outcome.scenario.name)
    )
    assert told == ["without=nowhere", "hybrid", "cloud-only"]


def test_a_family_whose_first_cannot_be_is_planned_all_the_same(problem: Problem) -> None:
    nobody = Scale(prices=2.0, providers=("nobody",))
    more = Scale(demand=0.9)
    family = [Scenario(f"x{price}", (more, Scale(prices=price))) for price in (2.0, 3.0)]
    scenarios = [Scenario("hybrid"), Scenario("bad", (more, nobody)), *family]
    assert len({each.family() for each in scenarios[1:]}) == 1
    assert [bool(outcome) for outcome in solve_scenarios(problem, scenarios)] == [True, False, True, True]


FAMILIES = [f"demand*{demand}+prices*{price}" for demand in (1, 0.9) for price in (1, 2, 3)]


@pytest.fixture(scope="module")
def families_alone(problem: Problem) -> list[Outcome]:
    """Outcomes of families in this process."""
    return solve_scenarios(problem, chosen(FAMILIES, _built_in()))


def test_scenarios_of_a_family_begin_from_the_plan_of_the_nearest_before(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: dict[str, str | None] = {}

    def noting(problem: Problem, scenario: Scenario, **options: Any) -> Outcome:
        plan = options.get("similar_plan")
        begun[scenario.name] = plan and plan.problem_digest
        return solve_scenario(problem, scenario, **options)

    monkeypatch.setattr(sweep_module, "solve_scenario", noting)
    found = solve_scenarios(problem, chosen(FAMILIES, _built_in()))
    digest = [outcome.plan.problem_digest for outcome in found if outcome.plan]
    # Three times the prices are nearer to twice than to once.
    from_whom = (None, 0, 1, 0, 3, 4)
    expected = [None if other is None else digest[other] for other in from_whom]
    assert [begun[name] for name in FAMILIES] == expected
    # The leader of the second family comes before the rest of the first, as two wait for it and one for that.
    assert list(begun) == [FAMILIES[number] for number in (0, 3, 1, 4, 2, 5)]


@pytest.mark.no_cover
def test_families_are_the_same_in_processes_and_in_a_folder(
    problem: Problem, families_alone: list[Outcome], tmp_path: Path
) -> None:
    scenarios = chosen(FAMILIES, _built_in())
    apart = solve_scenarios(problem, scenarios, jobs=2, folder=tmp_path)
    again = solve_scenarios(problem, scenarios, folder=tmp_path)
    assert _figures(families_alone) == _figures(apart) == _figures(again)
    assert [outcome.known for outcome in again] == [True] * len(scenarios)


def test_a_family_whose_first_has_no_plan_begins_as_all_do(problem: Problem) -> None:
    lines = ["hybrid", *(f"budget_usd=1 + prices*{price}" for price in (1, 0.5, 1e-6))]
    found = solve_scenarios(problem, chosen(lines, _built_in()), jobs=2)
    assert [outcome.scenario.name for outcome in found] == lines
    assert all(not check(outcome.problem, outcome.plan) for outcome in found if outcome.problem and outcome)


def test_a_worker_is_sent_the_plan_to_begin_from_once(
    problem: Problem, alone: list[Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    near, far = multiprocessing.Pipe()
    plans = [outcome.plan for outcome in alone[:2]]
    given = [None, plans[0], plans[0], plans[1], None, plans[1]]
    worker = _Worker(cast(Any, None), near, Task(0, Scenario("none")))
    for number, begin in enumerate(given):
        worker.give(Task(number, Scenario("hybrid"), begin))
    begun: list[tuple[int, object]] = []

    def noting(_: Problem, task: Task, __: dict[str, Any], begin: object) -> tuple[None, None]:
        begun.append((task.number, begin))
        return None, None

    monkeypatch.setattr(sweep_processes, "answer", noting)
    before = signal.getsignal(signal.SIGINT)

    class Counted:
        """The far end, closed after the messages above; what passed as a plan is noted."""

        sent: ClassVar[list[bool]] = []

        def recv(self) -> Any:
            if len(self.sent) == len(given):
                raise EOFError
            task, knows = far.recv()
            self.sent.append(task.begin is not None)
            return task, knows

        def send(self, _: object) -> None:
            pass

    try:
        serve(cast(Any, Counted()), problem, {}, cast(Any, threading.Event()))
    finally:
        signal.signal(signal.SIGINT, before)
    assert Counted.sent == [False, True, False, True, False, True]
    assert begun == list(enumerate(given))


def test_a_worker_to_which_nobody_listens_any_more_ends_without_a_word(
    problem: Problem, capfd: pytest.CaptureFixture[str]
) -> None:
    near, far = multiprocessing.Pipe()
    near.send((Task(0, Scenario("hybrid")), False))
    near.close()
    before = signal.getsignal(signal.SIGINT)
    try:
        serve(far, problem, {}, cast(Any, threading.Event()))
    finally:
        signal.signal(signal.SIGINT, before)
    with pytest.raises(OSError, match="Broken pipe"):
        far.send("what it could not say either")
    assert capfd.readouterr().err == ""


def test_a_worker_that_died_is_given_its_task_without_harm() -> None:
    near, far = multiprocessing.Pipe()
    far.close()
    worker = _Worker(cast(Any, None), near, Task(0, Scenario("hybrid")))
    worker.give(Task(1, Scenario("cloud-only")))
    assert worker.task.number == 1
    with pytest.raises((EOFError, OSError)):
        near.recv()


class Lethal:
    """A change that ends whatever process receives it.

    What receives it needs nothing of this module, so that it cannot die of not finding that instead.
    """

    def __init__(self, end: Callable[..., Any], *arguments: object) -> None:
        self.end = (end, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.end

    def apply(self, problem: Problem) -> Problem:
        return problem


LETHAL = (
    (Lethal(signal.raise_signal, signal.SIGKILL), r"was killed by SIGKILL \(out of memory\?\)"),
    (Lethal(signal.raise_signal, signal.SIGTERM), "was killed by SIGTERM$"),
    (Lethal(sys.exit, 7), "before it answered, with exit code 7"),
)


@pytest.mark.no_cover
def test_a_process_that_dies_costs_its_scenario_only(problem: Problem) -> None:
    first, *others = chosen(LINES[:3], _built_in())
    lethal = [Scenario(f"lethal-{number}", (each,)) for number, (each, _) in enumerate(LETHAL)]
    found = solve_scenarios(problem, [first, *lethal, *others], jobs=2)
    assert [bool(outcome) for outcome in found] == [True, False, False, False, True, True]
    for outcome, (_, how) in zip(found[1:4], LETHAL, strict=True):
        assert isinstance(outcome.error, SolverError)
        assert re.search(how, str(outcome.error))


def test_workers_are_deaf_to_ctrl_c_from_their_first_moment(problem: Problem) -> None:
    # A terminal sends it to all; a process that has not come to ignore it yet would end with a traceback.
    context = multiprocessing.get_context("spawn")
    crew = _Crew(context, context.Event(), problem, {}, deque([Task(0, Scenario("hybrid"))]), [])
    crew.hire()
    pid = crew.workers[0].process.pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    found: list[tuple[int, Outcome]] = []
    while crew.workers:
        found += crew.outcomes()
    assert len(crew.leaving) == 1
    crew.dismiss()
    assert crew.leaving[0].exitcode == 0, "it has been waited for, so that nothing waits as Python ends"
    assert found[0][1].plan
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.parametrize("jobs", [1, 2])
def test_cancelling_returns_what_is_done(problem: Problem, jobs: int) -> None:
    token = threading.Event()
    names = [f"prices*{1 + number / 10}" for number in range(12)]
    found = solve_scenarios(
        problem, chosen(names, _built_in()), jobs=jobs, cancel=token, done=lambda _: token.set()
    )
    assert [outcome.scenario.name for outcome in found] == names[:1]  # nothing begins any more
    assert found[0].plan


def test_a_folder_is_gone_on_from(problem: Problem, tmp_path: Path, alone: list[Outcome]) -> None:
    first = solve_scenarios(problem, chosen(LINES[:2], _built_in()), folder=tmp_path / "kept")
    assert not any(outcome.known for outcome in first)
    again = solve_scenarios(problem, chosen(LINES, _built_in()), folder=tmp_path / "kept")
    assert [outcome.known for outcome in again] == [True, True, False, False, False]
    assert _figures(again) == _figures(alone)
    other = solve_scenarios(problem, chosen(LINES[:2], _built_in()), folder=tmp_path / "kept", seed=1)
    assert not any(outcome.known for outcome in other)
    assert not list((tmp_path / "kept").glob("*.part"))


def test_a_folder_knows_plans_in_any_order(problem: Problem, tmp_path: Path) -> None:
    """What a search begins with depends on the order; what is asked for does not."""
    lines = LINES[:3]
    first = solve_scenarios(problem, chosen(lines, _built_in()), folder=tmp_path)
    again = solve_scenarios(problem, chosen(lines[::-1], _built_in()), folder=tmp_path)
    assert [each.plan for each in again] == [each.plan for each in first][::-1]


@pytest.mark.parametrize("spoilt", ["{", "[]", "[" * 100_000])
def test_a_spoilt_file_of_the_folder_is_solved_again(problem: Problem, tmp_path: Path, spoilt: str) -> None:
    scenarios = chosen(LINES[:1], _built_in())
    solve_scenarios(problem, scenarios, folder=tmp_path)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())["scenario"] == "hybrid"
    file.write_text(spoilt)
    (found,) = solve_scenarios(problem, scenarios, folder=tmp_path)
    assert not found.known
    assert found.plan


def test_a_folder_that_cannot_be_is_told_before_anything_is_solved(problem: Problem, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        solve_scenarios(problem, chosen(LINES, _built_in()), folder=tmp_path / "file" / "x")


def test_a_plan_that_cannot_be_kept_is_in_its_outcome(problem: Problem, tmp_path: Path) -> None:
    scenarios, refused = chosen(LINES[:2], _built_in()), list[str]()
    solve_scenarios(problem, scenarios[:1], folder=tmp_path)
    (file,) = tmp_path.iterdir()
    file.unlink()
    file.with_suffix(".part").mkdir()
    found = solve_scenarios(
        problem, scenarios, folder=tmp_path, unkept=lambda error: refused.append(str(error))
    )
    assert all(outcome.plan for outcome in found)
    assert len(refused) == 1
    assert "hybrid" in refused[0]
    with pytest.warns(RuntimeWarning, match="in the outcome only"):
        solve_scenarios(problem, scenarios[:1], folder=tmp_path)


@pytest.mark.parametrize("options", [{"jobs": 0}, {"jobs": 1000}, {"time_limit": -1.0}, {"seed": -1}])
def test_options_out_of_range_are_refused(problem: Problem, options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        solve_scenarios(problem, chosen(LINES, _built_in()), **options)


def test_sweeps_are_solved_as_crossed(problem: Problem) -> None:
    found = solve_scenarios(problem, sweep([["hybrid", "cloud-only"], ["prices*1", "prices*2"]]))
    objectives = [outcome.plan.cost.compute_usd for outcome in found if outcome.plan]
    assert len(objectives) == 4
    assert objectives[3] == pytest.approx(2 * objectives[2])


def test_the_options_are_those_of_solve() -> None:
    assert {"time_limit", "gap_limit", "seed", "threads"} <= set(Options.__dataclass_fields__)


@pytest.mark.no_cover
def test_a_ray_cluster_gives_the_same_outcomes(
    problem: Problem,
    alone: list[Outcome],
    families_alone: list[Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray = pytest.importorskip("ray")
    try:
        ray.init(
            num_cpus=2,
            object_store_memory=100 * 2**20,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
        )
    except Exception as error:  # noqa: BLE001 - no room for its store, no sockets: Ray raises what it likes
        pytest.skip(f"no local cluster can be started: {error}")
    try:
        lines = [*LINES, "kind=edge"]
        found = solve_scenarios(problem, chosen(lines, _built_in()), engine="ray")
        families = solve_scenarios(problem, chosen(FAMILIES, _built_in()), engine="ray")
    finally:
        ray.shutdown()
    assert [outcome.scenario.name for outcome in found] == lines
    assert _figures(found) == _figures(alone)
    assert _figures(families) == _figures(families_alone)
    assert isinstance(found[-1].error, InputError)


@pytest.mark.parametrize("address", [None, "127.0.0.1:1"])
def test_without_a_cluster_the_advice_is_to_start_one(
    problem: Problem, monkeypatch: pytest.MonkeyPatch, address: str | None
) -> None:
    pytest.importorskip("ray")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if address:
        monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(SolverError, match="ray start --head"):
        solve_scenarios(problem, chosen(LINES[:1], _built_in()), engine="ray")


@pytest.mark.parametrize("jobs", ["2", None, 1.5, 0])
def test_jobs_are_a_whole_number(problem: Problem, jobs: Any) -> None:
    with pytest.raises(InputError, match="jobs: must be a whole number between 1 and"):
        solve_scenarios(problem, chosen(["hybrid"], _built_in()), jobs=jobs)


def test_commitments_where_capacity_is_taken_out_are_paid_unless_they_are_dropped(problem: Problem) -> None:
    """Without the cloud, 2 accelerators x 2 USD x 24 hours are paid in Virginia, by no workload."""
    lines = chosen(["hybrid", "on-prem-only"], _built_in())
    kept, dropped = (solve_scenarios(problem, lines, commitments=how) for how in ("keep", "drop"))
    for outcome in (*kept, *dropped):
        assert outcome.problem is not None
        assert outcome.plan is not None
        assert not check(outcome.problem, outcome.plan)
    paying, free = kept[1], dropped[1]
    assert paying.plan is not None
    assert free.plan is not None
    assert paying.plan.breakdown.by_workload["(idle)"].total_usd == pytest.approx(96)
    assert paying.plan.cost.total_usd - free.plan.cost.total_usd == pytest.approx(96)
    assert (paying.sunk, free.sunk) == (Sunk(paid_usd=96), Sunk(dropped_usd=96))
    assert kept[0].sunk == dropped[0].sunk == Sunk()
    assert [each.scenario.name for each in dropped] == ["hybrid", "on-prem-only"]
    assert free.plan.scenario == "on-prem-only + commitments=drop"
