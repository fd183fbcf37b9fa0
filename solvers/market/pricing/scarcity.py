"""What accelerators are worth where not all can be served: prices at which least work is left out.

A search for cheap plans prices unserved work so high that hardly any of its prices are of use where some must
be left out. Here nothing costs anything but leaving work out, links have room, and replicas count in parts.
What is left is small enough to be held as a whole, so that no columns need to be drawn bit by bit: a smoothed
dual is climbed with falling temperature, see :mod:`..choices.dual`. Where few choices take anything, linear
programs prove more. What prices prove is told by all that plans have to keep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, vstack

from ....routing.errors import SolverError
from ...choices.dual import Core
from ...programs.program import Program
from ...rates import Floats
from ...watch import Watch
from ..form.market import Market
from .appraisal import appraise
from .scarce_uses import Uses, paused, placeable

CLIMBS = ((0.03, 60), (0.01, 60), (3e-3, 60), (1e-3, 80), (3e-4, 100), (1e-4, 100))
"""Temperatures, as parts of the work of a block, with steps at each."""
MORE_ENTRIES = 1.3
"""Times as many entries as without pauses up to which a program is solved with them."""
PROGRAMS, GAIN = 6, 1e-3
"""Programs at most, each with pauses at the prices of the one before, and least relative gain to go on."""


@dataclass(frozen=True)
class Scarcity:
    """Prices (R) of the rows in unserved work, and how much work with options must be left out at least."""

    prices: Floats
    left_out: float


def costless(market: Market) -> Market:
    """Return a market in which nothing costs anything but what is left out."""
    rules = market.rules
    free = replace(rules, cost=np.zeros(len(rules.cost)), widening_cost=np.zeros(len(rules.widening_cost)))
    return replace(market, rules=free)


def scarcity(market: Market, most_entries: float, watch: Watch) -> Scarcity | None:
    """Return the prices of what is scarce, the last ones where nothing is proven; None with too many users.

    Parameters
    ----------
    most_entries
        Pairs of a choice and what it takes up to which all are held; jobs have some starts only beyond that.
    watch
        Ends the climb; prices then prove less.
    """
    free = costless(market)
    uses = placeable(market, most_entries)
    if uses is None:
        return None
    best = Scarcity(np.zeros(len(market.rules.capacity)), 0.0)
    climb = _Climb(free, uses)
    for temperature, steps in CLIMBS:
        if watch.over():
            break
        climb.uses = uses.with_more(paused(free, climb.row_prices()))
        climb.run(temperature, steps, watch.over)
        best = _better(best, free, climb.row_prices())
    return best


def _better(best: Scarcity, free: Market, prices: Floats) -> Scarcity:
    """Return the prices that prove more, the new ones where neither proves anything."""
    left_out = appraise(free, prices, 1.0, whole=False).partial
    is_better = left_out >= best.left_out or best.left_out <= 0
    return Scarcity(prices, max(left_out, 0.0)) if is_better else best


def proven_by_programs(market: Market, prices: Floats, most_entries: float, watch: Watch) -> float:
    """Return the work with options that must be left out as programs tell, 0 where users have more entries.

    They begin with pauses at ``prices`` of rows (R), and go on with those at the prices of the one before.
    Plans built at their prices leave more out than those at prices of a climb.
    """
    free = costless(market)
    uses = placeable(market, most_entries)
    if uses is None:
        return 0.0
    best, climb = Scarcity(prices, 0.0), _Climb(free, uses)
    for _ in range(PROGRAMS):
        climb.uses = climb.uses.with_more(paused(free, best.prices))
        if watch.over() or climb.uses.taken.nnz > MORE_ENTRIES * most_entries or not climb.solve(watch.left):
            break
        before, best = best.left_out, _better(best, free, climb.row_prices())
        if best.left_out <= before * (1 + GAIN):
            break
    return best.left_out


@dataclass
class _Climb:
    """Prices of accelerators by pool and period, and the choices that tell what they are worth."""

    market: Market
    uses: Uses

    def __post_init__(self) -> None:
        self._prices = np.zeros(len(self.uses.capacity))

    def run(self, temperature: float, steps: int, over: Callable[[], bool]) -> None:
        """Climb so many steps, fewer where it is ``over``."""
        from scipy.optimize import minimize

        core, cells = self.uses.core()
        if len(cells) == 0:
            return

        def stop(_: Floats) -> None:
            if over():
                raise StopIteration

        found = minimize(
            core.smoothed,
            self._prices[cells],
            args=(temperature * _unit(core),),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, None)] * len(cells),
            callback=stop,
            options={"maxiter": steps, "maxcor": 15},
        )
        self._prices[cells] = found.x

    def solve(self, seconds: float) -> bool:
        """Take over the best prices, as a linear program tells them; return whether it does in time."""
        from ...programs.highs_calls import relax_by_highs

        core, cells = self.uses.core()
        if len(cells) == 0 or len(core.cost) == 0:
            return False
        try:
            duals = relax_by_highs(_program(core), seconds, 0, presolve=True, interior=True).duals
        except SolverError:
            return False
        found = np.maximum(-duals[len(core.first) - 1 :], 0.0)
        self._prices[cells] = found
        return bool(found.any())

    def row_prices(self) -> Floats:
        """Return the prices of all rows (R)."""
        found = np.zeros(len(self.market.rules.capacity))
        rows = self.market.rules.pool_rows.ravel()
        found[rows] = self._prices / self.uses.amount
        return found


def _program(core: Core) -> Program:
    """Return the program that takes one choice of every block within the capacities."""
    choices, blocks = len(core.cost), len(core.first) - 1
    owner = np.repeat(np.arange(blocks), np.diff(core.first))
    once = csr_array((np.ones(choices), (owner, np.arange(choices))), shape=(blocks, choices))
    return Program(
        cost=core.cost,
        lower=np.zeros(choices),
        upper=np.full(choices, np.inf),
        integer=np.zeros(choices, dtype=bool),
        matrix=csr_array(vstack([once, core.turned], format="csr")),
        row_lower=np.concatenate([np.ones(blocks), np.full(len(core.capacity), -np.inf)]),
        row_upper=np.concatenate([np.ones(blocks), core.capacity]),
    )


def _unit(core: Core) -> Floats:
    """Return the work of every block, which leaving it out costs."""
    return np.maximum(np.maximum.reduceat(core.cost, core.first[:-1]), 1e-9)
