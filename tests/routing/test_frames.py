"""A plan as flat tables and data frames."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest
from computeroute.routing import MissingExtraError, UnknownNameError, to_frames
from computeroute.routing.plan_tables import TABLE_NAMES, plan_table, require_table
from computeroute.routing.report import plan_report

from . import report_cases as cases


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return cases.plan().to_frames()


def test_every_table_is_a_frame(frames: dict[str, pd.DataFrame]) -> None:
    assert tuple(frames) == TABLE_NAMES
    sizes = {name: len(frame) for name, frame in frames.items()}
    assert sizes == {
        "assignments": 6, "summary": 1, "jobs": 3, "placements": 4, "runs": 5, "services": 2, "replicas": 4,
        "flows": 4, "routes": 5, "cost": 10, "left_out": 3, "purchases": 1, "pool_use": 6, "link_use": 2,
    }  # fmt: skip


def test_frames_of_a_plan_without_work_have_their_columns() -> None:
    frames = to_frames(cases.empty("unknown"))
    assert list(frames["flows"].columns)[:3] == ["service", "period", "location"]
    assert frames["flows"].empty


def test_costs_add_up(frames: dict[str, pd.DataFrame]) -> None:
    costs = frames["cost"].set_index(["cut", "name"])["total_usd"]
    assert costs["horizon", ""] == pytest.approx(cases.plan().cost.total_usd)
    assert costs.loc["by_provider"].sum() == pytest.approx(costs.loc["by_owner"].sum())


def test_missing_values_are_missing(frames: dict[str, pd.DataFrame]) -> None:
    search = frames["services"].set_index("service").loc["search"]
    assert pd.isna(search["mean_rtt_ms"])
    assert frames["placements"]["dataset_route"].isna().sum() == 3


def test_assignments_put_periods_and_routes_together(frames: dict[str, pd.DataFrame]) -> None:
    rows = frames["assignments"]
    berlin = rows[rows["location"] == "berlin"].iloc[0]
    assert berlin["peak_requests_per_second"] == 40
    assert berlin["worst_rtt_ms"] == 9.0
    assert berlin["routes"] == ("r3", "r4")
    train = rows[rows["workload"] == "模型-train"].iloc[0]
    assert (train["pool"], train["accelerators"], train["routes"]) == ("上海-h100", 32, ("r1",))


def test_jobs_tell_their_pools(frames: dict[str, pd.DataFrame]) -> None:
    jobs = frames["jobs"].set_index("job")
    parts = frames["placements"].groupby("job")
    assert jobs.loc["模型-train", "pools"] == ("上海-h100",)
    assert len(jobs.loc["split", "pools"]) == 2
    for job, own in parts:
        assert jobs.loc[job, "pools"] == tuple(own["pool"])
        assert jobs.loc[job, "accelerators"] == own["accelerators"].sum()


def test_jobs_tell_what_they_cost_to_their_ends() -> None:
    """In a column of their own, which people see where that is more than what the horizon costs."""
    jobs = cases.data()["jobs"]
    within = [{**job, "cost_in_all": job["cost"]} for job in jobs]
    longer = [{**within[0], "cost_in_all": {**jobs[0]["cost"], "compute_usd": 9e6}}, *within[1:]]
    for told, is_shown in ((within, False), (longer, True)):
        plan = cases.plan(jobs=told)
        found = to_frames(plan)["jobs"]["in_all_usd"].tolist()
        assert found == [job.cost_in_all.total_usd for job in plan.jobs]
        assert ("in all USD" in plan_report(plan, cases.problem(), 160)) == is_shown
    assert found[0] > 9e6 - 1


def test_peak_adds_routes_of_one_period() -> None:
    data = cases.data()
    data["services"][0]["flows"] = data["services"][0]["flows"][1:3]
    table = plan_table(cases.plan(services=data["services"]), "assignments")
    assert [r["peak_requests_per_second"] for r in table.records() if r["workload"] == "chat"] == [10]


def test_unknown_table_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown table 'job'; did you mean 'jobs'"):
        require_table("job")
    require_table(None)


def test_without_pandas_the_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['pandas'] = None\n"
        "from computeroute.routing import MissingExtraError, Plan\n"
        "plan = Plan(status='unknown', objective=None, bound=None, gap=None, runtime_seconds=0, solver='s',\n"
        "            solver_version='1', seed=0, problem_name='p', problem_digest='d')\n"
        "try:\n    plan.to_frames()\nexcept MissingExtraError as error:\n    sys.stdout.write(str(error))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "this needs pandas: pip install 'computeroute[pandas]'"


def test_without_pandas_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match="pandas"):
        to_frames(cases.plan())
