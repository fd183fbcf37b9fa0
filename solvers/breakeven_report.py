"""A break-even as text for people, JSON or CSV."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ..routing.commitments import WHERE
from ..routing.owning import Sweep
from ..routing.plan import Cost
from ..routing.tables import (
    Column,
    Table,
    as_spare,
    money_column,
    number_column,
    text_column,
    to_csv,
    to_json,
    to_text,
)
from ..routing.text import clean, percent, shorten
from .bisection import NOISE, Breakeven, Case, Point

MOST_ROWS = 100
NAME_COLUMNS = 16


STOPPED = ". It was stopped before its end, so that values are missing or not narrowed"


def render_breakeven(
    found: Breakeven,
    sweep: Sweep,
    cases: tuple[str, str],
    form: str,
    columns: int,
    *,
    is_stopped: bool = False,
) -> str:
    """Return a break-even as ``table``, ``json`` or ``csv``; ``cases`` are the names of own and cloud.

    ``is_stopped`` tells that it was not sought to the end.
    """
    if form == "json":
        return to_json({**_document(found, sweep, cases), "is_complete": not is_stopped})
    if form == "csv":
        return to_csv(_curve(found, sweep))
    own, other = (shorten(clean(name), NAME_COLUMNS) for name in cases)
    curve = _sides(found, sweep, (own, other))
    told = verdict(found, sweep, cases) + (STOPPED if is_stopped else "")
    said = [told, *_commitments(found, cases)]
    parts = [textwrap.fill(clean(line), columns) for line in said] + [to_text(curve, columns, 2 * MOST_ROWS)]
    parts.append(to_text(_composition(found.owned, sweep, cases), columns, MOST_ROWS))
    return "\n\n".join(parts)


def verdict(found: Breakeven, sweep: Sweep, cases: tuple[str, str]) -> str:
    """Return the answer in words."""
    own, cloud = cases
    if found.bracket is None:
        pays = "is better" if found.answer == "always" else "is no better"
        span = f"from {found.points[0].value:g} to {found.points[-1].value:g} ({sweep.heading})"
        proof = _proof_everywhere(found)
        return f"{own} {pays} than {cloud} at every value tried {span}; {proof}{_caveats(found)}"
    more = f"; it changes {found.changes} times, and this is the first" if found.changes > 1 else ""
    return f"{own} {_pays(found, sweep)}; {_unproven(found)}{more}{_caveats(found)}"


def _pays(found: Breakeven, sweep: Sweep) -> str:
    """Say from, or up to, which value owning pays for certain, or seems to."""
    word = "from" if found.answer == "from" else "up to"
    if found.value is not None:
        return f"pays {word} {found.value:.5g} ({sweep.heading}), where that is proven"
    return f"seems to pay {word} {found.owned.value:.5g} ({sweep.heading}), which is not proven"


def _unproven(found: Breakeven) -> str:
    """Say between which values it is not proven which case is better."""
    low, high = (None if value is None else f"{value:.5g}" for value in found.band)
    help_ = "a smaller --gap or more time may help"
    if low is None and high is None:
        return f"nothing is proven on either side: {help_}"
    if low is None or high is None:
        return f"nothing is proven {'below ' + str(high) if low is None else 'above ' + low}: {help_}"
    end = low if found.answer == "from" else high
    return f"at {end} it is proven not to, and in between nothing is proven"


def _commitments(found: Breakeven, cases: tuple[str, str]) -> Iterator[str]:
    """Say of each case what is committed at pools that it takes out, at the least and the largest value."""
    first, last = found.points[0], found.points[-1]
    for name, one, other in zip(cases, (first.own, first.cloud), (last.own, last.cloud), strict=True):
        if not one.sunk and not other.sunk:
            continue
        at = "" if one.sunk == other.sunk else f" at {first.value:g} and {other.sunk} at {last.value:g}"
        yield f"commitments: {name} {one.sunk}{at} {WHERE}"


def _proof_everywhere(found: Breakeven) -> str:
    winner = "own" if found.answer == "always" else "cloud"
    unsure = sum(point.proven != winner for point in found.points)
    return f"not proven at {unsure} of {len(found.points)}" if unsure else "proven at each"


def _caveats(found: Breakeven) -> str:
    """Say where not cost but work left out decides, and where capital does not count to the end of jobs."""
    remarks, total = "", len(found.points)
    uneven = sum(abs(point.own.plan.unserved - point.cloud.plan.unserved) > NOISE for point in found.points)
    if uneven:
        remarks += f". At {uneven} of {total} values one case leaves more work out, which counts before cost"
    remarks += _nothing_bought(found)
    if any(point.own.plan.outlasts_purchases for point in found.points):
        remarks += (
            ". Jobs that go on beyond the horizon pay for no modules there, so that owning looks too cheap: "
            "let the horizon be longer"
        )
    return remarks


def _nothing_bought(found: Breakeven) -> str:
    """Say so where modules could be bought and none are: at no value, or not where owning starts to pay."""
    chosen = found.owned if found.bracket is not None else None
    if not any(point.own.plan.purchases for point in found.points):
        where = "any value tried"
    elif chosen is not None and not chosen.own.plan.purchases:
        where = f"{chosen.value:.5g}"
    else:
        return ""
    return f". Nothing is bought at {where}" if _may_buy(found.points[0].own) else ""


def _curve(found: Breakeven, sweep: Sweep) -> Table:
    """Return one row for every point, for machines."""
    columns = (
        *map(text_column, (sweep.name, "own_usd", "own_bound_usd", "own_gap")),
        *map(text_column, ("cloud_usd", "cloud_bound_usd", "cloud_gap", "saving_usd")),
        *map(text_column, ("proven", "modules", "own_unserved", "cloud_unserved")),
    )
    names = ("own", "cloud")
    rows = [
        [point.value, *_figures(point.own), *_figures(point.cloud), point.saving_usd, _sure(point, names),
         _bought(point.own), *(case.plan.unserved or None for case in (point.own, point.cloud))]
        for point in found.points
    ]  # fmt: skip
    return Table("curve", "", columns, rows)


def _sides(found: Breakeven, sweep: Sweep, names: tuple[str, str]) -> Table:
    """Return one row for every case of every point, for people: each value has its bound beside it."""
    columns: tuple[Column, ...] = (
        number_column(sweep.name, sweep.name, 4),
        text_column("case"),
        money_column("usd", "cost USD"),
        money_column("bound_usd", "bound USD"),
        Column("gap", "gap", lambda gap: percent(None if gap is None else round(gap, 6), 3)),
        as_spare(money_column("saving_usd", "saving USD"), 2),
        text_column("proven", "surely better"),
        as_spare(text_column("modules", "modules bought")),
        number_column("unserved", "left out", 4),
    )
    rows = []
    for point in found.points:
        tail = [point.saving_usd, _sure(point, names), _bought(point.own)]
        left_out = [case.plan.unserved or None for case in (point.own, point.cloud)]
        rows.append([point.value, names[0], *_figures(point.own), *tail, left_out[0]])
        rows.append([None, names[1], *_figures(point.cloud), None, None, None, left_out[1]])
    return Table("curve", "Cost of both cases", columns, rows)


def _figures(case: Case) -> tuple[float | None, ...]:
    return case.plan.objective, case.plan.bound, case.plan.gap


def _sure(point: Point, names: tuple[str, str]) -> str:
    """Say which case is better for certain."""
    left_out = point.own.plan.unserved or point.cloud.plan.unserved
    if point.proven is not None and not left_out and abs(point.saving_usd) <= point.noise_usd:
        return "alike"
    return {"own": names[0], "cloud": names[1], None: "open"}[point.proven]


def _bought(case: Case) -> str:
    bought = ", ".join(f"{each.pool}: {each.modules}" for each in case.plan.purchases)
    return bought or ("none" if _may_buy(case) else "")


def _may_buy(case: Case) -> bool:
    return any(pool.expansion for pool in case.problem.pools)


def _composition(point: Point, sweep: Sweep, cases: tuple[str, str]) -> Table:
    costs = [point.own.plan.cost_in_all, point.cloud.plan.cost_in_all]
    kinds = [name for name in Cost.model_fields if any(getattr(cost, name) for cost in costs)]
    head = (text_column("cost"), *(money_column(name, f"{clean(name)} USD") for name in cases))
    rows = [
        [kind.removesuffix("_usd"), *(getattr(cost, kind) for cost in costs)]
        for kind in [*kinds, "total_usd"]
    ]
    return Table("composition", f"What it costs at {sweep.name} {point.value:.5g}", head, rows)


def _document(found: Breakeven, sweep: Sweep, cases: tuple[str, str]) -> dict[str, Any]:
    modules = {each.pool: each.modules for each in found.owned.own.plan.purchases}
    return {
        "sweep": sweep.name,
        "meaning": sweep.heading,
        "own": cases[0],
        "cloud": cases[1],
        "answer": found.answer,
        "breakeven": found.value,
        "bracket": None if found.bracket is None else [point.value for point in found.bracket],
        "proven_band": list(found.band),
        "changes": found.changes,
        "modules_at_breakeven": modules if found.bracket is not None else {},
        "points": [_point(point) for point in found.points],
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "value": point.value,
        "saving_usd": point.saving_usd,
        "better": point.best,
        "proven": point.proven,
        "own": _case(point.own),
        "cloud": _case(point.cloud),
    }


def _case(case: Case) -> dict[str, Any]:
    plan = case.plan
    return {
        "objective_usd": plan.objective,
        "bound_usd": plan.bound,
        "gap": plan.gap,
        "unserved": plan.unserved,
        "unserved_bound": plan.unserved_bound,
        "cost": plan.cost.model_dump(),
        "cost_in_all": plan.cost_in_all.model_dump(),
        "tco2e": plan.emission.tco2e,
        "modules": {each.pool: each.modules for each in plan.purchases},
        "sunk": asdict(case.sunk),
        "problem_digest": plan.problem_digest,
    }
