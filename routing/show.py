"""What ``route show`` prints: sites, pools, links, round trips and reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import UnknownNameError
from .overview import link_table, pool_table, site_table
from .problem import Problem
from .reach import Reach, reach_table, rtt_table, rtt_text
from .report import MOST_ROWS
from .tables import Table, to_csv, to_json, to_text

SHOWN = ("sites", "pools", "links", "rtt", "reach")
"""Tables of ``route show``."""


def render_problem(problem: Problem, policy: str | None, form: str, name: str | None, columns: int) -> str:
    """Return the sites, pools and links of a problem, its round trips and what its policies reach.

    Raises
    ------
    UnknownNameError
        When there is no such policy, or no such table.
    """
    reach = Reach(problem)
    reach.residency(policy)
    tables: Mapping[str, Callable[[], Table]] = {
        "sites": lambda: site_table(problem),
        "pools": lambda: pool_table(problem),
        "links": lambda: link_table(problem),
        "rtt": lambda: rtt_table(reach, policy),
        "reach": lambda: reach_table(reach, policy),
    }
    names = [name] if name else ["sites"] if form == "csv" else list(SHOWN)
    if unknown := [given for given in names if given not in tables]:
        raise UnknownNameError("table", unknown[0], SHOWN)
    if form == "csv":
        return to_csv(tables[names[0]]())
    if form == "json":
        return to_json(_problem_document(problem, policy, {key: tables[key]().records() for key in names}))
    return "\n\n".join(
        rtt_text(reach, policy, columns, MOST_ROWS)
        if key == "rtt"
        else to_text(tables[key](), columns, MOST_ROWS)
        for key in names
    )


def _problem_document(problem: Problem, policy: str | None, tables: dict[str, Any]) -> dict[str, Any]:
    return {"name": problem.name, "digest": problem.digest, "policy": policy, **tables}
