"""Which accelerators every job and every request could take, as one sparse table of choices."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from ...arrays import Bools
from ...choices.dual import Core
from ...rates import Floats, Ints
from ..answers.columns import pool_pairs
from ..form.market import Market
from ..form.units import Unit
from .climbing import binding_rows


@dataclass(frozen=True)
class Uses:
    """Choices (C): whose each is, and what it takes (C, P * T) of the accelerators of pools and periods.

    Attributes
    ----------
    work
        (B,) what leaving each block out counts as.
    capacity
        (P * T,) accelerators, all that can be bought included.
    amount
        (P * T,) what an accelerator takes of its row.
    """

    owner: Ints
    taken: csr_array
    work: Floats
    capacity: Floats
    amount: Floats

    def with_more(self, more: tuple[Ints, csr_array]) -> Uses:
        """Return these choices and more of the same blocks."""
        owner, taken = more
        return replace(
            self,
            owner=np.concatenate([self.owner, owner]),
            taken=csr_array(vstack([self.taken, taken], format="csr")),
        )

    def core(self) -> tuple[Core, Ints]:
        """Return the dual of choosing or leaving out, and the cells that it prices: those that may be scarce.

        Blocks that have a choice without these take it, and are not in the dual.
        """
        cells = binding_rows(self.owner, self.taken, self.capacity)
        taken = csr_array(self.taken[:, cells])
        alone = np.ones(len(self.work), dtype=bool)
        alone[self.owner[np.diff(taken.indptr) == 0]] = False
        kept = np.flatnonzero(alone[self.owner])
        out = np.flatnonzero(alone & (self.work > 0))
        owner = np.concatenate([self.owner[kept], out])
        order = np.argsort(owner, kind="stable")
        everything = vstack([taken[kept], csr_array((len(out), len(cells)))], format="csr")
        cost = np.concatenate([np.zeros(len(kept)), self.work[out]])[order]
        uses = csr_array(csr_array(everything)[order])
        first = np.append(np.flatnonzero(np.diff(owner[order], prepend=-1)), len(owner))
        core = Core(first.astype(np.int64), cost, uses, csr_array(uses.T.tocsr()), self.capacity[cells])
        return core, cells


def placeable(market: Market, most_entries: float) -> Uses | None:
    """Return choices of all jobs and users but pauses; None where those of users have more entries than that.

    Jobs have all their starts, or every second, third and so on of each option, so that they keep within it.
    """
    kinds = [_kinds(unit) for unit in market.units]
    left = most_entries - sum(int(reach.sum()) * market.rates.periods for reach, _ in kinds)
    if left <= 0 or not len(market.running) + len(market.units):
        return None
    jobs = len(market.problem.jobs)
    parts, work, blocks = [_running(market, left)], [market.left_out_work[:jobs]], jobs
    for unit, (reach, member) in zip(market.units, kinds, strict=True):
        owner, taken, each = _served(market, unit, reach, member)
        parts.append((owner + blocks, taken))
        work.append(each)
        blocks += len(each)
    amount, capacity = _cells(market)
    return Uses(
        owner=np.concatenate([owner for owner, _ in parts]),
        taken=csr_array(vstack([taken for _, taken in parts], format="csr")),
        work=np.concatenate(work),
        capacity=capacity,
        amount=amount,
    )


def _cells(market: Market) -> tuple[Floats, Floats]:
    """Return what an accelerator takes of the row of its pool and period (P * T), and how many there are."""
    rules = market.rules
    modules = len(rules.module_pool)
    bought = csr_array(rules.widening[:modules].multiply(rules.widening_most[:modules, None])).sum(axis=0)
    rows = rules.pool_rows.ravel()
    held = rules.goods.held(*np.indices(rules.pool_rows.shape)).ravel()
    amount = np.asarray(rules.use[held, rows], dtype=float).ravel()
    return amount, (rules.capacity - np.asarray(bought).ravel())[rows] / amount


def _running(market: Market, most_entries: float) -> tuple[Ints, csr_array]:
    """Return starts of jobs that do not pause, the first of every option at least."""
    options, spans = market.running, market.spans
    entries = float(np.where(spans.possible, spans.last - spans.first, 0).sum())
    rank = np.cumsum(spans.possible, axis=1) - 1
    option, at = np.nonzero(spans.possible & (rank % max(1, math.ceil(entries / most_entries)) == 0))
    begin, end = spans.first[option, at].astype(np.int64), spans.last[option, at].astype(np.int64)
    column, pair = pool_pairs(options, option)
    length = (end - begin)[column]
    place = np.repeat(np.arange(len(column)), length)
    period = np.arange(len(place)) - np.repeat(np.cumsum(length) - length, length) + begin[column[place]]
    cell = options.pool[pair[place]] * market.rates.periods + period
    count = options.accelerators[option[column[place]]]
    return options.job[option], _table(market, len(option), column[place], cell, count)


def paused(market: Market, prices: Floats) -> tuple[Ints, csr_array]:
    """Return the options of jobs that may pause, in their best hours at the prices of rows.

    A period that is used in part counts in part, so that no plan takes less.
    """
    options = market.pausing
    every = np.arange(len(options))
    hours = market.pause_hours(market.rules.goods_at(prices), every)
    pair, period = np.nonzero(hours[options.owner])
    option = options.owner[pair]
    part = hours[option, period] / np.maximum(market.rooms[option, period], hours[option, period])
    cell = options.pool[pair] * market.rates.periods + period
    taken = options.accelerators[option] * part
    return options.job, _table(market, len(options), option, cell, taken)


def _kinds(unit: Unit) -> tuple[Bools, Floats]:
    """Return kinds of users (K, S) by the slots that they reach, and of which kind everybody is (L, K)."""
    reach = np.zeros((len(unit.demand_id), len(unit.slot_id)), dtype=bool)
    reach[unit.row, unit.column] = True
    kinds, kind = np.unique(reach, axis=0, return_inverse=True)
    return kinds, (kind.ravel()[:, None] == np.arange(len(kinds))).astype(float)


def _served(market: Market, unit: Unit, kinds: Bools, member: Floats) -> tuple[Ints, csr_array, Floats]:
    """Return, for every kind of users and period, what each slot takes, and their work."""
    demand, work = unit.demand @ member, unit.weight @ member
    group, slot = np.nonzero(kinds)
    period = np.repeat(np.arange(len(demand)), len(group))
    group, slot = np.tile(group, len(demand)), np.tile(slot, len(demand))
    taken = demand[period, group] / unit.rps[slot] * unit.accelerators[slot]
    cell = unit.pool[slot] * market.rates.periods + period
    owner = period * len(kinds) + group
    return owner, _table(market, len(owner), np.arange(len(owner)), cell, taken), work.ravel()


def _table(market: Market, height: int, row: Ints, cell: Ints, taken: Floats) -> csr_array:
    width = len(market.problem.pools) * market.rates.periods
    return csr_array(coo_array((taken, (row, cell)), shape=(height, width)))
