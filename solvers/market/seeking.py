"""How prices are sought: of samples first, then of the whole, beside the plans that are built or in turn."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from ..watch import Watch
from .ahead import PricesAhead
from .beside import ROUGH, Beginning, PricesBeside
from .constructing import Constructing
from .copies import may_copy
from .pricing.appraisal import Appraisal
from .pricing.foretelling import MUCH, Foretold, foretold, is_foretold, steps_take_long
from .pricing.merging import begin_with_merged
from .pricing.prices import Seeker
from .pricing.raising import raised_bounds
from .pricing.representing import representative

FIRST_PRICE_SHARE, PRICE_SHARE = 0.15, 0.35
"""Parts of the time for prices of few blocks that stand for many, and for those of all before the first plan
is improved."""
WAITING_SHARE = 0.5
"""Part of the time until plans are improved at prices that are sought beside this, if these do not settle."""
PRICING_PART = 0.8
"""Part of the time of building that a round of prices of all blocks is taken to need before the first."""
BESIDE = 0.08
"""Multiple of what takes long from which on prices are sought beside. Plans differ from run to run then, so
only where a search is so long that it seldom ends by itself."""
RAISING_SHARE = 0.06
"""Part of the time for a stronger bound in the end, and where the gap is nearly closed."""
NEAR_PROGRAMS_SHARE = 0.01
"""Part of the time for programs of single units where the gap is nearly closed."""


@dataclass
class Seeking(Constructing):
    """The best placement, the best prices, and the steps that make both better."""

    ahead: PricesAhead | None = None
    """Has sought prices while the market was built."""
    _raised_at: Appraisal | None = None
    _beside: PricesBeside | None = None
    """Seeks better prices meanwhile."""
    _until: Watch | None = None
    """The clock without the time that it takes over."""
    _has_settled: bool = False
    """Whether prices are good from the beginning, without a process beside this."""
    has_rival: bool = False
    """Whether another search goes on beside this one, so that a core is free only where steps take long."""

    def _may_seek_beside(self) -> bool:
        """Return whether prices are sought beside this: that takes long, and there is a core for it."""
        times = 1.0 if self.has_rival else BESIDE
        is_long = steps_take_long(self.market, self.options.time_limit, times)
        return is_long and self.options.usable_cores > 1 and may_copy()

    def _seek_beside(self, seeker: Seeker, small: Foretold | None) -> None:
        """Let a process seek better prices; it raises bounds in the end, so no time is kept for that here.

        Where it dies, or work is left out, of which it tells nothing, that time is kept. Where the system has
        no room for it, prices and plans take turns.
        """
        limit = self.options.time_limit
        foretells, raising = is_foretold(self.market, limit, MUCH), RAISING_SHARE * limit
        with suppress(OSError):
            self._beside = PricesBeside(Beginning(seeker, small, foretells), self.watch.left, raising)
            alone, longer = self.watch, self.watch.beyond(self.watch.left + raising)
            self.watch = longer.also(lambda: alone.over() and self._ends_alone())
            self._until = alone

    def _ends_alone(self) -> bool:
        """Return whether this process is to seek bounds itself in the end."""
        return self._is_lost() or not self.is_served()

    def _seek_anew_beside(self, seeker: Seeker) -> None:
        """Let the process that seeks prices seek them where a seeker is instead, if there is one."""
        if self._beside is None:
            return
        self._beside.close()
        with suppress(OSError):
            self._beside = PricesBeside(Beginning(seeker), self.watch.left, 0.0)

    def _is_seeking(self) -> bool:
        """Return whether better prices are sought beside this."""
        return self._beside is not None and self._beside.running

    def _is_lost(self) -> bool:
        """Return whether the process that sought prices died: all is left to this one."""
        return self._beside is not None and self._beside.is_lost

    def _seek_or_wait(self, seeker: Seeker) -> None:
        """Seek better prices, or wait for those that are sought beside this."""
        if self._beside is None:
            seeker.run(Watch(PRICE_SHARE * self.watch.left, self.watch.over))
        else:
            spent = self._beside.spent
            late = WAITING_SHARE * (self.watch.left + spent) - spent
            self._beside.wait(Watch(late, self.watch.over).over)
            if not self.watch.over():
                self._take_over(seeker)
        self._hear(seeker.told)

    def _take_over(self, seeker: Seeker) -> float:
        """Take over prices found beside this; return the relative gain of the bound."""
        heard = None if self._beside is None else self._beside.news()
        if heard is None:
            return 0.0
        self.complete = max(self.complete, heard.complete)
        return seeker.move(heard.prices, heard.box)

    def _foretold(self) -> Foretold | None:
        if not is_foretold(self.market, self.options.time_limit):
            return None
        seeker = foretold(self.market, self.penalty, self.watch)
        return None if seeker is None else Foretold.of(seeker)

    def _heard_ahead(self) -> Foretold | None:
        """Return what was told of prices while the market was built, and end that.

        It is waited for until it has had as long as is taken to seek them here. Where steps are soon done,
        prices are not those of what happened to be found in time.
        """
        if self.ahead is None:
            return None
        ahead, self.ahead = self.ahead, None
        heard = None
        if self._is_large and steps_take_long(self.market, self.options.time_limit, BESIDE):
            left = FIRST_PRICE_SHARE * self.options.time_limit - ahead.spent
            ahead.wait(Watch(left, self.watch.over).over)
            heard = ahead.heard and ahead.heard.of_rows(len(self.market.rules.capacity))
        ahead.close()
        return heard

    def _merges(self, seeker: Seeker) -> bool:
        """Let a seeker begin at prices that merged periods tell, where steps take long; return whether."""
        is_long = steps_take_long(self.market, self.options.time_limit, BESIDE)
        return is_long and begin_with_merged(seeker, Watch(PRICE_SHARE * self.watch.left, self.watch.over))

    def _told_by_few(self) -> Foretold | None:
        """Return what a small market that stands for a large one tells, at good prices."""
        small = representative(self.market, self.penalty)
        if small is None:
            return None
        seeker = Seeker.begin(small, self.penalty)
        seeker.may_leave = True
        seeker.run(Watch(FIRST_PRICE_SHARE * self.watch.left, self.watch.over), ROUGH)
        return Foretold.of(seeker)

    def _price_on(self, seeker: Seeker) -> None:
        """Seek better prices of all blocks in the time left."""
        self.took.setdefault("pricing", PRICING_PART * self.took["building"])
        while self._has_time_for("pricing") and not self.is_close():
            self._price(seeker)

    def _price(self, seeker: Seeker) -> float:
        """Seek better prices once; return the relative gain of the bound.

        Where they are sought beside this, those found meanwhile count; with nothing better to do it waits for
        some.
        """
        if self._beside is not None and self._beside.running:
            if self.idle_rounds:
                self._beside.wait_for_news(self.watch.over)
            gain = self._take_over(seeker)
        else:
            with self._timed("pricing"):
                gain = seeker.step()
        self._hear(seeker.told)
        return gain

    def _raise_bound(self, programs: float = RAISING_SHARE) -> None:
        """Raise the bound by what units pay on the whole, once at the same prices.

        ``programs`` is the part of the time that programs of single units may take.
        """
        if self._beside is not None and not self._is_lost():
            if self.watch.left <= 0:
                self._beside.wait_for_end()
            self._hear_bound()
            return
        if self.prices is None or self.prices is self._raised_at:
            return
        self._raised_at = self.prices
        watch = self.watch.beyond(RAISING_SHARE * self.options.time_limit)
        seconds = programs * self.options.time_limit
        for complete in raised_bounds(self.market, self.prices, watch, seconds):
            self.complete = max(self.complete, complete)
            if self.is_close():
                break
        self.report()

    def _hear_bound(self) -> None:
        """Hear what is proven beside this, and leave prices as they are."""
        if self._beside is None:
            return
        complete = self._beside.proven()
        if complete > self.complete:
            self.complete = complete
            self.report()

    def _close_beside(self) -> None:
        if self._beside is not None:
            self._beside.close()

    def _hear(self, told: Appraisal) -> None:
        self.prices = told
        self.complete, self.partial = max(self.complete, told.complete), max(self.partial, told.partial)
        self.report()
