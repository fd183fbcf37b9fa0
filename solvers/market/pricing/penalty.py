"""The price of unserved work, high enough that what can be done is done."""

from __future__ import annotations

import numpy as np

from ...rates import whole_replicas
from ..answers.entering import dearest_entering
from ..form.market import Market
from .appraisal import Appraisal, appraise

PENALTY = 20.0
"""Price of leaving out a typical job, in units of what the dearest costs."""
DEAREST_WAY = 2.0
"""Price of leaving a request out, in units of what it costs at the dearest."""


def penalty_of(market: Market) -> float:
    """Return a price of a unit of unserved work at which most blocks are better done than left out."""
    work = market.left_out_work
    if not (work > 0).any():
        return 1.0
    told = appraise(market, np.zeros(len(market.rules.capacity)), 0.0)
    count = len(told.job_least)
    jobs, requests = work[:count], float(work[count:].sum())
    typical = float(np.median(jobs[jobs > 0] if (jobs > 0).any() else work[work > 0]))
    dearest = max(1.0, float(np.max(told.job_least, initial=0.0)), abs(told.complete) / len(work))
    dearest = max(dearest, dearest_entering(market))
    placed = jobs > 0
    slighted = float((told.job_least[placed] / jobs[placed]).max(initial=0.0))
    served = (told.complete - float(told.job_least.sum())) / requests if requests > 0 else 0.0
    price = max(dearest / typical, served, slighted)
    return max(PENALTY * price, DEAREST_WAY * _dearest_way(market, told))


def _dearest_way(market: Market, told: Appraisal) -> float:
    """Return what a unit of work of services costs at the dearest of all slots that could serve it.

    Its replicas are whole and serve nobody else.
    """
    dearest = 0.0
    for _, unit, offered in market.offers(told.goods):
        replicas = whole_replicas(unit.demand[:, :, None], unit.rps)
        able = np.isfinite(offered.arc)
        cost = np.where(able, offered.arc, 0.0) * unit.demand[:, :, None]
        cost += np.where(able, offered.replica[:, None, :] * replicas, 0.0)
        weight = np.where(unit.demand > 0, unit.weight, np.inf)
        dearest = max(dearest, float((cost.max(axis=2, initial=0.0) / weight).max(initial=0.0)))
    return dearest
