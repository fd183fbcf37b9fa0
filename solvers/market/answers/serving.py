"""Answers of a unit to prices: which slots serve whom with how many whole replicas.

Everything is done for all periods of a unit at once. Letters of shapes: T periods, L demands, S slots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import Bools
from ...rates import Floats, Ints, whole_replicas
from ..form.offers import EPSILON, Offer, rounding, trifle
from ..form.units import Unit
from .swapping import Swaps

TURNS = 4
"""Slots to choose from above which it makes no difference how many they are."""
IDLE = 0.005
"""Part of the cost up to which replicas that idle are left alone."""


@dataclass(frozen=True)
class Answer:
    """What a unit does in every period.

    Attributes
    ----------
    flow
        (T, L, S) requests/s.
    replicas
        (T, S), whole.
    cost
        (T,) at the prices offered; what is left out is not in it.
    unserved
        (T, L) requests/s.
    """

    flow: Floats
    replicas: Floats
    cost: Floats
    unserved: Floats


def answer(
    unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None = None, *, swapping: bool = True
) -> Answer:
    """Return a cheap way to serve with at most ``most`` (T, S) replicas, as much as possible of everybody.

    Requests go to their cheapest slots; then slots are given up one by one while that saves more in whole
    replicas than it costs on the way, and with ``swapping`` replicas make way for cheaper ones elsewhere.
    ``cutoff`` (T, L) is the price of a request/s above which it is left out.
    """
    flow, left = pour(offered.unit, unit.demand, most * unit.rps, cutoff)
    best = _priced(unit, offered, flow, left)
    if left.any():
        other = _priced(unit, offered, *_pour_in_turn(offered.unit, unit.demand, most * unit.rps, cutoff))
        best = cheaper(best, other, unit, np.ones(len(left), dtype=bool))
    for tried in (_consolidated(unit, offered, flow, most), _single(unit, offered, most)):
        if tried is not None:
            other = _priced(unit, offered, tried, unit.demand - tried.sum(axis=2))
            best = cheaper(best, other, unit, np.asarray((other.replicas <= most).all(axis=1)))
    return _swapped(unit, offered, best, most) if swapping and len(unit.rps) > 1 else best


def _swapped(unit: Unit, offered: Offer, best: Answer, most: Floats) -> Answer:
    """Return an answer with replicas swapped for cheaper ones elsewhere, where enough of them idle."""
    idle = best.replicas - best.flow.sum(axis=1) / unit.rps
    when = np.flatnonzero((idle * offered.replica).sum(axis=1) > IDLE * np.abs(best.cost))
    if len(when) == 0:
        return best
    swaps = Swaps(best.flow.copy(), best.replicas.copy(), most, offered.arc, offered.replica, unit.rps)
    swaps.run(when)
    other = _priced(unit, offered, swaps.flow, best.unserved)
    return cheaper(best, other, unit, np.asarray((other.replicas <= most).all(axis=1)))


def pour(unit_cost: Floats, demand: Floats, room: Floats, cutoff: Floats | None) -> tuple[Floats, Floats]:
    """Return flows (T, L, S) to the cheapest slots with room (T, S), and what is left of the demand (T, L).

    Where a slot is asked for more than it has room for, all that ask get the same part.
    """
    left, room, nothing = demand.copy(), room.copy(), trifle(demand)
    flow, slots = np.zeros(unit_cost.shape), np.arange(room.shape[1])
    busy, cost = np.arange(len(demand)), unit_cost
    for _ in range(room.shape[1]):
        price = np.where((room[busy] > nothing)[:, None, :], cost, np.inf)
        best = price.argmin(axis=2)
        least = np.take_along_axis(price, best[:, :, None], axis=2)[:, :, 0]
        wanted = np.where(np.isfinite(least) & (left[busy] > nothing), left[busy], 0.0)
        if cutoff is not None:
            wanted = np.where(least <= cutoff[busy], wanted, 0.0)
        some = wanted.any(axis=1)
        if not some.all():
            busy, cost, best, wanted = busy[some], cost[some], best[some], wanted[some]
        if len(busy) == 0:
            break
        asked = (best[:, :, None] == slots) * wanted[:, :, None]
        total = asked.sum(axis=1)
        part = np.minimum(1.0, room[busy] / np.maximum(total, nothing))
        given = asked * part[:, None, :]
        flow[busy] += given
        room[busy] = np.where(part < 1.0, 0.0, room[busy] - total)
        left[busy] -= given.sum(axis=2)
    return flow, np.where(left > rounding(demand), left, 0.0)


def _pour_in_turn(
    unit_cost: Floats, demand: Floats, room: Floats, cutoff: Floats | None
) -> tuple[Floats, Floats]:
    """Pour as :func:`pour` does, but those first that have the fewest slots to choose from."""
    choices = (np.isfinite(unit_cost) & (room > trifle(demand))[:, None, :]).sum(axis=2)
    choices = np.minimum(choices, TURNS)
    flow, left = np.zeros(unit_cost.shape), np.zeros(demand.shape)
    for count in np.unique(choices).tolist():
        mine = np.where(choices == count, demand, 0.0)
        given, missed = pour(unit_cost, mine, np.maximum(room - flow.sum(axis=1), 0.0), cutoff)
        flow, left = flow + given, left + missed
    return flow, left


def replicas_for(unit: Unit, load: Floats) -> Floats:
    """Return the whole replicas (..., S) that carry a load of requests/s, however small."""
    return whole_replicas(load, unit.rps)


def _priced(unit: Unit, offered: Offer, flow: Floats, left: Floats) -> Answer:
    return priced(offered, flow, replicas_for(unit, flow.sum(axis=1)), left)


def priced(offered: Offer, flow: Floats, replicas: Floats, left: Floats) -> Answer:
    """Return the answer with these flows (T, L, S) and replicas (T, S), and what is left out (T, L)."""
    way = np.where(flow > 0, offered.arc, 0.0)
    cost = (way * flow).sum(axis=(1, 2)) + (replicas * offered.replica).sum(axis=1)
    return Answer(flow, replicas, cost, left)


def cheaper(one: Answer, other: Answer, unit: Unit, possible: Bools) -> Answer:
    """Return in each period the answer that leaves less out, or else costs less; ``other`` where possible."""
    scale = rounding(unit.demand.sum(axis=1))
    more = other.unserved.sum(axis=1) - one.unserved.sum(axis=1)
    better = (more < -scale) | ((np.abs(more) <= scale) & (other.cost < one.cost))
    better &= possible
    wide = better[:, None, None]
    return Answer(
        np.where(wide, other.flow, one.flow),
        np.where(better[:, None], other.replicas, one.replicas),
        np.where(better, other.cost, one.cost),
        np.where(better[:, None], other.unserved, one.unserved),
    )


def _single(unit: Unit, offered: Offer, most: Floats) -> Floats | None:
    """Return the flows in which the cheapest slot that can do so serves everybody; zero where none can."""
    reach = np.isfinite(offered.arc).all(axis=1)
    total = unit.demand.sum(axis=1)
    replicas = replicas_for(unit, total[:, None])
    can = reach & (replicas <= most)
    if not can.any():
        return None
    way = (np.where(np.isfinite(offered.arc), offered.arc, 0.0) * unit.demand[:, :, None]).sum(axis=1)
    cost = np.where(can, way + replicas * offered.replica, np.inf)
    best = cost.argmin(axis=1)
    chosen = (np.arange(cost.shape[1]) == best[:, None]) & can
    return np.asarray(chosen[:, None, :] * unit.demand[:, :, None])


def _consolidated(unit: Unit, offered: Offer, flow: Floats, most: Floats) -> Floats | None:
    """Return flows from fewer slots, each demand from one; None where there is nothing to give up."""
    used = flow.sum(axis=1) > trifle(unit.demand)
    columns = np.flatnonzero(used.any(axis=0))
    if len(columns) < 2:
        return None
    found = np.zeros(flow.shape)
    found[:, :, columns] = _Shop.of(unit, offered, most, columns).given_up(used[:, columns])
    return found


@dataclass(frozen=True)
class _Shop:
    """Some slots of a unit: demand (T, L), costs as in an offer, throughput and most replicas."""

    demand: Floats
    unit: Floats
    arc: Floats
    replica: Floats
    rps: Floats
    most: Floats

    @classmethod
    def of(cls, unit: Unit, offered: Offer, most: Floats, columns: Ints) -> _Shop:
        return cls(
            unit.demand,
            offered.unit[:, :, columns],
            offered.arc[:, :, columns],
            offered.replica[:, columns],
            unit.rps[columns],
            most[:, columns],
        )

    def given_up(self, used: Bools) -> Floats:
        """Close the slot that saves most, in every period, while one saves anything; return the flows."""
        periods = np.arange(len(used))
        while True:
            price = np.where(used[:, None, :], self.unit, np.inf)
            first, second = _two_best(price)
            mine = (first[:, :, None] == np.arange(used.shape[1])) * self.demand[:, :, None]
            mine *= np.isfinite(price.min(axis=2))[:, :, None]
            saving = np.where(used, self._savings(mine, first, second, price), -np.inf)
            worst = saving.argmax(axis=1)
            go = saving[periods, worst] > EPSILON
            if not go.any():
                return np.asarray(mine, dtype=float)
            used = used.copy()
            used[periods[go], worst[go]] = False

    def _savings(self, mine: Floats, first: Ints, second: Ints, price: Floats) -> Floats:
        """Return what closing each slot saves (T, S), users going to their next best; -inf if they cannot."""
        slots = np.arange(len(self.rps))
        moved = mine.transpose(0, 2, 1) @ (second[:, :, None] == slots).astype(float)
        load = mine.sum(axis=1)
        now = whole_replicas(load, self.rps)
        after = load[:, None, :] + moved
        after[:, slots, slots] = 0.0
        needed = whole_replicas(after, self.rps)
        over = (needed > np.maximum(self.most, now)[:, None, :]).any(axis=2)
        stuck = ~np.isfinite(np.take_along_axis(price, second[:, :, None], axis=2)[:, :, 0])
        stuck |= first == second
        way = np.where(stuck, 0.0, _way(self.arc, second) - _way(self.arc, first))
        dearer = np.einsum("tls,tl->ts", mine, way)
        cannot = np.einsum("tls,tl->ts", mine, stuck.astype(float)) > 0
        saved = (self.replica * now).sum(axis=1)[:, None] - (needed * self.replica[:, None, :]).sum(axis=2)
        return np.where(cannot | over, -np.inf, saved - dearer)


def _two_best(price: Floats) -> tuple[Ints, Ints]:
    """Return the cheapest slot of every demand and the next one (T, L)."""
    first = price.argmin(axis=2)
    rest = price.copy()
    np.put_along_axis(rest, first[:, :, None], np.inf, axis=2)
    return first, rest.argmin(axis=2)


def _way(arc: Floats, slot: Ints) -> Floats:
    """Return the cost of the arc of each demand to a slot (T, L), 0 where there is none."""
    way = np.take_along_axis(arc, slot[:, :, None], axis=2)[:, :, 0]
    return np.where(np.isfinite(way), way, 0.0)
