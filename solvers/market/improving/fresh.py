"""Answers of single blocks to the room that is left now, for those whose known columns do not fit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...arrays import Bools
from ...rates import Floats, Ints
from ..answers.columns import answer_columns
from ..answers.menus import run_sums
from ..answers.placing import Placed, Placement, Priced
from ..answers.serving import Answer
from ..form.goods import GoodPrices
from ..form.market import Market
from ..form.offers import offer
from ..form.units import Unit
from ..plans.greedy import room_for_replicas
from ..plans.openings import fitting_columns
from ..pricing.appraisal import Appraisal
from ..pricing.candidates import unit_reply

CLOSED = 1e12
"""Price of traffic on a direction that is full, weighted USD per Gbit/s."""


@dataclass
class Fresh:
    """Makes columns for blocks of one market at the prices told."""

    market: Market
    told: Appraisal

    def answer(self, placement: Placement, block: int) -> Priced | None:
        """Return columns of a block that is out, made for the room there is; they may still not fit."""
        jobs = len(self.market.problem.jobs)
        if block < jobs:
            return fitting_columns(placement, self.told, block)
        return self._unit(placement, block, block - jobs)

    def _unit(self, placement: Placement, block: int, place: int) -> Priced:
        number = int(self.market.unit_of[place])
        unit = self.market.units[number]
        begin = block - int(self.market.unit_blocks[number][0])
        when = slice(None) if unit.is_whole else slice(begin, begin + 1)
        reply, via = self._reply(placement, unit, when)
        market = self.market
        goods, traffic = market.rules.goods, market.traffic
        columns = answer_columns(
            unit, reply, via, market.rates, goods, blocks=np.array([block]), traffic=traffic
        )
        return Priced.of(market, columns, self.told.prices, placement.penalty)

    def _reply(self, placement: Placement, unit: Unit, when: slice) -> tuple[Answer, Ints]:
        """Return the answer in some periods, nothing in the others, and the arcs taken (T, L, S)."""
        part = replace(unit, demand=unit.demand[when], weight=unit.weight[when])
        prices, hours = _during(self.told.goods, when), self.market.rates.durations[when]
        offered = offer(unit, hours, prices, self._way(placement, unit, prices, when))
        most = room_for_replicas(placement, unit)[when]
        cutoff = placement.cutoff(part)
        found = unit_reply(part, offered, most, cutoff)
        whole = (len(unit.demand), *found.flow.shape[1:])
        flow, via = np.zeros(whole), np.zeros(whole, dtype=np.int64)
        replicas, unserved = np.zeros((whole[0], whole[2])), np.zeros(whole[:2])
        flow[when], via[when], replicas[when] = found.flow, offered.via, found.replicas
        unserved[when] = found.unserved
        return Answer(flow, replicas, np.zeros(whole[0]), unserved), via

    def _way(self, placement: Placement, unit: Unit, prices: GoodPrices, when: slice) -> Floats | None:
        market = self.market
        if market.traffic is None:
            return None
        goods = market.rules.goods
        good = goods.traffic(np.arange(goods.directions)[:, None], np.arange(goods.periods)[when])
        rows = market.rules.use.indices[market.rules.use.indptr[good]]
        full = np.asarray(placement.room[rows] - placement.load[rows] <= FULL * market.rules.capacity[rows])
        return np.asarray(market.traffic.on(unit.arc_id) @ (prices.traffic + CLOSED * full))


FULL = 1e-6
"""Part of a direction's capacity below which what is left counts as none."""


def _during(prices: GoodPrices, when: slice) -> GoodPrices:
    """Return the prices of some periods."""
    return GoodPrices(
        prices.held[:, when],
        prices.billed[:, when],
        prices.beyond[:, when],
        prices.spot[:, when],
        prices.spot_held[:, when],
        prices.traffic[:, when],
        prices.money,
        prices.other,
        prices.moves,
    )


def _fits(placement: Placement, priced: Priced) -> Bools:
    """Return which columns fit into the room that is left."""
    uses = priced.uses
    over = placement.load[uses.indices] + uses.data > placement.room[uses.indices]
    return np.asarray(run_sums(over, uses.indptr) == 0)


def best_of(placement: Placement, priced: Priced) -> Placed | None:
    """Return the cheapest of some columns that fits, None where none does."""
    able = np.flatnonzero(_fits(placement, priced))
    return priced.placed(int(able[priced.cost[able].argmin()])) if len(able) else None
