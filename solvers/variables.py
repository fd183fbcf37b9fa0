"""The columns of the whole model, what each takes from shared resources, and what each costs.

Families
--------
start
    x[j, o]: option o of job j with its start, for jobs that do not pause.
pause, active, run
    Option of a job that may pause; whether it runs in a period; its hours there where those are not given.
unplaced
    Job left out.
share
    f[i, l, p, t] / demand[i, l, t] on one route.
unserved
    Share of a demand left out.
replicas
    y[i, p, t].
site_used, service_on
    v[i, s] and whether the service runs at all; only for services that limit their sites.
modules
    e[p].
overflow
    Accelerator-hours beyond the committed ones, in pools with committed capacity.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..routing.problem import Problem
from .arrays import Columns, joined
from .jobs import JobOption, JobOptions, Window, long_run_usd, windows
from .rates import Floats, Ints, Rates, module_usd, most_accelerators
from .routebook import hops, return_hops
from .services import SECONDS_PER_HOUR, Services, replica_limits
from .uses import Table, Uses

GBIT_PER_KB = 8e-6


@dataclass
class Activities:
    """Tables filled while columns are made."""

    held: Table = field(default_factory=Table)
    """Accelerators held, by pool and period."""
    billed: Table = field(default_factory=Table)
    """Accelerator-hours billed at the ordinary price, by pool and period."""
    spot: Table = field(default_factory=Table)
    """Accelerator-hours billed at the spot price."""
    spot_held: Table = field(default_factory=Table)
    traffic: Table = field(default_factory=Table)
    """Gbit/s, by direction of a link (2 * link, + 1 for target to source) and period."""


@dataclass(frozen=True)
class StartTable:
    """(N,) option index and start hours of each column of ``start``."""

    option: Ints
    start_hours: Floats


@dataclass(frozen=True)
class PauseTable:
    """Jobs that may pause.

    Attributes
    ----------
    option
        (N,) option index of each column of ``pause``.
    active_pause, active_period
        (K,) owner and period of each column of ``active``.
    active_hours
        (K,) most hours that it may run there.
    run
        (K,) column of its hours, or -1 where active means all of ``active_hours``.
    """

    option: Ints
    active_pause: Ints
    active_period: Ints
    active_hours: Floats
    run: Ints


@dataclass(frozen=True)
class Variables:
    """All columns with their uses and prices (money and tCO2e within the horizon, objective in all)."""

    problem: Problem
    rates: Rates
    jobs: JobOptions
    services: Services
    columns: Columns
    starts: StartTable
    pauses: PauseTable
    share_arc: Ints
    share_period: Ints
    open_demand: Ints
    open_period: Ints
    replica_slot: Ints
    replica_period: Ints
    used_service: Ints
    used_site: Ints
    on_service: Ints
    module_pool: Ints
    overflow_pool: Ints
    overflow_period: Ints
    held: Uses
    billed: Uses
    spot: Uses
    spot_held: Uses
    traffic: Uses
    money: Floats
    tco2e: Floats
    cost: Floats
    unserved: Floats
    lower: Floats
    upper: Floats


class VariableBuilder:
    """Makes the columns family by family."""

    def __init__(self, problem: Problem, rates: Rates, jobs: JobOptions, services: Services) -> None:
        self.problem, self.rates, self.jobs, self.services = problem, rates, jobs, services
        self.columns, self.made = Columns(), Activities()
        self.directions = direction_index(problem)
        self.site_index = {site.id: number for number, site in enumerate(problem.data_centers)}
        self.flat_money: list[tuple[Ints, Floats]] = []
        self.flat_cost: list[tuple[Ints, Floats]] = []

    def build(self) -> Variables:
        """Return all columns."""
        starts = self._starts()
        pauses = self._pauses()
        self._unplaced()
        share_arc, share_period = self._shares()
        open_demand, open_period = self._unserved()
        slot, period = self._replicas()
        used_service, used_site, on_service = self._sites()
        module_pool = self._modules()
        overflow_pool, overflow_period = self._overflow()
        tables = {
            name: getattr(self.made, name).joined()
            for name in ("held", "billed", "spot", "spot_held", "traffic")
        }
        money, tco2e, cost = self._prices(tables)
        return Variables(
            problem=self.problem,
            rates=self.rates,
            jobs=self.jobs,
            services=self.services,
            columns=self.columns,
            starts=starts,
            pauses=pauses,
            share_arc=share_arc,
            share_period=share_period,
            open_demand=open_demand,
            open_period=open_period,
            replica_slot=slot,
            replica_period=period,
            used_service=used_service,
            used_site=used_site,
            on_service=on_service,
            module_pool=module_pool,
            overflow_pool=overflow_pool,
            overflow_period=overflow_period,
            money=money,
            tco2e=tco2e,
            cost=cost,
            unserved=self._unserved_weights(open_demand, open_period),
            lower=joined(self.columns.lower),
            upper=joined(self.columns.upper),
            **tables,
        )

    def _starts(self) -> StartTable:
        chosen = [(index, option) for index, option in enumerate(self.jobs.options) if not option.pausable]
        found = [(index, option, self._windows(option)) for index, option in chosen]
        sizes = [len(possible) for _, _, possible in found]
        columns = self.columns.add("start", sum(sizes), 0.0, 1.0, integer=True)
        begins = np.cumsum([0, *sizes])[:-1]
        for (_, option, possible), begin in zip(found, begins, strict=True):
            for offset, window in enumerate(possible):
                self._place(option, int(columns[0] + begin + offset), window)
        return StartTable(
            option=np.repeat(np.array([index for index, _, _ in found], dtype=np.int64), sizes),
            start_hours=np.array([window.start_hours for _, _, possible in found for window in possible]),
        )

    def _windows(self, option: JobOption) -> list[Window]:
        return list(windows(self.problem.jobs[option.job], option, self.rates))

    def _place(self, option: JobOption, column: int, window: Window) -> None:
        periods = np.flatnonzero(window.run_hours)
        hours = option.accelerators * window.run_hours[periods]
        for pool in option.pools:
            self.made.held.add(column, pool, periods, option.accelerators, option.job)
            self._bill(option, column, pool, periods, hours)
        self._transfer(option, column, np.flatnonzero(window.transfers), periods)
        self._flat(option, column, float(window.run_hours.sum()))

    def _bill(
        self, option: JobOption, column: int | Ints, pool: int, periods: Ints, hours: Floats | float
    ) -> None:
        table = self.made.spot if option.spot else self.made.billed
        table.add(column, pool, periods, hours, option.job)
        if option.spot:
            self.made.spot_held.add(column, pool, periods, option.accelerators, option.job)

    def _transfer(self, option: JobOption, column: int | Ints, transfers: Ints, active: Ints) -> None:
        for route in option.routes:
            for hop in hops(route) if route else ():
                self.made.traffic.add(column, self.directions[hop], transfers, option.rate_gbps, option.job)
        multi = self.problem.jobs[option.job].multi_site
        for route in option.inter_site:
            for hop in (*hops(route), *return_hops(route)):
                reserved = multi.min_bandwidth_gbps if multi else 0.0
                self.made.traffic.add(column, self.directions[hop], active, reserved, option.job)

    def _flat(self, option: JobOption, column: int, run_hours: float) -> None:
        """Charge the transfer, and for a continuing job what it costs beyond the horizon."""
        job = self.problem.jobs[option.job]
        gb = job.dataset.gb / len(option.pools) if job.dataset else 0.0
        transfer = sum(
            gb * (route.out_link_usd_per_gb + route.out_egress_usd_per_gb) for route in option.routes if route
        )
        self.flat_money.append((np.array([column]), np.array([transfer])))
        if option.continuing:
            beyond = self._beyond_usd(option, option.hours - run_hours)
            self.flat_cost.append((np.array([column]), np.array([beyond])))

    def _beyond_usd(self, option: JobOption, hours: float) -> float:
        pools, rates, objective = list(option.pools), self.rates, self.problem.objective
        money = long_run_usd(rates, option) + rates.mean(rates.energy_usd)[pools]
        carbon = rates.mean(rates.tco2e)[pools] * objective.usd_per_tco2e
        return float((objective.money_weight * money + carbon).sum() * option.accelerators * hours)

    def _pauses(self) -> PauseTable:
        chosen = [(index, option) for index, option in enumerate(self.jobs.options) if option.pausable]
        rooms = [self._windows(option)[0].run_hours for _, option in chosen]
        pauses = self.columns.add("pause", len(chosen), 0.0, 1.0, integer=True)
        owner = np.repeat(np.arange(len(chosen)), [np.count_nonzero(room) for room in rooms])
        period = np.concatenate([np.flatnonzero(room) for room in rooms] or [np.zeros(0, np.int64)])
        hours: Floats = np.concatenate([room[room > 0] for room in rooms] or [np.zeros(0)])
        active = self.columns.add("active", len(owner), 0.0, 1.0, integer=True)
        given = np.array(
            [_hours_are_given(option, room) for (_, option), room in zip(chosen, rooms, strict=True)], bool
        )
        free = np.flatnonzero(~given[owner]) if len(owner) else np.zeros(0, dtype=np.int64)
        run = np.full(len(owner), -1, dtype=np.int64)
        run[free] = self.columns.add("run", len(free), 0.0, hours[free], integer=False)
        for index, (_, option) in enumerate(chosen):
            mine = np.flatnonzero(owner == index)
            self._pausable(option, active[mine], run[mine], period[mine], hours[mine])
            self._flat(option, int(pauses[index]), option.hours)
        return PauseTable(np.array([index for index, _ in chosen], dtype=np.int64), owner, period, hours, run)

    def _pausable(self, option: JobOption, active: Ints, run: Ints, period: Ints, hours: Floats) -> None:
        given = run < 0
        billed = np.where(given, active, run)
        amount = option.accelerators * np.where(given, hours, 1.0)
        for pool in option.pools:
            self.made.held.add(active, pool, period, option.accelerators, option.job)
            table = self.made.spot if option.spot else self.made.billed
            table.add(billed, pool, period, amount, option.job)
            if option.spot:
                self.made.spot_held.add(active, pool, period, option.accelerators, option.job)
        self._transfer(option, active, period, period)

    def _unplaced(self) -> None:
        barred = np.array([float(index in self.jobs.barred) for index in range(len(self.problem.jobs))])
        self.columns.add("unplaced", len(barred), barred, 1.0, integer=False)

    def _shares(self) -> tuple[Ints, Ints]:
        services, rates = self.services, self.rates
        arc, period = np.nonzero(services.demand[services.arc_demand] > 0)
        columns = self.columns.add("share", len(arc), 0.0, 1.0, integer=False)
        rps = services.demand[services.arc_demand[arc], period]
        requests = rps * rates.durations[period] * SECONDS_PER_HOUR
        self.flat_money.append((columns, requests * services.arc_money[arc]))
        latency = services.arc_usd[arc] - self.problem.objective.money_weight * services.arc_money[arc]
        self.flat_cost.append((columns, requests * latency))
        self._share_traffic(columns, arc, period, rps)
        return arc, period

    def _share_traffic(self, columns: Ints, arc: Ints, period: Ints, rps: Floats) -> None:
        services = self.services
        block = len(self.problem.jobs) + services.arc_demand[arc]
        size = (
            np.array([(s.request_kb, s.response_kb) for s in self.problem.services]).reshape(-1, 2)
            * GBIT_PER_KB
        )
        per_request = size[services.arcs_service]
        order = np.argsort(arc, kind="stable")
        ends = np.searchsorted(arc[order], np.arange(len(services.arc_route) + 1))
        for index, route in enumerate(services.arc_route):
            mine = order[ends[index] : ends[index + 1]]
            for crossed, gbit in (
                (hops(route), per_request[index, 0]),
                (return_hops(route), per_request[index, 1]),
            ):
                for hop in crossed if gbit > 0 else ():
                    self.made.traffic.add(
                        columns[mine], self.directions[hop], period[mine], rps[mine] * gbit, block[mine]
                    )

    def _unserved(self) -> tuple[Ints, Ints]:
        demand, period = np.nonzero(self.services.demand > 0)
        barred = np.isin(demand, list(self.services.barred)).astype(float)
        self.columns.add("unserved", len(demand), barred, 1.0, integer=False)
        return demand, period

    def _replicas(self) -> tuple[Ints, Ints]:
        limits = replica_limits(self.problem, self.rates, self.services)
        slot, period = np.nonzero(limits > 0)
        columns = self.columns.add("replicas", len(slot), 0.0, limits[slot, period], integer=True)
        pool, accelerators = self.services.slot_pool[slot], self.services.slot_accelerators[slot]
        self.made.held.add(columns, pool, period, accelerators, -1 - columns)
        self.made.billed.add(columns, pool, period, accelerators * self.rates.durations[period], -1 - columns)
        return slot, period

    def _sites(self) -> tuple[Ints, Ints, Ints]:
        limited = [
            index
            for index, service in enumerate(self.problem.services)
            if service.max_sites or service.min_sites > 1
        ]
        site_of_slot = self.rates.site[self.services.slot_pool]
        pairs = np.unique(np.stack([self.services.slot_service, site_of_slot], axis=1), axis=0).astype(
            np.int64
        )
        pairs = pairs[np.isin(pairs[:, 0], limited)]
        self.columns.add("site_used", len(pairs), 0.0, 1.0, integer=True)
        spread = np.array(
            [index for index in limited if self.problem.services[index].min_sites > 1], dtype=np.int64
        )
        self.columns.add("service_on", len(spread), 0.0, 1.0, integer=True)
        return pairs[:, 0], pairs[:, 1], spread

    def _modules(self) -> Ints:
        pools = [index for index, pool in enumerate(self.problem.pools) if pool.expansion]
        most = [float(p.expansion.max_modules) for p in self.problem.pools if p.expansion]
        columns = self.columns.add("modules", len(pools), 0.0, most, integer=True)
        capital = np.array([module_usd(self.problem, self.problem.pools[index]) for index in pools])
        self.flat_money.append((columns, capital))
        return np.array(pools, dtype=np.int64)

    def _overflow(self) -> tuple[Ints, Ints]:
        pools = np.flatnonzero(self.rates.committed_count > 0)
        pool, period = (
            grid.ravel() for grid in np.meshgrid(pools, np.arange(self.rates.periods), indexing="ij")
        )
        most = np.array([float(most_accelerators(entry)) for entry in self.problem.pools])
        limit = most[pool] * self.rates.durations[period]
        columns = self.columns.add("overflow", len(pool), 0.0, limit, integer=False)
        self.flat_money.append((columns, self.rates.compute_usd[pool]))
        return pool, period

    def _prices(self, tables: dict[str, Uses]) -> tuple[Floats, Floats, Floats]:
        rates, objective, count = self.rates, self.problem.objective, self.columns.count
        money, tco2e, cost = np.zeros(count), np.zeros(count), np.zeros(count)
        on_demand = np.where(rates.committed_count > 0, 0.0, rates.compute_usd)
        for name, price in (("billed", on_demand), ("spot", rates.spot_usd)):
            uses = tables[name]
            paid = price[uses.place] + rates.energy_usd[uses.place, uses.period]
            np.add.at(money, uses.column, uses.amount * paid)
            np.add.at(tco2e, uses.column, uses.amount * rates.tco2e[uses.place, uses.period])
        for columns, amount in self.flat_money:
            np.add.at(money, columns, amount)
        for columns, amount in self.flat_cost:
            np.add.at(cost, columns, amount)
        return money, tco2e, cost + objective.money_weight * money + objective.usd_per_tco2e * tco2e

    def _unserved_weights(self, open_demand: Ints, open_period: Ints) -> Floats:
        weights = np.zeros(self.columns.count)
        self.columns.of("unplaced", weights)[:] = [job.priority for job in self.problem.jobs]
        services = self.services
        hours = services.demand[open_demand, open_period] * self.rates.durations[open_period]
        self.columns.of("unserved", weights)[:] = services.demand_weight[open_demand] * hours
        return weights


def direction_index(problem: Problem) -> dict[tuple[str, str, str], int]:
    """Return the number of each direction of a link, by (link, from, to)."""
    found = {}
    for index, link in enumerate(problem.links):
        found[link.id, link.source, link.target] = 2 * index
        if not link.directed:
            found[link.id, link.target, link.source] = 2 * index + 1
    return found


def _hours_are_given(option: JobOption, room: Floats) -> bool:
    """Return whether running in a period always means running all of its room."""
    sizes = room[room > 0]
    whole = option.hours / sizes[0]
    return bool(np.ptp(sizes) < 1e-9) and abs(whole - round(whole)) < 1e-9
