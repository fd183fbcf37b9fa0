"""What losses do to a plan, for people and machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .plan import Plan
from .problem import Problem
from .report import unproven_work
from .tables import (
    Column,
    Table,
    as_spare,
    facts,
    money_column,
    number_column,
    percent_column,
    text_column,
    to_csv,
    to_json,
    to_text,
)
from .text import clean, money, number, shorten
from .trials import Trial

TABLE_NAMES = ("losses", "lost_workloads", "fewer_sites")
MOST_ROWS = 40
ROUNDING = 1e-9


def render_stress(
    problem: Problem,
    present: Plan,
    trials: Sequence[Trial],
    *,
    form: str,
    name: str | None = None,
    columns: int = 110,
) -> str:
    """Return trials, ranked before, as ``table``, ``json`` or ``csv``; ``name`` picks one table."""
    if name is None and form == "json":
        return to_json(_document(problem, present, trials))
    if name is None and form == "table":
        return _report(problem, present, trials, columns)
    table = _TABLES[name or "losses"](trials)
    if form == "json":
        return to_json(table.records())
    return to_csv(table) if form == "csv" else to_text(table, columns, MOST_ROWS)


def loss_table(trials: Sequence[Trial]) -> Table:
    """Return one row per loss."""
    chosen = list(_COLUMNS.items())
    if not any(trial.unprotected for trial in trials):
        chosen = [each for each in chosen if each[0].name != "extra_unprotected_usd"]
    plans = [plan for trial in trials for plan in (trial.present, trial.replan) if plan]
    if all(plan.cost == plan.cost_in_all for plan in plans):
        chosen = [each for each in chosen if each[0].name != "extra_in_all_usd"]
    rows = [[value(trial) for _, value in chosen] for trial in trials]
    title = f"Losses ({len(rows)}), worst first: what stops at once, what a re-plan leaves out and costs more"
    return Table("losses", title, [column for column, _ in chosen], rows)


def _gap_percent(trial: Trial) -> float | None:
    anew = _planned_anew(trial)
    return None if anew is None or anew.gap is None else 100 * anew.gap


def _planned_anew(trial: Trial) -> Plan | None:
    """Return the re-plan, if one was made: what is proven of the present plan may not hold after the loss."""
    return trial.replan if trial.damage else None


_COLUMNS: Mapping[Column, Callable[[Trial], Any]] = {
    text_column("loss"): lambda trial: trial.failure.name,
    as_spare(text_column("kind"), 2): lambda trial: trial.failure.kind,
    number_column("jobs"): lambda trial: trial.damage.jobs,
    number_column("requests_per_second", "requests/s", 1): lambda trial: trial.damage.requests_per_second,
    as_spare(number_column("accelerators", "cards"), 2): lambda trial: trial.damage.accelerators,
    number_column("unserved_at_once", "weight", 3): lambda trial: trial.damage.unserved,
    number_column("unserved_after", "left after", 3): lambda trial: trial.unserved_after,
    money_column("extra_usd", "extra USD"): lambda trial: trial.extra_usd,
    as_spare(money_column("extra_unprotected_usd", "loss alone USD")): lambda trial: (
        trial.extra_unprotected_usd
    ),
    as_spare(money_column("extra_in_all_usd", "in all USD")): lambda trial: trial.extra_in_all_usd,
    as_spare(percent_column("gap_percent", "gap %", 2)): _gap_percent,
    text_column("replan", "re-plan"): lambda trial: trial.verdict,
}


def workload_table(trials: Sequence[Trial]) -> Table:
    """Return one row per loss and workload that it hits."""
    columns = (
        text_column("loss"),
        text_column("workload"),
        number_column("requests_per_second", "requests/s lost", 1),
        number_column("accelerators", "mean cards idled", 1),
        number_column("unserved_at_once", "weight lost at once", 3),
    )
    rows = [
        [trial.failure.name, each.workload, each.requests_per_second, each.accelerators, each.unserved]
        for trial in trials
        for each in trial.damage.workloads
    ]
    return Table("lost_workloads", "Workloads hit at once, by loss", columns, rows)


def site_table(trials: Sequence[Trial]) -> Table:
    """Return one row per loss and service to which it leaves fewer sites than its ``min_sites``."""
    columns = (
        text_column("loss"),
        text_column("workload"),
        number_column("min_sites", "min_sites"),
        number_column("left_at_once", "left at once"),
        number_column("after_replan", "after re-plan"),
    )
    rows = [
        [trial.failure.name, each.service, each.asked, each.left, each.after]
        for trial in trials
        for each in trial.fewer_sites
    ]
    return Table("fewer_sites", "Services with fewer sites than they ask for, by loss", columns, rows)


_TABLES = {"losses": loss_table, "lost_workloads": workload_table, "fewer_sites": site_table}


def _report(problem: Problem, present: Plan, trials: Sequence[Trial], columns: int) -> str:
    hit = [trial for trial in trials if trial.damage]
    spared = [trial.failure.name for trial in trials if not trial.damage]
    parts = [_head(problem, present, trials, columns)]
    parts += [to_text(loss_table(hit), columns, MOST_ROWS)] * bool(hit)
    if worst := hit[:1]:
        table = workload_table(worst)
        titled = Table(table.name, f"What the worst loss hits at once: {hit[0].failure.name}", *_body(table))
        parts.append(to_text(titled, columns, MOST_ROWS))
    if any(trial.fewer_sites for trial in hit):
        parts.append(to_text(site_table(hit), columns, MOST_ROWS))
    if spared:
        parts.append(_spared(spared, columns))
    return "\n\n".join(filter(None, parts)) + "\n"


def _body(table: Table) -> tuple[Sequence[Column], Sequence[Sequence[Any]]]:
    """Leave out the name of the loss, which the title says."""
    return table.columns[1:], [row[1:] for row in table.rows]


def _head(problem: Problem, present: Plan, trials: Sequence[Trial], columns: int) -> str:
    lost = [trial for trial in trials if trial.damage]
    return facts(
        [
            ("losses for", f"{problem.name} ({problem.digest[:19]})"),
            ("present plan", f"{money(present.cost.total_usd)} USD, {_unserved(present.unserved)}"),
            ("hit", f"{len(lost):,} of {len(trials):,} losses hit the present plan"),
            ("after re-plans", _after(lost, present)),
            *_gaps(lost),
            *_protection(problem, present, lost),
        ],
        columns,
    )


def _after(lost: Sequence[Trial], present: Plan) -> str:
    done = [trial for trial in lost if trial.unserved_after is not None]
    if lost and not done:
        return "nothing was planned anew"
    worse = sum((trial.unserved_after or 0.0) > present.unserved + ROUNDING for trial in done)
    missing = f"; {len(lost) - len(done):,} without a re-plan" if len(done) < len(lost) else ""
    return f"{worse:,} of {len(done):,} leave out more than the present plan{missing}"


def _gaps(trials: Sequence[Trial]) -> list[tuple[str, str]]:
    """Return what gaps are of where re-plans leave out more than is proven, with the one that does most."""
    open_ = [(trial, plan) for trial in trials if (plan := _planned_anew(trial)) and unproven_work(plan) > 0]
    if not open_:
        return []
    trial, plan = max(open_, key=lambda each: unproven_work(each[1]))
    figures = f"{number(plan.unserved, 3)}, of which {number(plan.unserved_bound, 3)} is proven to be of need"
    those = f"in {len(open_):,} of these of the work left out, which comes before cost"
    return [("gaps", f"{those}; the widest: {trial.failure.name} leaves out {figures}")]


def _protection(problem: Problem, present: Plan, trials: Sequence[Trial]) -> list[tuple[str, str]]:
    """Return what reserves for losses cost, which re-plans do without."""
    if not any(service.survive for service in problem.services):
        return []
    free = "re-plans keep no reserve for another loss"
    base = _unprotected(trials)
    if base is None:
        return [("reserves", f"{free}: extra USD is what the loss alone costs less what that saves")]
    saved = present.cost.total_usd - base.cost.total_usd
    side = "below" if saved >= 0 else "above"
    text = f"{free}: extra USD is {money(abs(saved))} USD {side} what the loss alone costs"
    if abs(base.unserved - present.unserved) <= ROUNDING:
        return [("reserves", f"{text}, which is their price")]
    return [("reserves", f"{text}; that is no price of theirs, as without them {_unserved(base.unserved)}")]


def _unprotected(trials: Sequence[Trial]) -> Plan | None:
    return next((trial.unprotected for trial in trials if trial.unprotected), None)


def _unserved(weight: float) -> str:
    return f"leaves out weight {number(weight, 3)}" if weight else "all work is placed"


def _spared(names: Sequence[str], columns: int) -> str:
    text = f"{len(names):,} hit nothing, the present plan stays as it is: {', '.join(names)}"
    return shorten(clean(text), columns - 1)


def _document(problem: Problem, present: Plan, trials: Sequence[Trial]) -> dict[str, Any]:
    base = _unprotected(trials)
    return {
        "name": problem.name,
        "digest": problem.digest,
        "present": {
            "status": present.status,
            "gap": present.gap,
            "unserved": present.unserved,
            "cost_usd": present.cost.total_usd,
            "cost_in_all_usd": present.cost_in_all.total_usd,
            "unprotected_cost_usd": base.cost.total_usd if base else None,
        },
        "losses": [_entry(trial) for trial in trials],
    }


def _entry(trial: Trial) -> dict[str, Any]:
    failure, damage, anew = trial.failure, trial.damage, _planned_anew(trial)
    return {
        "loss": failure.name,
        "kind": failure.kind,
        "scenario": failure.scenario.name,
        "data_centers": sorted(failure.data_centers),
        "links": sorted(failure.links),
        "at_once": {
            "jobs": damage.jobs,
            "services": damage.services,
            "requests_per_second": damage.requests_per_second,
            "accelerators": damage.accelerators,
            "unserved": damage.unserved,
            "workloads": workload_table([trial]).records(),
        },
        "fewer_sites": site_table([trial]).records(),
        "replan": {
            "verdict": trial.verdict,
            "gap": anew.gap if anew else None,
            "unserved": trial.unserved_after,
            "unserved_bound": anew.unserved_bound if anew else None,
            "recovered": trial.recovered,
            "extra_usd": trial.extra_usd,
            "extra_unprotected_usd": trial.extra_unprotected_usd,
            "extra_in_all_usd": trial.extra_in_all_usd,
        },
    }
