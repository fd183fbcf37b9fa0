"""Large-neighbourhood search over columns: blocks that lose at the prices are placed anew with their rivals.

At prices that prove a bound, value less bound is the sum of what every block pays above its least reduced
cost and of the price of room that stays empty; so it is known where there is something to gain.
Source: P. Shaw, Using constraint programming and local search methods to solve vehicle routing problems,
Principles and Practice of Constraint Programming (1998).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...choices.problem import spans
from ...programs.request import Request
from ...programs.solve_program import solve_integer
from ...rates import Floats, Ints
from ..answers.placing import Placed, Placement, Priced
from .hood import Hood, load_of

MOST_BLOCKS = 60
NEAREST = 8
SECONDS = 2.0


@dataclass
class Improver:
    """A placement that gets better, and the columns that its blocks may take, nearest first."""

    placement: Placement
    priced: Priced
    prices: Floats
    rng: np.random.Generator
    size: float = 20.0

    def __post_init__(self) -> None:
        """Sort the columns of every block by their reduced cost and keep the nearest."""
        block = self.priced.columns.block
        blocks = self.placement.market.blocks
        self.first = np.searchsorted(block, np.arange(blocks + 1))
        self.order = np.lexsort((self.priced.reduced, block))
        self.least = np.full(blocks, np.inf)
        np.minimum.at(self.least, block, self.priced.reduced)
        self.least = np.minimum(self.least, self.placement.out_cost)
        self.excess = np.array([self._excess(number) for number in range(blocks)])
        self.users = self._users()

    def _excess(self, block: int) -> float:
        return max(0.0, self.placement.placed[block].cost_at(self.prices) - float(self.least[block]))

    def _users(self) -> list[set[int]]:
        users: list[set[int]] = [set() for _ in self.placement.load]
        for block, placed in enumerate(self.placement.placed):
            for row in placed.rows.tolist():
                users[row].add(block)
        return users

    def nearest(self, block: int) -> Ints:
        """Return the columns of a block that are cheapest at the prices."""
        return self.order[self.first[block] : min(self.first[block + 1], self.first[block] + NEAREST)]

    def step(self) -> float:
        """Place one neighbourhood anew; return what that gained."""
        freed = self._draw()
        if len(freed) == 0:
            return 0.0
        return self._rebuild(freed)

    def _draw(self) -> Ints:
        """Return a block that loses, drawn by how much, and those that hold what it would like."""
        total = self.excess.sum()
        if total <= 0:
            return np.zeros(0, dtype=np.int64)
        loser = int(self.rng.choice(len(self.excess), p=self.excess / total))
        wanted = self.nearest(loser)
        uses = self.priced.uses
        rows = np.unique(uses.indices[spans(uses.indptr.astype(np.int64), wanted)])
        rows = rows[self.prices[rows] > 0]
        rivals: list[int] = [loser]
        for row in self.rng.permutation(rows).tolist():
            rivals.extend(self.rng.permutation(sorted(self.users[row]))[: int(self.size // 4) + 1].tolist())
            if len(set(rivals)) >= self.size:
                break
        return np.array(sorted(set(rivals[: int(self.size)])), dtype=np.int64)

    def _rebuild(self, freed: Ints) -> float:
        placement = self.placement
        before = [placement.placed[block] for block in freed.tolist()]
        owner, choices = _choices(self, freed, before)
        others = placement.load - load_of(before, len(placement.load))
        hood = Hood.of(placement, owner, choices, others)
        seconds = min(SECONDS, placement.market.program_seconds)
        answer = solve_integer(hood.program, Request(time_limit=seconds, gap_limit=1e-4, watch=False))
        if answer.x is None:
            self.size = max(6.0, self.size / 1.5)
            return 0.0
        self.size = min(MOST_BLOCKS, self.size * 1.03)
        value = placement.value_of(freed.tolist())
        self._apply(freed, hood, answer.x)
        return value - placement.value_of(freed.tolist())

    def _apply(self, freed: Ints, hood: Hood, x: Floats) -> None:
        placement = self.placement
        chosen = hood.chosen(x)
        for block in freed.tolist():
            for row in placement.placed[block].rows.tolist():
                self.users[row].discard(block)
            placement.remove(block)
        for block in freed.tolist():
            placement.put(block, chosen[block])
            for row in chosen[block].rows.tolist():
                self.users[row].add(block)
            self.excess[block] = self._excess(block)
        placement.set_modules(hood.modules(x))


def _choices(improver: Improver, freed: Ints, before: list[Placed]) -> tuple[Ints, list[Placed]]:
    """Return what the freed blocks may do: what they do now, their nearest columns, nothing."""
    owner: list[int] = []
    choices: list[Placed] = []
    for block, now in zip(freed.tolist(), before, strict=True):
        options = [now, *map(improver.priced.placed, improver.nearest(block).tolist())]
        if now.choice is not None:
            options.append(improver.placement.nothing(block))
        owner.extend([block] * len(options))
        choices.extend(options)
    return np.array(owner, dtype=np.int64), choices
