"""A plan for people: what runs where, what it costs, how full everything is and what is left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .commitments import over_budget
from .errors import require
from .plan import Cost, LeftOut, Plan
from .plan_parts import IDLE
from .problem import Problem
from .report_use import link_table, pool_table, power_table
from .report_work import job_table, service_table
from .tables import (
    UNLIMITED,
    Column,
    Table,
    as_spare,
    facts,
    money_column,
    number_column,
    remark_column,
    text_column,
    to_text,
)
from .text import ROUNDING_NOISE, money, number, percent, plural, tells

DEFAULT_WIDTH = 110
MOST_ROWS = 40
MOST_LINKS = 10
TOO_CHEAP = "look cheap: some of their jobs run on after the horizon, whose cost is not counted"
"""What is said of purchases whose capital stops at the horizon while their jobs do not."""
TRACE = 1e-8
"""Gap that is none."""
WORK_ROUNDING = 3e-5
"""Part of the work left out that solvers leave for rounding."""
MOST_KINDS = 3
"""Kinds of cost that are always shown, the largest."""
_STOPS = {"gap": "the solver", "time": "the time limit", "cancel": "an interrupt"}
_CUTS = {"by_data_center": "data center", "by_provider": "provider", "by_owner": "owner"}


def plan_report(plan: Plan, problem: Problem, width: int = DEFAULT_WIDTH) -> str:
    """Return the plan as tables for people.

    Parameters
    ----------
    plan, problem
        A plan and the problem that it was made for.
    width
        Columns to keep to. Long names are cut with an ellipsis, long tables after :data:`MOST_ROWS` rows.

    Raises
    ------
    InputError
        When one of the two is something else, as in the other order.
    """
    require("plan", plan, Plan, "a Plan, which comes first here")
    require("problem", problem, Problem, "a Problem")
    tables = [table for table in _tables(plan, problem) if table.rows]
    limits = [MOST_LINKS if table.name == "link_use" else MOST_ROWS for table in tables]
    parts = [to_text(table, width, limit) for table, limit in zip(tables, limits, strict=True)]
    return "\n\n".join([summary(plan, problem), *parts]) + "\n"


def _tables(plan: Plan, problem: Problem) -> Iterator[Table]:
    yield _cost_table(plan)
    yield job_table(plan)
    yield service_table(plan, problem, MOST_ROWS)
    yield pool_table(plan, problem)
    yield power_table(plan, problem)
    yield link_table(plan, problem)
    yield from _breakdown_tables(plan)
    yield _purchase_table(plan)
    yield left_out_table(plan)


def summary(plan: Plan, problem: Problem, columns: int = UNLIMITED) -> str:
    """Return the head of the report: status, objective and bound, unserved work, emissions, solver."""
    return facts(_summary(plan, problem), columns)


def _summary(plan: Plan, problem: Problem) -> Iterator[tuple[str, str]]:
    yield "plan for", plan.subject
    yield "status", _status(plan, problem)
    if plan.objective is not None:
        yield "objective", f"{money(plan.objective)} USD{_proof(plan)}"
        if plan and problem.objective.money_weight != 1:
            weight = f"{problem.objective.money_weight:g}"
            yield "weighted", f"money counts {weight} times in the objective, once in the costs below"
    yield "unserved", _unserved(plan, problem)
    idle = plan.breakdown.by_workload.get(IDLE)
    if idle is not None and idle.total_usd > ROUNDING_NOISE:
        yield "idle", f"{money(idle.total_usd)} USD of the cost is for what no workload uses"
    if plan:
        yield (
            "emissions",
            f"{number(plan.emission.tco2e, 3)} tCO2e from {number(plan.emission.energy_kwh)} kWh",
        )
    solver, _, why = plan.solver.removesuffix(")").partition(" (")
    yield (
        "solved by",
        f"{solver}, {plan.solver_version}, seed {plan.seed}, in {plan.runtime_seconds:.2f} s",
    )
    if why:
        yield "because", why


def headline(plan: Plan, problem: Problem) -> str:
    """Return status, objective, bound, gap and what is left out of a plan that can be used, in one line."""
    left_out = f"left out: {_unserved(plan, problem)}" if plan.left_out else "all work is placed"
    return f"{plan.status}: objective {money(plan.objective)} USD{_proof(plan)}; {left_out}"


def _status(plan: Plan, problem: Problem) -> str:
    if plan.status == "optimal":
        return "optimal: proven within the gap asked for"
    if plan.status == "feasible" and plan.stopped_by == "gap":
        return "feasible: stopped because no better bound could be proven"
    if plan.status == "feasible":
        return f"feasible: stopped by {_STOPS[plan.stopped_by]} before the gap asked for was proven"
    if plan.status == "infeasible":
        return f"infeasible: {why_infeasible(plan, problem)}"
    return f"unknown: stopped by {_STOPS[plan.stopped_by]} before any plan was found"


def why_infeasible(plan: Plan, problem: Problem) -> str:
    """Return in words why a plan of the status ``infeasible`` holds nothing."""
    if not plan.left_out:
        return "no plan keeps the limits, not even one that leaves everything out"
    return over_budget(problem) or "not everything can be placed, and all or nothing was asked for"


def _proof(plan: Plan) -> str:
    if plan.bound is None:
        return ", no bound proven"
    if plan.gap is None or plan.objective is None:
        return f", proven bound {money(plan.bound)} USD"
    of_what = " (leaving no more out)" if plan.left_out else ""
    return f", proven bound {money(plan.bound)} USD{of_what}, gap {cost_gap(plan.objective, plan.bound)}"


def plan_gap(plan: Plan) -> str:
    """Return the gap of a plan in cost or in work left out, whichever is more; empty where none is proven."""
    if plan.gap is None or plan.objective is None or plan.bound is None:
        return ""
    is_of_cost = plan.gap <= gap_between(plan.objective, plan.bound)
    return cost_gap(plan.objective, plan.bound) if is_of_cost else percent(plan.gap, 3)


def cost_gap(usd: float, bound_usd: float) -> str:
    """Return how far a cost may be above the least: as a percentage, in USD beside a cost near zero."""
    gap = gap_between(usd, bound_usd)
    return percent(gap, 3) if not gap or tells(usd - bound_usd, usd) else f"{money(usd - bound_usd)} USD"


def gap_between(value: float, bound: float) -> float:
    """Return the relative gap of a value and its bound, 0 where that is a trace of rounding."""
    gap = max(0.0, value - bound) / max(abs(value), ROUNDING_NOISE)
    return gap if gap > TRACE else 0.0


def unproven_work(plan: Plan) -> float:
    """Return the part of the work left out of which it is not proven that it must be, 0 for rounding."""
    gap = gap_between(plan.unserved, plan.unserved_bound)
    return gap if gap > WORK_ROUNDING else 0.0


def _unserved(plan: Plan, problem: Problem) -> str:
    if not plan.left_out:
        return "nothing: all work is placed" if plan else "no work is placed"
    count = len({entry.workload for entry in plan.left_out})
    total = number(sum(workload.priority for workload in problem.workloads), 3)
    gap = percent(gap_between(plan.unserved, plan.unserved_bound), 3)
    weight = f"weight {number(plan.unserved, 3)} of {total}"
    proven = f"proven bound {number(plan.unserved_bound, 3)}, gap {gap}"
    return f"{plural(count, 'workload')}, wholly or in part ({weight}, {proven})"


def _cost_table(plan: Plan) -> Table:
    """Every kind of cost; the column 'in all' only where continuing jobs make it differ."""
    columns: tuple[Column, ...] = (
        text_column("kind", "cost"),
        money_column("horizon_usd", "in the horizon USD"),
    )
    costs = [plan.cost]
    if plan.cost != plan.cost_in_all:
        columns += (money_column("in_all_usd", "with continuing jobs to their ends USD"),)
        costs.append(plan.cost_in_all)
    always = ("compute", "energy", "capital", "egress", "link", "money", "carbon", "latency", "total")
    kinds = list(always)
    if any(cost.facility_usd for cost in costs):
        kinds.insert(kinds.index("egress"), "facility")
    if any(cost.moving_usd for cost in costs):
        kinds.insert(kinds.index("money"), "moving")
    labels = {"money": "money (all of these)", "total": "total"}
    rows = [[labels.get(kind, kind), *(getattr(cost, f"{kind}_usd") for cost in costs)] for kind in kinds]
    return Table("cost", "Cost", columns, rows if plan else [])


def _breakdown_tables(plan: Plan) -> Iterator[Table]:
    """One table per cut; a cut that only repeats the one before is named in its title instead."""
    titles: dict[str, tuple[list[str], dict[str, Cost]]] = {}
    for attribute, what in _CUTS.items():
        costs = getattr(plan.breakdown, attribute)
        same = next((cut for cut, (_, known) in titles.items() if known == costs), attribute)
        titles.setdefault(same, ([], costs))[0].append(what)
    for attribute, (names, costs) in titles.items():
        yield _breakdown_table(attribute, " and ".join(names), costs)


def kind_columns(costs: Collection[Cost]) -> list[Column]:
    """Return a column for each kind of cost that there is; all but the largest are spare."""
    most = {
        kind: max((abs(getattr(cost, kind)) for cost in costs), default=0.0) for kind in Cost.model_fields
    }
    columns = {kind: money_column(kind, kind.replace("_usd", " USD")) for kind, usd in most.items() if usd}
    for kind in sorted(columns, key=lambda kind: -most[kind])[MOST_KINDS:]:
        columns[kind] = as_spare(columns[kind])
    return list(columns.values())


def _breakdown_table(name: str, what: str, costs: dict[str, Cost]) -> Table:
    kinds = kind_columns(costs.values())
    columns = [text_column("name", what), *kinds, money_column("total_usd", "total USD")]
    names = [column.name for column in columns[1:]]
    ranked = sorted(costs.items(), key=lambda item: -item[1].total_usd)
    rows = [[key, *(getattr(cost, kind) for kind in names)] for key, cost in ranked]
    return Table(name, f"Cost by {what}", columns, rows)


def _purchase_table(plan: Plan) -> Table:
    columns = (
        text_column("pool"),
        number_column("modules"),
        number_column("accelerators"),
        money_column("capital_usd", "capital in the horizon USD"),
        money_column("facility_usd", "space and staff USD"),
    )
    rows = [
        [each.pool, each.modules, each.accelerators, each.capital_usd, each.facility_usd or None]
        for each in plan.purchases
    ]
    remark = f"; {TOO_CHEAP}" if plan.outlasts_purchases else ""
    title = f"Purchases ({len(rows)}){remark}"
    return Table("purchases", title, columns, rows)


LEFT_OUT_COLUMNS = (
    text_column("workload"),
    text_column("location"),
    number_column("periods"),
    number_column("peak_requests_per_second", "peak requests/s", 1),
    text_column("reason"),
    remark_column("detail"),
)


def left_out_table(plan: Plan) -> Table:
    """Return the left-out work, the periods of one location and reason put together."""
    groups: dict[tuple[str, str, str, str], list[LeftOut]] = {}
    for entry in plan.left_out:
        groups.setdefault((entry.workload, entry.location or "", entry.reason, entry.detail), []).append(
            entry
        )
    rows = [
        [workload, location, _periods(entries), _peak(entries), reason, detail]
        for (workload, location, reason, detail), entries in groups.items()
    ]
    return Table("left_out", f"Left out ({len(rows)})", LEFT_OUT_COLUMNS, rows)


def _periods(entries: list[LeftOut]) -> int | None:
    return len({entry.period for entry in entries} - {None}) or None


def _peak(entries: list[LeftOut]) -> float | None:
    return max((e.requests_per_second for e in entries if e.requests_per_second is not None), default=None)
