"""Captives have few places: in a plan that serves all, nobody else can have what they take there for sure.

Users who reach few slots are captive, and jobs that have one pool. Starts of jobs for which too little is
left beside captives are closed; who has one place only then is captive too. Plans that leave captives out may
use closed starts, so bounds of those count them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from ...arrays import Bools
from ...rates import Floats, Ints
from .blocking import FIT, blocking_starts
from .captive_jobs import CaptiveJobs, row_load
from .jobs import CHUNK, Options
from .rules import Rules
from .starting import Starts, any_between
from .units import Unit

PASSES = 5
"""Times that who has one place left is looked for: each finds captives that those before have made."""
FEW = 8
"""Slots up to which users are taken to be captive."""


@dataclass(frozen=True)
class Captives:
    """What captives take at least of each row (R,), starts (O, T) of jobs closed by it, and captive jobs."""

    load: Floats
    closed: Bools
    jobs: CaptiveJobs

    @classmethod
    def of(cls, rules: Rules, units: Iterable[Unit], running: Options, spans: Starts, free: Ints) -> Captives:
        """Return the captives of a market; jobs that are ``free`` may pause, so that none of them is captive.

        Where captives want more of a row than there is, no plan serves all, and nothing is closed by them.
        """
        room, closed = most_room(rules), np.zeros(spans.possible.shape, dtype=bool)
        for _ in range(PASSES):
            jobs = CaptiveJobs.of(running, spans, spans.possible & ~closed, free)
            held = _within(jobs.load(rules), room)
            users = captive_load(rules, units, rules.enough_for(rules.held_use, room - held))
            load = _within(held + users, room)
            found = closed | _short(rules, running, spans, (load, room), jobs)
            left = rules.enough_for(rules.held_use, room - load)
            found |= blocking_starts(running, spans, spans.possible & ~found, jobs, left)
            found[~_still(running, spans.possible & ~found, len(jobs.pool))] = False
            if (found == closed).all():
                break
            closed = found
        return cls(load, closed, jobs)

    @classmethod
    def none(cls, rules: Rules, spans: Starts) -> Captives:
        """Return that nobody is captive."""
        nobody = CaptiveJobs(np.zeros(0, dtype=np.int64), np.zeros((0, rules.goods.periods)))
        return cls(np.zeros(len(rules.capacity)), np.zeros(spans.possible.shape, dtype=bool), nobody)

    def load_beside(self, rules: Rules, jobs: Ints) -> Floats:
        """Return what captives but some jobs take at least of each row (R,)."""
        mine = jobs[jobs < len(self.jobs.pool)]
        return np.where(self.load > 0, self.load - self.jobs.only(mine).load(rules), 0.0)


def captive_load(rules: Rules, units: Iterable[Unit], left: Floats) -> Floats:
    """Return what of each row (R,) captive users take at least when they are all served.

    ``left`` (P, T) are the accelerators that there are for services at most.
    """
    goods = np.zeros(rules.goods.size)
    for unit in units:
        for held, accelerators in captive_replicas(rules, unit, left):
            goods[held] += accelerators
    return row_load(rules, goods)


def captive_replicas(rules: Rules, unit: Unit, left: Floats) -> Iterator[tuple[Ints, Floats]]:
    """Yield the goods (T,) that captive users of a unit hold at a slot, and how many accelerators of each."""
    periods = np.arange(rules.goods.periods)
    for slot, replicas in _least_replicas(unit, _most_replicas(unit, left)):
        yield rules.goods.held(unit.pool[slot], periods), replicas * unit.accelerators[slot]


def most_room(rules: Rules) -> Floats:
    """Return what of each row (R,) there is with all modules, infinite where rows do not just fill up."""
    modules = len(rules.module_pool)
    wider = csr_array(-rules.widening[:modules]).maximum(0.0).T @ rules.widening_most[:modules]
    return np.where(rules.hard_rows, rules.capacity + wider, np.inf)


def _within(load: Floats, room: Floats) -> Floats:
    """Return the load (R,) of rows where it fits, 0 where captives alone want more than there is."""
    return np.where(load > room + FIT * np.maximum(1.0, room), 0.0, load)


def _most_replicas(unit: Unit, left: Floats) -> Floats:
    """Return how many replicas (T, S) of a unit there may be where accelerators (P, T) are left."""
    room = np.floor(np.maximum(left[unit.pool], 0.0) / unit.accelerators[:, None] + FIT)
    return np.asarray(np.minimum(room, unit.most[:, None]).T)


def _least_replicas(unit: Unit, most: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield slots with the replicas (T,) that have to stand there, where ``most`` (T, S) can stand.

    Users who reach few slots are served there: what these cannot do but for one, that one has to.
    """
    reach: Bools = np.zeros((len(unit.demand_id), len(unit.slot_id)), dtype=bool)
    reach[unit.row, unit.column] = True
    narrow: Bools = reach[reach.sum(axis=1) <= FEW]
    found = np.zeros((len(unit.demand), len(unit.slot_id)))
    for pattern in np.unique(narrow, axis=0) if len(narrow) else narrow:
        slots, within = np.flatnonzero(pattern), np.flatnonzero(~(reach & ~pattern).any(axis=1))
        asked, able = unit.demand[:, within].sum(axis=1)[:, None], most[:, slots] * unit.rps[slots]
        elsewhere = able.sum(axis=1, keepdims=True) - able
        needed = np.ceil((asked - elsewhere) / unit.rps[slots] * (1 - 1e-9) - 1e-9)
        found[:, slots] = np.maximum(found[:, slots], needed)
    for slot in np.flatnonzero(found.any(axis=0)).tolist():
        yield slot, found[:, slot]


def _short(
    rules: Rules, running: Options, spans: Starts, captive: tuple[Floats, Floats], jobs: CaptiveJobs
) -> Bools:
    """Return the starts (O, T) for which captives, by their load and the room of rows, leave too little.

    Jobs are not in the way of themselves.
    """
    load, room = captive
    taken = np.asarray(np.append(load > 0, False)[rules.held_use[0]].any(axis=(1, 2)))
    left = rules.enough_for(rules.held_use, room - load)
    short = np.zeros(spans.possible.shape, dtype=bool)
    pairs = np.flatnonzero(taken[running.pool])
    for some in np.array_split(pairs, max(1, len(pairs) // CHUNK)):
        owner, pool = running.owner[some], running.pool[some]
        job = running.job[owner]
        own = jobs.accelerators[job] * (jobs.pool[job] == pool).astype(float)[:, None]
        asked = running.accelerators[owner][:, None]
        row, period = np.nonzero(left[pool] + own < asked - FIT * np.maximum(1.0, asked))
        short[owner[row], period] = True
    option = np.flatnonzero(short.any(axis=1))
    first, last = (at[option].astype(np.int64) for at in (spans.first, spans.last))
    short[option] = any_between(short[option], first, last) & spans.possible[option]
    return short


def _still(running: Options, able: Bools, jobs: int) -> Bools:
    """Return the options (O,) of jobs that have an ``able`` start (O, T)."""
    found = np.zeros(jobs, dtype=bool)
    found[running.job[able.any(axis=1)]] = True
    return np.asarray(found[running.job], dtype=bool)
