"""Where a job that decides a part of the whole cost is to be: a search of its own tells, a bound proves it.

That is no question of prices: at those of the best bound such a job is half here and half there. So a market
is searched in which it can be at one place only. Where either that market or the one without the place has no
plan better than the best, all goes on in the other, whose bound is the higher one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ...arrays import Bools
from ...rates import Floats, Ints
from ...watch import Watch
from ..answers.placing import Placement
from ..form.jobs import Options
from ..form.market import Market
from ..plans.openings import options_of
from ..pricing.appraisal import Appraisal
from ..pricing.prices import NARROW, Seeker
from ..pricing.standing import Standing

HOLDING_SHARE, PROVING_SHARE = 0.25, 0.15
"""Parts of the time left for a search of a market in which a job is held, and for the bound of the other."""
MUCH_DEARER = 2e-3
"""Part by which a bound differs where prices are to be asked again."""


@dataclass(frozen=True)
class Apart:
    """What a search of another market came to: the best placement, a bound, and prices (R,) that prove it."""

    best: Placement | None
    complete: float
    prices: Floats | None


@dataclass
class Holding(Standing):
    """The best placement, and markets in which a job is held to some place or kept from it."""

    _held: dict[tuple[int, ...], float] = field(default_factory=dict)
    """Bounds at whose prices a search told what a job costs that is held to pools: that job, those pools."""
    _narrowed: Seeker | None = None
    """Seeks prices of a market that has all plans better than the best, and fewer others."""

    def _hold(self, job: int, place: Ints, told: Appraisal) -> None:
        """Search for some time as if a job could be at one place only, if that is new at such prices."""
        key = (job, *place.tolist())
        moved = abs(told.complete - self._held.get(key, np.inf))
        if self.watch.over() or moved <= MUCH_DEARER * abs(told.complete):
            return
        self._held[key] = told.complete
        inside, outside = held(self.market, job, place), held(self.market, job, place, apart=True)
        found = self._searched_apart(inside, HOLDING_SHARE * self.watch.left)
        if found.best is not None:
            self._offer(freed(self.market, found.best))
        if found.complete >= self._value():
            self._narrow(outside, told.prices)
            return
        bound = self._proven_apart(outside, told.prices)
        if bound >= self._value() and found.prices is not None:
            self._narrow(inside, found.prices)
        self.complete = max(self.complete, min(bound, found.complete))
        self.report()

    def _proven_apart(self, market: Market, prices: Floats) -> float:
        """Return the bound of another market that better prices prove, enough if no plan there is better."""
        seeker = Seeker.begin(market, self.penalty, prices, NARROW)
        watch = Watch(PROVING_SHARE * self.watch.left, self.watch.over)
        seeker.run(watch.also(lambda: seeker.told.complete >= self._value()))
        return seeker.told.complete

    def _narrow(self, market: Market, prices: Floats) -> None:
        """Go on in a market that has all plans better than the best, when the step at hand is done."""
        self._narrowed = Seeker.begin(market, self.penalty, prices, NARROW)

    def _searched_apart(self, market: Market, seconds: float) -> Apart:
        """Return what a search of another market comes to in so many seconds."""
        raise NotImplementedError


def held(market: Market, job: int, pools: Ints, *, apart: bool = False) -> Market:
    """Return the market in which all options of ``job`` are in just these ``pools``, or none ``apart``."""
    kinds = (market.running, market.pausing)
    running, pausing = (np.flatnonzero(_are_kept(options, job, pools, apart)) for options in kinds)
    return replace(
        market,
        running=market.running.only(running),
        spans=market.spans.only(running),
        pausing=market.pausing.only(pausing),
        rooms=market.rooms[pausing],
    )


def _are_kept(options: Options, job: int, pools: Ints, apart: bool) -> Bools:
    """Return whether each option (O) is of another job, or in just these pools (with ``apart``: is not)."""
    mine, wanted = options_of(options, job), set(pools.tolist())
    part, keeps = options.part(mine.start, mine.stop), np.ones(len(options), dtype=bool)
    here = [set(part.pool[part.owner == row].tolist()) == wanted for row in range(mine.stop - mine.start)]
    keeps[mine] = np.array(here, dtype=bool) != apart
    return keeps


def freed(market: Market, found: Placement) -> Placement:
    """Return a placement of a market that was held as one of the ``market`` itself."""
    placement = Placement(market, found.penalty, found.modules)
    for block, placed in enumerate(found.placed):
        placement.put(block, placed)
    return placement
