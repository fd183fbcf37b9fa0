"""The market of a problem: goods, shared rows, and every block ready to answer to prices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from ....routing.problem import Problem
from ...admissible.jobs import JobOptions
from ...admissible.services import Services
from ...arrays import Bools
from ...rates import Floats, Ints, Rates
from .captive import Captives
from .claims import Claims
from .crossings import JobWays
from .goods import GoodPrices
from .jobs import Options, job_options
from .offers import Offer, offer
from .pausing import Pauses, best_pauses, pause_hours, pause_rooms
from .possible import possible_alone
from .rows import build_rules
from .rules import Rules
from .seats import Seats
from .starting import Starts, start_costs, starts
from .traffic import ArcTraffic, arc_traffic, crowded_directions
from .units import Unit, build_units

LARGE_UNITS = 60_000
"""Triples of period, demand and slot that units have on average when threads save time."""


@dataclass(frozen=True)
class Market:
    """A problem after admissibility.

    Attributes
    ----------
    problem, rates, jobs, services
        The world as the accounts and the plan know it.
    rules
        Shared rows.
    running, spans
        Options of jobs that do not pause, and their starts.
    pausing, rooms
        Options of jobs that may pause, and the hours (O, T) they may run in each period.
    units
        Units of the services.
    traffic
        Traffic of a request/s on every arc, None where no link can be overloaded by requests.
    crowded
        Directions of links (D) that could carry more than they may.
    job_work
        (J,) unserved work of leaving a job out; None: its priority.
    closes
        Whether starts are closed for which captives leave no room, as no plan that serves all has them.
    stands_for
        The market that this one represents with few of its blocks, if any.
    cores
        Processors to count on.
    program_seconds
        What a small integer program may take on the way.
    """

    problem: Problem
    rates: Rates
    jobs: JobOptions
    services: Services
    rules: Rules
    running: Options
    spans: Starts
    pausing: Options
    rooms: Floats
    units: tuple[Unit, ...]
    traffic: ArcTraffic | None
    crowded: Bools
    job_work: Floats | None = None
    closes: bool = True
    stands_for: Market | None = None
    cores: int = 1
    program_seconds: float = 3.0

    @cached_property
    def unit_blocks(self) -> tuple[Ints, ...]:
        """Numbers of the blocks of every unit: one per period, or one in all."""
        found, begin = [], len(self.problem.jobs)
        for unit in self.units:
            size = 1 if unit.is_whole else self.rates.periods
            found.append(np.arange(begin, begin + size))
            begin += size
        return tuple(found)

    @cached_property
    def member_blocks(self) -> tuple[Ints, ...]:
        """Numbers of the blocks of every job, then of every unit: what answers as one."""
        return (*(np.array([job]) for job in range(len(self.problem.jobs))), *self.unit_blocks)

    def of_members(self, of_blocks: Floats) -> Floats:
        """Return the sums over the blocks of every job, then of every unit, of what blocks (B,) have."""
        return np.array([of_blocks[blocks].sum() for blocks in self.member_blocks])

    @cached_property
    def unit_of(self) -> Ints:
        """Number of the unit of every block after those of jobs."""
        sizes = np.array([len(blocks) for blocks in self.unit_blocks], dtype=np.int64)
        return np.repeat(np.arange(len(sizes)), sizes)

    @property
    def crowded_links(self) -> frozenset[str]:
        """The links of which one direction is crowded."""
        return frozenset(self.problem.links[index // 2].id for index in np.flatnonzero(self.crowded))

    @property
    def routed(self) -> int:
        """Arcs of services and options of jobs."""
        return len(self.services.arc_demand) + len(self.jobs.table)

    @property
    def blocks(self) -> int:
        """Number of blocks: jobs first, then the periods of units."""
        last = self.unit_blocks[-1][-1] + 1 if self.units else len(self.problem.jobs)
        return int(last)

    @cached_property
    def placeable(self) -> Bools:
        """Which jobs have an option (J)."""
        found = np.zeros(len(self.problem.jobs), dtype=bool)
        found[self.running.job] = found[self.pausing.job] = True
        return found

    @cached_property
    def pools_of_jobs(self) -> Ints:
        """How many pools have options of each job (J,)."""
        jobs, pools = len(self.problem.jobs), len(self.problem.pools)
        pairs = [
            options.job[options.owner] * pools + options.pool for options in (self.running, self.pausing)
        ]
        return np.bincount(np.unique(np.concatenate(pairs)) // max(1, pools), minlength=jobs)

    @cached_property
    def cores_for_units(self) -> int:
        """Processors to work on units with: several save time where units are large."""
        sizes = sum(unit.size for unit in self.units)
        return self.cores if sizes >= LARGE_UNITS * len(self.units) else 1

    @cached_property
    def left_out_work(self) -> Floats:
        """Unserved work of every block that does nothing (B); 0 for jobs that have no option."""
        priorities = _priorities(self.problem) if self.job_work is None else self.job_work
        jobs = np.where(self.placeable, priorities, 0.0)
        served = [
            np.array([unit.weight.sum()]) if unit.is_whole else unit.weight.sum(axis=1) for unit in self.units
        ]
        return np.concatenate([jobs, *served])

    @cached_property
    def captives(self) -> Captives:
        """Who has one place only, and what is closed by that; of the whole where few stand for it."""
        if not self.closes:
            return Captives.none(self.rules, self.spans)
        whole = self.stands_for
        if whole is not None:
            same = np.searchsorted(whole.running.source, self.running.source)
            return replace(whole.captives, closed=whole.captives.closed[same])
        free = np.unique(self.pausing.job)
        return Captives.of(self.rules, self.units, self.running, self.spans, free)

    @cached_property
    def claims(self) -> Claims:
        """Room that captive users need."""
        return Claims.of(self)

    @cached_property
    def idling(self) -> tuple[csr_array, Floats, Floats]:
        """Idle accelerators that may earn something: what each uses of the rows (I, R), cost, and the most.

        There are some in every pool and period where hours cost less than nothing, or raise the total of
        which providers have a share.
        """
        rules, rates = self.rules, self.rates
        most = np.zeros((len(self.problem.pools), rates.periods))
        for unit in self.units:
            np.add.at(most, unit.pool, (unit.useful * unit.accelerators).T)
        pool, period = np.nonzero(most)
        number = np.arange(len(pool))
        held, billed = rules.goods.held(pool, period), rules.goods.billed(pool, period)
        amounts = np.concatenate([np.ones(len(pool)), rates.durations[period]])
        place = (np.concatenate([number, number]), np.concatenate([held, billed]))
        goods = csr_array((amounts, place), shape=(len(pool), rules.goods.size))
        uses, cost = csr_array(goods @ rules.use), np.asarray(goods @ rules.cost)
        earns = (uses.minimum(0.0).sum(axis=1) < 0) | (cost < 0)
        return csr_array(uses[earns]), cost[earns], most[pool, period][earns]

    @cached_property
    def barred_work(self) -> float:
        """Unserved work that no plan can avoid."""
        jobs = _priorities(self.problem)[~self.placeable].sum()
        services = self.services
        rows = np.array(sorted(services.barred), dtype=np.int64)
        hours = services.demand[rows] @ self.rates.durations
        return float(jobs + hours @ services.demand_weight[rows])

    def offers(self, prices: GoodPrices) -> Iterator[tuple[int, Unit, Offer]]:
        """Yield what every unit is offered at prices of goods."""
        offer_to = self.offering(prices)
        for number, unit in enumerate(self.units):
            yield number, unit, offer_to(unit, None)

    def offering(self, prices: GoodPrices) -> Callable[[Unit, Bools | None], Offer]:
        """Return what tells what a unit is offered at prices of goods, past closed directions (D, T)."""
        way = None
        if self.traffic is not None and prices.traffic.any():
            way = self.traffic.priced(prices.traffic)

        def offer_to(unit: Unit, closed: Bools | None) -> Offer:
            mine = None if way is None else way(unit.arc_id)
            if closed is not None and self.traffic is not None:
                crossed = np.asarray(self.traffic.on(unit.arc_id) @ closed.astype(float)) > 0
                mine = np.where(crossed, np.inf, 0.0 if mine is None else mine)
            return offer(unit, self.rates.durations, prices, mine)

        return offer_to

    def start_costs(self, prices: GoodPrices) -> Floats:
        """Return the cost (O, T) of the options that do not pause, from every start."""
        return start_costs(self.running, self.spans, self.rates, prices, self.cores)

    def pauses(self, prices: GoodPrices) -> Pauses:
        """Return the cost of the options that may pause in their cheapest hours."""
        return best_pauses(self.pausing, self.rates, self.rooms, prices, self.cores)

    def pause_hours(self, prices: GoodPrices, rows: Ints) -> Floats:
        """Return the cheapest hours (rows, T) of some of the options that may pause."""
        return pause_hours(self.pausing.only(rows), self.rates, self.rooms[rows], prices)


def _priorities(problem: Problem) -> Floats:
    return np.array([job.priority for job in problem.jobs], dtype=float)


def build_market(problem: Problem, rates: Rates, jobs: JobOptions, services: Services) -> Market:
    """Return the market of a problem whose options and arcs are known."""
    seats = Seats.of(problem, jobs, services)
    ways, pausable = JobWays.of(problem, jobs), jobs.table.pausable
    possible = possible_alone(problem, rates, jobs.table, ways)
    running, pausing = (
        job_options(problem, rates, jobs, np.flatnonzero(possible & kind), seats=seats, ways=ways)
        for kind in (~pausable, pausable)
    )
    traffic = arc_traffic(problem, services)
    crowded = crowded_directions(problem, services, traffic, (running, pausing))
    return Market(
        problem=problem,
        rates=rates,
        jobs=jobs,
        services=services,
        rules=build_rules(problem, rates, seats),
        running=running,
        spans=starts(running, rates),
        pausing=pausing,
        rooms=pause_rooms(pausing, rates),
        units=tuple(build_units(problem, rates, services, seats)),
        traffic=traffic.only(crowded) if crowded.any() else None,
        crowded=crowded,
    )
