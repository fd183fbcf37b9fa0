"""A comparison of plans as tables for people, CSV and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .commitments import WHERE
from .comparison import Compared, Figures
from .errors import quoted
from .moves import Move
from .plan import Plan
from .report import LEFT_OUT_COLUMNS, TOO_CHEAP, kind_columns, left_out_table, unproven_work
from .tables import (
    Table,
    as_spare,
    money_column,
    number_column,
    percent_column,
    remark_column,
    text_column,
    to_csv,
    to_json,
    to_text,
)
from .text import filled, number, percent, plural, tells

MOST_ROWS = 12
"""Moves, and entries of left-out work, of one scenario that people see."""
ALIKE = 1e-6
"""Difference up to which work left out, and costs in proportion, are alike."""
TABLE_NAMES = ("figures", "cost", "differences", "left_out", "moves")
_BY_SCENARIO = ("left_out", "moves")
"""Tables of which people see one for each scenario."""


def render_comparison(compared: Sequence[Compared], form: str, name: str | None, columns: int) -> str:
    """Return a comparison as ``table``, ``json`` or ``csv`` (of which ``name`` picks one, else figures)."""
    tables = {table.name: table for table in comparison_tables(compared)}
    if form == "csv":
        return to_csv(tables[name or "figures"])
    if form == "json":
        return to_json({key: table.records() for key, table in tables.items() if name in (None, key)})
    tables["figures"] = _without_notes(tables["figures"])
    shown = [tables[name]] if name else [tables[key] for key in TABLE_NAMES if key not in _BY_SCENARIO]
    parts = [to_text(table, columns, len(table.rows)) for table in shown if table.rows]
    if name is None:
        cases = [each.case for each in compared]
        parts += [_left_out_of(c.name, c.plan, columns) for c in cases if c.plan and c.plan.left_out]
        parts += [to_text(_moves_table([each]), columns, MOST_ROWS) for each in compared if each.moves]
    if name in (None, "figures"):
        parts += [filled(_told(each), columns) for each in compared if _note(each)]
    return "\n\n".join(parts)


def _without_notes(figures: Table) -> Table:
    """Return the figures for people, who read the notes below the tables, where there is room."""
    return replace(figures, columns=figures.columns[:-1], rows=[row[:-1] for row in figures.rows])


def _left_out_of(name: str, plan: Plan, columns: int) -> str:
    """Return the left-out work of one case for people."""
    table = left_out_table(plan)
    return to_text(replace(table, title=f"{name}: {table.title.lower()}"), columns, MOST_ROWS)


def _told(each: Compared) -> str:
    """Return the note of a case with the name of that, which an error may have in front already."""
    note, name = _note(each), each.case.name
    return note if note.startswith(f"scenario {quoted(name)}") else f"{name}: {note}"


def comparison_tables(compared: Sequence[Compared]) -> list[Table]:
    """Return figures, cost and left-out work of every case, the differences to the first, and all moves."""
    tables = (_figures_table, _cost_table, _difference_table, _left_out_table, _moves_table)
    return [table(compared) for table in tables]


def _figures_table(compared: Sequence[Compared]) -> Table:
    columns = (
        text_column("scenario"),
        money_column("total_usd", "total USD"),
        number_column("tco2e", "tCO2e", 2),
        as_spare(number_column("mean_rtt_ms", "mean rtt ms", 1)),
        number_column("worst_rtt_ms", "worst rtt ms", 1),
        number_column("unserved", "unserved", 3),
        as_spare(number_column("used_percent", "used %", 1)),
        percent_column("gap_percent", "gap %", 3),
        text_column("note"),
    )
    rows = [[each.case.name, *_cells(each.figures), _note(each)] for each in compared]
    in_all = [each.figures.cost_in_all.total_usd if each.figures else None for each in compared]
    table = Table("figures", f"Scenarios ({len(rows)})", columns, rows)
    return _with_in_all(table, 2, in_all) if _continue(compared) else table


def _continue(compared: Sequence[Compared]) -> bool:
    """Return whether any plan has jobs that go on beyond the horizon."""
    return any(each.figures and each.figures.cost != each.figures.cost_in_all for each in compared)


def _with_in_all(table: Table, place: int, values: Sequence[float | None]) -> Table:
    """Return a table with costs to the ends of continuing jobs, as plans minimise them, in a column."""
    columns = [
        *table.columns[:place],
        as_spare(money_column("in_all_usd", "in all USD")),
        *table.columns[place:],
    ]
    rows = [[*row[:place], value, *row[place:]] for row, value in zip(table.rows, values, strict=True)]
    return Table(table.name, table.title, columns, rows)


def _cells(found: Figures | None) -> list[Any]:
    if found is None:
        return [None] * 7
    used, gap = found.utilization, found.gap
    return [
        found.cost.total_usd,
        found.tco2e,
        found.mean_rtt_ms,
        found.worst_rtt_ms,
        found.unserved,
        None if used is None else 100 * used,
        None if gap is None else 100 * gap,
    ]


def _cost_table(compared: Sequence[Compared]) -> Table:
    costs = {each.case.name: each.figures.cost for each in compared if each.figures}
    kinds = kind_columns(costs.values())
    rows = [[name, *(getattr(cost, kind.name) for kind in kinds)] for name, cost in costs.items()]
    return Table("cost", "Cost by kind", (text_column("scenario"), *kinds), rows)


def _note(each: Compared) -> str:
    plan = each.case.plan
    if each.figures is None or plan is None:
        return each.case.error or ("not planned" if plan is None else f"no plan: {plan.status}")
    notes = [f"{each.case.sunk} {WHERE}"] if each.case.sunk else []
    if unproven_work(plan) > 0:
        bound = number(plan.unserved_bound, 3)
        is_near = bound == number(plan.unserved, 3)
        notes.append(f"unserved is not proven: bound {number(plan.unserved_bound, 6) if is_near else bound}")
    if plan.outlasts_purchases:
        notes.append(f"purchases {TOO_CHEAP}")
    return "; ".join(notes)


def _difference_table(compared: Sequence[Compared]) -> Table:
    """Return how every case differs from the first that has figures."""
    base = next((each for each in compared if each.figures), None)
    others = [each for each in compared if each.figures and each is not base]
    columns = (
        text_column("scenario"),
        money_column("total_usd", "total USD"),
        percent_column("total_percent", "total %", 2),
        number_column("tco2e", "tCO2e", 2),
        as_spare(number_column("mean_rtt_ms", "mean rtt ms", 1)),
        number_column("unserved", "unserved", 3),
        as_spare(number_column("used_points", "used points", 1)),
        number_column("moves"),
        text_column("certain"),
    )
    rows = [_differences(each, base) for each in others] if base else []
    table = Table("differences", f"Differences to {base.case.name}" if base else "Differences", columns, rows)
    in_all = [each.figures.cost_in_all.total_usd for each in others if each.figures]
    first = base.figures.cost_in_all.total_usd if base and base.figures else 0.0
    return _with_in_all(table, 3, [usd - first for usd in in_all]) if _continue(compared) else table


def _differences(each: Compared, base: Compared) -> list[Any]:
    new, old = each.figures, base.figures
    assert new is not None
    assert old is not None
    total = new.cost.total_usd - old.cost.total_usd
    return [
        each.case.name,
        total,
        100 * total / abs(old.cost.total_usd) if tells(total, old.cost.total_usd) else None,
        new.tco2e - old.tco2e,
        _difference(new.mean_rtt_ms, old.mean_rtt_ms),
        new.unserved - old.unserved,
        100 * (_difference(new.utilization, old.utilization) or 0.0),
        len(each.moves),
        certainty(new, old),
    ]


def _difference(new: float | None, old: float | None) -> float | None:
    return None if new is None or old is None else new - old


def certainty(new: Figures, old: Figures) -> str:
    """Return what bounds prove of plans that leave out alike: ``dearer``, ``cheaper``, ``alike`` or ``open``.

    They are of costs in all, and prove nothing between plans that weigh money differently. Alike are
    scenarios whose best plans differ by no more than a millionth.
    """
    if abs(new.unserved - old.unserved) > ALIKE:
        return "other work"
    if new.money_weight != old.money_weight:
        return "other aim"
    if new.objective is None or new.bound is None or old.objective is None or old.bound is None:
        return "open"
    if max(new.objective - old.bound, old.objective - new.bound) <= ALIKE * abs(old.objective):
        return "alike"
    if new.bound > old.objective:
        return "dearer"
    return "cheaper" if new.objective < old.bound else "open"


def _left_out_table(compared: Sequence[Compared]) -> Table:
    """Return the left-out work of every case."""
    cases = [each.case for each in compared]
    rows = [[case.name, *row] for case in cases if case.plan for row in left_out_table(case.plan).rows]
    return Table("left_out", f"Left out ({len(rows)})", (text_column("scenario"), *LEFT_OUT_COLUMNS), rows)


def _moves_table(compared: Sequence[Compared]) -> Table:
    columns = (
        text_column("scenario"),
        text_column("workload"),
        number_column("share_percent", "moved %", 0),
        text_column("before"),
        text_column("after"),
        money_column("difference_usd", "difference USD"),
        text_column("why"),
        remark_column("detail"),
    )
    rows = [_move_row(each.case.name, move) for each in compared for move in each.moves]
    single = compared[0].case.name if len(compared) == 1 else ""
    title = f"{single}: {plural(len(rows), 'workload')} moved" if single else f"Moves ({len(rows)})"
    return Table("moves", title, columns[1:] if single else columns, [row[bool(single) :] for row in rows])


def _move_row(scenario: str, move: Move) -> list[Any]:
    difference = move.cost_usd - move.cost_before_usd
    places = [_shown(move.before), _shown(move.after)]
    return [scenario, move.workload, 100 * move.share, *places, difference, move.why, move.detail]


def _shown(places: dict[str, float] | Any) -> str:
    """Return places with their shares, the largest first; a single one by name alone."""
    ranked = sorted(places.items(), key=lambda item: -item[1])
    return (
        ranked[0][0] if len(ranked) == 1 else ", ".join(f"{name} {percent(part, 0)}" for name, part in ranked)
    )
