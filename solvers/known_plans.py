"""Plans of like problems: what is known of the one is where the search for the other begins, and ends.

A plan goes on under another problem where it can, at its prices and with the commitments that must be paid
there; so the plan of a restricted case is one of the case without the restriction. It counts once it has been
accounted anew and verified. No plan handed out here is worse than a known one.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..routing.errors import SolverError
from ..routing.plan import Plan
from ..routing.problem import Problem
from ..routing.verifier import check
from .better import better
from .options import Options, options_of

NOISE = 1e-6
"""Relative gap up to which no other plan is better but for rounding."""
MOST_STARTS = 8
"""Plans, the latest ones, of which the best is where a search begins; the others are tried after it."""
GRACE_SECONDS = 5.0
"""For trying known plans after a stop."""


@dataclass
class KnownPlans:
    """Plans of like problems, made with the same ``options`` of :func:`.solve`."""

    options: Mapping[str, Any]
    plans: list[Plan] = field(default_factory=list)
    _tried: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Numbers of the plans tried, by the digest of the problem that they were tried for."""
    _ends: float | None = None
    """When to try no more, by the monotonic clock; after a stop only."""

    def solve(self, problem: Problem, *, afresh: bool = False) -> Plan:
        """Plan a problem from the best of what is known, which the plan is not worse than.

        Or ``afresh``, where what is known is good enough and something else is sought.
        """
        from . import solve

        latest = range(max(0, len(self.plans) - MOST_STARTS), len(self.plans))
        start = None if afresh or self.is_stopped() else self._best(problem, latest)
        found = solve(problem, **{**self.options, **({"similar_plan": start} if start else {})})
        if found and _is_better(found, start):
            self._tried[problem.digest].add(len(self.plans))
            self.plans.append(found)
        return found if start is None else self._chosen(start, found)

    def improved(self, problem: Problem, plan: Plan) -> Plan:
        """Return the best plan known of a problem that has ``plan``; that itself where it is none."""
        if not plan or (plan.gap is not None and plan.gap <= NOISE):
            return plan
        tried = self._tried[problem.digest]
        best = self._best(problem, [number for number in range(len(self.plans)) if number not in tried])
        return self._chosen(best, plan) if best and _is_better(best, plan) else plan

    def _chosen(self, known: Plan, found: Plan) -> Plan:
        """Return the better one of a plan known before a search and of what that found, with its proof."""
        ended = {name: getattr(found, name) for name in ("stopped_by", "runtime_seconds", "scenario")}
        return better(known.model_copy(update=ended), found, self._options.gap_limit)

    def _best(self, problem: Problem, numbers: Sequence[int]) -> Plan | None:
        """Return the best of the plans of these numbers as one of ``problem``; None where none goes on."""
        self._tried[problem.digest].update(numbers)
        return recosted(problem, self._in_time(numbers), self._options) if numbers else None

    def _in_time(self, numbers: Sequence[int]) -> Iterator[Plan]:
        """Yield the plans of these numbers, the latest first, until it is too late after a stop."""
        for number in reversed(numbers):
            if not self._is_late():
                yield self.plans[number]

    def _is_late(self) -> bool:
        if self._ends is None and self.is_stopped():
            self._ends = time.monotonic() + GRACE_SECONDS
        return self._ends is not None and time.monotonic() > self._ends

    def is_stopped(self) -> bool:
        """Return whether somebody asked to stop."""
        cancel = self.options.get("cancel")
        return cancel is not None and cancel.is_set()

    @property
    def _options(self) -> Options:
        others = ("solver", "cancel", "progress")
        return options_of({name: value for name, value in self.options.items() if name not in others})


def recosted(problem: Problem, plans: Iterator[Plan], options: Options) -> Plan | None:
    """Return the best of what goes on of plans under ``problem``, accounted for it and verified, no bound.

    None where nothing does, or where the problem is too large to tell.
    """
    from .accounts.header import Header
    from .market.plans.deciding import decisions
    from .market.plans.resuming import gone_on
    from .market.pricing.penalty import penalty_of
    from .market.solve import market_of

    started = time.monotonic()
    try:
        market = market_of(problem, options)
        penalty = penalty_of(market)
        kept = [(gone_on(market, penalty, plan), plan.solver) for plan in plans]
    except SolverError:
        return None
    goes_on = [(placement, solver) for placement, solver in kept if placement is not None]
    for placement, solver in sorted(goes_on, key=lambda each: (round(each[0].work(), 6), each[0].value())):
        header = Header(problem, options, solver, "time", started)
        plan = header.plan(market, decisions(market, placement), None, 0.0)
        if plan and not check(problem, plan):
            return plan
    return None


def _is_better(one: Plan | None, other: Plan | None) -> bool:
    """Return whether one plan leaves less out than another, or costs less, by more than rounding."""
    if not one or not other:
        return bool(one)
    if abs(one.unserved - other.unserved) > NOISE:
        return one.unserved < other.unserved
    mine, its = one.objective or 0.0, other.objective or 0.0
    return mine < its - NOISE * abs(its)
