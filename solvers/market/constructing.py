"""How placements are built: at prices, at parts of them, and where rows that goods relieve are broken."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..rates import Floats
from ..watch import Watch
from .answers.placing import Placement, has_relieved_rows
from .bettering import Bettering
from .plans.building import Builder
from .plans.leaning import leaning
from .plans.relieving import relieved
from .pricing.appraisal import Appraisal, appraise

BUILDING_SHARE, PRICE_RISES = 0.2, 8
"""Part of the time left that building may take at most, and how often prices of broken rows are raised."""
PARTS, SAVING_SHARE = (0.6, 0.0), 0.1
"""Parts of the prices at which plans are built too, and part of the time left for who is left out then."""
LEANING_PARTS = (1.0, 0.6)
"""The same where jobs leave room to services, as work was left out."""
FAR = 3.0
"""Times the work that the best plan leaves out from which on others are too far from it to be saved."""
CHEAP_SHARE = 0.01
"""Part of the time up to which building is cheap."""


@dataclass
class Constructing(Bettering):
    """The best placement, how it is built, and the steps that make it better."""

    _less_pays: bool = True
    """Whether plans built at parts of the prices were better, if that was tried."""
    _has_leant: bool = False
    """Whether plans were built in which jobs leave room to services, as room is scarce."""

    def _build(self, builder: Builder, told: Appraisal, rounds: int) -> None:
        self._offer_built(self._built(builder, told, rounds))

    def _offer_built(self, placement: Placement | None) -> None:
        if placement is not None:
            self._offer(placement)

    def _build_leaning(self, builder: Builder, told: Appraisal) -> None:
        """Build so that jobs leave pools the room that services lean to, once, where room is scarce."""
        if self._has_leant or not builder.is_tight or has_relieved_rows(self.market):
            return
        self._has_leant, leans = True, leaning(self.market, told)
        for part in LEANING_PARTS:
            if not self._has_time_for("building") or self.is_served():
                return
            fresh, lower = self._at_part(builder, told, part, leans)
            self._offer_built(self._built(fresh, lower, 1))

    def _at_part(
        self, builder: Builder, told: Appraisal, part: float, leans: Floats
    ) -> tuple[Builder, Appraisal]:
        """Return a builder that leaves services the room they lean to, and a part of the prices told."""
        fresh = replace(builder.afresh(), leaning=leans)
        return fresh, appraise(self.market, part * told.prices, self.penalty, whole=False)

    def _build_at_less(self, builder: Builder, told: Appraisal) -> None:
        """Build at parts of the prices too, while that pays.

        At good prices much costs about the same, and those placed first go far for little. That is so where
        few workloads decide nothing; elsewhere it is tried where building takes little time.
        """
        is_cheap = self.took["building"] < CHEAP_SHARE * self.options.time_limit
        if not self._less_pays or (builder.leaning is None and not is_cheap):
            return
        before = self.best
        leans = leaning(self.market, told) if builder.leaning is None else builder.leaning
        for part in PARTS:
            if not self._has_time_for("building") or self.is_close():
                return
            fresh, lower = self._at_part(builder, told, part, leans)
            placement = self._built(fresh, lower, 1)
            if placement is not None and self._is_near(placement):
                self._offer(self._saved(placement, fresh, lower, SAVING_SHARE))
        self._less_pays = self.best is not before

    def _is_near(self, placement: Placement) -> bool:
        """Return whether a placement leaves no more out than may be saved, if the best one leaves any out.

        On large markets force saves nearly all.
        """
        return self._is_large or self.is_served() or placement.work() <= FAR * self.unserved()

    def _built(self, builder: Builder, told: Appraisal, rounds: int) -> Placement | None:
        """Return what is built; where rows that goods relieve are broken, with higher prices of these.

        What still breaks rows then is mended by leaving blocks out; None where that is not possible.
        """
        for _ in range(PRICE_RISES):
            watch = Watch(BUILDING_SHARE * self.watch.left, self.watch.over)
            placement = builder.build(told, rounds, watch)
            broken = placement.broken_rows()
            if len(broken) == 0:
                return placement
            prices = told.prices.copy()
            for row in broken.tolist():
                least = 0.1 * placement.value() / max(placement.turnover(row), 1e-9)
                prices[row] = max(2 * prices[row], least)
            told = appraise(self.market, prices, self.penalty, whole=False)
        return relieved(placement)
