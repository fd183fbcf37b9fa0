"""The decomposition of a whole problem: prices and bound, then plans that get better, until gap or time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from ...routing.paths import PathFinder
from ...routing.plan import Plan, StoppedBy
from ...routing.problem import Problem
from ..accounts.header import Header
from ..options import Options, relative_gap
from ..rates import Floats
from ..stopping import never
from ..watch import Watch
from .answers.placing import Priced, has_relieved_rows
from .form.market import Market
from .improving.holding import Apart
from .opening import PROGRAM_SHARE, plain_market, widened
from .plans.building import Builder
from .plans.deciding import decisions
from .plans.keeping import kept_at_prices, kept_for_units
from .plans.leaning import leaning
from .plans.resuming import gone_on
from .pricing.appraisal import Appraisal
from .pricing.foretelling import WIDER, Foretold
from .pricing.penalty import penalty_of
from .pricing.prices import NARROW, Seeker
from .pricing.representing import has_many_blocks
from .rationing import LACKING, MANY_BLOCKS, SCARCE_ROUNDS, Rationing
from .seeking import NEAR_PROGRAMS_SHARE, RAISING_SHARE

ENDING_SHARE, MOST_ENDING_SHARE, DEMAND_SECONDS = 0.02, 0.15, 30e-6
"""Parts of the time for writing the plan, least and most, and seconds for every user in every period: 19
to 29 millionths were measured on 170,000 and 1,800,000 of these."""
FIRST_REFILL_SHARE, SEARCH_SHARE, LONG_SEARCH_SHARE = 0.1, 0.45, 0.8
"""Parts of the time left at most for units to answer anew before prices are known, and to improve before and
after prices are good."""
FIRST_REFILL_SIZE = 20_000
"""Triples of period, demand and slot of units that answer anew before prices are known, for every second of
the time limit: about a fiftieth of it, told by work so that the same problem gets the same plan."""
LONG_EJECTION_SHARE, LONG_REFILL_SHARE = 0.6, 0.35
"""Parts of the time left for ejections, then for units to answer anew, where building is long."""
LONG_SHARE, LARGE_LONG_SHARE = 0.08, 0.03
"""Parts of the time from which on building is long, and where few blocks stand for many: plans come before
better prices then, nothing is built twice at the same prices, and to improve plans is taken to be as long."""
TOPPING_SHARE, TOPPING_TURNS = 0.03, 2
"""Part of the time limit at most for each of the turns in which who lacks something takes what is free in the
end: all that is kept for the bound of plans that leave nothing out."""
FITTING_ROUNDS = 12
TOGETHER = 100
"""Jobs that find places together when a plan is built: one by one, those of middle size find none. Not where
few blocks stand for many: what that gains there is less than what the time gains."""
WELL = 2e-4
"""Relative gain of a round of prices from which on they are good, and plans are improved for longer."""
NEAR = 0.005
"""Gap from which on a stronger bound may close it."""
FIRST_PLAN_SECONDS = 10.0
"""For a first plan of a large market at least, however late it begins."""
LEAST_SECONDS = 1e-3
"""Least time limit of a search of its own: time may be over at the very moment that it is begun."""
IDLE_ROUNDS = 5
"""Rounds without any gain after which the search ends."""
ALIKE = 1e-7


def search_of(market: Market, options: Options, started: float, until: float) -> MarketSearch:
    """Return a search that ends ``until`` seconds after it ``started``, with what writing the plan takes.

    That grows with the flows, of which every user has one or a few in every period.
    """
    built = time.monotonic() - started
    demands = sum(np.count_nonzero(unit.demand) for unit in market.units)
    ending = np.clip(DEMAND_SECONDS * demands, ENDING_SHARE * until, MOST_ENDING_SHARE * until)
    left = until - built - ending - RAISING_SHARE * until
    return MarketSearch(market, options, Watch(max(float(left), 0.0), options.is_cancelled), started)


def market_of(problem: Problem, options: Options | None = None, started: float | None = None) -> Market:
    """Return the market of ``problem``; where arcs are few, with alternative routes past crowded links."""
    finder = PathFinder(problem)
    return widened(plain_market(problem, finder, options, started), finder, options)


@dataclass
class MarketSearch(Rationing):
    """A search of a market, step by step."""

    begins_at: Floats | None = None
    """Prices (R,) of the rows that are good already, if any are known."""
    _built_at: Appraisal | None = None

    def plan(self) -> Plan:
        """Return the best plan, with its bound."""
        market, is_cancelled = self.market, self.options.is_cancelled()
        stopped_by: StoppedBy = "gap" if self.is_close() else "cancel" if is_cancelled else "time"
        header = Header(market.problem, self.options, "decomposition", stopped_by, self.started)
        if not self._is_late():
            self.sharpen()
        floor = max(market.barred_work, self.unserved_bound())
        if self.best is None:
            return header.no_plan(floor, proven=False)
        found = header.plan(market, decisions(market, self.best), self.cost_bound(), floor)
        return found.model_copy(update={"stopped_by": "gap"}) if self._is_exhausted() else found

    def run(self, *, rounds: int | None = None) -> None:
        """Search until the gap is closed, time is up or the caller stops it, or so many ``rounds`` are over.

        With no rounds there is a first plan only.
        """
        try:
            self._search(rounds)
            self.best = self._known()
            self.watch = self._until or self.watch
            self._top_up_in_turns()
            if self._is_late():
                self._hear_bound()
            elif rounds != 0 and not self.is_close() and self.is_served():
                self._raise_bound()
        finally:
            self._close_beside()

    def _top_up_in_turns(self) -> None:
        for _ in range(TOPPING_TURNS):
            before = self._state()
            self._top_up(self.watch.beyond(TOPPING_SHARE * self.options.time_limit))
            if self._state() == before:
                return

    def _search(self, rounds: int | None) -> None:
        self._is_large = has_many_blocks(self.market)
        if self._is_given_up():
            return
        self.penalty = penalty_of(self.market)
        if self.options.similar_plan is not None:
            self.best = gone_on(self.market, self.penalty, self.options.similar_plan)
        ahead = self._heard_ahead()
        shares = rounds is None and self._may_seek_beside()
        known = None if shares or self.begins_at is not None else self._foretold()
        small = known or (ahead or self._told_by_few() if self.begins_at is None else None)
        if self._is_given_up():
            return
        seeker = self._begun(small, NARROW if known is None else WIDER * known.box)
        if not (shares or known or small or self.begins_at is not None):
            self._has_settled = self._merges(seeker)
        self._hear(seeker.told)
        if self._is_given_up():
            return
        if shares:
            self._seek_beside(seeker, small)
        builder = self._builder(seeker, small)
        if known is not None:
            builder.leaning = leaning(self.market, seeker.told)
        self._build_first(builder, seeker.told)
        self.prove_left_out()
        if rounds == 0 or self.is_close():
            return
        self._better_first(seeker, builder, rounds, known is None)

    def _better_first(self, seeker: Seeker, builder: Builder, rounds: int | None, prices_on: bool) -> None:
        """Better the first plan: at prices of scarcity where not all can be served, and at those of cost."""
        is_short = not self.is_served() and self._is_short() and not self.watch.over()
        scarce = self._rationed() if is_short else None
        has_many = self.market.blocks >= MANY_BLOCKS
        if scarce is not None and (has_many or self._leaves(LACKING)):
            self._seek_anew_beside(scarce)
            self._in_rounds(scarce, builder, rounds if has_many else SCARCE_ROUNDS, builds=False)
        if scarce is None or not has_many:
            self._go_on(seeker, builder, rounds, prices_on)

    def _go_on(self, seeker: Seeker, builder: Builder, rounds: int | None, prices_on: bool) -> None:
        """Search after the first plan, at prices of cost."""
        if self.is_served() or self._beside is None:
            first = self._some_units(FIRST_REFILL_SIZE * self.options.time_limit)
            self._refill(Watch(FIRST_REFILL_SHARE * self.watch.left, self.watch.over), first)
        if self._is_long() and self._is_large:
            self.took["improving"] = self.took["building"]
        elif not self._has_settled:
            self._force_meanwhile(builder, seeker.told)
            self._seek_or_wait(seeker)
        if self._is_large and self._is_long() and not has_relieved_rows(self.market):
            self._eject_and_refill(builder)
            if prices_on and not self._is_seeking():
                self._price_on(seeker)
        self._in_rounds(seeker, builder, rounds)
        if rounds is None and not self.is_close() and not self._is_exhausted():
            self._refill(self.watch)

    def _gone_over(self, builder: Builder) -> Seeker:
        """Go over to the market that was narrowed, and return what seeks its prices."""
        seeker, self._narrowed = self._narrowed, None
        assert seeker is not None
        self.market = builder.market = seeker.market
        self._hear(seeker.told)
        return seeker

    def _begun(self, small: Foretold | None, box: float) -> Seeker:
        """Return a seeker at prices that are known, or at those of a small market for this one."""
        prices = self.begins_at if small is None else small.prices
        return Seeker.begin(self.market, self.penalty, prices, box)

    def _searched_apart(self, market: Market, seconds: float) -> Apart:
        now, limit = time.monotonic(), min(market.program_seconds, PROGRAM_SHARE * seconds)
        options = replace(
            self.options, time_limit=max(seconds, LEAST_SECONDS), cores=1, progress=None, similar_plan=None
        )
        watch = Watch(seconds, self.watch.over)
        other = MarketSearch(replace(market, program_seconds=limit), options, watch, now)
        other.begins_at = None if self.prices is None else self.prices.prices
        other.watch = watch.also(lambda: other.complete >= self._value())
        other.run()
        prices = None if other.prices is None else other.prices.prices
        return Apart(other.best, other.complete, prices)

    def _builder(self, seeker: Seeker, small: Foretold | None) -> Builder:
        """Return a builder that knows what rows cost, by few columns, and what units take of links."""
        natural = (small or Foretold.of(seeker)).natural
        if self._is_large:
            free, together = kept_at_prices(self.market, seeker.told), 0
        else:
            free, together = kept_for_units(self.market, seeker.columns), TOGETHER
        over = self._late_building() if self._is_large else never
        return Builder(self.market, self.penalty, natural, seeker.giants, free, together=together, over=over)

    def _late_building(self) -> Callable[[], bool]:
        """Return what tells when to end building, which takes minutes: soon after the limit, or at once."""
        least = time.monotonic() + FIRST_PLAN_SECONDS
        return lambda: self.options.is_cancelled() or (self.watch.over() and time.monotonic() > least)

    def _build_first(self, builder: Builder, told: Appraisal) -> None:
        with self._timed("building"):
            self._build(builder, told, 1)
        self._built_at = told
        if self._is_large and not self.watch.over():
            self._rescue(builder, told)
            self._build_at_less(builder, told)

    def _in_rounds(
        self, seeker: Seeker, builder: Builder, rounds: int | None, *, builds: bool = True
    ) -> None:
        """Build, improve and seek better prices, round by round, until the end or all is in vain.

        At prices of scarcity nothing ``builds``: that would leave more out.
        """
        gain = np.inf
        for _ in count() if rounds is None else range(rounds):
            if not self._has_time_for("building") or self.is_close() or self._is_exhausted():
                break
            if self._narrowed is not None:
                seeker = self._gone_over(builder)
            before = self._state()
            if builds and self._is_worth_building(seeker.told):
                builder.meet(seeker.giants)
                self._build(builder, seeker.told, FITTING_ROUNDS)
                self._built_at = seeker.told
                if not self._is_large:
                    self._build_leaning(builder, seeker.told)
                if seeker.join(builder.stuck_jobs):
                    self._hear(seeker.told)
                self._rescue(builder, seeker.told)
                self._build_at_less(builder, seeker.told)
            share = SEARCH_SHARE if gain > WELL else LONG_SEARCH_SHARE
            self._improve(seeker, Watch(share * self.watch.left + 1.0, self.watch.over))
            if self._gap() < NEAR:
                self._raise_bound(NEAR_PROGRAMS_SHARE)
            if not self._has_time_for("pricing") or self.is_close():
                break
            gain = self._price(seeker)
            self.idle_rounds = self.idle_rounds + 1 if np.allclose(self._state(), before, ALIKE, 0.0) else 0
            if 0 <= gain < 1e-7 and seeker.box < 1e-3:
                self._improve(seeker, self.watch)
                self.idle_rounds = 0 if self.watch.over() else IDLE_ROUNDS
                break

    def _is_worth_building(self, told: Appraisal) -> bool:
        """Return whether to build at the prices told: what has been improved is seldom built anew.

        Small markets are built again at any prices, large ones where work is left out that may be served.
        """
        built_at = self._built_at
        if built_at is None or (built_at is told and self._is_long()):
            return built_at is None
        is_open = self._scarce is None and not self.is_served()
        return self.market.blocks < MANY_BLOCKS or is_open

    def _gap(self) -> float:
        gap = relative_gap(self.incumbent(), self.cost_bound())
        return np.inf if gap is None else gap

    def _eject_and_refill(self, builder: Builder) -> None:
        """Improve with the columns at hand until all is served: to draw more takes too long."""
        if self.best is None or self.prices is None or builder.offered is None:
            return
        told = self.prices
        priced = Priced.of(self.market, builder.offered, told.prices, self.penalty)
        while not self.watch.over():
            self._rescue(builder, told)
            self._make_room_for_few(priced, told)
            self._eject(priced, told, Watch(LONG_EJECTION_SHARE * self.watch.left, self.watch.over))
            self._refill(Watch(LONG_REFILL_SHARE * self.watch.left, self.watch.over))
            self._hear_bound()
            if self.is_served() or self.is_close():
                return

    def _is_long(self) -> bool:
        """Return whether building takes so long that it is not to be done twice at the same prices."""
        share = LARGE_LONG_SHARE if self._is_large else LONG_SHARE
        return self.took["building"] > share * self.options.time_limit

    def _state(self) -> tuple[float, float, float]:
        return np.inf if self.best is None else self.best.value(), self.complete, self.partial

    def _is_exhausted(self) -> bool:
        """Return whether going on is in vain."""
        return self.idle_rounds >= IDLE_ROUNDS
