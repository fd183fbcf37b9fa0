"""Prices of a whole market foretold by small samples of it, a larger one after a smaller.

A step on a sample takes a small part of one on the whole, so that its prices are good before those of the
whole have moved much. They hold for the whole where no few workloads decide alone: what a sample proves is
then close to what its prices prove of the whole. Where it is not, or prices of a sample still move far in the
end, they are sought on the whole at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ...rates import Floats
from ...watch import Watch
from ..answers.menus import natural_prices
from ..answers.placing import Priced
from ..form.market import Market
from .appraisal import appraise
from .prices import WIDE, Seeker
from .representing import representative

SAMPLES = ((150, 30, 0.1), (400, 80, 0.3))
"""Jobs and units of every sample, and the part of the time that it may take at most."""
STEPS, LOOK = 32, 3
"""Steps on one sample at most, and after how many of them a look is taken at what the whole says."""
HOLDS, HOLDS_AT_FIRST = 0.06, 0.12
"""Relative difference of what sample and whole prove up to which the prices of one hold for the other, in the
end and while they are not good yet."""
LITTLE = 5e-4
"""Relative gain between two looks below which a sample has told what it can, if that happens twice."""
FEWEST_BLOCKS, SIZE = 2000, 20_000
"""Blocks of a market that is worth being foretold, and starts of jobs for every second of the time limit
above which its own steps take too long: told by work, so that the same problem gets the same plan."""
MUCH = 2.5
"""The same in multiples of it where prices are sought beside plans: a sample that does not hold costs steps
on the whole there."""
FAR = 1.0
"""Reach at the end of a sample from which on the dual bends so little that steps on the whole soon get there,
and plans come out better than from prices foretold."""
TRIPLES, UNIT = 10, 250
"""Triples of period, demand and slot that take about as long as one start of a job, and starts that take as
long as asking one more unit does, whatever its size."""
TINY = 1e-9
WIDER = 4.0
"""Times the last reach of a sample that the next one begins with."""


@dataclass(frozen=True)
class Foretold:
    """What a small market tells of a large one.

    Attributes
    ----------
    prices
        (R,) of the rows.
    box
        How far they may move, as a part of what users of a row pay as it is.
    natural
        (R,) what users of a row pay a unit of it without its price.
    is_settled
        Whether the small market has told what it can.
    """

    prices: Floats
    box: float
    natural: Floats
    is_settled: bool = True

    @classmethod
    def of(cls, seeker: Seeker, *, is_settled: bool = True) -> Self:
        """Return what the ``seeker`` of a market tells."""
        priced = Priced.of(seeker.market, seeker.columns, seeker.told.prices, 0.0)
        natural = natural_prices(priced.uses, priced.cost)
        return cls(seeker.told.prices, seeker.box, natural, is_settled)

    def of_rows(self, rows: int) -> Self:
        """Return what is told of so many rows, of which nothing is known of the last."""
        free = np.zeros(rows - len(self.prices))
        prices, natural = (np.concatenate([known, free]) for known in (self.prices, self.natural))
        return replace(self, prices=prices, natural=natural)


def steps_take_long(market: Market, seconds: float, times: float = 1.0) -> bool:
    """Return whether steps on a market take long (``times`` as long), where so many seconds are the limit."""
    starts = market.rates.periods * (len(market.running) + len(market.pausing))
    size = starts + UNIT * len(market.units) + sum(unit.size for unit in market.units) / TRIPLES
    return bool(size > times * SIZE * seconds)


def is_foretold(market: Market, seconds: float, times: float = 1.0) -> bool:
    """Return whether steps take so long on so many blocks that samples are asked first."""
    return market.blocks >= FEWEST_BLOCKS and steps_take_long(market, seconds, times)


def foretold(market: Market, penalty: float, watch: Watch) -> Seeker | None:
    """Return the seeker of the last sample whose prices hold for ``market``.

    None where those of none do, or where prices of a sample still move far in the end.

    Parameters
    ----------
    penalty
        Price of a unit of unserved work.
    watch
        Of the time that is left for all.
    """
    found: Seeker | None = None
    for jobs, units, share in SAMPLES:
        sample = representative(market, penalty, jobs, units)
        if sample is None:
            break
        known, box = (None, WIDE) if found is None else (found.told.prices, WIDER * found.box)
        seeker = Seeker.begin(sample, penalty, known, box)
        if not _holds(market, seeker, Watch(share * watch.limit, watch.over)):
            break
        if seeker.box >= FAR:
            return None
        found = seeker
    return found


def _holds(market: Market, seeker: Seeker, watch: Watch) -> bool:
    """Step on a sample while that gains much; return whether what it proves holds for the whole all along."""
    seeker.may_leave = True
    steps, idle, apart = 0, 0, np.inf
    while steps < STEPS and idle < 2 and not watch.over():
        gain = sum(max(0.0, seeker.step()) for _ in range(LOOK) if not watch.over())
        steps, idle = steps + LOOK, idle + 1 if gain < LITTLE else 0
        whole = appraise(market, seeker.told.prices, seeker.penalty, whole=False).complete
        apart = abs(whole - seeker.told.complete) / max(abs(whole), TINY)
        if apart > HOLDS_AT_FIRST:
            return False
    return bool(apart <= HOLDS)
