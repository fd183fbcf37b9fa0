"""Assigning whole customers to sites that are open: a greedy start, shifts and swaps, and small programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..blocks import Floats, Ints
from ..programs.program import MOST_COST, Program
from ..programs.request import Answer
from .instance import TOLERANCE, Bools, Facility
from .programs import build_program


@dataclass(frozen=True)
class Assigned:
    """What a program over some cells gave: shares (m, n) or None, a lower bound of it, whether it ended."""

    share: Floats | None
    bound: float
    finished: bool


def assign_quickly(facility: Facility, divided: Floats) -> Floats:
    """Return an assignment (shares (m, n)) near the best division of the customers; it may overload sites.

    Few customers are divided, at most one for each site that is full: each goes where most of it went. Then
    shifts and swaps lower cost plus a penalty on overload.
    """
    state = _State(facility, divided.argmax(axis=0))
    for _ in range(_rounds(facility)):
        if not state.shift() and not state.swap():
            break
    share = np.zeros(facility.cost.shape)
    share[state.site, state.customers] = 1.0
    return share


def _rounds(facility: Facility) -> int:
    """Return how many rounds of shifts or swaps about a second allows."""
    return int(np.clip(2e7 / max(facility.cost.shape[1], 1) ** 2, 10, 200))


class _State:
    """An assignment that may overload sites, at a penalty per unit of overload."""

    def __init__(self, facility: Facility, site: Ints) -> None:
        self.facility, self.site = facility, site
        self.customers = np.arange(len(site))
        own = facility.take[site, self.customers]
        self.load: Floats = np.bincount(site, weights=own, minlength=len(facility.opening)).astype(float)
        finite = facility.cost[facility.allowed]
        take = facility.take[facility.allowed]
        self.penalty = 10.0 * float(finite.max() / max(take[take > 0].min(initial=1.0), 1e-12) + 1.0)
        self.least = 1e-9 * max(1.0, float(np.abs(finite).max()))

    def _over(self, load: Floats, site: Ints) -> Floats:
        capacity = self.facility.capacity[site] * (1 + TOLERANCE)
        return np.asarray(self.penalty * np.maximum(load - capacity, 0.0))

    def shift(self) -> bool:
        """Move one customer each between as many pairs of sites as pays; return whether any moved."""
        cost, take = self.facility.cost, self.facility.take
        now, own = self.site, take[self.site, self.customers]
        relief = self._over(self.load[now], now) - self._over(self.load[now] - own, now)
        every = np.arange(len(self.load))[:, None]
        burden = self._over(self.load[:, None] + take, every) - self._over(self.load, every[:, 0])[:, None]
        change = cost - cost[now, self.customers] + burden - relief
        change[now, self.customers] = 0.0
        target = change.argmin(axis=0)
        change = change[target, self.customers]
        touched = np.zeros(len(self.load), dtype=bool)
        moved = False
        for customer in np.argsort(change, kind="stable"):
            here, there = self.site[customer], target[customer]
            if change[customer] >= -self.least:
                break
            if touched[here] or touched[there]:
                continue
            touched[[here, there]] = moved = True
            self._move(customer, there)
        return moved

    def swap(self) -> bool:
        """Exchange customers between as many pairs of sites as pays; return whether any were."""
        cost, take, now = self.facility.cost, self.facility.take, self.site
        own_cost, own = cost[now, self.customers], take[now, self.customers]
        to_cost, to_take = cost[now], take[now]  # [k, i]: customer i at the site of k
        with np.errstate(invalid="ignore"):
            change = to_cost + to_cost.T - own_cost[:, None] - own_cost[None, :]
        load = self.load[now][:, None] - own[:, None] + to_take  # [k, i]: load of k's site after the swap
        over = self._over(load, now[:, None])
        before = self._over(self.load[now], now)
        change += over + over.T - before[:, None] - before[None, :]
        change[now[:, None] == now[None, :]] = 0.0
        pairs = np.flatnonzero(np.triu(change < -self.least))
        touched = np.zeros(len(self.load), dtype=bool)
        for pair in pairs[np.argsort(change.ravel()[pairs], kind="stable")]:
            one, other = divmod(int(pair), len(now))
            here, there = self.site[one], self.site[other]
            if touched[here] or touched[there]:
                continue
            touched[[here, there]] = True
            self._move(one, there)
            self._move(other, here)
        return len(pairs) > 0

    def _move(self, customer: int, site: int) -> None:
        take = self.facility.take
        self.load[self.site[customer]] -= take[self.site[customer], customer]
        self.load[site] += take[site, customer]
        self.site[customer] = site


@dataclass(frozen=True)
class Question:
    """A program in which an assignment is sought.

    Attributes
    ----------
    program
        What is solved; it takes long to simplify first where not ``presolve``.
    share
        Returns the shares (m, n) of a solution of the program.
    paid
        What every solution costs above the cost of the program.
    limit, cutoff
        Every solution that costs less than the ``limit`` is one of the program, and none matters that costs
        the ``cutoff`` or more.
    """

    program: Program
    share: Callable[[Floats], Floats]
    gap_limit: float
    paid: float = 0.0
    limit: float = np.inf
    cutoff: float = np.inf
    presolve: bool = True

    def read(self, answer: Answer) -> Assigned:
        """Return what an answer of the solver says; the bound is infinite when nothing better is left."""
        told = min(np.inf if answer.infeasible else answer.bound + self.paid, self.limit)
        bound = np.inf if told >= self.cutoff else told
        if answer.x is None:
            return Assigned(None, bound, bound == np.inf)
        value = float(self.program.cost @ answer.x) + self.paid
        finished = bound >= value - max(1e-6, 1.01 * self.gap_limit) * abs(value)
        return Assigned(np.round(self.share(answer.x)), bound, finished)


def ask(
    facility: Facility,
    cells: Bools,
    forced: Bools,
    *,
    cutoff: float = np.inf,
    gap_limit: float = 0.0,
) -> Question:
    """Return the question for an assignment over ``cells`` that costs at most ``cutoff``.

    The sites ``forced`` are open. The cutoff is a row: most sets of sites are so tight that a solver then
    sees at once that they allow nothing better.
    """
    model = build_program(facility, cells & facility.allowed, forced)
    program = model.program
    if np.isfinite(cutoff):
        cost = _up_to(program.cost, cutoff)
        unit = max(1.0, float(np.abs(cost).max(initial=0.0)) / MOST_COST)
        program = replace(program, cost=cost).with_row(cost / unit, cutoff / unit)
    return Question(program, model.share, gap_limit)


def _up_to(cost: Floats, cutoff: float) -> Floats:
    """Return costs of which none is beyond what rules a choice out: solvers fail where some are far above."""
    most = 2.0 * (abs(cutoff) - float(cost[cost < 0].sum()))
    return np.minimum(cost, most) if most > 0 else cost
