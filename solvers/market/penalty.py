"""The price of unserved work, high enough that what can be done is done."""

from __future__ import annotations

import numpy as np

from .appraisal import appraise
from .entering import dearest_entering
from .market import Market

PENALTY = 20.0
"""Price of leaving out a typical job, in units of what the dearest costs."""


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
    served = (told.complete - float(told.job_least.sum())) / requests if requests > 0 else 0.0
    return PENALTY * max(dearest / typical, served)
