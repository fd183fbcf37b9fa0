"""The decomposition beside the search of a whole model: a first plan, a bound, and what going on brings."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .arrays import Arrays
from .model.variables import Variables
from .options import Options, Progress
from .searching.events import Emit, Found, Proved, Rank, Stop
from .searching.reserve import with_reserve
from .searching.runner import Rest
from .watch import Watch

if TYPE_CHECKING:
    from .market.form.market import Market
    from .market.solve import MarketSearch

FIRST_SECONDS, FIRST_SHARE = 60.0, 0.3
"""Most seconds, and share of the time, for the decomposition to find a first plan; it seldom needs it."""
LATE_SECONDS, LATE_SHARE = 10.0, 0.15
"""The same of a fallback where there is no processor for it."""
FALLBACK_SHARE = 0.9
"""Share of the time for a fallback, where there is a processor for it."""


@dataclass(frozen=True)
class FirstPlan:
    """Work beside a search that lets the decomposition find a plan and a bound.

    The same problem is to have the same plan, whatever comes first on a machine. Beside a search that may
    well end by itself the plan is a fallback; such a search knows little before it ends, and is on one
    processor, so that there is time for a good one. The search of a large model (``is_large``) does not end
    before the decomposition, which does so much and no more; its plan ends the search if it is close by its
    own bound, and is a fallback if not. Then it goes on, and what it finds counts only if time ends the
    search. Where services survive losses of which it knows nothing, it is not waited for.
    """

    variables: Variables
    arrays: Arrays
    options: Options
    solver: str
    started: float
    is_large: bool

    def __call__(self, emit: Emit, stop: Stop) -> Rest | None:
        """Find a plan and tell it; return how to go on, if that is of use."""
        from .market.form.market import build_market
        from .market.solve import MarketSearch

        variables = self.variables
        market = build_market(variables.problem, variables.rates, variables.jobs, variables.services)

        def tell(_: Progress) -> None:
            if self.is_large:
                emit(Proved("complete cost", search.complete))

        quiet = replace(self.options, progress=tell, similar_plan=None)
        search = MarketSearch(market, quiet, Watch(self._seconds, stop), time.monotonic())
        search.run(rounds=1 if self.is_large else None)
        self._tell(search, market, emit, stop)
        if search.is_close() or not self.is_large or self._lacks_flows:
            return None
        return lambda emit, stop: self._go_on(search, market, emit, stop)

    @property
    def _lacks_flows(self) -> bool:
        return bool(self.variables.services.rescues)

    @property
    def _seconds(self) -> float:
        limit, cores = self.options.time_limit, self.options.usable_cores
        if self.is_large:
            return min(FIRST_SECONDS, FIRST_SHARE * limit)
        return FALLBACK_SHARE * limit if cores > 1 else min(LATE_SECONDS, LATE_SHARE * limit)

    def _go_on(self, search: MarketSearch, market: Market, emit: Emit, stop: Stop) -> None:
        """Search on, and tell what comes of it unless the other search ends by itself before."""
        watch = Watch(FALLBACK_SHARE * self.options.time_limit - (time.monotonic() - self.started), stop)
        search.options, search.watch = replace(search.options, progress=None), watch
        search.begins_at = None if search.prices is None else search.prices.prices
        search.run()
        if watch.left <= 0 or not stop() or self.options.is_cancelled():
            self._tell(search, market, emit, stop, "fallback")

    def _tell(
        self, search: MarketSearch, market: Market, emit: Emit, stop: Stop, closed: Rank = "final"
    ) -> None:
        """Tell plan and bounds; a plan of a large model, close by its own bound, has the rank ``closed``."""
        from .market.plans.handover import as_solution, as_values

        variables, arrays, best = self.variables, self.arrays, search.best
        found = None if best is None else as_solution(variables, arrays, market, best)
        if self.is_large:
            tell_bounds(search, arrays, emit, is_its_plan=found is not None and not self._lacks_flows)
        if best is not None and found is None and self._lacks_flows:
            values = as_values(variables, arrays, market, best)
            found = with_reserve(variables, arrays, values, self.options, solver=self.solver, stop=stop)
        if found is not None:
            is_closed = self.is_large and search.is_close() and not self._lacks_flows
            emit(Found(found, closed if is_closed else "fallback"))


def tell_bounds(
    search: MarketSearch, arrays: Arrays, emit: Callable[[Proved], None], *, is_its_plan: bool = True
) -> None:
    """Tell what the decomposition has proven, of the cost where no more is left out than in its best plan.

    That holds where this is the plan that is gone on with. The whole model may not have it; and the
    decomposition knows of losses by guards only: where flows say more exactly what some ask for, its plan is
    another.
    """
    emit(Proved("complete cost", search.complete))
    search.sharpen()
    if not is_its_plan:
        emit(Proved("unserved work", search.unserved_bound()))
        return
    cost = search.cost_bound()
    if search.best is not None and cost is not None:
        emit(Proved("cost", cost - arrays.offset))
        emit(Proved("unserved work", search.unserved_bound()))
