"""One column per block within the shared rows: the problem of choices that columns and purchases make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from ..choices.problem import ChoiceProblem
from ..rates import Floats, Ints
from .columns import Columns
from .market import Market
from .prices import binding_rows
from .rules import Rules


@dataclass(frozen=True)
class Chooser:
    """A problem of choices and what its options stand for.

    Attributes
    ----------
    problem
        Blocks first, then purchases in parts of 1, 2, 4, ... units.
    rows
        Shared rows that the problem has: those that may bind.
    column
        (O,) column of each option, -1 for being left out and for purchases.
    """

    problem: ChoiceProblem
    rows: Ints
    column: Ints

    def columns_of(self, option: Ints, blocks: int) -> Ints:
        """Return the columns taken (ascending), from the options taken by all workloads."""
        taken = self.column[option[:blocks]]
        return np.sort(taken[taken >= 0])

    def options_of(self, columns: Ints) -> Ints:
        """Return the options of blocks that stand for ``columns``."""
        place = np.full(int(self.column.max(initial=-1)) + 1, -1, dtype=np.int64)
        known = np.flatnonzero(self.column >= 0)
        place[self.column[known]] = known
        return place[columns]


@dataclass(frozen=True)
class _Part:
    """Options under construction: workload, cost, uses and column of each."""

    owner: Ints
    cost: Floats
    uses: csr_array
    column: Ints


def chooser(market: Market, columns: Columns, penalty: float) -> Chooser:
    """Return the problem of choosing among ``columns``; leaving work out costs ``penalty`` per unit of it."""
    rules = market.rules
    uses = csr_array(columns.goods @ rules.use)
    rows = binding_rows(columns.block, uses, rules.capacity)
    uses = csr_array(uses[:, rows])
    cost = np.asarray(columns.goods @ rules.cost) + penalty * columns.unserved
    blocks = np.arange(market.blocks)
    nothing = csr_array((market.blocks, len(rows)))
    parts = [
        _Part(columns.block, cost, uses, np.arange(len(columns))),
        _Part(blocks, penalty * market.left_out_work, nothing, np.full(len(blocks), -1)),
        _purchases(rules, rows, market.blocks, market.rates.durations),
    ]
    owner = np.concatenate([part.owner for part in parts])
    order = np.argsort(owner, kind="stable")
    column = np.concatenate([part.column for part in parts])[order]
    owner = owner[order]
    size = int(owner.max()) + 1
    problem = ChoiceProblem(
        first=np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=size))]).astype(np.int64),
        owner=owner.astype(np.int32),
        cost=np.concatenate([part.cost for part in parts])[order],
        uses=csr_array(vstack([part.uses for part in parts], format="csr")[order]),
        capacity=rules.capacity[rows],
        source=column.astype(np.int32),
        workloads=market.blocks,
        module_of=np.zeros(0, dtype=np.int64),
        module_count=np.zeros(0, dtype=np.int64),
    )
    return Chooser(problem, rows, column)


def _purchases(rules: Rules, rows: Ints, begin: int, durations: Floats) -> _Part:
    """Return two options, none or all, for every part of every purchase that widens one of ``rows``."""
    widening = csr_array(rules.widening[:, rows])
    bought = np.flatnonzero(np.diff(widening.indptr))
    modules = len(rules.module_pool)
    step = np.ones(len(rules.widening_cost))
    step[modules:] = np.tile(durations, (len(step) - modules) // len(durations))
    of, count = _parts_of(bought, np.ceil(rules.widening_most / step - 1e-9))
    amount = count * step[of]
    owner = begin + np.repeat(np.arange(len(of)), 2)
    cost = np.column_stack([np.zeros(len(of)), rules.widening_cost[of] * amount]).ravel()
    taken = csr_array(widening[of].multiply(amount[:, None]))
    both = csr_array(vstack([csr_array(taken.shape), taken], format="csr"))
    both = csr_array(both[np.arange(2 * len(of)).reshape(2, -1).T.ravel()])
    return _Part(owner, cost, both, np.full(2 * len(of), -1))


def _parts_of(bought: Ints, most: Floats) -> tuple[Ints, Floats]:
    """Return purchases and counts 1, 2, 4, ... whose sums reach every number up to the most."""
    of: list[int] = []
    count: list[float] = []
    for purchase in bought.tolist():
        left, bit = float(most[purchase]), 1.0
        while left > 0:
            of.append(purchase)
            count.append(min(bit, left))
            left -= count[-1]
            bit *= 2
    return np.array(of, dtype=np.int64), np.array(count)
