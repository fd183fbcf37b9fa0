"""How a problem hangs together, measured after admissibility, and the solver that suits it.

Workloads are blocks that meet in shared limits (pools, links, power, budget and so on). What counts is not
how many limits there are but which of them could bind, and how many blocks would meet there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..routing.text import plural
from .admissible.services import replica_limits
from .arrays import Bools
from .market.answers.columns import joined
from .market.answers.placing import has_relieved_rows
from .market.form.goods import GoodPrices
from .market.form.market import Market
from .market.form.units import Unit
from .market.pricing.appraisal import appraise
from .market.pricing.candidates import job_columns, service_columns
from .model.size import MOST_COLUMNS

SMALL_COLUMNS = 12_000
"""Columns up to which the exact solver takes the model as one program."""
PERIOD_COLUMNS = 6_000
"""Columns for every period up to which the exact search was found better: it decides period by period what is
left when jobs and sites are decided."""
MOST_MEETINGS = 165_000
"""Limits that could bind times blocks that meet there, up to which that holds."""
MOST_SEARCHED = 120_000
"""Columns up to which it does: from 198,000 on the exact search was much worse, with work left out."""
OVER = 1e-9
"""Relative excess above which a limit counts as broken."""


@dataclass(frozen=True)
class Structure:
    """What is measured.

    Attributes
    ----------
    columns
        Of the whole model, about: shares of demands, replicas, starts of jobs, periods in which they may run.
    blocks
        Jobs, and periods of services (a service with limits on its sites is one block over all periods).
    contested
        Shared limits that could bind: those that would be broken, or widened at a price, if every block took
        what is cheapest for it alone. None where the model is too large to look.
    meeting
        Blocks that could use one of these.
    periods
        Of the horizon.
    has_shares
        Whether a limit is a share of what is used, as those of providers: what fits depends on all else then.
    """

    columns: int
    blocks: int
    contested: int | None = None
    meeting: int | None = None
    periods: int = 1
    has_shares: bool = False

    @property
    def suits_exact(self) -> bool:
        """Whether the exact search gets far: in every period, or further than the decomposition."""
        return self.has_shares or self.columns <= PERIOD_COLUMNS * self.periods


@dataclass(frozen=True)
class Choice:
    """A solver by name, why it is the one, and which came after it or beside it, if any."""

    solver: Literal["highs", "decomposition"]
    reason: str
    then: str | None = None
    beside: str | None = None

    def __str__(self) -> str:
        names = f"{self.solver}, then {self.then}" if self.then else self.solver
        names += f" with {self.beside} beside" if self.beside else ""
        return f"auto: {names} ({self.reason})"


def measure(market: Market) -> Structure:
    """Return the structure of a problem after admissibility."""
    columns, periods = model_columns(market), market.rates.periods
    if columns > MOST_COLUMNS:
        return Structure(columns, market.blocks, periods=periods)
    contested = contested_rows(market)
    meeting = meeting_blocks(market, contested)
    alone = beyond_alone(market)
    meeting[np.flatnonzero(alone)] = True
    return Structure(
        columns=columns,
        blocks=market.blocks,
        contested=int(contested.sum() + alone.sum()),
        meeting=int(meeting.sum()),
        periods=periods,
        has_shares=has_relieved_rows(market),
    )


def choose(structure: Structure) -> Choice:
    """Return which solver suits a structure."""
    size = plural(structure.columns, "column")
    if structure.contested is None or structure.meeting is None:
        return Choice("decomposition", f"{size}, {MOST_COLUMNS:,} at most are tried as one model")
    if structure.contested == 0:
        return Choice("decomposition", f"{size}, no shared limit could bind")
    limits = plural(structure.contested, "shared limit")
    meeting = f"{structure.meeting:,} of {plural(structure.blocks, 'block')} meet there"
    why = f"{size}, {limits} could bind, {meeting}"
    is_loose = structure.contested * structure.meeting <= MOST_MEETINGS
    is_exact = structure.columns <= SMALL_COLUMNS or (
        structure.suits_exact and is_loose and structure.columns <= MOST_SEARCHED
    )
    return Choice("highs" if is_exact else "decomposition", why)


def model_columns(market: Market) -> int:
    """Return how many columns the whole model has, save those few that follow from the others."""
    services = market.services
    shares = np.count_nonzero(services.demand, axis=1)[services.arc_demand].sum()
    unserved = np.count_nonzero(services.demand)
    replicas = np.count_nonzero(replica_limits(market.problem, services))
    starts, hours = np.count_nonzero(market.spans.possible), np.count_nonzero(market.rooms > 0)
    return int(shares + unserved + replicas + starts + hours + len(market.pausing) + len(market.problem.jobs))


def contested_rows(market: Market) -> Bools:
    """Return which shared rows (R) would be broken if every block took what is cheapest for it alone."""
    free = np.zeros(len(market.rules.capacity))
    told = appraise(market, free, 1.0, whole=False)
    cheapest = joined([job_columns(market, told, 1), service_columns(market, told)])
    load = np.asarray((cheapest.goods @ market.rules.use).sum(axis=0)).ravel()
    room = market.rules.capacity + OVER * np.maximum(1.0, np.abs(market.rules.capacity))
    broken = np.asarray(load > room)
    broken[market.rules.counting] = False
    return broken


def beyond_alone(market: Market) -> Bools:
    """Return which jobs (J) have options, but none that the links of its one route bear: they do bind."""
    found = np.zeros(len(market.problem.jobs), dtype=bool)
    found[market.jobs.table.job] = True
    return found & ~market.placeable


def meeting_blocks(market: Market, rows: Bools) -> Bools:
    """Return which blocks (B) could use one of the ``rows``."""
    wanted = np.asarray(abs(market.rules.use) @ rows.astype(float))
    prices = GoodPrices.of(market.rules.goods, wanted)
    held = (prices.held + prices.spot_held)[: len(market.problem.pools)]
    pools = (held + prices.billed + prices.spot) > 0
    found = np.zeros(market.blocks, dtype=bool)
    costs = market.start_costs(prices)
    found[market.running.job[(np.isfinite(costs) & (costs > 0)).any(axis=1)]] = True
    found[market.pausing.job[_pausing_meet(market, pools, prices)]] = True
    for number, unit in enumerate(market.units):
        blocks = market.unit_blocks[number]
        periods = _unit_meets(market, unit, pools, prices)
        found[blocks] = periods if len(blocks) == len(periods) else periods.any()
    return found


def _pausing_meet(market: Market, pools: Bools, prices: GoodPrices) -> Bools:
    """Return which options that may pause could use pools (P, T), or links that have a price."""
    pausing = market.pausing
    used = np.zeros(market.rooms.shape, dtype=bool)
    np.logical_or.at(used, pausing.owner, pools[pausing.pool])
    if prices.traffic.any():
        used |= (pausing.dataset @ prices.traffic > 0) | (pausing.linking @ prices.traffic > 0)
    return np.asarray((used & (market.rooms > 0)).any(axis=1))


def _unit_meets(market: Market, unit: Unit, pools: Bools, prices: GoodPrices) -> Bools:
    """Return in which periods a unit could use pools (P, T), or links that have a price."""
    used = pools[unit.pool].any(axis=0)
    if market.traffic is not None and prices.traffic.any():
        used |= (market.traffic.priced(prices.traffic)(unit.arc_id) > 0).any(axis=0)
    return np.asarray(used & unit.demand.any(axis=1))
