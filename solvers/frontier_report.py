"""A frontier, and near-optimal alternatives, as text for people, JSON or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..routing.places import Places, parts_of_asked
from ..routing.plan import Plan
from ..routing.problem import Problem
from ..routing.report import TOO_CHEAP
from ..routing.tables import (
    Column,
    Table,
    money_column,
    number_column,
    text_column,
    to_csv,
    to_json,
    to_text,
)
from ..routing.text import ROUNDING_NOISE, difference, money, number, percent, plural, tells
from .frontier import FrontierPoint
from .frontier_axes import Axis
from .near_optimal import NearOptimal
from .whereabouts import moved

TABLES = ("points", "alternatives", "moves")
MOST_ROWS = 100
STOPPED = (
    "; the search was stopped before its end: plans between these may be missing, or be dearer than need be"
)
CLOSE, FAR = 1e-3, 0.05
"""Gaps up to which a plan counts as the best there is, and beyond which it may be far from that."""
_ENDED = {
    "count": "",
    "alike": "; every other plan that is cheap enough is like one of these",
    "time": "; no further one was found in the time",
}


def render_frontier(
    points: Sequence[FrontierPoint],
    near: NearOptimal | None,
    problem: Problem,
    axis: Axis,
    *,
    form: str,
    name: str | None,
    columns: int,
    is_stopped: bool = False,
) -> str:
    """Return a frontier, and alternatives where there are any, as ``table``, ``json`` or ``csv``.

    ``name`` picks one of :data:`TABLES`; csv has the points without it. ``is_stopped`` tells that it was not
    sought to the end.
    """
    for_people = form == "table"
    tables = {"points": _points(points, axis, is_stopped=is_stopped, for_people=for_people)}
    if near is not None:
        alternatives = _alternatives(near, for_people=for_people)
        tables |= {"alternatives": alternatives, "moves": _moves(near, problem)}
    if name is not None or form == "csv":
        table = tables[name or "points"]
        if form == "json":
            return to_json(table.records())
        return to_csv(table) if form == "csv" else to_text(table, columns, MOST_ROWS)
    if form == "json":
        return to_json({**_document(points, near, problem, axis), "is_complete": not is_stopped})
    return "\n\n".join(to_text(table, columns, MOST_ROWS) for table in tables.values())


def _headline(points: Sequence[FrontierPoint], axis: Axis, *, is_stopped: bool) -> str:
    first, last = points[0], points[-1]
    if len(points) == 1 and not (first.gap is not None and first.gap <= CLOSE):
        return (
            f"Cost against {axis.name} ({axis.heading}): only one plan was found that leaves so little out; "
            "allow more time for each plan"
        )
    if len(points) == 1 and is_stopped:
        return f"Cost against {axis.name} ({axis.heading}): only the cheapest plan was there before the stop"
    if len(points) == 1:
        return f"Cost and {axis.name} do not conflict: one plan is best in both"
    spans = f"{money(first.usd)} to {money(last.usd)} USD, {first.value:.4g} to {last.value:.4g} {axis.unit}"
    count = plural(len(points), "plan")
    more = _beyond(points, axis) + (STOPPED if is_stopped else "")
    return f"Cost against {axis.name} ({axis.heading}): {count}, {spans}{more}"


def _beyond(points: Sequence[FrontierPoint], axis: Axis) -> str:
    """Say where costs and emissions are of different times, so that prices of a tonne are too."""
    goes_on = any(job.continuing for point in points for job in point.plan.jobs)
    if axis.name != "carbon" or not goes_on:
        return ""
    return "; jobs that run on after the horizon cost until they end, and emit within it only"


def _points(
    points: Sequence[FrontierPoint], axis: Axis, *, is_stopped: bool = False, for_people: bool = True
) -> Table:
    columns: tuple[Column, ...] = (
        number_column(axis.name, axis.unit, 4),
        money_column("usd", "cost USD"),
        money_column("bound_usd", "bound USD"),
        Column("gap", "gap", _shown),
        Column("extra", "dearer by", _shown),
        money_column("usd_per_unit", f"USD per {axis.unit} less"),
        number_column("unserved", "left out", 4),
        text_column("forced", "remark"),
    )
    least = points[0].usd
    rows = [
        [each.value, each.usd, each.bound_usd, _gap(each, for_people), *_traded(each, least, for_people),
         each.plan.unserved or None, _remark(each)]
        for each in points
    ]  # fmt: skip
    return Table("points", _headline(points, axis, is_stopped=is_stopped), columns, rows)


def _gap(point: FrontierPoint, for_people: bool) -> float | str | None:
    if point.bound_usd is None or not for_people:
        return point.gap
    more = max(0.0, point.usd - point.bound_usd)
    return difference(more, point.usd) if more > ROUNDING_NOISE else percent(0.0, 2)


def _traded(point: FrontierPoint, least: float, for_people: bool) -> tuple[float | str | None, float | None]:
    """Return how much dearer a point is, in all and by the unit; nothing of one that does less for it."""
    if point.leaves_more_out:
        return None, None
    return _dearer(point.usd - least, least, for_people), point.usd_per_unit


def _remark(point: FrontierPoint) -> str | None:
    remarks = []
    if point.leaves_more_out:
        remarks.append("leaves more work out")
    elif point.gap is None or point.gap > FAR:
        remarks.append("far from proven: allow more time")
    if point.plan.outlasts_purchases:
        remarks.append(f"purchases {TOO_CHEAP}")
    return "; ".join(remarks) or None


def _shown(value: str | None) -> str:
    return value or "-"


def _dearer(more: float, least: float, for_people: bool) -> float | str | None:
    """Return how much dearer something is, as text or as a part of the least, None beside next to nothing."""
    if for_people:
        return difference(more, least)
    return more / abs(least) if tells(more, least) else None


def _alternatives(near: NearOptimal, *, for_people: bool) -> Table:
    columns: tuple[Column, ...] = (
        number_column("alternative"),
        money_column("objective_usd", "objective USD"),
        Column("extra", "dearer by", _shown),
        number_column("moved", "workloads moved", 2),
        number_column("moved_least", "from the most similar", 2),
        number_column("unserved", "left out", 4),
    )
    plans = [near.best, *(each.plan for each in near.alternatives)]
    moved = [(None, None), *((each.moved, each.moved_least) for each in near.alternatives)]
    least = near.best.objective or 0.0
    rows = [
        [index, plan.objective, _dearer((plan.objective or 0.0) - least, least, for_people), *figures,
         plan.unserved or None]
        for index, (plan, figures) in enumerate(zip(plans, moved, strict=True))
    ]  # fmt: skip
    count = plural(len(near.alternatives), "other plan")
    return Table("alternatives", f"The cheapest plan and {count}{_ENDED[near.ended]}", columns, rows)


def _moves(near: NearOptimal, problem: Problem) -> Table:
    """One row per alternative and workload that runs elsewhere than in the cheapest plan."""
    columns = (
        number_column("alternative"),
        text_column("workload"),
        number_column("moved", "moved", 2),
        text_column("from", "runs at"),
        text_column("to", "would run at"),
    )
    before = parts_of_asked(problem, near.best)
    rows = []
    for index, each in enumerate(near.alternatives, 1):
        after = parts_of_asked(problem, each.plan)
        for name, part in moved(problem, before, after).items():
            if part > 1e-4:
                rows.append([index, name, part, _where(before, name), _where(after, name)])
    return Table("moves", "What runs elsewhere", columns, rows)


def _where(at: Places, name: str) -> str:
    ranked = sorted(at.get(name, {}).items(), key=lambda item: -item[1])
    parts = [
        f"{site} {number(100 * part)} %" if part < 0.9995 else site for site, part in ranked if part > 1e-6
    ]
    return ", ".join(parts) or "(left out)"


def _document(
    points: Sequence[FrontierPoint], near: NearOptimal | None, problem: Problem, axis: Axis
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "axes": ["cost", axis.name],
        "unit": axis.unit,
        "meaning": axis.heading,
        "points": [_point(each, axis) for each in points],
    }
    if near is not None:
        document["alternatives"] = {
            "best": _described(problem, near.best),
            "ended": near.ended,
            "others": [
                {"extra": each.extra, "moved": each.moved, "moved_least": each.moved_least}
                | _described(problem, each.plan)
                for each in near.alternatives
            ],
        }
    return document


PRICED = ("carbon_usd", "latency_usd")
"""Kinds of cost whose prices steer the search for a point, so that they say nothing of it."""


def _point(each: FrontierPoint, axis: Axis) -> dict[str, Any]:
    return {
        axis.name: each.value,
        "usd": each.usd,
        "bound_usd": each.bound_usd,
        "gap": each.gap,
        "usd_per_unit": each.usd_per_unit,
        "leaves_more_out": each.leaves_more_out,
        "outlasts_purchases": each.plan.outlasts_purchases,
        **_described(each.problem, each.plan),
        "objective_usd": each.usd,
        "cost": {name: usd for name, usd in each.plan.cost.model_dump().items() if name not in PRICED},
    }


def _described(problem: Problem, plan: Plan) -> dict[str, Any]:
    return {
        "objective_usd": plan.objective,
        "unserved": plan.unserved,
        "unserved_bound": plan.unserved_bound,
        "cost": plan.cost.model_dump(),
        "tco2e": plan.emission.tco2e,
        "places": {name: dict(at) for name, at in parts_of_asked(problem, plan).items()},
    }
