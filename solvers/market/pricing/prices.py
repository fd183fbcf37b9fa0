"""Prices of the shared rows: a smoothed dual is climbed on few columns, and the whole says what they prove.

See :mod:`.choices.dual` for the smoothing. Columns are drawn anew at better prices and kept, as in column
generation, until that gains little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...rates import Floats
from ...watch import Watch
from ..answers.columns import Columns, joined, kept
from ..form.market import Market
from .appraisal import Appraisal, appraise
from .candidates import job_columns, nearest, service_columns
from .climbing import Climb, climb, price_core
from .giants import Combination, Giants

JOB_CANDIDATES, FEWEST_CANDIDATES, ALL_CANDIDATES = 24, 8, 150_000
"""Columns drawn for a job: most, fewest, and those of all jobs together."""
KEPT, FEWEST_KEPT, ALL_KEPT = 24, 10, 800_000
"""Columns of a block that are kept from round to round: most, fewest, and those of all blocks together."""
ROUNDS, PATIENCE = 40, 5
WARM, COLD, COOLING = 0.02, 0.001, 4.0
"""First temperature, the one below which it is the first again, and the part by which it falls when a round
gains little: in the cold, climbing soon sticks at an edge, from which it gets away in the warm."""
FIRST_STEPS, MOST_STEPS = 40, 150
"""Steps of a climb at most, until a round gains little, and then: what is gained by going further on columns
of poor prices is mostly lost again on the whole, which tells more when it is asked soon."""
SLOW, SLACKENING = 1e-4, 1e-3
"""Relative gains of the bound in a round that are little, and below which columns are drawn with care."""
WIDE, NARROW = 2.0, 0.06
"""How far prices may move in one round at most, and in the first from good ones, as a part of what users of a
row pay as it is."""
GROWTH, SHRINKING = 2.0, 0.5
"""Times which that grows after a gain, and part of it that is left without the first time, squared the second
and so on: columns drawn at prices that gain nothing show where the dual bends, so one failure says little."""
LEAST_BOX = 5e-4
"""Least that it shrinks to: in a smaller one nothing is learnt."""
BACK = 0.35
"""Part of the way to prices that gain nothing at which prices are tried: the dual is concave."""
MOST_TOGETHER = 80
"""Jobs up to which others join the giants: the cheapest combination of more takes too long."""
COMBINATIONS = 400
"""Combinations of giants that are kept from round to round."""
ALIKE = 0.05
"""Known columns are as good as an answer where they cost a unit no more above that than this part of it times
the temperature."""
ENOUGH = 1e-5
"""Relative gain of the bound below which better prices are not sought."""


@dataclass
class Seeker:
    """Better prices round by round; keeps columns seen, which are drawn when first asked for.

    With ``may_leave``, prices are better where they prove more of plans that may leave work out.
    ``apart`` is what the prices tell when giants answer one by one.
    """

    market: Market
    penalty: float
    apart: Appraisal
    told: Appraisal
    giants: Giants
    combinations: list[Combination]
    drawn: Columns | None = None
    drawn_at: Appraisal | None = None
    box: float = WIDE
    failures: int = 0
    answered: Floats = field(init=False)
    """By how much the last answer of every unit (U,) cost more than its bound."""
    temperature: float = WARM
    steps: int = FIRST_STEPS
    may_leave: bool = False

    def __post_init__(self) -> None:
        """Know of no answers yet."""
        self.answered = np.zeros(len(self.market.units))

    @property
    def columns(self) -> Columns:
        """The columns seen."""
        if self.drawn is None:
            self.drawn, self.drawn_at = self._all_drawn(), self.told
        return self.drawn

    def near(self) -> Columns:
        """Return the recent columns, and those drawn at the best prices."""
        found = self.recent()
        return found if self.drawn_at is self.told else joined([found, self._all_drawn()])

    def recent(self) -> Columns:
        """Return the columns that are among the nearest of their block at the best prices."""
        most = int(np.clip(ALL_KEPT // max(1, self.market.blocks), FEWEST_KEPT, KEPT))
        reduced = self._reduced(self.columns, self.told)
        return kept(self.columns, nearest(self.columns.block, reduced, most))

    @classmethod
    def begin(
        cls, market: Market, penalty: float, prices: Floats | None = None, box: float = NARROW
    ) -> Seeker:
        """Return a seeker at the prices, which are taken to be good within the box, or at prices of zero."""
        apart = appraise(market, np.zeros(len(market.rules.capacity)) if prices is None else prices, penalty)
        giants = Giants.of(market, apart)
        told, combinations = giants.together(apart)
        reach = WIDE if prices is None else min(WIDE, box)
        return cls(market, penalty, apart, told, giants, combinations, box=reach)

    def fair(self) -> Appraisal:
        """Return what is told, with the least that giants pay in their cheapest combination."""
        if not self.combinations:
            return self.told
        least = self.told.job_least.copy()
        for job, column in zip(self.giants.jobs.tolist(), self.combinations[0].columns, strict=True):
            if column >= 0:
                row = self.giants.uses[[column]]
                least[job] = self.giants.cost[column] + float((row @ self.told.prices)[0])
        return replace(self.told, job_least=least)

    def run(self, watch: Watch, enough: float = ENOUGH) -> None:
        """Seek until the bound has gained less than a part of ``enough`` in some rounds on end."""
        for _ in self.steps_until(watch, enough):
            pass

    def steps_until(self, watch: Watch, enough: float = ENOUGH) -> Iterator[float]:
        """Seek as :meth:`run` does, and yield what every step gains."""
        idle = 0
        for _ in range(ROUNDS):
            if watch.over() or idle >= PATIENCE:
                return
            gain = self.step()
            idle = idle + 1 if abs(gain) < enough else 0
            yield gain

    def step(self) -> float:
        """Climb once and draw columns at the prices found; return the relative gain of the bound."""
        columns, merged = self.columns, np.zeros(0, dtype=np.int64)
        if self.combinations:
            columns, merged = self.giants.merged(columns, self.combinations), self.giants.jobs
        core = price_core(self.market, columns, self.told, merged)
        prices = climb(core, self.told.prices, Climb(self.box, self.temperature, self.steps))
        apart, tried, combinations = self._tell(prices)
        self._draw(tried)
        gain = self._gain(tried)
        if gain > 0:
            self.box, self.failures = min(WIDE, GROWTH * self.box), 0
        else:
            apart, tried, more = self._tell(self.told.prices + BACK * (prices - self.told.prices))
            combinations, gain = combinations + more, self._gain(tried)
            self.failures += 1
            self.box = max(LEAST_BOX, self.box * SHRINKING**self.failures)
        if 0 <= gain < SLOW:
            self._slow_down()
        if gain < SLACKENING:
            self.answered /= 2
        if gain > 0:
            self.apart, self.told = apart, tried
        self.combinations = self.giants.nearest(self.combinations + combinations, self.told, COMBINATIONS)
        if gain > 0:
            self._meet()
        return gain

    def _slow_down(self) -> None:
        """Climb further in one round, or colder."""
        if self.steps < MOST_STEPS:
            self.steps = MOST_STEPS
        else:
            self.temperature = self.temperature / COOLING if self.temperature > COLD else WARM

    def move(self, prices: Floats, box: float) -> float:
        """Go on at prices found elsewhere if they are better; return the relative gain of the bound."""
        apart, tried, combinations = self._tell(prices)
        gain, self.box = self._gain(tried), box
        if gain > 0:
            self.apart, self.told = apart, tried
            self.combinations = self.giants.nearest(self.combinations + combinations, tried, COMBINATIONS)
            self._meet()
        return gain

    def _all_drawn(self) -> Columns:
        """Return the nearest columns of all blocks at the best prices.

        Replicas are not swapped: that takes long, and leads to no better prices.
        """
        return joined([self._of_jobs(self.told), service_columns(self.market, self.told, swapping=False)])

    def _draw(self, tried: Appraisal) -> None:
        """Draw columns at prices tried: of all jobs, and of units whose known ones are not as good there.

        An answer costs more than its bound; known columns that cost no more above it than the last answer did
        are taken to be as good as one.
        """
        columns = self.recent()
        excess = self._excess(columns, tried)
        alike = ALIKE * self.temperature * np.abs(tried.unit_least)
        stale = np.flatnonzero(excess > self.answered + alike)
        fresh = service_columns(self.market, tried, stale.tolist(), swapping=False)
        self.answered[stale] = self._excess(fresh, tried)[stale]
        self.drawn, self.drawn_at = joined([columns, self._of_jobs(tried), fresh]), tried

    def _excess(self, columns: Columns, tried: Appraisal) -> Floats:
        """Return by how much the cheapest of the columns of every unit (U,) cost more than its bound."""
        least = np.full(self.market.blocks, np.inf)
        np.minimum.at(least, columns.block, self._reduced(columns, tried))
        jobs = len(self.market.problem.jobs)
        sizes = [len(blocks) for blocks in self.market.unit_blocks]
        paid = np.add.reduceat(least[jobs:], np.cumsum([0, *sizes[:-1]])) if sizes else np.zeros(0)
        return np.asarray(paid - tried.unit_least)

    def _reduced(self, columns: Columns, told: Appraisal) -> Floats:
        """Return what columns cost at the prices told, goods at prices that are not negative."""
        prices = self.market.rules.good_prices(told.prices)
        return np.asarray(columns.goods @ prices) + self.penalty * columns.unserved

    def _of_jobs(self, told: Appraisal) -> Columns:
        jobs = max(1, len(self.market.problem.jobs))
        most = int(np.clip(ALL_CANDIDATES // jobs, FEWEST_CANDIDATES, JOB_CANDIDATES))
        return job_columns(self.market, told, most)

    def _meet(self) -> None:
        """Let jobs that are giants at the better prices only answer with the others."""
        known = len(self.giants.jobs)
        self.giants = self.giants.met(self.market, self.apart)
        if len(self.giants.jobs) > known:
            self.told, self.combinations = self.giants.together(self.apart)

    def join(self, jobs: Sequence[int]) -> bool:
        """Let jobs answer with the giants, those with few columns; return whether any did not so far.

        Who finds no place beside giants tells more with them: that they make way costs something.
        """
        known = self.giants.considered
        new = np.setdiff1d(np.array(jobs, dtype=np.int64), known)[: max(0, MOST_TOGETHER - len(known))]
        met = Giants.of(self.market, self.apart, np.union1d(known, new))
        if len(met.jobs) == len(self.giants.jobs):
            return False
        self.giants = met
        self.told, self.combinations = met.together(self.apart)
        return True

    def _tell(self, prices: Floats) -> tuple[Appraisal, Appraisal, list[Combination]]:
        apart = appraise(self.market, prices, self.penalty)
        return apart, *self.giants.together(apart)

    def _gain(self, tried: Appraisal) -> float:
        now, then = (told.partial if self.may_leave else told.complete for told in (tried, self.told))
        return (now - then) / max(abs(now), 1e-9)
