"""The dual of choosing among some columns, smoothed, and how it is climbed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from ...choices.dual import Core
from ...rates import Floats, Ints
from ..answers.columns import Columns
from ..answers.menus import natural_prices
from ..form.largest import most_taken
from ..form.market import Market
from .appraisal import Appraisal


@dataclass(frozen=True)
class PriceCore:
    """Choosing among some columns, leaving out and buying, as a smoothed dual of the ``rows`` that may bind.

    ``unit`` is how far apart the columns of a group lie; ``natural`` what users of a row pay a unit as it is.
    """

    core: Core
    rows: Ints
    unit: Floats
    natural: Floats


@dataclass(frozen=True)
class Climb:
    """How far prices may move as a part of their level (``box``), the temperature, and most ``steps``."""

    box: float
    temperature: float
    steps: int


def climb(priced: PriceCore, prices: Floats, how: Climb) -> Floats:
    """Return better prices, each within the box of the present ones.

    Prices are sought in units of the square root of what a row costs its users, as rows differ by orders of
    magnitude in that and the dual is the more curved along a row the cheaper it is.
    """
    now = prices[priced.rows]
    if len(now) == 0:
        return prices
    level = priced.natural + now
    bounds = np.column_stack([np.maximum(0.0, now - how.box * level), now + how.box * level])
    unit = np.sqrt(np.maximum(level, 1e-6 * max(1e-9, float(level.mean()))))
    now = _climbed(priced, now, unit, bounds, how)
    better = np.zeros(len(prices))
    better[priced.rows] = now
    return better


def _climbed(priced: PriceCore, now: Floats, unit: Floats, bounds: Floats, how: Climb) -> Floats:
    """Climb the dual at one temperature; return prices within ``bounds`` (R, 2)."""
    from scipy.optimize import minimize

    scale = 1.0 / max(1e-9, float(priced.unit.mean()))

    def scaled(point: Floats) -> tuple[float, Floats]:
        value, gradient = priced.core.smoothed(point * unit, how.temperature * priced.unit)
        return value * scale, gradient * unit * scale

    found = minimize(
        scaled,
        now / unit,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds / unit[:, None],
        options={"maxiter": how.steps, "maxcor": 15},
    )
    return np.asarray(np.clip(found.x * unit, bounds[:, 0], bounds[:, 1]))


def price_core(market: Market, columns: Columns, told: Appraisal, apart: Ints) -> PriceCore:
    """Return the dual of choosing among ``columns``, in units at the prices told.

    All blocks but those ``apart`` may be left out too.
    """
    rules = market.rules
    uses, cost = csr_array(columns.goods @ rules.use), np.asarray(columns.goods @ rules.cost)
    rows = np.union1d(binding_rows(columns.block, uses, rules.capacity), np.flatnonzero(told.prices))
    natural = natural_prices(uses, cost)[rows]
    uses = csr_array(uses[:, rows])
    work = market.left_out_work
    idle = np.setdiff1d(np.flatnonzero(work > 0), apart)
    owner = np.concatenate([columns.block, idle])
    order = np.argsort(owner, kind="stable")
    placed = csr_array(vstack([uses, csr_array((len(idle), len(rows)))], format="csr"))[order]
    earning, earning_cost, earning_most = market.idling
    widening = csr_array(vstack([rules.widening, earning], format="csr")[:, rows])
    bought = np.flatnonzero(np.diff(widening.indptr))
    most = np.concatenate([rules.widening_most, earning_most])[bought]
    paid = np.concatenate([rules.widening_cost, earning_cost])[bought]
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
    return np.flatnonzero(most_taken(block, uses) > capacity * (1 + 1e-9))


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
