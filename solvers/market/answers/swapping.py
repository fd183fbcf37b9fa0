"""Replicas of one slot make way for those of another, where that is cheaper.

Requests that go to their cheapest slots leave the last replica there almost empty, and open dear slots for
few: a smaller replica elsewhere, or room that is paid for already, often serves the same for less.
Letters of shapes: T periods, L demands, S slots, U of these with replicas.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...rates import Floats, Ints, whole_replicas
from ..form.offers import EPSILON, trifle

GIVEN_UP = (1.0, 2.0, np.inf)
"""Replicas of a slot that are given up at once."""
STEPS = 60
"""Swaps in one period at most."""


@dataclass(frozen=True)
class Swaps:
    """What a unit serves, changed in place by swaps.

    Attributes
    ----------
    flow
        (T, L, S) requests/s.
    replicas, most
        (T, S), whole, and how many there may be.
    way
        (T, L, S) cost of a request/s on its way, infinite where there is none.
    price
        (T, S) of a replica.
    rps
        (S,) throughput of a replica.
    """

    flow: Floats
    replicas: Floats
    most: Floats
    way: Floats
    price: Floats
    rps: Floats

    @cached_property
    def _trifle(self) -> float:
        return trifle(self.flow)

    def run(self, when: Ints) -> None:
        """Swap, in each of some periods, while that saves anything."""
        may_stand = ((self.most[when] > 0) | (self.replicas[when] > 0)).any(axis=0)
        mine = np.flatnonzero(may_stand)
        known = (self.flow, self.replicas, self.most, self.way, self.price, self.rps)
        part = Swaps(*(each[..., mine] for each in known))
        busy = when[part.replicas[when].any(axis=1)]
        for _ in range(STEPS):
            if len(busy) == 0:
                break
            busy = part._step(busy)
        self.flow[..., mine], self.replicas[..., mine] = part.flow, part.replicas

    def _step(self, when: Ints) -> Ints:
        """Do the best swap in each of some periods; return those that had one."""
        used = np.flatnonzero(self.replicas[when].any(axis=0))
        reached, dearer = self._detours(when, used)
        replicas, price = self.replicas[when], self.price[when]
        load = self.flow[when].sum(axis=1)
        free = np.maximum(replicas * self.rps - load, 0.0)
        room = (self.most[when] - replicas)[:, None, :]
        least, swap = np.full(len(when), EPSILON), np.zeros((len(when), 4))
        for fewer in self._given_up(replicas, load, free, used):
            left = (replicas[:, used, None] - fewer) * self.rps[used, None]
            moved = np.maximum(load[:, used, None] - left, 0.0)
            more = whole_replicas(np.maximum(moved - free[:, None, :], 0.0), self.rps)
            saved = fewer * price[:, used, None] - more * price[:, None, :] - moved * dearer
            can = reached >= moved - self._trifle
            can &= (fewer > 0) & (more <= room)
            can[:, np.arange(len(used)), used] = False
            best = np.where(can, saved, -np.inf).reshape(len(when), -1).argmax(axis=1)
            place = np.arange(len(when)), *np.divmod(best, len(self.rps))
            gain = np.where(can[place], saved[place], 0.0)
            given = np.broadcast_to(fewer, can.shape)[place]
            found = np.column_stack([used[place[1]], place[2], given, more[place]])
            swap[gain > least] = found[gain > least]
            least = np.maximum(least, gain)
        going = np.flatnonzero(least > EPSILON)
        for row in going.tolist():
            self._do(int(when[row]), *swap[row].tolist())
        return when[going]

    def _given_up(self, replicas: Floats, load: Floats, free: Floats, used: Ints) -> Iterator[Floats]:
        """Yield how many replicas (T, U, 1) or (T, U, S) are given up for another slot.

        A few, all, or as many as one more replica there can take over.
        """
        now, tried = replicas[:, used, None], 0.0
        for most in GIVEN_UP:
            if tried < now.max():
                yield np.minimum(now, most)
                tried = most
        staying = np.maximum(load[:, used, None] - (free + self.rps)[:, None, :], 0.0)
        yield np.maximum(now - whole_replicas(staying, self.rps[used, None]), 0.0)

    def _detours(self, when: Ints, used: Ints) -> tuple[Floats, Floats]:
        """Return what each slot serves that another one reaches (T, U, S), and what a request/s costs more.

        That is the mean of those who reach it.
        """
        flow = self.flow[np.ix_(when, np.arange(self.flow.shape[1]), used)].transpose(0, 2, 1)
        has_way = np.isfinite(self.way[when])
        way = np.where(has_way, self.way[when], 0.0)
        reached = flow @ has_way.astype(float)
        paid = (flow * way[:, :, used].transpose(0, 2, 1)) @ has_way.astype(float)
        return reached, (flow @ way - paid) / np.maximum(reached, self._trifle)

    def _do(self, period: int, source: float, target: float, fewer: float, more: float) -> None:
        """Move to another slot those for whom that is cheapest."""
        old, new = int(source), int(target)
        flow, way, replicas = self.flow[period], self.way[period], self.replicas[period]
        replicas[old] -= fewer
        replicas[new] += more
        moved = max(0.0, float(flow[:, old].sum() - replicas[old] * self.rps[old]))
        reaching = np.flatnonzero((flow[:, old] > 0) & np.isfinite(way[:, new]))
        order = reaching[np.argsort(way[reaching, new] - way[reaching, old], kind="stable")]
        before = np.cumsum(flow[order, old]) - flow[order, old]
        taken = np.clip(moved - before, 0.0, flow[order, old])
        flow[order, old] -= taken
        flow[order, new] += taken
