"""Prices of a market of many periods foretold by one in which neighbouring periods are merged.

Prices of the hours of a day differ less than prices are wrong at first. A market of six periods of four hours
is climbed in a part of the time that one of 24 takes, and its prices per hour are good ones of every hour.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ....routing.problem import Problem, per_period
from ...rates import Floats, Ints, build_rates
from ...watch import Watch
from ..form.market import Market, build_market
from ..form.rules import Rules
from .prices import NARROW, WIDE, Seeker

MERGED = 4
"""Neighbouring periods that become one."""
FEWEST_PERIODS = 12
"""Periods of a market that is worth being foretold like this."""
SLOW, MOST_SLOW, MOST_FAILURES = 2e-3, 2, 3
"""Relative gain of a step that is little, and how many such steps, and such that gain nothing, on end show
that merged periods have told what they can."""


@dataclass(frozen=True)
class Merged:
    """A market of merged periods.

    Attributes
    ----------
    market
        The market, with the rows of the whole one in every merged period.
    row
        (R,) its row for every row of the whole one.
    share
        (R,) part of the merged period that the period of every row is.
    """

    market: Market
    row: Ints
    share: Floats

    def gathered(self, prices: Floats) -> Floats:
        """Return the prices of the rows of the merged market to which those of the whole one (R,) come."""
        return np.bincount(self.row, prices, minlength=len(self.market.rules.capacity)).astype(float)

    def spread(self, prices: Floats) -> Floats:
        """Return the prices (R,) of the rows of the whole market that come to the same in every hour."""
        return np.asarray(prices[self.row] * self.share)


def merged(market: Market) -> Merged | None:
    """Return ``market`` with neighbouring periods merged, None where these are few."""
    periods = market.rates.periods
    if periods < FEWEST_PERIODS:
        return None
    group = np.arange(periods) * (periods // MERGED) // periods
    is_in = group[:, None] == np.arange(periods // MERGED)
    part = market.rates.durations[:, None] * is_in / (market.rates.durations @ is_in)
    problem = _merged_problem(market.problem, part)
    demand = market.services.demand @ part
    services = replace(market.services, demand=demand)
    built = build_market(problem, build_rates(problem), market.jobs, services)
    small = replace(
        built,
        rules=built.rules if len(market.rules.counting) else built.rules.uncounted(),
        traffic=market.traffic,
        crowded=market.crowded,
        job_work=market.job_work,
        closes=market.closes,
        cores=market.cores,
        program_seconds=market.program_seconds,
    )
    period = market.rules.row_period
    share = np.where(period < 0, 1.0, part.sum(axis=1)[period])
    return Merged(small, _rows_of(market.rules, small.rules, group), share)


def _merged_problem(problem: Problem, part: Floats) -> Problem:
    """Return a problem of merged periods as far as rates depend on these; ``part`` (T, M) of each is each."""

    def mean(values: float | tuple[float, ...]) -> tuple[float, ...]:
        return tuple((np.array(per_period(values, len(part))) @ part).tolist())

    hours = (np.array(problem.durations_hours) @ (part > 0)).tolist()
    first = [problem.periods[begin] for begin in part.astype(bool).argmax(axis=0).tolist()]
    periods = [
        period.model_copy(update={"hours": length, "weight": 1.0})
        for period, length in zip(first, hours, strict=True)
    ]
    sites = [
        site.model_copy(update={"usd_per_kwh": mean(site.usd_per_kwh), "g_per_kwh": mean(site.g_per_kwh)})
        for site in problem.data_centers
    ]
    fields = {name: getattr(problem, name) for name in Problem.model_fields}
    return Problem.model_construct(**{**fields, "periods": tuple(periods), "data_centers": tuple(sites)})


def _rows_of(whole: Rules, small: Rules, group: Ints) -> Ints:
    """Return the row of the merged market for every row of the whole one; both have theirs in one order."""
    number = np.cumsum(whole.row_period <= 0) - 1
    first = np.flatnonzero(small.row_period <= 0)
    return np.asarray(first[number] + np.where(whole.row_period < 0, 0, group[whole.row_period]))


def begin_with_merged(seeker: Seeker, watch: Watch) -> bool:
    """Let ``seeker`` go on at prices that merged periods tell, if it proves more with them; return whether.

    These are sought from its own on. Not where it seeks prices of plans that leave work out. ``watch`` is of
    the time that they may take.
    """
    small = None if seeker.may_leave else merged(seeker.market)
    if small is None:
        return False
    first = small.gathered(seeker.told.prices)
    prices = small.spread(_good_prices(small.market, seeker.penalty, first, watch))
    return seeker.move(prices, NARROW) > 0


def _good_prices(market: Market, penalty: float, first: Floats, watch: Watch) -> Floats:
    """Return prices (R,) of a market of merged periods, sought from the ``first`` on while that pays."""
    seeker, slow, failures = Seeker.begin(market, penalty, first, WIDE), 0, 0
    while slow < MOST_SLOW and failures < MOST_FAILURES and not watch.over():
        gain = seeker.step()
        failures = failures + 1 if gain < 0 else 0
        slow = slow + (gain >= 0) if gain < SLOW else 0
    return seeker.told.prices
