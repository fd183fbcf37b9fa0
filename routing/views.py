"""What the commands print: every result as text for people, JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from .check_findings import CONSTRAINTS, NOTHING_ELSE, Violation
from .overview import contents
from .plan import GIVE_THAT, Plan
from .plan_tables import plan_table
from .problem import Problem
from .report import MOST_ROWS, plan_report
from .tables import Table, number_column, text_column, to_csv, to_json, to_text
from .text import filled, plural


class SampleLike(Protocol):
    """What there is to say of a sample."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def title(self) -> str:
        """One line."""
        ...

    @property
    def description(self) -> str:
        """What it shows."""
        ...


def render_plan(plan: Plan, problem: Problem, form: str, name: str | None, columns: int) -> str:
    """Return a plan as ``table``, ``json`` or ``csv``; ``name`` picks one of its tables."""
    if name is None and form == "json":
        return plan.to_json()
    if name is None and form == "table":
        return plan_report(plan, problem, columns)
    return render(plan_table(plan, name or "assignments"), form, columns)


def render(table: Table, form: str, columns: int) -> str:
    """Return one table as ``table``, ``json`` or ``csv``."""
    if form == "json":
        return to_json(table.records())
    return to_csv(table) if form == "csv" else to_text(table, columns, MOST_ROWS)


def render_contents(problem: Problem, form: str, columns: int) -> str:
    """Return what a valid problem holds."""
    table = contents(problem)
    if form != "json":
        return render(table, form, columns)
    counts = {record["element"].replace(" ", "_"): record["count"] for record in table.records()}
    return to_json(
        {
            "valid": True,
            "name": problem.name,
            "digest": problem.digest,
            "horizon_hours": problem.horizon_hours,
            "counts": counts,
        }
    )


def render_samples(samples: Iterable[SampleLike], form: str, columns: int) -> str:
    """Return the list of sample problems."""
    head = (text_column("name"), text_column("title"), text_column("description"))
    rows = [(sample.name, sample.title, sample.description) for sample in samples]
    return render(Table("samples", "Samples: route samples NAME prints one", head, rows), form, columns)


def render_accelerators(accelerators: Iterable[Mapping[str, Any]], form: str, columns: int) -> str:
    """Return the accelerators of the catalog, with the peak of dense 16-bit arithmetic."""
    head = (
        text_column("id"),
        text_column("name"),
        number_column("peak_tflops", "peak TFLOP/s", 1),
        number_column("memory_gb", "memory GB", 1),
        number_column("tdp_w", "TDP W"),
    )
    rows = [[entry[column.name] for column in head] for entry in accelerators]
    # Whoever looks for an id wants them all.
    table = Table("accelerators", f"Accelerators ({len(rows)})", head, rows)
    return to_text(table, columns, len(rows)) if form == "table" else render(table, form, columns)


def render_findings(violations: Sequence[Violation], form: str, columns: int) -> str:
    """Return the verdict on a plan: every violation, or that all checks hold."""
    head = (text_column("constraint"), text_column("element"), text_column("message"))
    rows = [(found.constraint, found.element, found.message) for found in violations]
    if form == "json":
        records = Table("violations", "", head, rows).records()
        return to_json({"holds": not rows, "checks": CONSTRAINTS, "violations": records})
    if form == "csv":
        return to_csv(Table("violations", "", head, rows))
    strays = [f"the plan {row[2]}; {GIVE_THAT}, or that scenario of it" for row in rows if row[0] == "digest"]
    others = [row for row in rows if row[0] != "digest"]
    parts = [filled(stray, columns) for stray in strays]
    if strays and not others and NOTHING_ELSE not in strays[0]:
        parts.append("all other checks hold for this topology too")
    if others:
        against = "against this topology: " if strays else ""
        table = Table("violations", f"{against}{plural(len(others), 'violation')}", head, others)
        parts.append(to_text(table, columns, MOST_ROWS))
    return "\n\n".join(parts) or f"all {len(CONSTRAINTS)} checks hold"
