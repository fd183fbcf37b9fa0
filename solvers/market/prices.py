"""Prices of the shared rows: a smoothed dual is climbed on few columns, and the whole says what they prove.

See :mod:`.choices.dual` for the smoothing. Columns are drawn anew at better prices and kept, as in column
generation, until that gains little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array, vstack

from ..choices.dual import Core
from ..choices.watch import Watch
from ..rates import Floats, Ints
from .appraisal import Appraisal, appraise
from .candidates import job_columns, nearest, service_columns
from .columns import Columns, joined, kept
from .giants import Combination, Giants
from .market import Market

JOB_CANDIDATES, FEWEST_CANDIDATES, ALL_CANDIDATES = 24, 8, 150_000
"""Columns drawn for a job: most, fewest, and those of all jobs together."""
KEPT, FEWEST_KEPT, ALL_KEPT = 12, 4, 200_000
"""Columns of a block that are kept from round to round: most, fewest, and those of all blocks together."""
ROUNDS, PATIENCE = 40, 4
WARM, COLD = 0.02, 0.001
"""First and last temperature; it halves when a round gains little."""
SLOW = 1e-4
"""Relative gain of the bound in a round that is little."""
STEPS = 100
BOX = 0.25
"""How far prices may move in one round, as a part of the price that a row's users pay as it is."""
WIDE, GROWTH = 2.0, 2.0
"""Widest box: wider ones hold nobody back; and times which it grows after a gain."""
BACK = 0.35
"""Part of the way to prices that gain nothing at which prices are tried: the dual is concave."""
COMBINATIONS = 400
"""Combinations of giants that are kept from round to round."""
ENOUGH = 1e-5
"""Relative gain of the bound below which better prices are not sought."""


@dataclass
class Seeker:
    """Better prices round by round; keeps columns seen, which are drawn when first asked for.

    With ``may_leave``, prices are better where they prove more of plans that may leave work out.
    """

    market: Market
    penalty: float
    told: Appraisal
    giants: Giants
    combinations: list[Combination]
    drawn: Columns | None = None
    drawn_at: Appraisal | None = None
    box: float = BOX
    temperature: float = WARM
    may_leave: bool = False

    @property
    def columns(self) -> Columns:
        """The columns seen."""
        if self.drawn is None:
            self.drawn, self.drawn_at = draw(self.market, self.told), self.told
        return self.drawn

    def near(self) -> Columns:
        """Return the recent columns, and those drawn at the best prices."""
        found = self.recent()
        return found if self.drawn_at is self.told else joined([found, draw(self.market, self.told)])

    def recent(self) -> Columns:
        """Return the columns that are among the nearest of their block at the best prices."""
        rules = self.market.rules
        prices = rules.good_prices(self.told.prices)
        most = int(np.clip(ALL_KEPT // max(1, self.market.blocks), FEWEST_KEPT, KEPT))
        reduced = np.asarray(self.columns.goods @ prices) + self.penalty * self.columns.unserved
        return kept(self.columns, nearest(self.columns.block, reduced, most))

    @classmethod
    def begin(cls, market: Market, penalty: float, prices: Floats | None = None) -> Seeker:
        """Return a seeker at the prices, or at prices of zero."""
        told = appraise(market, np.zeros(len(market.rules.capacity)) if prices is None else prices, penalty)
        giants = Giants.of(market, told)
        told, combinations = giants.together(told)
        return cls(market, penalty, told, giants, combinations)

    def run(self, watch: Watch, enough: float = ENOUGH) -> None:
        """Seek until the bound has gained less than a part of ``enough`` in some rounds on end."""
        idle = 0
        for _ in range(ROUNDS):
            if watch.over() or idle >= PATIENCE:
                return
            idle = idle + 1 if abs(self.step()) < enough else 0

    def step(self) -> float:
        """Climb once and draw columns at the prices found; return the relative gain of the bound."""
        columns, apart = self.columns, np.zeros(0, dtype=np.int64)
        if self.combinations:
            columns, apart = self.giants.merged(columns, self.combinations), self.giants.jobs
        core = price_core(self.market, columns, self.told, apart)
        prices = climb(core, self.told.prices, self.box, self.temperature)
        tried, combinations = self._tell(prices)
        self.drawn, self.drawn_at = joined([self.recent(), draw(self.market, tried)]), tried
        gain = self._gain(tried)
        if gain > 0:
            self.box = min(WIDE, GROWTH * self.box)
        else:
            tried, more = self._tell(self.told.prices + BACK * (prices - self.told.prices))
            combinations, gain = combinations + more, self._gain(tried)
            self.box *= BACK if gain > 0 else BACK / GROWTH
        if 0 <= gain < SLOW:
            self.temperature = max(COLD, self.temperature / 2)
        self.told = tried if gain > 0 else self.told
        self.combinations = self.giants.nearest(self.combinations + combinations, self.told, COMBINATIONS)
        return gain

    def _tell(self, prices: Floats) -> tuple[Appraisal, list[Combination]]:
        return self.giants.together(appraise(self.market, prices, self.penalty))

    def _gain(self, tried: Appraisal) -> float:
        now, then = (told.partial if self.may_leave else told.complete for told in (tried, self.told))
        return (now - then) / max(abs(now), 1e-9)


@dataclass(frozen=True)
class PriceCore:
    """Choosing among some columns, leaving out and buying, as a smoothed dual of the ``rows`` that may bind.

    ``unit`` is how far apart the columns of a group lie; ``natural`` what users of a row pay a unit as it is.
    """

    core: Core
    rows: Ints
    unit: Floats
    natural: Floats


def climb(priced: PriceCore, prices: Floats, box: float, temperature: float) -> Floats:
    """Return better prices, each within a box of the present ones.

    Prices are sought in units of the square root of what a row costs its users, as rows differ by orders of
    magnitude in that and the dual is the more curved along a row the cheaper it is.
    """
    now = prices[priced.rows]
    if len(now) == 0:
        return prices
    level = priced.natural + now
    bounds = np.column_stack([np.maximum(0.0, now - box * level), now + box * level])
    unit = np.sqrt(np.maximum(level, 1e-6 * max(1e-9, float(level.mean()))))
    now = _climbed(priced, now, unit, temperature, bounds)
    better = np.zeros(len(prices))
    better[priced.rows] = now
    return better


def _climbed(priced: PriceCore, now: Floats, unit: Floats, temperature: float, bounds: Floats) -> Floats:
    """Climb the dual at one temperature; return prices within ``bounds`` (R, 2)."""
    scale = 1.0 / max(1e-9, float(priced.unit.mean()))

    def scaled(point: Floats) -> tuple[float, Floats]:
        value, gradient = priced.core.smoothed(point * unit, temperature * priced.unit)
        return value * scale, gradient * unit * scale

    found = minimize(
        scaled,
        now / unit,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds / unit[:, None],
        options={"maxiter": STEPS, "maxcor": 15},
    )
    return np.asarray(np.clip(found.x * unit, bounds[:, 0], bounds[:, 1]))


def draw(market: Market, told: Appraisal) -> Columns:
    """Return the nearest columns of all blocks at the prices of ``told``.

    Replicas are not swapped: that takes long, and leads to no better prices.
    """
    jobs = max(1, len(market.problem.jobs))
    most = int(np.clip(ALL_CANDIDATES // jobs, FEWEST_CANDIDATES, JOB_CANDIDATES))
    return joined([job_columns(market, told, most), service_columns(market, told, swapping=False)])


def price_core(market: Market, columns: Columns, told: Appraisal, apart: Ints) -> PriceCore:
    """Return the dual of choosing among ``columns``, in units at the prices told.

    All blocks but those ``apart`` may be left out too.
    """
    rules = market.rules
    uses, cost = csr_array(columns.goods @ rules.use), np.asarray(columns.goods @ rules.cost)
    rows = np.union1d(binding_rows(columns.block, uses, rules.capacity), np.flatnonzero(told.prices))
    natural = _natural(uses, cost)[rows]
    uses = csr_array(uses[:, rows])
    work = market.left_out_work
    idle = np.setdiff1d(np.flatnonzero(work > 0), apart)
    owner = np.concatenate([columns.block, idle])
    order = np.argsort(owner, kind="stable")
    placed = csr_array(vstack([uses, csr_array((len(idle), len(rows)))], format="csr"))[order]
    widening = csr_array(rules.widening[:, rows])
    bought = np.flatnonzero(np.diff(widening.indptr))
    most, paid = rules.widening_most[bought], rules.widening_cost[bought]
    everything = csr_array(vstack([placed, _pairs(csr_array(widening[bought]), most)], format="csr"))
    priced = np.concatenate([cost + told.penalty * columns.unserved, told.penalty * work[idle]])[order]
    pairs = np.column_stack([np.zeros(len(bought)), paid * most]).ravel()
    groups = np.flatnonzero(np.diff(owner[order], prepend=-1))
    first = np.concatenate([groups, len(owner) + 2 * np.arange(len(bought) + 1)]).astype(np.int64)
    turned = csr_array(everything.T.tocsr())
    core = Core(first, np.concatenate([priced, pairs]), everything, turned, rules.capacity[rows])
    ordinary = np.concatenate([np.ones(len(columns)), np.zeros(len(idle))])[order]
    unit = _units(core, np.concatenate([ordinary, np.ones(2 * len(bought))]), told.prices[rows])
    return PriceCore(core, rows, unit, natural)


def binding_rows(block: Ints, uses: csr_array, capacity: Floats) -> Ints:
    """Return the rows that would be overloaded if every block took its column that uses most of them."""
    part = uses.tocoo()
    key = block[part.row].astype(np.int64) * uses.shape[1] + part.col
    order = np.lexsort((-part.data, key))
    largest = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
    most = np.bincount(part.col[largest], np.maximum(part.data[largest], 0.0), uses.shape[1])
    return np.flatnonzero(most > capacity * (1 + 1e-9))


def natural_prices(market: Market, columns: Columns) -> Floats:
    """Return what a unit of every row (R,) costs the columns that use it, prices left out."""
    rules = market.rules
    return _natural(csr_array(columns.goods @ rules.use), np.asarray(columns.goods @ rules.cost))


def _natural(uses: csr_array, cost: Floats) -> Floats:
    """Return what a unit of every row costs its users now, each column's cost divided over all it uses."""
    size = abs(uses).sum(axis=1)
    share = np.where(size > 0, np.abs(cost) / np.maximum(size, 1e-12), 0.0)
    total = abs(uses).sum(axis=0)
    return np.asarray((abs(uses).T @ share) / np.maximum(total, 1e-12))


def _pairs(widening: csr_array, most: Floats) -> csr_array:
    """Return the uses of buying nothing and everything, purchase by purchase."""
    bought = len(most)
    everything = csr_array(widening.multiply(most[:, None]))
    stacked = csr_array(vstack([csr_array((bought, widening.shape[1])), everything], format="csr"))
    return csr_array(stacked[np.arange(2 * bought).reshape(2, bought).T.ravel()])


def _units(core: Core, ordinary: Floats, prices: Floats) -> Floats:
    """Return the mean distance of the ordinary columns of every group from its best."""
    reduced = core.cost + core.uses @ prices
    starts, sizes = core.first[:-1], np.diff(core.first)
    best = np.minimum.reduceat(np.where(ordinary > 0, reduced, np.inf), starts)
    best = np.where(np.isfinite(best), best, 0.0)
    apart = np.where(ordinary > 0, reduced - np.repeat(best, sizes), 0.0)
    mean = np.add.reduceat(apart, starts) / np.maximum(np.add.reduceat(ordinary, starts), 1.0)
    typical = float(mean.mean()) if len(mean) else 0.0
    return np.asarray(np.maximum(mean, 1e-3 * max(1e-6, typical)))
