"""Plans where not all can be served: who comes first, and how the search goes on at prices of scarcity."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..watch import Watch
from .form.market import Market
from .plans.rations import Rations
from .pricing.appraisal import appraise
from .pricing.prices import NARROW, Seeker
from .pricing.scarcity import Scarcity, proven_by_programs, scarcity
from .seeking import Seeking

MANY_BLOCKS = 2000
"""Blocks from which on plans that leave nothing out are not built again, nor those that are rationed."""
SCARCITY_SHARE = 0.25
"""Part of the time left that prices of scarcity may take."""
ENTRIES, MOST_ENTRIES = 70_000, 2e7
"""Pairs of a choice and what it takes for every second of the time limit, and in all, up to which they are
sought: told by work, so that the same problem gets the same plan."""
SHORT, FAR = 0.03, 0.5
"""Part of all work up to which it is little to leave out, and part of what the first plan leaves out up to
which a plan at prices of scarcity leaves far less out: where that is not little, not all can be served."""
LACKING, SCARCE_ROUNDS = 0.1, 2
"""Part of all work from which on few blocks are searched at prices of scarcity first, and in how many rounds:
what all would cost if all could be served tells little then, but plans at it cost less."""
ALONE = 0.25
"""Part of the time that counts where few blocks are searched, or no process seeks prices meanwhile."""
RATIONING_SHARE = 0.25
"""Part of the time left that these plans may take."""
PROGRAMS_SHARE, PROGRAM_ENTRIES, MOST_PROGRAM_ENTRIES = 0.08, 5_000, 300_000
"""Part of the time limit in which small programs prove what must be left out, and pairs of a choice and what
it takes, for every second of it and in all, up to which they are small."""


@dataclass
class Rationing(Seeking):
    """A search that knows what to do where work has to be left out."""

    _scarce: Scarcity | None = None
    """What is scarce, where not all can be served."""

    def _is_short(self) -> bool:
        """Return whether not all can be served, as is proven or as plans tell; seek what is scarce.

        Where the first plan of many blocks, built at prices of cost, leaves little out, better prices may
        serve all.
        """
        is_large, lacks = self.market.blocks >= MANY_BLOCKS, self._leaves(LACKING)
        if self.watch.over() or (is_large and not self._leaves(SHORT)):
            return False
        part = 1.0 if lacks or (is_large and self._is_seeking()) else ALONE
        seconds = self.options.time_limit * part
        watch = Watch(SCARCITY_SHARE * part * self.watch.left, self.watch.over)
        found = scarcity(self.market, min(ENTRIES * seconds, MOST_ENTRIES), watch)
        if found is None:
            return False
        self.left_out = max(self.left_out, found.left_out, self._proven_by_programs(found))
        is_short = found.left_out > 0 or (self._leaves_much(found) if is_large else lacks)
        self._scarce = found if is_short else None
        return self._scarce is not None

    def _proven_by_programs(self, found: Scarcity) -> float:
        seconds = self.options.time_limit
        most = min(PROGRAM_ENTRIES * seconds, MOST_PROGRAM_ENTRIES)
        watch = Watch(PROGRAMS_SHARE * seconds, self.watch.over)
        return proven_by_programs(self.market, found.prices, most, watch)

    def _leaves(self, part: float) -> bool:
        """Return whether the best placement leaves out more than a part of all work."""
        return self.unserved() > part * float(self.market.left_out_work.sum())

    def _open(self) -> Market:
        """Return the market with starts that are closed in plans that serve all."""
        return replace(self.market, closes=False)

    def _leaves_much(self, found: Scarcity) -> bool:
        """Offer a plan at prices of scarcity; return whether it leaves much, but far less out than before."""
        told = appraise(self._open(), self.penalty * found.prices, self.penalty, whole=False)
        first, placement = self.unserved(), Rations.of(self.market, told, self.watch.over).filled()
        self._offer(placement)
        return SHORT * float(self.market.left_out_work.sum()) < placement.work() < FAR * first

    def _rationed(self) -> Seeker:
        """Offer plans built at prices of scarcity; return a seeker that goes on from these."""
        assert self._scarce is not None
        self.report()
        prices = self.penalty * self._scarce.prices
        seeker = Seeker.begin(self._open(), self.penalty, prices, NARROW)
        seeker.may_leave = True
        self._hear(seeker.told)
        watch = Watch(RATIONING_SHARE * self.watch.left, self.watch.over)
        self._rations = Rations.of(self.market, seeker.told, self.watch.over)
        self._offer(self._rations.best(watch.over))
        return seeker
