"""How a placement of a market gets better: by force, anew in turn, in chains, and many at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from ..choices.watch import Watch
from .appraisal import Appraisal, appraise
from .building import NEAREST, Builder
from .candidates import job_columns, service_columns
from .columns import Columns, joined
from .dividing import divided_columns
from .ejecting import Ejector
from .menus import Menu
from .neighbourhoods import Improver
from .placing import Placement, Priced, has_relieved_rows
from .prices import Seeker
from .refilling import refill
from .rescuing import rescued
from .standing import Standing

REFILL_SHARE, EJECTION_SHARE, VARIED_SHARE = 0.3, 0.5, 0.1
"""Parts of the time of an improvement for units to answer anew, for ejections, and for more columns."""
RESCUE_SHARE = 0.3
"""Part of the time left for those who are left out to take their places by force."""
MENU_COLUMNS, MOST_NEAREST = 300_000, 120
"""Columns of all jobs together, and of one job, that the search moves among."""
PRICE_FACTORS = (0.0, 0.5, 2.0)
"""Multiples of the prices at which units answer too, so that their columns differ."""
IDLE_STEPS_PER_BLOCK, IDLE_TRIES_PER_BLOCK = 8, 200
"""Neighbourhoods, and ejections tried, for every block, without any gain after which a round goes on to its
next step."""
SLICE = 100
"""Ejections tried between two looks at what they gave."""


@dataclass
class Bettering(Standing):
    """The best placement, and the steps that make it better.

    Attributes
    ----------
    took
        Seconds that the steps of the search took the last time.
    """

    took: dict[str, float] = field(default_factory=dict)
    _is_large: bool = False
    """Whether a small market stands for it at first."""

    def __post_init__(self) -> None:
        """Begin a sequence of random numbers."""
        self._rng = np.random.default_rng(self.options.seed)

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        """Note how long a step takes that cannot be interrupted."""
        begun = self.watch.spent
        yield
        self.took[step] = self.watch.spent - begun

    def _has_time_for(self, step: str) -> bool:
        """Return whether there is as much time left as the step took the last time."""
        return not self.watch.over() and self.watch.left > self.took.get(step, 0.0)

    def _offer(self, placement: Placement) -> None:
        if len(placement.broken_rows()):
            return
        if self.best is None or placement.value() < self.best.value():
            self.best = placement
            self.report()

    def _offer_trimmed(self, placement: Placement) -> None:
        trimmed = placement.copy()
        trimmed.trim_modules()
        self._offer(trimmed)

    def _rescue(self, builder: Builder, told: Appraisal) -> None:
        """Where the best placement of a large market leaves work out, let that take its place by force.

        Small ones get there by building in rounds, and in less time.
        """
        if self.best is None or builder.offered is None or not self._is_large:
            return
        if self.is_served() or has_relieved_rows(self.market):
            return
        watch = Watch(RESCUE_SHARE * self.watch.left, self.watch.over)
        self._offer(rescued(self.best, builder.offered, told, watch, self._rng))

    def _refill(self, watch: Watch) -> None:
        """Let units answer anew to what the others leave, as modules are and with all at hand."""
        if self.best is None or self.prices is None:
            return
        everything = self.market.rules.widening_most[: len(self.best.modules)]
        for modules in (self.best.modules, everything) if len(everything) else (everything,):
            placement = self.best.copy()
            placement.set_modules(modules.copy())
            refill(placement, self.prices.prices, watch.over)
            self._offer_trimmed(placement)

    def _improve(self, seeker: Seeker, watch: Watch) -> None:
        if self.best is None or self.prices is None:
            return
        told = self.prices
        self._refill(Watch(REFILL_SHARE * watch.left, watch.over))
        with self._timed("improving"):
            columns = joined([seeker.near(), *self._varied(told, watch)])
            priced = Priced.of(self.market, columns, told.prices, self.penalty)
        if not has_relieved_rows(self.market):
            self._eject(priced, told, Watch(EJECTION_SHARE * watch.left, watch.over))
        self._improve_together(priced, told, watch)

    def _varied(self, told: Appraisal, watch: Watch) -> list[Columns]:
        """Return more columns of jobs at the prices told, and answers of units at lower and higher prices."""
        market = self.market
        most = int(np.clip(MENU_COLUMNS // max(1, len(market.problem.jobs)), NEAREST, MOST_NEAREST))
        found = [job_columns(market, told, most)]
        until = Watch(VARIED_SHARE * watch.left, watch.over)
        for factor in PRICE_FACTORS:
            if until.over():
                break
            found.append(service_columns(market, appraise(market, factor * told.prices, self.penalty)))
        return [*found, *divided_columns(market, told)]

    def _eject(self, priced: Priced, told: Appraisal, watch: Watch) -> None:
        """Let blocks that lose take their places from others, with all modules at hand."""
        assert self.best is not None
        placement = self.best.copy()
        placement.widen()
        rng = np.random.default_rng(self.options.seed)
        ejector = Ejector(placement, Menu.of(self.market, priced), told, rng)
        ejector.sweep(np.argsort(-ejector.excess, kind="stable").tolist(), watch)
        busy, idle, most = True, 0, IDLE_TRIES_PER_BLOCK * self.market.blocks
        while busy and idle < most and not watch.over() and not self.is_close():
            best, idle = self.best, idle + SLICE
            busy = ejector.run(SLICE, watch)
            self._offer_trimmed(placement)
            if self.best is not best:
                idle = 0

    def _improve_together(self, priced: Priced, told: Appraisal, watch: Watch) -> None:
        """Place neighbourhoods anew as small integer programs, until that has long been in vain."""
        if self.best is None:
            return
        rng = np.random.default_rng(self.options.seed)
        improver = Improver(self.best.copy(), priced, told.prices, rng)
        idle, most = 0, IDLE_STEPS_PER_BLOCK * self.market.blocks
        while idle < most and not watch.over() and not self.is_close():
            idle += 1
            if improver.step() > 0:
                idle = 0
                self._offer(improver.placement.copy())
