"""What is known while a market is searched: the best placement, what is proven, and how near they are."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from ....routing.commitments import committed_usd
from ...options import SIGN_SECONDS, Options, Progress, relative_gap
from ...watch import Watch
from ..answers.placing import Placement
from ..form.market import Market
from .appraisal import Appraisal
from .confined import CrowdedOut, crowded_out
from .sharpening import cost_of_others, least_left_out, limited_cost

UNSERVED_TOLERANCE = 1e-7
CONFINED_SHARE = 0.05
"""Part of the time in which it is proven that jobs which have one pool only do not all fit into it."""
SHARPENING_SHARE, SHARPENED_SIZE = 0.02, 10_000
"""Part of the time for each bound of plans that leave work out, and triples of period, demand and slot for
every second of the time limit up to which prices are sought for what must be left out."""


@dataclass
class Standing:
    """The best placement of a market and lower bounds.

    Attributes
    ----------
    complete
        Of the cost of plans that leave nothing out.
    partial
        Of the cost of all plans, unserved work at ``penalty``.
    limited
        Of the cost of plans that leave no more out than the best.
    left_out
        Of the work with options that must be left out.
    prices
        What was told last.
    spare
        A placement that leaves less out than the best, at a cost from which the search had better not go on:
        it counts where that ends before the best is as good.
    """

    market: Market
    options: Options
    watch: Watch
    started: float
    penalty: float = 0.0
    best: Placement | None = None
    spare: Placement | None = None
    complete: float = -np.inf
    partial: float = -np.inf
    limited: float = -np.inf
    left_out: float = 0.0
    prices: Appraisal | None = None
    crowded_out: CrowdedOut = field(default_factory=CrowdedOut.nobody)
    """What must be left out as pools are too small, and whose work that is."""
    _is_large: bool = False
    """Whether a small market stands for it at first."""
    _sequences: int = 0
    _told_at: float = -np.inf

    def unserved(self) -> float:
        """Return the work that the best placement leaves out though it has options."""
        return _work(self.best)

    def sharpen(self) -> None:
        """Seek stronger bounds of plans that leave as much out as the best."""
        unserved = self.unserved()
        if self.prices is None or unserved <= UNSERVED_TOLERANCE:
            return
        seconds, size = self.options.time_limit, sum(unit.size for unit in self.market.units)
        told, seeks = self.prices, size <= SHARPENED_SIZE * seconds
        watch = self.watch.beyond(SHARPENING_SHARE * seconds)
        if _is_least(unserved, self.crowded_out.work):
            self.limited = max(self.limited, cost_of_others(self.market, told, self.crowded_out.jobs, watch))
            return
        self.limited = max(self.limited, limited_cost(self.market, told, unserved, watch, seeks=seeks))
        watch = self.watch.beyond(SHARPENING_SHARE * seconds)
        self.left_out = max(self.left_out, least_left_out(self.market, told, watch, seeks=seeks))

    def cost_bound(self) -> float | None:
        """Return the proven bound of the cost of plans that leave no more out than the best."""
        return self._bound_for(self.unserved())

    def _bound_for(self, unserved: float) -> float | None:
        bounds = [self.partial - self.penalty * (unserved + 1e-9), self.limited]
        if unserved <= UNSERVED_TOLERANCE:
            bounds.append(self.complete)
        if self.prices is not None and not self.market.rules.has_negative_costs:
            bounds.append(0.0)
        offset = committed_usd(self.market.problem) * self.market.problem.objective.money_weight
        return max(bounds) + offset if np.isfinite(max(bounds)) else None

    def unserved_bound(self) -> float:
        """Return a proven bound of the work that must be left out, that without options included."""
        return self.market.barred_work + self.left_out

    def incumbent(self) -> float | None:
        """Return the cost of the best placement, what it leaves out not priced."""
        return self._cost_of(self.best)

    def _cost_of(self, placement: Placement | None) -> float | None:
        if placement is None:
            return None
        offset = committed_usd(self.market.problem) * self.market.problem.objective.money_weight
        return placement.value() - self.penalty * placement.work() + offset

    def is_close(self) -> bool:
        """Return whether the gap is closed."""
        gap = relative_gap(self.incumbent(), self.cost_bound())
        return gap is not None and gap <= self.options.gap_limit and self.is_served()

    def is_served(self) -> bool:
        """Return whether there is a placement that leaves nothing out that has options, save what must be."""
        return self.best is not None and _is_least(self.unserved(), self.left_out)

    def _is_given_up(self) -> bool:
        """Return whether somebody waits for a large market to stop of which there is no plan yet."""
        return self._is_large and self.best is None and self.options.is_cancelled()

    def _is_late(self) -> bool:
        """Return whether a large market was searched past its limit, or somebody waits for it to stop."""
        is_past = time.monotonic() - self.started > self.options.time_limit
        return self._is_large and (is_past or self.options.is_cancelled())

    def prove_left_out(self) -> None:
        """Prove what must be left out as pools are too small for it, if the best placement leaves any out."""
        if not self.is_served():
            watch = Watch(CONFINED_SHARE * self.options.time_limit, self.watch.over)
            self.crowded_out = crowded_out(self.market, watch)
            self.left_out = max(self.left_out, self.crowded_out.work)

    def _offer(self, placement: Placement) -> None:
        """Keep a placement if it is better than the best, and leaves nothing out where that does not."""
        if len(placement.broken_rows()) or (
            self.is_served() and not _is_least(placement.work(), self.left_out)
        ):
            return
        if self.best is None or placement.value() < self.best.value():
            self.best = placement
            self.report()

    def _keep_spare(self, placement: Placement) -> None:
        """Keep a placement for the case that nothing better is found in time."""
        if self.best is not None and placement.value() < self._value() and not len(placement.broken_rows()):
            self.spare = placement
            self.report()

    def _known(self) -> Placement | None:
        """Return the better one of the best and the spare placement."""
        return self.spare if self.spare is not None and self.spare.value() < self._value() else self.best

    def _offer_trimmed(self, placement: Placement) -> None:
        """Offer a copy of a placement without the modules that nothing needs."""
        trimmed = placement.copy()
        trimmed.trim_modules()
        self._offer(trimmed)

    def _generator(self) -> np.random.Generator:
        """Return random numbers that no round before has seen."""
        self._sequences += 1
        return np.random.default_rng([self.options.seed, self._sequences])

    def _value(self) -> float:
        return np.inf if self.best is None else self.best.value()

    def give_sign(self) -> None:
        """Tell how things stand though nothing is new, where nothing has been told for a while."""
        if time.monotonic() >= self._told_at + SIGN_SECONDS:
            self.report()

    def report(self) -> None:
        """Tell how things stand, if anybody asked for that."""
        if self.options.progress is None:
            return
        self._told_at, known = time.monotonic(), self._known()
        seconds, unserved = self._told_at - self.started, _work(known)
        if unserved > UNSERVED_TOLERANCE:  # what costs less as it does less says nothing beside a bound
            work = (unserved + self.market.barred_work, self.unserved_bound())
            self.options.progress(Progress("unserved work", *work, None, seconds))
            return
        incumbent, bound = self._cost_of(known), self._bound_for(unserved)
        self.options.progress(Progress("cost", incumbent, bound, relative_gap(incumbent, bound), seconds))


def _work(placement: Placement | None) -> float:
    return 0.0 if placement is None else placement.work()


def _is_least(unserved: float, least: float) -> bool:
    """Return whether no less can be left out than is."""
    return unserved <= least + UNSERVED_TOLERANCE * max(1.0, unserved)
