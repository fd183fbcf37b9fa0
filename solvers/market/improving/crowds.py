"""Crowds: all who meet in a pool that somebody would rather use are placed anew together, over all periods.

A unit that leaves a pool makes room for a job only if it leaves in every hour that the job runs, and a job
that leaves is worth it only if units use its room all day. So units are taken here with all their periods.
While one crowd is placed, what the next may do is found; it is taken in by what the first leaves.
Source of neighbourhoods of few places: M. Yagiura, S. Iwasaki, T. Ibaraki, F. Glover, A very large-scale
neighborhood search algorithm for the multi-resource generalized assignment problem, Discrete Optimization 1
(2004) 87-98.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...programs.request import Request
from ...programs.solve_program import solve_integer
from ...rates import Floats, Ints
from ..answers.columns import Columns, joined
from ..answers.placing import Placed, Placement, Priced
from ..plans.detours import OfferTo, fitting_answer
from ..plans.greedy import room_for_replicas
from ..pricing.appraisal import Appraisal
from .hood import Hood, load_of

MOST_UNITS, MOST_JOBS = 14, 40
"""Units and jobs that are placed anew at once, beside the one that loses."""
NEAREST, WANTED = 14, 3
"""Columns that a job may take, and those of the one that loses whose pools are wanted; at most as many pools
are."""
SECONDS = 2.0
CLOSE = 4e-6
"""Part of the whole cost to which a crowd is placed best."""
SERVED = 1e-9


@dataclass(frozen=True)
class Crowd:
    """Who loses, all members, their blocks as they were ``before``, and what each may do, that first."""

    loser: int
    members: list[int]
    before: dict[int, Placed]
    choices: dict[int, list[Placed]]


@dataclass
class Crowds:
    """A placement that gets better, crowd by crowd.

    Jobs, then units are members (M); each has one block or several. ``jobs`` are columns that jobs may take.
    """

    placement: Placement
    jobs: Priced
    told: Appraisal
    rng: np.random.Generator
    may_overlap: bool = True
    """Whether a second core may be used; what is found is the same."""
    patience: Floats = field(init=False)
    """(M,) part of what a member loses that counts: it falls whenever to place it anew gains nothing."""
    _following: Crowd | None = None

    def __post_init__(self) -> None:
        """Note who uses what, and what everybody pays at the prices told."""
        market = self.placement.market
        self.count = len(market.problem.jobs)
        self.blocks = market.member_blocks
        self.patience = np.ones(len(self.blocks))
        self.member = np.repeat(np.arange(len(self.blocks)), [len(each) for each in self.blocks])
        self.pool = market.rules.pool_of_row
        self.first = np.searchsorted(self.jobs.columns.block, np.arange(self.count + 1))
        self.users: list[dict[int, int]] = [{} for _ in market.problem.pools]
        self.paid = np.zeros(market.blocks)
        for block, placed in enumerate(self.placement.placed):
            self._note(block, placed, 1)

    @cached_property
    def _offers(self) -> list[OfferTo]:
        """What units are offered at the prices told, and as it is."""
        market = self.placement.market
        free = market.rules.goods_at(np.zeros(len(market.rules.capacity)))
        return [market.offering(self.told.goods), market.offering(free)]

    def _note(self, block: int, placed: Placed, sign: int) -> None:
        """Note that a block does something, or with ``sign`` -1 that it does so no more."""
        if sign > 0:
            self.paid[block] = placed.cost_at(self.told.prices)
        member = int(self.member[block])
        for pool in self._pools(placed).tolist():
            users = self.users[pool]
            users[member] = users.get(member, 0) + sign
            if users[member] == 0:
                del users[member]

    def _pools(self, placed: Placed) -> Ints:
        pools = self.pool[placed.rows]
        return np.unique(pools[pools >= 0])

    def excess(self) -> Floats:
        """Return what every member (M,) pays above its least at the prices told."""
        least = np.concatenate([self.told.job_least, self.told.unit_least])
        return np.asarray(np.maximum(0.0, np.bincount(self.member, self.paid, len(self.blocks)) - least))

    def step(self) -> float:
        """Place one crowd anew; return what that gained."""
        crowd = self._following or self._next(set())
        if crowd is None:
            return 0.0
        hood = self._hood(crowd)
        absolute = CLOSE * abs(self.told.complete)
        seconds = min(SECONDS, self.placement.market.program_seconds)
        request = Request(time_limit=seconds, gap_limit=CLOSE, absolute_gap=absolute, watch=False)
        with ThreadPoolExecutor(1) as beside:
            answer = beside.submit(solve_integer, hood.program, request)
            if not self.may_overlap:
                wait([answer])
            self._following = self._next(set(crowd.members))
            x = answer.result().x
        gain = 0.0 if x is None else self._apply(crowd, hood.chosen(x), hood.modules(x))
        if gain <= absolute:
            self.patience[crowd.loser] /= 2
        return gain

    def _next(self, apart: set[int]) -> Crowd | None:
        """Return a crowd of one that loses, none of whom is ``apart``; None where nobody else loses."""
        weight = self.excess() * self.patience
        weight[sorted(apart)] = 0.0
        if weight.sum() <= 0:
            return None
        loser = int(self.rng.choice(len(weight), p=weight / weight.sum()))
        wanted = self._wanted(loser)
        members = self._members(loser, wanted, apart)
        before = {
            block: self.placement.placed[block]
            for member in members
            for block in self.blocks[member].tolist()
        }
        return Crowd(loser, members, before, self._choices(members, before, wanted))

    def _wanted(self, loser: int) -> Ints:
        """Return some pools that a member would rather use."""
        if loser < self.count:
            nearest = self._nearest(loser)[: 1 + int(self.rng.integers(WANTED))]
            return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *map(self._pools, nearest)]))
        unit = self.placement.market.units[loser - self.count]
        most = np.broadcast_to(unit.most, (len(unit.demand), len(unit.most)))
        best = self._priced(fitting_answer(self.placement, loser - self.count, self._offers[0], most))
        pools = self.pool[best.uses.indices]
        mine = [pool for pool in np.unique(pools[pools >= 0]).tolist() if loser not in self.users[pool]]
        some = self.rng.permutation(np.array(mine, dtype=np.int64) if mine else np.unique(unit.pool))
        return np.asarray(some[: WANTED - 1])

    def _members(self, loser: int, wanted: Ints, apart: set[int]) -> list[int]:
        """Return the loser and those who use what it wants, or some of them where there are many."""
        users = {member for pool in wanted.tolist() for member in self.users[pool]} - apart - {loser}
        some = self.rng.permutation(np.array(sorted(users), dtype=np.int64))
        jobs, units = some[some < self.count][:MOST_JOBS], some[some >= self.count][:MOST_UNITS]
        return sorted([loser, *jobs.tolist(), *units.tolist()])

    def _hood(self, crowd: Crowd) -> Hood:
        """Return the program of a crowd beside what the others do now."""
        owner = np.repeat(list(crowd.choices), [len(each) for each in crowd.choices.values()])
        others = self.placement.load - load_of(crowd.before.values(), len(self.pool))
        return Hood.of(
            self.placement, owner, [each for some in crowd.choices.values() for each in some], others
        )

    def _apply(self, crowd: Crowd, chosen: dict[int, Placed], modules: Floats) -> float:
        """Let a crowd do what was chosen; return what that gained, 0 where all is left as it was."""
        placement, known = self.placement, self.placement.modules
        value = placement.value_of(chosen)
        self._change(chosen, modules)
        gain = value - placement.value_of(chosen)
        if gain <= 0 or len(placement.broken_rows()):
            self._change(crowd.before, known)
            return 0.0
        for block, placed in chosen.items():
            self._note(block, crowd.before[block], -1)
            self._note(block, placed, 1)
        return gain

    def _change(self, placed: dict[int, Placed], modules: Floats) -> None:
        for block, each in placed.items():
            self.placement.remove(block)
            self.placement.put(block, each)
        self.placement.set_modules(modules)

    def _choices(
        self, members: list[int], before: dict[int, Placed], wanted: Ints
    ) -> dict[int, list[Placed]]:
        """Return what each block of a crowd may do."""
        placement, modules = self.placement, self.placement.modules
        may_leave = placement.work() > SERVED
        units = [member - self.count for member in members if member >= self.count]
        rooms = [room_for_replicas(placement, placement.market.units[unit]) for unit in units]
        for block in before:
            placement.remove(block)
        placement.widen()
        choices = {block: [now] for block, now in before.items()}
        for block, now in before.items() if may_leave else ():
            if now.choice is not None:
                choices[block].append(placement.nothing(block))
        for job in members[: len(members) - len(units)]:
            choices[job].extend(self._nearest(job))
        for unit, room in zip(units, rooms, strict=True):
            answers = self._priced(self._answers(unit, room, wanted))
            for row, block in enumerate(answers.columns.block.tolist()):
                if answers.columns.unserved[row] <= before[block].work + SERVED:
                    choices[block].append(answers.placed(row))
        for block, now in before.items():
            placement.put(block, now)
        placement.set_modules(modules)
        return choices

    def _answers(self, unit: int, room: Floats, wanted: Ints) -> Columns:
        """Return answers of a unit without its crowd, off the wanted pools, and to the present ``room``."""
        told, free = self._offers
        most = room_for_replicas(self.placement, self.placement.market.units[unit])
        off = np.where(np.isin(self.placement.market.units[unit].pool, wanted), 0.0, most)
        tried = ((told, most, True), (free, most, True), (told, off, False), (told, room, False))
        return joined(
            [
                fitting_answer(self.placement, unit, offer, limit, swapping=swapping)
                for offer, limit, swapping in tried
            ]
        )

    def _nearest(self, job: int) -> list[Placed]:
        """Return the columns of a job that are cheapest at the prices told."""
        mine = np.arange(self.first[job], self.first[job + 1])
        order = np.argsort(self.jobs.reduced[mine], kind="stable")[:NEAREST]
        return [self.jobs.placed(row) for row in mine[order].tolist()]

    def _priced(self, columns: Columns) -> Priced:
        return Priced.of(self.placement.market, columns, self.told.prices, self.placement.penalty)
