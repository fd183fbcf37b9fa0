"""Assigning whole customers to sites that are open: a greedy start, shifts and swaps, and small programs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..blocks import Floats, Ints
from ..mathopt import Request, solve_integer
from .instance import TOLERANCE, Bools, Facility
from .programs import build_program


@dataclass(frozen=True)
class Assigned:
    """What a program over some cells gave: shares (m, n) or None, a lower bound of it, whether it ended."""

    share: Floats | None
    bound: float
    finished: bool


def assign_quickly(facility: Facility, reduced: Floats, rounds: int = 200) -> Floats | None:
    """Return a good assignment to the sites of ``facility`` (shares (m, n)), or None if none was found.

    Customers go, by falling regret, to the site with room of least ``reduced`` cost (m, n; Martello and Toth
    1981); then shifts and swaps lower cost plus a penalty on overload.
    """
    site = _greedy(facility, reduced)
    if site is None:
        return None
    state = _State(facility, site)
    for _ in range(rounds):
        if not state.shift() and not state.swap():
            break
    share = np.zeros(facility.cost.shape)
    share[state.site, np.arange(len(site))] = 1.0
    return share if facility.fits(share) else None


def _greedy(facility: Facility, reduced: Floats) -> Ints | None:
    reduced = np.where(facility.allowed, reduced, np.inf)
    if len(facility.opening) == 0 or not np.isfinite(reduced.min(axis=0)).all():
        return None
    two = np.sort(reduced, axis=0)[:2]
    regret = np.where(np.isfinite(two[-1]), two[-1] - two[0], np.inf) if len(two) > 1 else two[0]
    room = facility.capacity.copy()
    site = np.zeros(reduced.shape[1], dtype=np.int64)
    for customer in np.lexsort((-facility.take.max(axis=0), -regret)):
        take = facility.take[:, customer]
        fits = np.where(take <= room, reduced[:, customer], np.inf)
        chosen = int(fits.argmin())
        if not np.isfinite(fits[chosen]):
            overload = np.where(np.isfinite(reduced[:, customer]), take - room, np.inf)
            chosen = int(overload.argmin())
        site[customer] = chosen
        room[chosen] -= take[chosen]
    return site


class _State:
    """An assignment that may overload sites, at a penalty per unit of overload."""

    def __init__(self, facility: Facility, site: Ints) -> None:
        self.facility, self.site = facility, site
        self.customers = np.arange(len(site))
        self.load = np.bincount(
            site, weights=facility.take[site, self.customers], minlength=len(facility.opening)
        )
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


def assign_by_program(
    facility: Facility, cells: Bools, forced: Bools, request: Request
) -> Assigned:
    """Solve the program over ``cells`` with the sites ``forced`` open (see :func:`build_program`)."""
    model = build_program(facility, cells & facility.allowed, forced)
    answer = solve_integer(model.program, request)
    if answer.x is None:
        return Assigned(None, np.inf if answer.infeasible else answer.bound, answer.infeasible)
    share = np.round(model.share(answer.x))
    value = float(model.program.cost @ answer.x)
    finished = answer.bound >= value - max(1e-6, 1.01 * request.gap_limit * abs(value))
    return Assigned(share if facility.fits(share) else None, answer.bound, finished)
