"""What the rows of a table come to, per group and solver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from benchmarks.table import OURS, Row, percent

SOLVED = ("optimal", "feasible", "infeasible")


@dataclass(frozen=True)
class Summary:
    """One solver on one group.

    Attributes
    ----------
    instances, solved
        How many there are, and of how many there is a checked solution or a proof that there is none.
    mean_to_best, worst_to_best
        Relative distance to the best known value, of the instances with a solution.
    mean_gap, mean_seconds
        Of the instances that tell one.
    cost_ratio, time_ratio
        Mean of this solver's objective, and of its seconds, over ours: of the instances that both solved.
    """

    group: str
    solver: str
    instances: int
    solved: int
    mean_to_best: float | None
    worst_to_best: float | None
    mean_gap: float | None
    mean_seconds: float | None
    cost_ratio: float | None
    time_ratio: float | None


def summaries(rows: Sequence[Row]) -> list[Summary]:
    """Return a summary per group and solver, in alphabetical order."""
    ours = {(row.known.group, row.known.instance): row for row in rows if row.solver == OURS}
    keys = dict.fromkeys((row.known.group, row.solver) for row in rows)
    return [
        _summary([row for row in rows if (row.known.group, row.solver) == key], ours) for key in sorted(keys)
    ]


def _summary(rows: list[Row], ours: dict[tuple[str, str], Row]) -> Summary:
    distances = [row.to_best for row in rows if row.to_best is not None]
    both = [(row, ours[key]) for row in rows if (key := (row.known.group, row.known.instance)) in ours]
    both = [pair for pair in both if all(_solved(row) for row in pair)]
    return Summary(
        group=rows[0].known.group,
        solver=rows[0].solver,
        instances=len(rows),
        solved=sum(map(_solved, rows)),
        mean_to_best=_mean(distances),
        worst_to_best=max(distances, default=None),
        mean_gap=_mean(_told(rows, "gap")),
        mean_seconds=_mean(_told(rows, "seconds")),
        cost_ratio=_mean(_ratios(both, "objective")),
        time_ratio=_mean(_ratios(both, "seconds")),
    )


def _solved(row: Row) -> bool:
    return row.told.get("status") in SOLVED


def _told(rows: Sequence[Row], name: str) -> list[float]:
    return [row.told[name] for row in rows if row.told.get(name) is not None]


def _ratios(pairs: Sequence[tuple[Row, Row]], name: str) -> list[float]:
    """Return one value over the other for the pairs that have both."""
    values = [(one.told.get(name), other.told.get(name)) for one, other in pairs]
    return [one / other for one, other in values if one is not None and other]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def write_summary(stream: TextIO, found: Sequence[Summary]) -> None:
    """Write the summaries; ``cost`` and ``time`` are ratios to ours."""
    cells = [
        f"{'group':20}",
        f"{'solver':7}",
        f"{'solved':>9}",
        f"{'mean':>9}",
        f"{'worst':>9}",
        f"{'gap':>9}",
    ]
    stream.write("\n" + " ".join([*cells, f"{'seconds':>9}", f"{'cost':>9}", f"{'time':>9}"]) + "\n")
    for each in found:
        solved = f"{each.solved}/{each.instances}"
        cells = [f"{each.group:20}", f"{each.solver:7}", f"{solved:>9}", f"{percent(each.mean_to_best):>9}"]
        cells += [f"{percent(each.worst_to_best):>9}", f"{percent(each.mean_gap):>9}"]
        cells += [f"{_fixed(each.mean_seconds, 1):>9}"]
        cells += [f"{_fixed(each.cost_ratio, 5):>9}", f"{_fixed(each.time_ratio, 2):>9}"]
        stream.write(" ".join(cells) + "\n")


def _fixed(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
