"""What jobs and services take together, as linear expressions; the limits of ``model`` are put on these."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .facts import Facts
from .paths import Direction
from .program import Program, Terms


def _table() -> defaultdict[object, Terms]:
    return defaultdict(Terms)


@dataclass
class Totals:
    """Sums over all workloads."""

    held: defaultdict[tuple[str, int], Terms] = field(default_factory=_table)
    """Accelerators in use by pool and period."""
    spot: defaultdict[tuple[str, int], Terms] = field(default_factory=_table)
    """Those of them that pay the spot price."""
    ordinary_hours: defaultdict[tuple[str, int], Terms] = field(default_factory=_table)
    """Accelerator-hours at the ordinary price by pool and period."""
    hours: defaultdict[str, Terms] = field(default_factory=_table)
    """Accelerator-hours by pool, within the horizon."""
    gbps: defaultdict[tuple[str, str, int], Terms] = field(default_factory=_table)
    """Traffic by link, node that is left, and period."""
    usd: Terms = field(default_factory=Terms)
    """Money within the horizon."""
    usd_beyond: Terms = field(default_factory=Terms)
    tonnes: Terms = field(default_factory=Terms)
    """Emissions within the horizon, tCO2e."""
    tonnes_beyond: Terms = field(default_factory=Terms)
    milliseconds: Terms = field(default_factory=Terms)
    """Round trips of all requests."""
    unserved: Terms = field(default_factory=Terms)
    moves: Terms = field(default_factory=Terms)

    def run(self, facts: Facts, pool: str, t: int, column: int, accelerator_hours: float, spot: bool) -> None:
        """Add accelerator-hours in a period: their bill, energy and emissions."""
        it = facts.pools[pool]
        self.hours[pool][column] += accelerator_hours
        if spot:
            self.usd[column] += accelerator_hours * (it.spot_usd_per_accelerator_hour or 0.0)
        else:
            self.ordinary_hours[pool, t][column] += accelerator_hours
        self.usd[column] += accelerator_hours * facts.energy_usd(it)[t]
        self.tonnes[column] += accelerator_hours * facts.tonnes(it)[t]


@dataclass(frozen=True)
class Route:
    """What taking a route costs and where it goes."""

    usd: float
    cost: float
    """By the objective."""
    load: Counter[Direction]
    """Gbit/s on each link and direction, per unit of what takes the route."""
    milliseconds: float = 0.0
    """Round trips of the requests."""


def without_dominated(routes: Sequence[Route], narrow: Callable[[str], bool], cheapest: bool) -> list[Route]:
    """Return the routes but those that another one betters in cost, money and on each link that may be full.

    With ``cheapest`` only that of least cost, as the planner offers where no link may be full.
    """
    kept: list[Route] = []
    for route in sorted(routes, key=lambda each: (each.cost, each.usd, sum(each.load.values()))):
        if not any(_betters(other, route, narrow) for other in kept):
            kept.append(route)
    return kept[:1] if cheapest else kept


def _betters(one: Route, other: Route, narrow: Callable[[str], bool]) -> bool:
    loads = ((load, other.load[at]) for at, load in one.load.items() if narrow(at[0]))
    return one.cost <= other.cost and one.usd <= other.usd and all(load <= most for load, most in loads)


def choose(program: Program, column: int, routes: Sequence[Route]) -> list[tuple[int, Route]]:
    """Return a column for each route, one of which is taken if ``column`` is."""
    if len(routes) == 1:
        return [(column, routes[0])]
    taken = [(program.binary(), route) for route in routes]
    program.equal(Terms().add({each: 1.0 for each, _ in taken}).add({column: -1.0}), 0)
    return taken


def both(program: Program, one: int, other: int) -> int:
    """Return a column that is at least 1 where two binaries are."""
    product = program.column(1)
    program.at_least(Terms().add({product: 1.0, one: -1.0, other: -1.0}), -1)
    return product
