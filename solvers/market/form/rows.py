"""The shared rows of a problem, one function for each constraint of the model."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array, csr_array

from ....routing.problem import Problem
from ...model.constraints import usable_before_modules, usable_module
from ...rates import Floats, Ints, Rates, direction_gbps, module_usd, most_accelerators
from .goods import Goods
from .rules import Rules
from .seats import Seats


@dataclass
class _Collector:
    """Rows under construction; a row is a capacity and triplets (good, row, amount)."""

    periods: int
    capacity: list[Floats] = field(default_factory=list)
    period: list[Ints] = field(default_factory=list)
    entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    bought: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    count: int = 0

    def add(self, capacity: Floats) -> Ints:
        """Add rows of every period and return their numbers, in the shape (..., T) of ``capacity``."""
        return self._added(capacity, np.broadcast_to(np.arange(self.periods), capacity.shape))

    def add_one(self, capacity: float) -> int:
        """Add a row of the whole horizon and return its number."""
        return int(self._added(np.array([capacity]), np.array([-1]))[0])

    def _added(self, size: Floats, period: Ints) -> Ints:
        self.capacity.append(size.ravel())
        self.period.append(period.ravel())
        numbers = self.count + np.arange(size.size).reshape(size.shape)
        self.count += size.size
        return np.asarray(numbers, dtype=np.int64)

    def put(self, good: ArrayLike, row: ArrayLike, amount: ArrayLike) -> None:
        self.entries.append(_triplets(good, row, amount))

    def widen(self, purchase: ArrayLike, row: ArrayLike, amount: ArrayLike) -> None:
        self.bought.append(_triplets(purchase, row, amount))


def _triplets(first: ArrayLike, second: ArrayLike, third: ArrayLike) -> tuple[Ints, Ints, Floats]:
    one, two, three = np.broadcast_arrays(first, second, np.asarray(third, dtype=float))
    return one.ravel().astype(np.int64), two.ravel().astype(np.int64), three.ravel()


def build_rules(problem: Problem, rates: Rates, seats: Seats) -> Rules:
    """Return the shared rows of ``problem``; rows of links and power only where they limit anything."""
    goods = Goods(len(problem.pools), 2 * len(problem.links), rates.periods, len(seats))
    rows = _Collector(rates.periods)
    modules = np.array([index for index, pool in enumerate(problem.pools) if pool.expansion], dtype=np.int64)
    committed = np.flatnonzero(rates.committed_count > 0)
    pool_rows = _pool_capacity(problem, goods, rows, modules, seats)
    _spot_capacity(problem, goods, rows, seats)
    _committed_use(rates, goods, rows, committed, len(modules))
    _link_capacity(problem, goods, rows)
    _site_power(problem, rates, goods, rows, seats)
    _provider_share(problem, rates, goods, rows)
    money, bought_money = _money(problem, rates, goods, modules, committed)
    _budget(problem, rates, rows, money, bought_money)
    tco2e = _tco2e(rates, goods)
    _carbon_cap(problem, rows, tco2e)
    _max_moves(problem, goods, rows)
    counting = _pieces(goods, rows, seats)
    weight, carbon_usd = problem.objective.money_weight, problem.objective.usd_per_tco2e
    cost = weight * money + carbon_usd * tco2e
    cost[goods.other] = 1.0
    return Rules(
        goods=goods,
        cost=cost,
        use=_matrix(rows.entries, goods.size, rows.count),
        capacity=np.concatenate(rows.capacity),
        row_period=np.concatenate(rows.period),
        widening=_matrix(rows.bought, len(bought_money), rows.count),
        widening_cost=weight * bought_money,
        widening_most=_most(problem, rates, committed),
        module_pool=modules,
        pool_rows=pool_rows,
        counting=counting,
    )


def _matrix(entries: list[tuple[Ints, Ints, Floats]], height: int, width: int) -> csr_array:
    if not entries:
        return csr_array((height, width))
    row, column, value = (np.concatenate([entry[k] for entry in entries]) for k in range(3))
    return csr_array(coo_array((value, (row, column)), shape=(height, width)))


def _most(problem: Problem, rates: Rates, committed: Ints) -> Floats:
    bought = [float(pool.expansion.max_modules) for pool in problem.pools if pool.expansion]
    most = np.array([float(most_accelerators(pool)) for pool in problem.pools])
    over = (most[committed, None] * rates.durations[None, :]).ravel()
    return np.concatenate([np.array(bought), over])


def _pool_capacity(problem: Problem, goods: Goods, rows: _Collector, modules: Ints, seats: Seats) -> Ints:
    usable = np.array([usable_before_modules(pool) for pool in problem.pools])
    scale = np.maximum(1.0, usable)
    periods = np.arange(goods.periods)
    row = rows.add((usable / scale)[:, None].repeat(goods.periods, axis=1))
    place = np.arange(len(seats))[:, None]
    rows.put(goods.held(place, periods), row[seats.pool], 1.0 / scale[seats.pool, None])
    for purchase, pool in enumerate(modules.tolist()):
        rows.widen(purchase, row[pool], -usable_module(problem.pools[pool]) / scale[pool])
    return row


def _spot_capacity(problem: Problem, goods: Goods, rows: _Collector, seats: Seats) -> None:
    limited = [index for index, pool in enumerate(problem.pools) if pool.spot_count is not None]
    count = np.array([float(problem.pools[index].spot_count or 0) for index in limited])
    scale = np.maximum(1.0, count)
    row = rows.add((count / scale)[:, None].repeat(goods.periods, axis=1))
    number = np.full(goods.pools, -1, dtype=np.int64)
    number[limited] = np.arange(len(limited))
    some = np.flatnonzero(number[seats.pool] >= 0)
    at = number[seats.pool[some]]
    rows.put(goods.spot_held(some[:, None], np.arange(goods.periods)), row[at], 1.0 / scale[at, None])


def _committed_use(rates: Rates, goods: Goods, rows: _Collector, committed: Ints, first: int) -> None:
    """Hours at the ordinary price - hours bought beyond <= committed hours.

    What a user alone has beyond them is a good of its own, and not counted here: the relaxation is tighter.
    """
    hours = rates.committed_count[committed, None] * rates.durations[None, :]
    row = rows.add(np.ones(hours.shape))
    rows.put(goods.billed(committed[:, None], np.arange(goods.periods)), row, 1.0 / hours)
    rows.widen(first + np.arange(hours.size).reshape(hours.shape), row, -1.0 / hours)


def _link_capacity(problem: Problem, goods: Goods, rows: _Collector) -> None:
    limit = direction_gbps(problem)
    scale = np.where(limit > 0, limit, 1.0)
    row = rows.add((limit / scale)[:, None].repeat(goods.periods, axis=1))
    place = np.arange(goods.directions)[:, None]
    rows.put(goods.traffic(place, np.arange(goods.periods)), row, 1.0 / scale[:, None])


def _site_power(problem: Problem, rates: Rates, goods: Goods, rows: _Collector, seats: Seats) -> None:
    periods = np.arange(goods.periods)
    for index, site in enumerate(problem.data_centers):
        if site.max_power_kw is not None:
            scale = max(site.max_power_kw, 1e-6)
            row = rows.add(np.full(goods.periods, site.max_power_kw / scale))
            mine = np.flatnonzero(rates.site[seats.pool] == index)[:, None]
            rows.put(goods.held(mine, periods), row, rates.kw[seats.pool[mine]] / scale)


def _provider_share(problem: Problem, rates: Rates, goods: Goods, rows: _Collector) -> None:
    shares = problem.limits.max_provider_share
    provider = np.array([problem.data_center[pool.data_center].provider_id for pool in problem.pools])
    place, periods = np.arange(goods.pools)[:, None], np.arange(goods.periods)
    for name in sorted(set(provider.tolist())) if shares else ():
        share = shares.get(name, shares.get("*", 1.0))
        if share < 1.0:
            row = rows.add_one(0.0)
            amount = ((provider == name) - share)[:, None] / rates.horizon
            for hours in (goods.billed, goods.beyond, goods.spot):
                rows.put(hours(place, periods), row, amount)


def _money(
    problem: Problem, rates: Rates, goods: Goods, modules: Ints, committed: Ints
) -> tuple[Floats, Floats]:
    """Return the USD of each good (G), and of a unit of each purchase (B)."""
    money = np.zeros(goods.size)
    place, periods = np.arange(goods.pools)[:, None], np.arange(goods.periods)
    on_demand = np.where(rates.committed_count > 0, 0.0, rates.compute_usd)
    money[goods.billed(place, periods)] = on_demand[:, None] + rates.energy_usd
    money[goods.beyond(place, periods)] = rates.compute_usd[:, None] + rates.energy_usd
    money[goods.spot(place, periods)] = np.nan_to_num(rates.spot_usd)[:, None] + rates.energy_usd
    money[goods.money] = 1.0
    capital = np.array([module_usd(problem, problem.pools[index]) for index in modules])
    return money, np.concatenate([capital, np.repeat(rates.compute_usd[committed], goods.periods)])


def _tco2e(rates: Rates, goods: Goods) -> Floats:
    """Return the emissions of each good (G)."""
    tco2e = np.zeros(goods.size)
    place, periods = np.arange(goods.pools)[:, None], np.arange(goods.periods)
    for hours in (goods.billed, goods.beyond, goods.spot):
        tco2e[hours(place, periods)] = rates.tco2e
    return tco2e


def _budget(problem: Problem, rates: Rates, rows: _Collector, money: Floats, bought: Floats) -> None:
    limit = problem.limits.budget_usd
    if limit is None:
        return
    scale = max(limit, 1.0)
    spent = float((rates.committed_count * rates.committed_usd).sum() * rates.horizon)
    row = rows.add_one((limit - spent) / scale)
    paid = np.flatnonzero(money)
    rows.put(paid, row, money[paid] / scale)
    rows.widen(np.arange(len(bought)), row, bought / scale)


def _carbon_cap(problem: Problem, rows: _Collector, tco2e: Floats) -> None:
    limit = problem.limits.carbon_cap_tco2e
    if limit is not None:
        scale = limit if limit > 0 else 1.0
        row = rows.add_one(limit / scale)
        emitting = np.flatnonzero(tco2e)
        rows.put(emitting, row, tco2e[emitting] / scale)


def _max_moves(problem: Problem, goods: Goods, rows: _Collector) -> None:
    limit = problem.limits.max_moves
    if limit is not None:
        scale = max(limit, 1)
        rows.put(goods.moves, rows.add_one(limit / scale), 1.0 / scale)


def _pieces(goods: Goods, rows: _Collector, seats: Seats) -> Ints:
    """Count what is large in a pool by the piece; return the rows."""
    counted = [(goods.held, each) for each in seats.held] + [(goods.spot_held, each) for each in seats.spot]
    row = rows.add(np.ones((len(counted), goods.periods)))
    for number, (held, each) in enumerate(counted):
        amount = each.pieces / (seats.size[each.seats] * each.most)
        rows.put(held(each.seats[:, None], np.arange(goods.periods)), row[number], amount[:, None])
    return row.ravel()
