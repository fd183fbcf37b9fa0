"""Owners alone against all of them together, for people and machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .hourly import Hour
from .owners import public_sites
from .plan_parts import IDLE
from .pooling import Party, Pooling, Side, mean
from .pooling_reasons import same_work_usd, worse_reasons
from .tables import (
    Table,
    as_spare,
    facts,
    money_column,
    number_column,
    plural,
    text_column,
    to_csv,
    to_json,
    to_text,
)
from .text import money, number

TABLE_NAMES = ("owners", "hours", "left_out")
MOST_ROWS = 60
ALL = "(all)"


def render_pooling(found: Pooling, *, form: str, name: str | None = None, columns: int = 110) -> str:
    """Return the comparison as ``table``, ``json`` or ``csv``; ``name`` picks one table."""
    tables = {table.name: table for table in (owner_table(found), hour_table(found), left_out_table(found))}
    if name is None and form == "json":
        records = {key: table.records() for key, table in tables.items()}
        return to_json(_totals(found) | records)
    if name is None and form == "table":
        shown = [to_text(table, columns, MOST_ROWS) for table in tables.values() if table.rows]
        return "\n\n".join([facts(_head(found), columns), *shown]) + "\n"
    table = tables[name or "owners"]
    if form == "json":
        return to_json(table.records())
    return to_csv(table) if form == "csv" else to_text(table, columns, MOST_ROWS)


def owner_table(found: Pooling) -> Table:
    """Return one row per owner, one for what no workload used, and the total."""
    columns = (
        text_column("owner"),
        as_spare(number_column("workloads", "work")),
        as_spare(number_column("installed", "cards")),
        number_column("alone_percent", "used alone %", 1),
        number_column("together_percent", "together %", 1),
        number_column("alone_unserved", "left out alone", 3),
        number_column("together_unserved", "together", 3),
        money_column("alone_usd", "USD alone"),
        money_column("together_usd", "together"),
    )
    rows = [_owner_row(found, party) for party in found.parties]
    idle = [None if side is None else side.money_usd.get(IDLE, 0.0) for side in _sides(found)]
    if any(idle):
        rows.append([IDLE, *[None] * 6, *idle])
    title = "Owners: accelerators in use at their sites, weight and money of their workloads"
    return Table("owners", title, columns, [*rows, _total_row(found)])


def _sides(found: Pooling) -> tuple[Side | None, Side | None]:
    return found.all_alone, found.shared


def _owner_row(found: Pooling, party: Party) -> list[Any]:
    alone = found.alone.get(party.name)
    hours = [homes.get(party.name) for homes in (found.alone_at_home, found.at_home)]
    return [
        party.name,
        len(party.workloads),
        _installed(found, hours[1] or hours[0]),
        *(_percent(found, each) for each in hours),
        *(_of(side.unserved, party) if side else None for side in (alone, found.shared)),
        *(_of(side.money_usd, party) if side else None for side in (alone, found.shared)),
    ]


def _of(amounts: Mapping[str, float], party: Party) -> float:
    return sum(amount for name, amount in amounts.items() if name in party.workloads)


def _total_row(found: Pooling) -> list[Any]:
    sides = _sides(found)
    hours = [side.hours if side else None for side in sides]
    return [
        ALL,
        sum(len(party.workloads) for party in found.parties),
        _installed(found, hours[1] or hours[0]),
        *(_percent(found, each) for each in hours),
        *(sum(side.unserved.values()) if side else None for side in sides),
        *(sum(side.money_usd.values()) if side else None for side in sides),
    ]


def _installed(found: Pooling, hours: Sequence[Hour] | None) -> float | None:
    return mean(found.problem, [hour.installed for hour in hours]) if hours else None


def _percent(found: Pooling, hours: Sequence[Hour] | None) -> float | None:
    if not hours:
        return None
    installed = _installed(found, hours)
    return 100 * mean(found.problem, [hour.used for hour in hours]) / installed if installed else 0.0


def hour_table(found: Pooling) -> Table:
    """Return one row per period: how full, with what, what is not served, compute and energy."""
    columns = (
        text_column("period"),
        number_column("alone_percent", "alone %", 1),
        number_column("together_percent", "together %", 1),
        as_spare(number_column("serving")),
        as_spare(number_column("training")),
        as_spare(number_column("interruptible", "may pause")),
        number_column("alone_unserved_requests_per_second", "req/s lost alone", 1),
        number_column("together_unserved_requests_per_second", "together", 1),
        money_column("alone_usd", "USD alone"),
        money_column("together_usd", "together"),
    )
    alone, shared = _sides(found)
    pairs = zip(alone.hours, shared.hours, strict=True) if alone and shared else ()
    rows = [_hour_row(one, other) for one, other in pairs]
    title = (
        "Hours: accelerators in use; together by serving, training, training that may pause; compute, energy"
    )
    return Table("hours", title, columns, rows)


def _hour_row(alone: Hour, shared: Hour) -> list[Any]:
    full = [100 * hour.used / hour.installed if hour.installed else 0.0 for hour in (alone, shared)]
    kinds = [shared.serving, shared.training, shared.interruptible]
    lost = [alone.unserved_requests_per_second, shared.unserved_requests_per_second]
    return [shared.period, *full, *kinds, *lost, alone.usd, shared.usd]


def left_out_table(found: Pooling) -> Table:
    """Return the workloads that are left out, wholly or in part, on either side."""
    columns = (
        text_column("workload"),
        text_column("owner"),
        number_column("alone_unserved", "weight alone", 3),
        number_column("together_unserved", "together", 3),
    )
    alone, shared = _sides(found)
    weights = [side.unserved if side else None for side in (alone, shared)]
    works = [work for work in found.problem.workloads if any(each and each.get(work.id) for each in weights)]
    rows = [
        [work.id, work.owner, *(None if each is None else each.get(work.id, 0.0) for each in weights)]
        for work in works
    ]
    return Table("left_out", f"Left out, wholly or in part ({len(rows)})", columns, rows)


def _head(found: Pooling) -> Iterator[tuple[str, str]]:
    problem = found.problem
    count = sum(len(party.workloads) for party in found.parties)
    nobodys = len(found.left_over)
    yield "pooling for", f"{problem.name} ({problem.digest[:19]})"
    beside = f"; {plural(nobodys, 'workload')} without an owner on neither side" if nobodys else ""
    sites = plural(len(problem.data_centers), "data center")
    yield "counted", f"{plural(count, 'workload')} of {plural(len(found.parties), 'owner')}, {sites}{beside}"
    if public := public_sites(problem):
        sold = plural(len(public), "data center")
        yield "for all", f"{sold} of clouds: each alone may rent there what owners before it leave"
    for name, side in zip(("each alone", "together"), _sides(found), strict=True):
        yield name, _side(found, side)
    if same := _same_work(found):
        usd = f"{money(same['alone_usd'])} USD alone, {money(same['together_usd'])} USD together"
        yield "same work", f"{plural(same['workloads'], 'workload')} served wholly by both: {usd}"
    for number_of, reason in enumerate(worse_reasons(found)):
        yield "" if number_of else "because", reason


def _side(found: Pooling, side: Side | None) -> str:
    if side is None:
        return "no plan, or not of all"
    weight = sum(side.unserved.values())
    used = (
        f"{number(_percent(found, side.hours), 1)} % of {number(_installed(found, side.hours))} accelerators"
    )
    return f"{used} in use, weight {number(weight, 3)} left out, {money(sum(side.money_usd.values()))} USD"


def _same_work(found: Pooling) -> dict[str, Any] | None:
    """Return what the workloads cost that both sides serve wholly: only that can be compared."""
    names, usd = found.served_by_both, same_work_usd(found)
    if names is None or usd is None:
        return None
    return {"workloads": len(names), "alone_usd": usd[0], "together_usd": usd[1]}


def _totals(found: Pooling) -> dict[str, Any]:
    return {
        "name": found.problem.name,
        "digest": found.problem.digest,
        "without_owner": list(found.left_over),
        "for_all": sorted(public_sites(found.problem)),
        "same_work": _same_work(found),
        "worse_because": worse_reasons(found),
        "overdrawn": [asdict(each) for each in found.joint.overdrawn],
        "totals": {
            name: side and _total(found, side)
            for name, side in zip(("alone", "together"), _sides(found), strict=True)
        },
    }


def _total(found: Pooling, side: Side) -> dict[str, float | None]:
    percent = _percent(found, side.hours)
    return {
        "installed": _installed(found, side.hours),
        "utilization": None if percent is None else percent / 100,
        "unserved": sum(side.unserved.values()),
        "money_usd": sum(side.money_usd.values()),
    }
