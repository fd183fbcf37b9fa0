"""Change sets as text, JSON and CSV."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from .plan import Plan
from .problem import Problem
from .replan import ACTIONS, WorkloadChange, workload_changes
from .report import MOST_ROWS, left_out_table, summary
from .tables import Table, as_spare, money_column, text_column, to_csv, to_json, to_text
from .text import money


def render_changes(problem: Problem, plan: Plan, form: str, columns: int, *, old: Plan | None = None) -> str:
    """Return what ``plan`` changes of the present of ``problem`` as ``table``, ``json`` or ``csv``.

    With the ``old`` plan it is told what that cost in its horizon.
    """
    changes = workload_changes(problem, plan)
    if form == "csv":
        return to_csv(_shown(changes, plan))
    if form == "json":
        before = {} if old is None else {"cost_before_usd": old.cost.total_usd}
        return to_json(_document(changes, plan) | before)
    shown = _shown(changes, plan)
    if old is not None:
        now, before_usd = money(plan.cost.total_usd), money(old.cost.total_usd)
        shown = replace(shown, title=f"{shown.title}; in all {now} USD, {before_usd} USD before")
    tables = (shown, *([left_out_table(plan)] if plan.left_out else []))
    return "\n\n".join(
        [summary(plan, problem, columns), *(to_text(each, columns, MOST_ROWS) for each in tables)]
    )


def _document(changes: list[WorkloadChange], plan: Plan) -> dict[str, object]:
    return {
        "status": plan.status,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "unserved": plan.unserved,
        "counts": _counts(changes),
        "moving_usd": plan.cost.moving_usd,
        "cost_usd": plan.cost.total_usd,
        "changes": _table(changes, plan).records(),
        "left_out": left_out_table(plan).records(),
    }


def _counts(changes: list[WorkloadChange]) -> dict[str, int]:
    found = Counter(change.action for change in changes)
    return {action: found[action] for action in ACTIONS}


def _table(changes: list[WorkloadChange], plan: Plan) -> Table:
    head = (
        text_column("action"),
        text_column("workload"),
        as_spare(text_column("kind"), 2),
        text_column("from"),
        text_column("to"),
        money_column("moving_usd", "moving USD"),
        as_spare(money_column("cost_usd", "cost USD")),
        text_column("why"),
    )
    rows = [
        (c.action, c.workload, c.kind, c.before, c.after, c.moving_usd, c.cost_usd, c.why) for c in changes
    ]
    counted = ", ".join(f"{count} {action}" for action, count in _counts(changes).items() if count)
    return Table("changes", f"Changes: {counted}; moving costs {money(plan.cost.moving_usd)} USD", head, rows)


def _shown(changes: list[WorkloadChange], plan: Plan) -> Table:
    """Return the table for people and spreadsheets, places written side by side."""
    table = _table(changes, plan)
    rows = [(*row[:3], ", ".join(row[3]), ", ".join(row[4]), *row[5:]) for row in table.rows]
    return Table(table.name, table.title, table.columns, rows)
