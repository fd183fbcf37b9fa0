"""What jobs leave of links to units when a plan is built.

Jobs fill links to the last bit, and a user with one way only could not be served any more.
"""

from __future__ import annotations

import numpy as np

from ...rates import Floats
from ..answers.columns import Columns
from ..form.market import Market
from ..pricing.appraisal import Appraisal


def kept_for_units(market: Market, columns: Columns) -> Floats:
    """Return what units take of every link row (R), each block by the mean of its columns."""
    mine = columns.block >= len(market.problem.jobs)
    times = np.bincount(columns.block, minlength=market.blocks)
    share = np.where(mine, 1.0 / np.maximum(times[columns.block], 1), 0.0)
    return _on_links(market, np.asarray(columns.goods.T @ share))


def kept_at_prices(market: Market, told: Appraisal) -> Floats:
    """Return what :func:`kept_for_units` does, where everybody has the cheapest slot at the prices told.

    That needs no answers of units, as replicas are not taken to be whole.
    """
    goods, traffic = market.rules.goods, market.traffic
    gbps = np.zeros((goods.directions, goods.periods))
    if traffic is None:
        return np.zeros(len(market.rules.capacity))
    for _, unit, offered in market.offers(told.goods):
        best = offered.unit.argmin(axis=2)[:, :, None]
        via = np.take_along_axis(offered.via, best, axis=2)[:, :, 0]
        at, user = np.nonzero(unit.demand)
        arcs = unit.arc_id[via[at, user]]
        gbps += traffic.total(arcs, at, unit.demand[at, user], goods.periods)
    taken = np.zeros(goods.size)
    taken[goods.traffic(*np.indices(gbps.shape))] = gbps
    return _on_links(market, taken)


def _on_links(market: Market, taken: Floats) -> Floats:
    """Return what goods taken (G,) take of every link row (R), at most what there is."""
    used, rows = taken @ market.rules.use, market.rules.traffic_use[0]
    found = np.zeros(len(used) + 1)
    found[rows] = np.append(used, 0.0)[rows]
    return np.minimum(found[:-1], market.rules.capacity)
