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
    v[i, s] and whether the service runs at all; only for services that limit their sites, and for sites that
    it matters whether a service enters.
service_moved
    Whether a service enters any site; only where moves are limited.
modules
    e[p].
overflow
    Accelerator-hours beyond the committed ones, in pools with committed capacity.
rescue
    g[c, p, t] / demand[c, t] for a class c of users after a loss; only for services that survive losses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...routing.problem import Problem
from ..admissible.jobs import JobOptions
from ..admissible.moving import Flags, enters, minds_entering
from ..admissible.services import SECONDS_PER_HOUR, Services, replica_limits
from ..admissible.windows import StartTable
from ..arrays import Columns, joined
from ..rates import Floats, Ints, Rates, module_usd, most_accelerators
from .job_columns import Activities, JobColumns, PauseTable
from .size import check_columns
from .uses import Uses

GBIT_PER_KB = 8e-6


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
    used_enters: Flags
    on_service: Ints
    moved_service: Ints
    module_pool: Ints
    overflow_pool: Ints
    overflow_period: Ints
    rescue_class: Ints
    rescue_slot: Ints
    rescue_period: Ints
    held: Uses
    billed: Uses
    beyond: Uses
    spot: Uses
    spot_held: Uses
    traffic: Uses
    money: Floats
    moving: Floats
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
        self.site_index = {site.id: number for number, site in enumerate(problem.data_centers)}
        self.flat_money: list[tuple[Ints, Floats]] = []
        self.flat_cost: list[tuple[Ints, Floats]] = []

    def build(self) -> Variables:
        """Return all columns."""
        jobs = JobColumns(self.problem, self.rates, self.jobs, self.columns, self.made)
        starts, pauses = jobs.starts(), jobs.pauses()
        self.flat_money, self.flat_cost = jobs.flat_money, jobs.flat_cost
        self._unplaced()
        share_arc, share_period = self._shares()
        open_demand, open_period = self._unserved()
        slot, period = self._replicas()
        used_service, used_site, on_service = self._sites()
        used_enters = self._entering(used_service, used_site)
        moved_service = self._moved(used_service[used_enters])
        module_pool = self._modules()
        overflow_pool, overflow_period = self._overflow()
        rescue_class, rescue_slot, rescue_period = self._rescues()
        tables = {
            name: getattr(self.made, name).joined()
            for name in ("held", "billed", "beyond", "spot", "spot_held", "traffic")
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
            used_enters=used_enters,
            on_service=on_service,
            moved_service=moved_service,
            module_pool=module_pool,
            overflow_pool=overflow_pool,
            overflow_period=overflow_period,
            rescue_class=rescue_class,
            rescue_slot=rescue_slot,
            rescue_period=rescue_period,
            money=money,
            moving=self._moving_usd(starts, pauses, used_enters),
            tco2e=tco2e,
            cost=cost,
            unserved=self._unserved_weights(open_demand, open_period),
            lower=joined(self.columns.lower),
            upper=joined(self.columns.upper),
            **tables,
        )

    def _unplaced(self) -> None:
        barred = np.array([float(index in self.jobs.barred) for index in range(len(self.problem.jobs))])
        self.columns.add("unplaced", len(barred), barred, 1.0, integer=False)

    def _shares(self) -> tuple[Ints, Ints]:
        services, rates = self.services, self.rates
        arc, period = np.nonzero(services.demand[services.arc_demand] > 0)
        check_columns(self.problem, self.columns.count + len(arc))
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
        size = [(service.request_kb, service.response_kb) for service in self.problem.services]
        gbit = np.array(size, dtype=float).reshape(-1, 2)[services.arcs_service[arc]] * GBIT_PER_KB
        for way, each in ((services.trips.out, gbit[:, 0]), (services.trips.back, gbit[:, 1])):
            rows = np.flatnonzero(each > 0)
            crossed = way.take(services.arc_trip[arc[rows]])
            entry = np.repeat(rows, crossed.lengths)
            gbps = (rps * each)[entry]
            self.made.traffic.add(columns[entry], crossed.values, period[entry], gbps, block[entry])

    def _unserved(self) -> tuple[Ints, Ints]:
        demand, period = np.nonzero(self.services.demand > 0)
        barred = np.isin(demand, list(self.services.barred)).astype(float)
        self.columns.add("unserved", len(demand), barred, 1.0, integer=False)
        return demand, period

    def _replicas(self) -> tuple[Ints, Ints]:
        limits = replica_limits(self.problem, self.services)
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
        matters = enters(self.problem, pairs[:, 0], pairs[:, 1]) & minds_entering(self.problem)
        pairs = pairs[np.isin(pairs[:, 0], limited) | matters]
        self.columns.add("site_used", len(pairs), 0.0, 1.0, integer=True)
        spread = np.array(
            [index for index in limited if self.problem.services[index].min_sites > 1], dtype=np.int64
        )
        self.columns.add("service_on", len(spread), 0.0, 1.0, integer=True)
        return pairs[:, 0], pairs[:, 1], spread

    def _entering(self, service: Ints, site: Ints) -> Flags:
        """Charge for the sites that services enter; return which those are."""
        found = enters(self.problem, service, site)
        columns = self.columns.range("site_used")[found]
        usd = self.problem.moving.usd_per_site_entered
        self.flat_money.append((columns, np.full(len(columns), usd)))
        return found

    def _moved(self, services: Ints) -> Ints:
        """Add a column for each service that could move, where moves are limited."""
        limited = self.problem.limits.max_moves is not None
        found = np.unique(services) if limited else services[:0]
        self.columns.add("service_moved", len(found), 0.0, 1.0, integer=True)
        return found

    def _moving_usd(self, starts: StartTable, pauses: PauseTable, enters: Flags) -> Floats:
        """Return the part of the money of every column that is paid for moving."""
        usd, each = np.zeros(self.columns.count), self.jobs.table.all_moving_usd
        self.columns.of("start", usd)[:] = each[starts.option]
        self.columns.of("pause", usd)[:] = each[pauses.option]
        self.columns.of("site_used", usd)[:] = enters * self.problem.moving.usd_per_site_entered
        return usd

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

    def _rescues(self) -> tuple[Ints, Ints, Ints]:
        services = self.services
        most = sum(len(each.slots) for each in services.rescues) * self.rates.periods
        check_columns(self.problem, self.columns.count + most)
        asked = [services.demand[each.demands].sum(axis=0) > 0 for each in services.rescues]
        number = [np.full(len(each.slots), index) for index, each in enumerate(services.rescues)]
        owner, slot = joined(number).astype(np.int64), joined([each.slots for each in services.rescues])
        row, period = np.nonzero(np.array(asked, dtype=bool).reshape(-1, self.rates.periods)[owner])
        self.columns.add("rescue", len(row), 0.0, 1.0, integer=False)
        return owner[row], slot[row].astype(np.int64), period

    def _prices(self, tables: dict[str, Uses]) -> tuple[Floats, Floats, Floats]:
        rates, objective, count = self.rates, self.problem.objective, self.columns.count
        money, tco2e, cost = np.zeros(count), np.zeros(count), np.zeros(count)
        on_demand = np.where(rates.committed_count > 0, 0.0, rates.compute_usd)
        for name, price in (("billed", on_demand), ("beyond", rates.compute_usd), ("spot", rates.spot_usd)):
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
