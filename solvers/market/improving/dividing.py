"""More ways for units of small problems to divide their requests: answers with fewer replicas in one slot.

At no prices does a unit take two of one slot and two of the next where it would rather have four of either;
but that may be the only way to fit, or the cheapest. Where units are few, all such ways are offered.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..answers.columns import Columns
from ..form.market import Market
from ..pricing.appraisal import Appraisal
from ..pricing.candidates import unit_columns

MOST_ANSWERS = 400
"""Answers sought in all; larger problems have too many ways, and blocks enough to make up for each other."""
MOST_REPLICAS = 8


def divided_columns(market: Market, told: Appraisal) -> Iterator[Columns]:
    """Yield the answers of all units at the prices with at most so many replicas in one slot, for each."""
    if sum(len(unit.slot_id) * MOST_REPLICAS for unit in market.units) > MOST_ANSWERS:
        return
    for number, unit, offered in market.offers(told.goods):
        needed = np.ceil(unit.demand.sum(axis=1).max(initial=0.0) / unit.rps)
        for slot in range(len(unit.slot_id)):
            for count in range(int(min(needed[slot], unit.most[slot] + 1, MOST_REPLICAS))):
                most = np.broadcast_to(unit.most, offered.replica.shape).copy()
                most[:, slot] = count
                yield unit_columns(market, number, offered, most)
