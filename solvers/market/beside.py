"""Prices sought in a process beside this one, which builds and betters plans meanwhile."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

import numpy as np

from ..processes import write_frame
from ..rates import Floats
from ..watch import Watch
from .copies import Copy
from .improving.exact_answers import DECIDING
from .pricing.foretelling import WIDER, Foretold, foretold
from .pricing.merging import begin_with_merged
from .pricing.prices import Seeker
from .pricing.raising import raised_bounds
from .pricing.representing import representative

FINER = (4000, 500)
"""Jobs and units of a sample after the first one, where the market has many more."""
FINER_SHARE = 0.4
"""Part of the time that it may take at most."""
MERGED_SHARE = 0.35
"""The same of merged periods, so that these tell their prices before others stop waiting for them."""
ROUGH = 3e-4
"""Relative gain of a bound below which better prices of few blocks that stand for many are not sought."""
SLOW, SLOW_STEPS = 1e-3, 2
"""Relative gain of a step below which it is slow, and how many of these on end settle prices."""
LEAST_BOX = 1e-3
"""How far prices may move at least for steps to tell anything."""
PROGRAMS_SHARE, PROGRAM_SECONDS = 0.15, 0.4
"""Part of the time that is kept for programs of single units in single periods at most, and of each (s)."""
RAISED_BY = 0.9
"""Part of the time for raising bounds by which that ends, so that it is heard in time."""


@dataclass(frozen=True)
class Heard:
    """The best prices so far, how far the next may be, the bound, and whether prices have settled."""

    prices: Floats
    box: float
    complete: float
    is_settled: bool


@dataclass(frozen=True)
class Beginning:
    """Where a search begins: a seeker of the whole, and what a sample that stands for it tells, if any.

    With ``foretells`` and no such sample, smaller ones tell prices first.
    """

    seeker: Seeker
    small: Foretold | None = None
    foretells: bool = False


class PricesBeside(Copy[Heard]):
    """Goes on seeking where a seeker is, until it is closed."""

    def __init__(self, beginning: Beginning, seconds: float, raising: float) -> None:
        """Begin; prices are sought for so many ``seconds``, then bounds raised for ``raising`` more.

        Raises OSError where the system has no room for a copy.
        """
        until = time.monotonic() + seconds
        super().__init__(lambda stream: _seek(beginning, stream, until, until + RAISED_BY * raising))

    def proven(self) -> float:
        """Return the bound that was heard last, minus infinity before anything was."""
        heard = self.heard
        return -math.inf if heard is None else heard.complete

    def wait(self, over: Callable[[], bool]) -> None:
        """Wait until prices are settled or it is ``over``."""
        self.wait_for(lambda heard: heard.is_settled, over)


def _seek(beginning: Beginning, stream: IO[bytes], until: float, end: float) -> None:
    kept = PROGRAMS_SHARE * (until - time.monotonic())
    seeker, is_settled = _begun(beginning, until)
    until -= min(kept, _for_programs(seeker))
    slow, took = 0, 0.0
    write_frame(stream, _heard(seeker, is_settled))
    while seeker.box >= LEAST_BOX and time.monotonic() + took < until:
        began = time.monotonic()
        slow = slow + 1 if abs(seeker.step()) < SLOW or slow >= SLOW_STEPS else 0
        took = time.monotonic() - began
        write_frame(stream, _heard(seeker, is_settled or slow >= SLOW_STEPS))
    if seeker.may_leave:
        return
    told, best = seeker.told, -math.inf
    for raised in raised_bounds(seeker.market, told, Watch(end - time.monotonic())):
        if raised > best:
            best = raised
            write_frame(stream, Heard(told.prices, seeker.box, best, True))


def _for_programs(seeker: Seeker) -> float:
    """Return the seconds that programs of units take that decide a part of the cost in a period."""
    periods = seeker.market.rates.periods
    deciding = seeker.told.unit_least > DECIDING * periods * abs(seeker.told.complete)
    return float(PROGRAM_SECONDS * periods * np.count_nonzero(deciding))


def _heard(seeker: Seeker, is_settled: bool) -> Heard:
    return Heard(seeker.told.prices, seeker.box, seeker.told.complete, is_settled)


def _begun(beginning: Beginning, until: float) -> tuple[Seeker, bool]:
    """Return a seeker at the prices that samples or merged periods tell, the one given where these tell less.

    Samples tell nothing of what is scarce in the whole: a seeker of plans that leave work out goes on. Prices
    of merged periods, which are those of everybody, are settled: the second returned. They come first after
    those of a small sample, as a finer one tells less in the same time.
    """
    seeker, watch = beginning.seeker, Watch(until - time.monotonic())
    has_small = beginning.small is not None
    if has_small and begin_with_merged(seeker, watch.part(MERGED_SHARE)):
        return seeker, True
    known = None if seeker.may_leave else _foretold(beginning, watch)
    if known is None:
        return seeker, not has_small and begin_with_merged(seeker, watch.part(MERGED_SHARE))
    found = Seeker.begin(seeker.market, seeker.penalty, known.told.prices, WIDER * known.box)
    return (found if found.told.complete > seeker.told.complete else seeker), False


def _foretold(beginning: Beginning, watch: Watch) -> Seeker | None:
    """Return the seeker of the finest sample, None where there is none that holds for the whole."""
    seeker = beginning.seeker
    if beginning.small is not None:
        return _finer(seeker, beginning.small, watch)
    return foretold(seeker.market, seeker.penalty, watch) if beginning.foretells else None


def _finer(seeker: Seeker, small: Foretold, watch: Watch) -> Seeker | None:
    """Return the seeker of a finer sample after that of a small one; None where the market is no larger."""
    sample = representative(seeker.market, seeker.penalty, *FINER)
    if sample is None:
        return None
    finer = Seeker.begin(sample, seeker.penalty, small.prices, WIDER * seeker.box)
    finer.may_leave = True
    finer.run(watch.part(FINER_SHARE), ROUGH)
    return finer
