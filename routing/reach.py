"""How far data centers are from users and data, and what each data policy can reach."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from .errors import UnknownNameError
from .layout import GAP
from .overview import origins
from .paths import PathFinder
from .policies import Residency
from .problem import Problem
from .tables import MORE, Table, number_column, text_column, to_text
from .text import number, shorten

NO_POLICY = "(no policy)"
_NAME_COLUMNS = 18
_CELL_COLUMNS = 14


class Reach:
    """The round trips that each policy of a problem permits, from where data is to the data centers."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.origins = origins(problem)
        self.sites = [site.id for site in problem.data_centers]
        self._paths = PathFinder(problem)

    def residency(self, policy: str | None) -> Residency:
        """Return what a policy permits; raises :class:`UnknownNameError` for an unknown one."""
        known = [known.id for known in self.problem.policies]
        if policy is not None and policy not in known:
            raise UnknownNameError("policy", policy, known)
        return self.problem.residency(policy)

    def may_process(self, policy: str | None) -> list[bool]:
        """Return, per data center, whether the policy lets data be processed there."""
        residency = self.residency(policy)
        return [residency.may_process(site.jurisdiction) for site in self.problem.data_centers]

    def rtt_ms(self, policy: str | None) -> list[list[float | None]]:
        """Return the least round trip from each origin to each data center, None where there is no way."""
        matrix = self._paths.shortest_rtt_matrix(self.origins, self.sites, self.residency(policy))
        return [[float(rtt) if math.isfinite(rtt) else None for rtt in row] for row in matrix]


def rtt_table(reach: Reach, policy: str | None) -> Table:
    """Return the round trips with one row per origin and data center."""
    columns = (
        text_column("location"),
        text_column("data_center"),
        text_column("may_process"),
        number_column("rtt_ms", "rtt ms", 2),
    )
    allowed = reach.may_process(policy)
    rows = [
        [origin, site, allowed[at], row[at]]
        for origin, row in zip(reach.origins, reach.rtt_ms(policy), strict=True)
        for at, site in enumerate(reach.sites)
    ]
    return Table("rtt", _rtt_title(policy), columns, rows)


def _rtt_title(policy: str | None) -> str:
    rules = f"policy {policy!r}" if policy else "no policy"
    return f"Least round trip in ms under {rules} ('-': no way, 'x': data may not be processed there)"


def rtt_text(reach: Reach, policy: str | None, columns: int, limit: int) -> str:
    """Return the round trips as a matrix, in as many blocks of data centers as the width asks for."""
    per_block = max(1, (columns - _NAME_COLUMNS) // (_CELL_COLUMNS + len(GAP)))
    shown = reach.sites[:limit]
    cells = _cells(reach, policy)
    blocks = [
        _block(
            reach.origins[:limit],
            shown[first : first + per_block],
            [row[first : first + per_block] for row in cells],
        )
        for first in range(0, len(shown), per_block)
    ]
    return _rtt_title(policy) + "\n" + "\n\n".join([*blocks, *_hidden(reach, limit)])


def _cells(reach: Reach, policy: str | None) -> list[list[str]]:
    allowed = reach.may_process(policy)
    return [
        [number(rtt, 2) if fine else "x" for rtt, fine in zip(row, allowed, strict=True)]
        for row in reach.rtt_ms(policy)
    ]


def _block(names: list[str], sites: list[str], cells: list[list[str]]) -> str:
    table = Table(
        "block",
        "",
        [text_column("location"), *(number_column(shorten(site, _CELL_COLUMNS)) for site in sites)],
        [[shorten(name, _NAME_COLUMNS), *row] for name, row in zip(names, cells, strict=False)],
    )
    return to_text(table, 10_000, len(names))


def _hidden(reach: Reach, limit: int) -> Iterator[str]:
    rows, columns = max(0, len(reach.origins) - limit), max(0, len(reach.sites) - limit)
    if rows or columns:
        yield f"... and {rows:,} more places, {columns:,} more data centers {MORE}"


def reach_table(reach: Reach, policy: str | None) -> Table:
    """Return what one policy reaches, per data center, or what every policy reaches where none is named."""
    return _reach_by_site(reach, policy) if policy else _reach_by_policy(reach)


def _reach_by_policy(reach: Reach) -> Table:
    columns = (
        text_column("policy"),
        number_column("data_centers", "may process at"),
        number_column("pairs", "pairs reached"),
        number_column("all_pairs", "of pairs"),
        text_column("sites", "data centers"),
    )
    policies = [None, *(policy.id for policy in reach.problem.policies)]
    rows = [_policy_row(reach, policy) for policy in policies]
    return Table("reach", f"What each policy can reach, of {len(reach.sites)} data centers", columns, rows)


def _policy_row(reach: Reach, policy: str | None) -> list[Any]:
    allowed = reach.may_process(policy)
    sites = tuple(site for site, fine in zip(reach.sites, allowed, strict=True) if fine)
    reached = sum(
        rtt is not None and fine
        for row in reach.rtt_ms(policy)
        for rtt, fine in zip(row, allowed, strict=True)
    )
    return [policy or NO_POLICY, len(sites), reached, len(reach.origins) * len(reach.sites), sites]


def _reach_by_site(reach: Reach, policy: str) -> Table:
    columns = (
        text_column("data_center", "data center"),
        text_column("jurisdiction", "law"),
        text_column("may_process", "may process"),
        number_column("locations", "places in reach"),
        number_column("least_rtt_ms", "least rtt ms", 2),
        number_column("most_rtt_ms", "most rtt ms", 2),
    )
    rows = [
        [site.id, site.jurisdiction, fine, *_spread([rtt for rtt in column if rtt is not None])]
        for site, fine, column in zip(
            reach.problem.data_centers, reach.may_process(policy), _by_site(reach, policy), strict=True
        )
    ]
    title = f"What policy {policy!r} can reach, of {len(reach.origins)} places with users or data"
    return Table("reach", title, columns, rows)


def _by_site(reach: Reach, policy: str) -> list[list[float | None]]:
    matrix = reach.rtt_ms(policy)
    return [[row[at] for row in matrix] for at in range(len(reach.sites))]


def _spread(trips: list[float]) -> tuple[int, float | None, float | None]:
    return len(trips), min(trips, default=None), max(trips, default=None)
