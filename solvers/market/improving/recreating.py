"""Jobs and units that meet in pools leave together and answer anew, one after another, in another order.

Each takes what is cheapest beside the others that stand, so that none alone can do better where all have
answered; several can, in an order in which those come first who lose most by coming last.
Source: G. Schrimpf, J. Schneider, H. Stamm-Wilbrandt, G. Dueck, Record breaking optimization results using
the ruin and recreate principle, Journal of Computational Physics 159 (2000) 139-171.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import Bools
from ...rates import Floats, Ints
from ..answers.placing import Placed, Placement
from ..form.captive import FEW
from ..form.units import Unit
from ..plans.greedy import take
from ..plans.openings import options_of
from ..pricing.appraisal import Appraisal
from .commitments import LEAST_GAIN, TwoPrices
from .refilling import refill, tiered_columns
from .settling import settle

MOST_OTHERS = 8
"""Members that leave together with one."""
WANTED = 3
"""Options of a job, the cheapest at the prices, of which the pools are wanted; at most as many."""
PLACES = 12
"""Options of each kind among which those are sought that cost a job less than what it has."""
FACTORS = (0.0, 0.0, 0.5, 1.0)
"""Multiples of prices of the rows at which members answer: room that others want is left to them or not."""
FIRST_SHARE = 0.7
"""How often the one that loses answers first."""
PATIENCE = 0.8
"""Part of what a member loses that counts after a try in vain."""


@dataclass
class Recreator:
    """A placement that gets better, some members at a time.

    Jobs, then units, are members (M). Units whose periods depend on each other stay, but where a job takes
    their place. Where only units leave, each period stays as it was unless it gets better; with jobs all do.
    """

    placement: Placement
    told: Appraisal
    rng: np.random.Generator

    def __post_init__(self) -> None:
        """Note who uses what, and what everybody is offered."""
        market = self.placement.market
        self.jobs, self.blocks = len(market.problem.jobs), market.member_blocks
        self.least = np.concatenate([self.told.job_least, self.told.unit_least])
        self.pool = market.rules.pool_of_row
        self.paid = [TwoPrices.of(market, factor * self.told.prices) for factor in FACTORS]
        self.uses = np.zeros((len(self.blocks), len(market.problem.pools)), dtype=bool)
        self.excess = np.zeros(len(self.blocks))
        self.stays = np.array([False] * self.jobs + [unit.is_whole for unit in market.units])
        for member in range(len(self.blocks)):
            self.note(member)
        self.excess[self.stays] = 0.0

    def note(self, member: int) -> None:
        """Note which pools a member uses, and what it pays above its least."""
        placed = [self.placement.placed[block] for block in self.blocks[member].tolist()]
        pools = self.pool[np.concatenate([each.rows for each in placed])]
        self.uses[member] = False
        self.uses[member, pools[pools >= 0]] = True
        paid = sum(each.cost_at(self.told.prices) for each in placed)
        self.excess[member] = max(0.0, paid - float(self.least[member]))

    def step(self) -> float:
        """Let some members answer anew; return what that gained."""
        total = self.excess.sum()
        if total <= 0:
            return 0.0
        loser = int(self.rng.choice(len(self.excess), p=self.excess / total))
        order = self._drawn(loser)
        gain = self._recreated(order)
        for member in order if gain > 0 else ():
            self.note(member)
        if gain <= 0:
            self.excess[loser] *= PATIENCE
        return gain

    def displaced(self, member: int, pools: Ints, *, stays: bool = True) -> Placement:
        """Return a copy in which a job or unit answers before all who use the ``pools``.

        All modules are at hand there; it may cost more, or leave some out. Units whose periods depend on each
        other stay, or not.
        """
        others = np.array(self.uses[:, pools].any(axis=1), dtype=bool)
        others[member] = False
        if stays:
            others[self.stays] = False
        order = [member, *self._after(member, self.rng.permutation(np.flatnonzero(others)))]
        placement = self.placement.copy()
        placement.widen()
        for block in np.concatenate([self.blocks[each] for each in order]).tolist():
            placement.remove(block)
        for each in order:
            self._answer(placement, each)
        return placement

    def _after(self, first: int, members: Ints) -> list[int]:
        """Return members in the order in which they answer after the one that came first.

        Jobs that pay more than that, dearest first; units that reach few slots; other jobs and other units,
        those with the fewest options first.
        """
        options = np.array([self._options(member) for member in members.tolist()], dtype=float)
        paid = self.excess + self.least
        is_dear = (members < self.jobs) & (paid[members] > paid[first])
        rank = np.select([is_dear, members < self.jobs, options <= FEW], [0, 2, 1], 3)
        key = np.where(is_dear, -paid[members], options)
        return list(members[np.lexsort((key, rank))].tolist())

    def _options(self, member: int) -> int:
        """Return how many options a job has, or slots a unit."""
        market = self.placement.market
        if member >= self.jobs:
            return len(market.units[member - self.jobs].pool)
        mine = [options_of(options, member) for options in (market.running, market.pausing)]
        return sum(some.stop - some.start for some in mine)

    def _drawn(self, loser: int) -> list[int]:
        """Return one that loses and some that use pools it could use, in the order in which they answer."""
        others = np.array(self.uses[:, self.wanted(loser)].any(axis=1), dtype=bool)
        others[self.stays] = others[loser] = False
        if loser >= self.jobs:
            others[: self.jobs] = False
        some = self.rng.permutation(np.flatnonzero(others))[: 1 + int(self.rng.integers(MOST_OTHERS))]
        if self.rng.random() < FIRST_SHARE:
            return [loser, *some.tolist()]
        return list(self.rng.permutation(np.append(some, loser)).tolist())

    def wanted(self, loser: int) -> Ints:
        """Return the pools that a unit could use, or some that a job would rather use."""
        if loser >= self.jobs:
            return np.unique(self.placement.market.units[loser - self.jobs].pool)
        some = self.nearest(loser, WANTED)[: 1 + int(self.rng.integers(WANTED))]
        return np.unique(np.array([pool for _, pools in some for pool in pools], dtype=np.int64))

    def places(self, job: int) -> list[Ints]:
        """Return the pools of each option that costs a job less at the prices than it pays, best first."""
        paid = self.least[job] + self.excess[job]
        less = {tuple(sorted(pools)): None for cost, pools in self.nearest(job, PLACES) if cost < paid}
        return [np.array(pools, dtype=np.int64) for pools in less]

    def some_places(self, member: int, most: int) -> list[Ints]:
        """Return the pools, drawn at random, of some options that cost a job less, if it has any.

        For a unit these are pools at as many sites as it needs.
        """
        if member < self.jobs:
            places = self.places(member)
            return [places[place] for place in self.rng.permutation(len(places))[:most].tolist()]
        unit = self.placement.market.units[member - self.jobs]
        return [self._at_sites(unit) for _ in range(most)]

    def _at_sites(self, unit: Unit) -> Ints:
        """Return a pool, drawn at random, at each of as many sites as a unit needs."""
        sites = self.rng.permutation(np.unique(unit.site))[: max(1, unit.min_sites)]
        slots = [self.rng.choice(np.flatnonzero(unit.site == site)) for site in sites]
        return np.unique(unit.pool[slots])

    def nearest(self, job: int, most: int) -> list[tuple[float, list[int]]]:
        """Return the cost at the prices and the pools of some options of a job, the cheapest first."""
        market = self.placement.market
        found: list[tuple[float, list[int]]] = []
        for options, least in ((market.running, None), (market.pausing, self.told.pauses.cost)):
            mine = options_of(options, job)
            cost = self.told.start_costs[mine].min(axis=1, initial=np.inf) if least is None else least[mine]
            part = options.part(mine.start, mine.stop)
            near = np.argsort(cost, kind="stable")[:most].tolist()
            found.extend((float(cost[row]), part.pool[part.owner == row].tolist()) for row in near)
        return sorted(found, key=lambda each: each[0])

    def _recreated(self, order: list[int]) -> float:
        """Let members leave and answer in this order; return what is gained, all as it was if nothing."""
        blocks = np.concatenate([self.blocks[member] for member in order])
        before = [self.placement.placed[block] for block in blocks.tolist()]
        by_period = min(order) >= self.jobs
        paid = self._paid(blocks, by_period=by_period)
        for block in blocks.tolist():
            self.placement.remove(block)
        for member in order:
            self._answer(self.placement, member)
        gain = paid - self._paid(blocks, by_period=by_period)
        better = gain > LEAST_GAIN * np.abs(paid)
        self._restore(blocks, before, ~better)
        if not better.any():
            return 0.0
        if by_period and not self._fits(blocks):
            self._restore(blocks, before, np.ones(len(better), dtype=bool))
            return 0.0
        return float(gain[better].sum())

    def _answer(self, placement: Placement, member: int) -> None:
        """Let a member that is out answer to what the others leave."""
        paid = self.paid[int(self.rng.integers(len(FACTORS)))]
        if member < self.jobs:
            settle(placement, paid, member, placement.nothing(member))
        elif self.stays[member]:
            refill(placement, self.told.prices, lambda: False, [member - self.jobs])
        else:
            take(placement, tiered_columns(placement, member - self.jobs, paid))

    def _paid(self, blocks: Ints, *, by_period: bool) -> Floats:
        """Return what some blocks and use beyond commitments cost, in every period (T,) or in all (1,)."""
        placement, periods = self.placement, self.placement.market.rates.periods
        paid = np.array([placement.placed[block].cost for block in blocks.tolist()])
        rows = placement.market.rules.committed_rows
        over = np.maximum(0.0, placement.load[rows] - placement.market.rules.capacity[rows])
        over = (over * self.paid[0].beyond[rows]).reshape(-1, periods).sum(axis=0)
        if not by_period:
            return np.array([paid.sum() + over.sum()])
        return np.asarray(paid.reshape(-1, periods).sum(axis=0) + over)

    def _restore(self, blocks: Ints, before: list[Placed], which: Bools) -> None:
        """Let blocks do what they did before, in some periods (T,) or all (1,)."""
        back = np.tile(which, len(blocks) // len(which))
        for place in np.flatnonzero(back).tolist():
            block = int(blocks[place])
            self.placement.remove(block)
            self.placement.put(block, before[place])

    def _fits(self, blocks: Ints) -> bool:
        """Return whether rows of all periods bear what was changed in some."""
        rows = np.unique(np.concatenate([self.placement.placed[block].rows for block in blocks.tolist()]))
        return bool((self.placement.load[rows] <= self.placement.room[rows]).all())
