"""How a placement of a market gets better: by force, anew in turn, in chains, and many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from ...routing.plan import Plan
from ..watch import Watch
from .answers.columns import Columns, joined
from .answers.menus import Menu
from .answers.placing import Placement, Priced, has_relieved_rows
from .improving.commitments import TwoPrices
from .improving.crowds import Crowds
from .improving.displacing import Displacing
from .improving.dividing import divided_columns
from .improving.ejecting import Ejector
from .improving.exact_answers import Pair, answer_exactly, deciding_pairs
from .improving.holding import MUCH_DEARER
from .improving.neighbourhoods import Improver
from .improving.reallotting import Reallotter
from .improving.recreating import Recreator
from .improving.refilling import refill
from .improving.settling import losing_jobs, resettle
from .improving.turns import fades, take_turns
from .plans.building import NEAREST
from .plans.greedy import unit_order
from .plans.rations import Rations
from .plans.resuming import gone_on
from .pricing.appraisal import Appraisal
from .pricing.candidates import job_columns, service_columns
from .pricing.prices import Seeker

VARIED_SHARE, VARIED_SIZE = 0.3, 200_000
"""Part of the time of an improvement at most for more columns of units, and triples of period, demand and
slot that answer for every second of the time limit: by work, so that the same problem gets the same plan."""
MENU_COLUMNS, MOST_NEAREST = 300_000, 120
"""Columns of all jobs together, and of one job, that the search moves among."""
PRICE_FACTORS = (0.0, 0.5, 2.0)
"""Multiples of the prices at which units answer too, so that their columns differ."""
IDLE_TRIES_PER_BLOCK = 200
"""Ejections tried for every block without any gain after which they end."""
SLICE, LONG_SLICE, SOME_JOBS, SOME_UNITS, SOME_HOODS, SOME_GROUPS = 20, 100, 500, 50, 20, 10
"""Ejections tried in turn with other ways, and alone, jobs and units that answer anew, neighbourhoods, and
groups that leave together and answer anew or are rationed, between two looks at what they gave."""
FIRST_JOBS = 30
"""Jobs that answer anew before units do: who loses most may need whole pools, which units break into."""


@dataclass
class Bettering(Displacing):
    """The best placement, and the steps that make it better.

    Attributes
    ----------
    took
        Seconds that the steps of the search took the last time.
    """

    took: dict[str, float] = field(default_factory=dict)
    hint: Callable[[], Plan | None] = lambda: None
    """Tells what another search of the problem has found since it was last asked."""
    idle_rounds: int = 0
    """Rounds on end in which neither plan nor bound got any better."""
    _answered: list[Columns] = field(default_factory=list)
    """Of units at lower and higher prices than those they were last sought at."""
    _answered_at: Appraisal | None = None
    _in_vain: dict[Pair, int] = field(default_factory=dict)
    """How often on end units answered by programs in vain: those come last."""
    _rations: Rations | None = None
    """Who came first in the best plan at prices of scarcity, where not all can be served."""

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        """Note how long a step takes that cannot be interrupted."""
        begun = self.watch.spent
        yield
        self.took[step] = self.watch.spent - begun

    def _has_time_for(self, step: str) -> bool:
        """Return whether there is as much time left as the step took the last time."""
        return not self.watch.over() and self.watch.left > self.took.get(step, 0.0)

    def _refill(self, watch: Watch, units: list[int] | None = None) -> None:
        """Let jobs and units, or some units, answer anew to what the others leave.

        Units do so as modules are and with all at hand.
        """
        if self.best is None or self.prices is None:
            return
        order = unit_order(self.market).tolist() if units is None else units
        for _ in self._resettle_round(self.prices, watch) if units is None else ():
            pass
        for _ in self._refill_round(self.prices, watch, order, len(order)):
            pass

    def _some_units(self, size: float) -> list[int]:
        """Return the first units that have at most so many triples of period, demand and slot, but one."""
        order = unit_order(self.market).tolist()
        sizes = np.cumsum([self.market.units[unit].size for unit in order])
        return list(order[: 1 + int(np.searchsorted(sizes, size))])

    def _improve(self, seeker: Seeker, watch: Watch) -> None:
        """Better the best placement in all ways there are, until that gains little.

        Columns to choose from are drawn when the first way asks for them, if there is time for that.
        """
        if self.best is None or self.prices is None:
            return
        told, is_hard = seeker.fair(), not has_relieved_rows(self.market)

        @cache
        def menu() -> Priced:
            with self._timed("improving"):
                columns = joined([seeker.near(), *self._varied(told, watch)])
                return Priced.of(self.market, columns, told.prices, self.penalty)

        ways = [self._reallotting(self._rations, watch)] if is_hard and self._rations is not None else []
        ways.append(self._refilling(told, watch))
        if is_hard:
            ways.extend([self._displacing(menu, told, watch), self._recreating(told, watch)])
        long = [self._answering_exactly(told, watch)] if is_hard else []
        if self._has_time_for("improving"):
            long.extend([self._ejecting(menu, told, watch)] if is_hard else [])
            long.extend([self._in_crowds(menu, told, watch), self._in_hoods(menu, told, watch)])
        take_turns(ways, self._value, lambda: watch.over() or self._is_closed_meanwhile(), long)

    def _is_closed_meanwhile(self) -> bool:
        """Return whether the gap is closed, by a bound that was proven beside this if need be."""
        self._hear_bound()
        self._take_hint()
        self.give_sign()
        return self.is_close()

    def _take_hint(self) -> None:
        """Go on from what another search has found, if that is better than the best."""
        plan = self.hint()
        found = None if plan is None else gone_on(self.market, self.penalty, plan)
        if found is not None:
            self._offer(found)

    def _hear_bound(self) -> None:
        """Hear what is proven beside this; here nothing is."""

    def _effort(self) -> int:
        """Return how many times as long as at first each way is tried: twice after each round in vain."""
        return int(2**self.idle_rounds)

    def _varied(self, told: Appraisal, watch: Watch) -> list[Columns]:
        """Return more columns of jobs at the prices told, and answers of units at lower and higher prices."""
        jobs = max(1, len(self.market.problem.jobs))
        most = int(np.clip(MENU_COLUMNS // jobs, NEAREST, MOST_NEAREST))
        before = self._answered_at
        if before is None or abs(told.complete - before.complete) > MUCH_DEARER * abs(told.complete):
            self._answered, self._answered_at = list(self._varying(told, watch)), told
        return [job_columns(self.market, told, most), *self._answered]

    def _varying(self, told: Appraisal, watch: Watch) -> Iterator[Columns]:
        """Yield answers of units at lower and higher prices than those told."""
        market = self.market
        until = Watch(VARIED_SHARE * watch.left, watch.over)
        size = sum(unit.size for unit in market.units)
        tries = int(VARIED_SIZE * self.options.time_limit // max(1, size))
        for factor in PRICE_FACTORS[: max(1, tries)]:
            if until.over():
                break
            goods = market.rules.goods_at(factor * told.prices)
            yield service_columns(market, replace(told, goods=goods))
        for columns in divided_columns(market, told):
            if watch.over():
                return
            yield columns

    def _eject(self, priced: Priced, told: Appraisal, watch: Watch) -> None:
        """Let blocks that lose take their places from others until that gains little any more."""
        most, idle = IDLE_TRIES_PER_BLOCK * self.market.blocks // LONG_SLICE, 0
        seen = [(watch.spent, self._value())]
        for _ in self._ejecting(lambda: priced, told, watch, LONG_SLICE):
            idle = 0 if self._value() < seen[-1][1] else idle + 1
            seen.append((watch.spent, self._value()))
            if idle > most or watch.over() or self.is_close() or (self.is_served() and fades(seen)):
                return

    def _refilling(self, told: Appraisal, watch: Watch) -> Iterator[None]:
        """Let the few jobs that lose most answer anew, some units after others, then all jobs, in rounds."""
        order = unit_order(self.market).tolist()
        while True:
            yield from self._resettle_round(told, watch, FIRST_JOBS)
            yield from self._refill_round(told, watch, order, SOME_UNITS)
            yield from self._resettle_round(told, watch)
            yield

    def _resettle_round(self, told: Appraisal, watch: Watch, most: int | None = None) -> Iterator[None]:
        """Let jobs, or at ``most`` so many, answer anew, those that lose most first, some at a time."""
        if self.best is None or has_relieved_rows(self.market):
            return
        order = losing_jobs(self.best, told)[:most].tolist()
        for begin in range(0, len(order), SOME_JOBS):
            placement = self.best.copy()
            resettle(placement, order[begin : begin + SOME_JOBS], watch.over)
            self._offer_trimmed(placement)
            yield

    def _refill_round(self, told: Appraisal, watch: Watch, order: list[int], some: int) -> Iterator[None]:
        """Let units answer anew, ``some`` at a time; when all have, let them with all modules at hand."""
        assert self.best is not None
        for begin in range(0, len(order), max(1, some)):
            placement = self.best.copy()
            refill(placement, told.prices, watch.over, order[begin : begin + some])
            self._offer_trimmed(placement)
            yield
        if len(self.best.modules):
            placement = self.best.copy()
            placement.widen()
            refill(placement, told.prices, watch.over, order)
            self._offer_trimmed(placement)
            yield

    def _ejecting(
        self, columns: Callable[[], Priced], told: Appraisal, watch: Watch, tries: int = SLICE
    ) -> Iterator[None]:
        """Let blocks that lose take their places from others, with all modules at hand."""
        menu, rng = Menu.of(self.market, columns()), self._generator()
        mine: Placement | None = None
        while self.best is not None:
            if mine is not self.best:
                placement = self.best.copy()
                placement.widen()
                ejector = Ejector(placement, menu, told, rng)
                if mine is None:
                    ejector.sweep(np.argsort(-ejector.excess, kind="stable").tolist(), watch)
                mine = self.best
            busy = ejector.run(tries * self._effort(), watch)
            before = self.best
            self._offer_trimmed(ejector.placement)
            mine = self.best if self.best is not before else mine
            yield
            if not busy:
                return

    def _answering_exactly(self, told: Appraisal, watch: Watch) -> Iterator[None]:
        """Let services answer by programs in what they decide, until that gains nothing."""
        paid, before = TwoPrices.of(self.market, np.zeros(len(told.prices))), np.inf
        while self.best is not None and self._value() < before:
            before = self._value()
            pairs = deciding_pairs(self.best, told)
            for pair in sorted(pairs, key=lambda each: self._in_vain.get(each, 0)):
                if watch.over():
                    return
                mine, placement = self.best, self.best.copy()
                answer_exactly(placement, pair, paid)
                self._offer_trimmed(placement)
                self._in_vain[pair] = self._in_vain.get(pair, 0) + 1 if self.best is mine else 0
                yield

    def _reallotting(self, rations: Rations, watch: Watch) -> Iterator[None]:
        """Let some who use the same pools be rationed anew, where work is left out."""
        rng, mine, steps = self._generator(), None, SOME_GROUPS * self._effort()
        while self.best is not None and not self.is_served():
            if mine is not self.best:
                reallotter = Reallotter(rations, self.best.copy(), rng)
            if sum(reallotter.step() for _ in range(steps) if not watch.over()) > 0:
                self._offer_trimmed(reallotter.placement)
            mine = self.best
            yield

    def _top_up(self, watch: Watch) -> None:
        """Let those who lack something take what is free, those first that lack most."""
        if self.best is None or self.prices is None or self.is_served() or has_relieved_rows(self.market):
            return
        jobs, left = len(self.market.problem.jobs), self.market.of_members(self.best.work_of_blocks())
        lacking = np.argsort(-left, kind="stable")[: np.count_nonzero(left > 0)]
        placement = self.best.copy()
        resettle(placement, lacking[lacking < jobs].tolist(), watch.over)
        refill(placement, self.prices.prices, watch.over, (lacking[lacking >= jobs] - jobs).tolist())
        self._offer_trimmed(placement)

    def _recreating(self, told: Appraisal, watch: Watch) -> Iterator[None]:
        """Let some jobs and units that meet in pools leave, and answer anew one after another."""
        rng, mine, steps = self._generator(), None, SOME_GROUPS * self._effort()
        while self.best is not None:
            if mine is not self.best:
                recreator = Recreator(self.best.copy(), told, rng)
            if sum(recreator.step() for _ in range(steps) if not watch.over()) > 0:
                self._offer_trimmed(recreator.placement)
            mine = self.best
            yield

    def _in_hoods(self, columns: Callable[[], Priced], told: Appraisal, watch: Watch) -> Iterator[None]:
        """Place neighbourhoods of single blocks anew as small integer programs."""
        rng, mine, steps = self._generator(), None, SOME_HOODS * self._effort()
        while self.best is not None:
            if mine is not self.best:
                improver = Improver(self.best.copy(), columns(), told.prices, rng)
            mine = self.best
            for _ in range(steps):
                if mine is self.best and not watch.over() and improver.step() > 0:
                    self._offer(improver.placement.copy())
                    mine = None if mine is self.best else self.best
            yield

    def _in_crowds(self, columns: Callable[[], Priced], told: Appraisal, watch: Watch) -> Iterator[None]:
        """Place crowds anew as larger ones."""
        rng, mine, patience, steps = self._generator(), None, None, self._effort()
        while self.best is not None:
            if mine is not self.best:
                crowds = Crowds(self.best.copy(), columns(), told, rng, self.options.usable_cores > 1)
                crowds.patience = crowds.patience if patience is None else patience
                patience = crowds.patience
            if sum(crowds.step() for _ in range(steps) if not watch.over()) > 0:
                self._offer_trimmed(crowds.placement)
            mine = self.best
            yield
