"""The plan for people."""

from __future__ import annotations

import itertools

import pytest
from computeroute.routing import plan_report
from computeroute.routing.report import unproven_work
from computeroute.routing.text import width

from . import report_cases as cases


def section(report: str, title: str) -> list[str]:
    """Return the rows under a title, without its headings."""
    blocks = (block.split("\n") for block in report.strip("\n").split("\n\n"))
    return next(block[3:] for block in blocks if block[0].startswith(title))


@pytest.fixture(scope="module")
def report() -> str:
    return plan_report(cases.plan(), cases.problem())


def test_summary(report: str) -> None:
    assert report.split("\n\n", maxsplit=1)[0].split("\n") == [
        "plan for   hand-made (sha256:0123456789ab)",
        "status     feasible: stopped by the time limit before the gap asked for was proven",
        "objective  4,321.50 USD, proven bound 4,300.25 USD (leaving no more out), gap 0.492 %",
        "unserved   2 workloads, wholly or in part (weight 1.250 of 6.000, proven bound 1.000, gap 20.000 %)",
        "emissions  0.432 tCO2e from 1,234 kWh",
        "solved by  highs, 9.15, seed 7, in 12.35 s",
    ]


def test_why_a_solver_was_taken_is_a_line_of_its_own() -> None:
    plan = cases.plan(solver="auto: highs (20 columns, no shared limit could bind)")
    lines = plan_report(plan, cases.problem()).split("\n\n", maxsplit=1)[0].split("\n")
    assert lines[-2:] == [
        "solved by  auto: highs, 9.15, seed 7, in 12.35 s",
        "because    20 columns, no shared limit could bind",
    ]


def test_cost_in_the_horizon_and_in_all(report: str) -> None:
    rows = section(report, "Cost")
    assert rows[0].split() == ["compute", "1,544.00", "6,400.00"]
    assert rows[3].split() == ["egress", "0.0012", "0.0012"]
    assert rows[-1].split() == ["total", "1,572.50", "6,428.50"]


def test_in_all_is_left_out_where_it_says_nothing_new() -> None:
    plan = cases.plan(cost_in_all=cases.plan().cost.model_dump())
    assert "to their ends" not in plan_report(plan, cases.problem())


def test_jobs_with_continuing_split_and_pausing_ones(report: str) -> None:
    continuing, split, other_site, pausing = (row.split() for row in section(report, "Training jobs (3)"))
    assert continuing[:7] == ["模型-train", "上海-1", "上海-h100", "32", "0.00", "100.00", "continues"]
    assert continuing[7:] == ["100.0:", "berlin", ">", "fra", ">", "上海-1", "1,564.50"]
    assert split == ["split", "fra", "fra-h100", "4", "0.00", "4.00", "8.00"]
    assert other_site == ["par", "par-h100", "4"]
    assert pausing[4:] == ["4.00", "10.00", "spot,", "pauses", "copy", "at", "the", "site", "0.00"]


def _job_headings(report: str) -> str:
    """Return the headings of the table of jobs, on one line or two."""
    return report.split("Training jobs")[1].split("---", maxsplit=1)[0]


def test_sites_give_way_only_where_the_pools_name_them_and_room_is_short() -> None:
    data = cases.data()
    data["jobs"][0]["job"] = "long" * 20
    named = plan_report(cases.plan(jobs=data["jobs"][1:], routes=data["routes"]), cases.problem(), 70)
    assert "site" not in _job_headings(named)
    roomy = plan_report(cases.plan(jobs=data["jobs"][1:]), cases.problem(), 160)
    assert "site" in _job_headings(roomy)
    data["jobs"][1]["placements"][0]["pool"] = "par-h100"
    other = plan_report(cases.plan(jobs=data["jobs"][1:]), cases.problem(), 70)
    assert "site" in _job_headings(other)


def test_many_services_take_one_row_each() -> None:
    data = cases.data()
    services = [{**data["services"][0], "service": f"s{k}"} for k in range(14)]
    rows = section(plan_report(cases.plan(services=services), cases.problem()), "Inference services (14)")
    assert len(rows) == 14
    assert rows[0].split()[:6] == ["s0", "fra", "1-4,", "par", "0-1", "2-4"]


def test_services_with_their_sites(report: str) -> None:
    chat, fra, par, search = (row.split() for row in section(report, "Inference services (2)"))
    assert chat == ["chat", "2", "sites", "2-4", "2-4", "22.0", "8.50", "16.00", "8.00"]
    # (40 * 6 + 10 * 18) / 24 requests/s; (40 * 6 * 8 + 5 * 18 * 8 + 5 * 18 * 9) / 420 ms
    assert fra == ["fra", "1-4", "1-4", "17.5", "8.21", "9.00"]
    assert par == ["par", "0-1", "0-1", "6.0", "6.00", "6.00"]
    assert search == ["search", "par", "0-1", "0-1", "0.0", "0.00"]


def test_a_site_that_serves_nothing_yet() -> None:
    data = cases.data()
    data["services"][0]["flows"] = [
        flow for flow in data["services"][0]["flows"] if flow["data_center"] == "fra"
    ]
    rows = section(plan_report(cases.plan(services=data["services"]), cases.problem()), "Inference services")
    assert rows[2].split() == ["par", "0-1", "0-1", "0.0"]


def test_pools_and_links_are_ranked(report: str) -> None:
    assert [row.split()[0] for row in section(report, "Use of pools (3)")] == [
        "上海-h100",
        "par-h100",
        "fra-h100",
    ]
    busiest = section(report, "Busiest of 2 link directions")[0].split()
    assert busiest == ["fra--上海-1", "fra", "上海-1", "10.0", "2.25", "9.00", "90.0"]


def test_sites_with_a_power_limit_tell_what_they_draw(report: str) -> None:
    """10 accelerators of 0.7 kW for 6 hours and 3 for 18: 7 kW, and 79.8 kWh in 24 hours."""
    (fra,) = section(report, "Power of sites with a limit (1)")
    assert fra.split() == ["fra", "500.0", "3.3", "7.0", "1.4"]
    assert "Power of sites" not in plan_report(cases.empty("infeasible"), cases.problem())


def test_breakdowns_show_only_kinds_that_occur(report: str) -> None:
    assert "compute USD  egress USD  link USD  carbon USD  total USD" in report
    assert section(report, "Cost by data center")[0].split()[0] == "上海-1"
    assert section(report, "Cost by owner")[1].split() == ["acme", "8.00", "0.00", "0.00", "0.00", "8.00"]


def test_equal_breakdowns_are_shown_once() -> None:
    cut = {"fra": {"compute_usd": 1.0}}
    plan = cases.plan(breakdown={"by_data_center": cut, "by_provider": cut, "by_owner": cut})
    report = plan_report(plan, cases.problem())
    assert report.count("Cost by") == 1
    assert "Cost by data center and provider and owner" in report


def test_purchases_and_left_out(report: str) -> None:
    assert section(report, "Purchases (1)")[0].split() == ["fra-h100", "1", "8", "164.38"]
    gang, capacity = section(report, "Left out (2)")
    assert gang.split()[:2] == ["too-big", "gang"]
    assert capacity.split()[:5] == ["search", "lyon", "2", "1.0", "capacity"]


def test_modules_of_jobs_that_outlast_the_horizon_look_too_cheap(report: str) -> None:
    told = "; look cheap: some of their jobs run on after the horizon, whose cost is not counted"
    assert told not in report
    bought = {"pool": "上海-h100", "modules": 1, "accelerators": 8, "capital_usd": 164.38}
    assert f"Purchases (1){told}\n" in plan_report(cases.plan(purchases=[bought]), cases.problem())


@pytest.mark.parametrize("columns", [80, 110, 160])
def test_report_keeps_to_its_width_with_long_names(columns: int) -> None:
    data = cases.data()
    data["jobs"][0]["job"] = "名" * 200
    data["left_out"][0]["detail"] = "why " * 100
    report = plan_report(cases.plan(jobs=data["jobs"], left_out=data["left_out"]), cases.problem(), columns)
    assert max(map(width, report.split("\n"))) <= max(columns, 100)
    assert "…" in report


def test_columns_align_with_wide_characters(report: str) -> None:
    rows = report.split("\n\n")[2].split("\n")[3:]
    ends = {
        width(row[: row.index(site) + len(site)])
        for row, site in zip(rows, ["上海-h100", "fra-h100"], strict=False)
    }
    starts = {
        width(row[: row.index(pool)])
        for row, pool in zip(rows, ["上海-h100", "fra-h100", "par-h100"], strict=False)
    }
    assert len(starts) == 1
    assert len(ends) == 2


def test_large_plans_are_abbreviated() -> None:
    data = cases.data()
    left_out = [{**data["left_out"][0], "workload": f"w{k}"} for k in range(1000)]
    report = plan_report(cases.plan(left_out=left_out), cases.problem())
    assert "Left out (1000)" in report
    assert report.rstrip().endswith("... and 960 more (use --format json or csv)")


def test_control_characters_of_a_foreign_plan_do_not_reach_the_terminal() -> None:
    report = plan_report(
        cases.plan(problem_name="\x1b[2J\x1b[1;1Hgotcha\x07", solver="a\nb"), cases.problem()
    )
    assert not set(map(chr, itertools.chain(range(10), range(11, 32)))) & set(report)
    assert "gotcha" in report


@pytest.mark.parametrize(
    ("status", "stopped_by", "expected"),
    [
        ("optimal", "gap", "optimal: proven within the gap asked for"),
        ("feasible", "cancel", "feasible: stopped by an interrupt before the gap asked for was proven"),
        ("feasible", "gap", "feasible: stopped because no better bound could be proven"),
        (
            "infeasible",
            "gap",
            "infeasible: no plan keeps the limits, not even one that leaves everything out",
        ),
        ("unknown", "time", "unknown: stopped by the time limit before any plan was found"),
    ],
)
def test_status_in_words(status: str, stopped_by: str, expected: str) -> None:
    report = plan_report(cases.empty(status, stopped_by), cases.problem())
    assert expected in report
    assert "Training jobs" not in report


def test_no_plan_has_neither_objective_nor_cost() -> None:
    report = plan_report(cases.empty("unknown", "cancel"), cases.problem())
    assert "objective" not in report
    assert "Cost" not in report
    assert "no work is placed" in report


def test_a_gap_beside_next_to_nothing_is_in_usd() -> None:
    told = plan_report(cases.plan(objective=0.001, bound=-21.0, gap=21001.0), cases.problem())
    assert "objective  0.001 USD, proven bound -21.00 USD (leaving no more out), gap 21.00 USD" in told


def test_objective_without_bound_or_gap() -> None:
    assert "4,321.50 USD, no bound proven" in plan_report(cases.plan(bound=None, gap=None), cases.problem())
    assert "bound 4,300.25 USD\n" in plan_report(cases.plan(gap=None), cases.problem())


def test_an_objective_that_weighs_money_is_told_as_such() -> None:
    problem = cases.problem()
    objective = problem.objective.replace(money_weight=0)
    assert "weighted" not in plan_report(cases.plan(), problem)
    head = plan_report(cases.plan(), problem.replace(objective=objective))
    assert "money counts 0 times in the objective, once in the costs below" in head


@pytest.mark.parametrize(("bound", "is_open"), [(0.888889, False), (0.88888, False), (0.8, True)])
def test_work_left_out_is_proven_but_for_rounding(bound: float, is_open: bool) -> None:
    plan = cases.plan(unserved=0.8888990, unserved_bound=bound)
    assert (unproven_work(plan) > 0) == is_open
