"""How others make way: for those that are left out, and for jobs that lose a part of the whole.

What one job loses is seldom so much that dozens of others should move for it. Where few jobs decide what a
plan costs, it is, and steps that move a few at a time never get there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from ...rates import Ints
from ...watch import Watch
from ..answers.columns import kept
from ..answers.placing import Placement, Priced, has_relieved_rows
from ..plans.building import Builder
from ..pricing.appraisal import Appraisal
from ..pricing.standing import UNSERVED_TOLERANCE
from .crowds import Crowds
from .holding import MUCH_DEARER, Holding
from .recreating import Recreator
from .rescuing import FEW, left_out, rescued
from .settling import losing_jobs

RESCUE_SHARE = 0.3
"""Part of the time left for those who are left out to take their places: by force on large markets, and among
crowds on others."""
AFTER_SHARE = 0.1
"""The same for force on others, after crowds have made room."""
ROOM_TRIES, SAME_TRIES = 6, 18
"""Crowds placed anew in vain around those that are left out after which no more are, and those that cost less
but leave as much out."""
RESCUES_SHARE, MUCH_LESS = 0.5, 0.1
"""Part of the time left for both in turn, and part of what is left out that they find places for at least if
they are to go on."""
WAYS_SHARE, WAY_TRIES, WAY_SHARE = 0.2, 12, 0.025
"""Part of the time left for those who are left out to take places one by one, times on end in vain after
which that ends, and part of the time left to find places for those who are left out then."""
DISPLACING_SHARE = 3e-4
"""Part of the whole cost that a job loses at least to take the places of dozens."""
FEWEST_TRIES, MOST_TRIES = 3, 12
"""How often that is tried: once for each time that it loses such a part."""
ALWAYS = 10
"""Times that it loses such a part from which on it is tried again at much the same prices, too."""
DISPLACING_ROOM_SHARE = 0.05
"""Part of the time left for room for those who find none then, where a job loses so much."""
DECISIVE = 30.0
"""Times that it loses such a part from which on a search of its own tells what it costs where it wants."""
FORCE_SHARE = 0.025
"""The same for those who take places by force then."""
TINY = 1e-9


@dataclass
class Displacing(Holding):
    """The best placement, and how others make way in it."""

    _stays: dict[int, float] = field(default_factory=dict)
    """Bounds at whose prices jobs that lose much could take nobody's place."""

    def _rescue(self, builder: Builder, told: Appraisal) -> None:
        """Where the best placement leaves work out, let that take its place by force.

        On markets that are not large, building in rounds leaves little out, and crowds find room for most of
        that first, at less cost; that goes on while it gains much.
        """
        if self.best is None or self.is_served():
            return
        if self._is_large or builder.offered is None or has_relieved_rows(self.market):
            share = RESCUE_SHARE if self._is_large else AFTER_SHARE
            self._offer(self._saved(self.best, builder, told, share))
            return
        until = Watch(RESCUES_SHARE * self.watch.left, self.watch.over)
        menu = Priced.of(self.market, builder.offered, told.prices, self.penalty)
        left, before = self.unserved(), np.inf
        while left < (1 - MUCH_LESS) * before and not (self.is_served() or until.over()):
            self._make_room(self.best.copy(), menu, told, Watch(RESCUE_SHARE * self.watch.left, until.over))
            self._offer(self._saved(self.best, builder, told, AFTER_SHARE))
            self._make_way(builder, told, Watch(WAYS_SHARE * self.watch.left, until.over))
            left, before = self.unserved(), left

    def _force_meanwhile(self, builder: Builder, told: Appraisal) -> None:
        """Let what is left out take its place by force, for who ends the search before prices are better.

        What comes of it costs much, as they are poor yet; nothing goes on from there. On large markets that
        was done when the plan was built.
        """
        if self.best is not None and not (self._is_large or self.is_served()):
            self._keep_spare(self._saved(self.best, builder, told, AFTER_SHARE))

    def _make_room_for_few(self, menu: Priced, told: Appraisal) -> None:
        """Where the best placement leaves few out, place crowds anew around these."""
        if self.best is not None and 0 < len(left_out(self.best)) <= FEW:
            watch = Watch(RESCUE_SHARE * self.watch.left, self.watch.over)
            self._make_room(self.best.copy(), menu, told, watch)

    def _make_room(self, placement: Placement, menu: Priced, told: Appraisal, watch: Watch) -> None:
        """Place crowds anew around those that are left out, until none is or that is in vain."""
        crowds = Crowds(placement, menu, told, self._generator(), self.options.usable_cores > 1)
        idle, same, work = 0, 0, placement.work()
        while idle < ROOM_TRIES and same < SAME_TRIES and not watch.over() and work > UNSERVED_TOLERANCE:
            idle = 0 if crowds.step() > 0 else idle + 1
            before, work = work, placement.work()
            same = 0 if work < before - UNSERVED_TOLERANCE else same + 1
            self._offer_trimmed(placement)

    def _make_way(self, builder: Builder, told: Appraisal, watch: Watch) -> None:
        """Let who is left out take a place; all who are there answer anew, then others by force.

        Of some places that nearest to leaving nothing out is taken. That goes on until it is often in vain.
        """
        rng, idle = self._generator(), 0
        while self.best is not None and not self.is_served() and idle < WAY_TRIES and not watch.over():
            mine, recreator = self.best, Recreator(self.best, told, rng)
            member = _drawn_by_work(self.best, rng)
            found = [
                recreator.displaced(member, place, stays=False)
                for place in recreator.some_places(member, FEWEST_TRIES)
            ]
            if found:
                nearest = min(found, key=Placement.work)
                self._offer_trimmed(self._saved(nearest, builder, told, WAY_SHARE))
            idle = 0 if self.best is not mine else idle + 1

    def _saved(self, placement: Placement, builder: Builder, told: Appraisal, share: float) -> Placement:
        """Return a placement that leaves less out, found in a part of the time left; or the same."""
        offered = builder.offered
        if offered is None or placement.work() <= UNSERVED_TOLERANCE or has_relieved_rows(self.market):
            return placement
        watch = Watch(share * self.watch.left, self.watch.over)
        return rescued(placement, offered, told, watch, self._generator())

    def _displacing(self, columns: Callable[[], Priced], told: Appraisal, watch: Watch) -> Iterator[None]:
        """Let jobs that lose a part of the whole take what they want; all who are there answer anew."""
        rng = self._generator()
        for job, loss in self._displacers(told):
            mine = self.best
            if mine is None or not self.is_served() or watch.over():
                return
            recreator = Recreator(mine, told, rng)
            self._displaced_by(job, loss, columns, recreator, watch)
            is_stuck = self.best is mine and loss >= ALWAYS
            hopes = self._forced_by(job, columns, recreator, watch) if is_stuck else []
            if self.best is mine and hopes and loss >= DECISIVE and not self._is_large:
                self._hold(job, min(hopes, key=lambda each: each[0])[1], told)
            if self.best is mine and loss < ALWAYS:
                self._stays[job] = told.complete
            yield

    def _displaced_by(
        self, job: int, loss: float, columns: Callable[[], Priced], recreator: Recreator, watch: Watch
    ) -> None:
        """Let a job take what it wants some times, and those find room among crowds who are left out."""
        tries = int(np.clip(loss, FEWEST_TRIES, MOST_TRIES))
        found = (recreator.displaced(job, recreator.wanted(job)) for _ in range(tries))
        nearest = self._nearest(found, watch)
        if nearest is not None:
            room = DISPLACING_ROOM_SHARE * min(1.0, loss / ALWAYS) * self.watch.left
            self._make_room(nearest, columns(), recreator.told, Watch(room, watch.over))

    def _forced_by(
        self, job: int, columns: Callable[[], Priced], recreator: Recreator, watch: Watch
    ) -> list[tuple[float, Ints]]:
        """Let a job take each place that costs it less, and those take places by force who are left out.

        Services whose periods depend on each other make way too. It ends when the best placement is better.
        Returns the places that would be worth it if all who make way found room, and what it costs there.
        """
        mine, hopes = self.best, list[tuple[float, Ints]]()
        for place in recreator.places(job):
            if self.best is not mine or watch.over():
                break
            found = (recreator.displaced(job, place, stays=False) for _ in range(FEWEST_TRIES))
            nearest = self._nearest(found, watch)
            if nearest is None:
                continue
            hopes.append((nearest.value() - self.penalty * nearest.work(), place))
            others, until = _without(columns(), job), Watch(FORCE_SHARE * self.watch.left, watch.over)
            self._offer(rescued(nearest, others.columns, recreator.told, until, self._generator()))
        return hopes

    def _nearest(self, found: Iterable[Placement], watch: Watch) -> Placement | None:
        """Offer placements in which a job takes what it wants, until one is better.

        None is returned then, else the one nearest to that where requests only are left out: a job that is
        left out has found no room from any start, and there seldom is.
        """
        mine, nearest = self.best, None
        for placement in found:
            self._offer_trimmed(placement)
            if self.best is not mine or watch.over():
                return None
            jobs = sum(placed.work for placed in placement.placed[: len(self.market.problem.jobs)])
            saves = placement.value() - self.penalty * placement.work() < self._value()
            if (
                jobs <= UNSERVED_TOLERANCE
                and saves
                and (nearest is None or placement.work() < nearest.work())
            ):
                nearest = placement
        return nearest

    def _displacers(self, told: Appraisal) -> list[tuple[int, float]]:
        """Return the jobs that lose much, most first, and how many times the least for that they lose.

        Those that stayed at much the same prices are not among them.
        """
        if self.best is None:
            return []
        jobs = losing_jobs(self.best, told)
        paid = np.array([self.best.placed[job].cost_at(told.prices) for job in jobs.tolist()])
        loss = (paid - told.job_least[jobs]) / max(DISPLACING_SHARE * abs(self._value()), TINY)
        return [
            (job, times)
            for job, times in zip(jobs.tolist(), loss.tolist(), strict=True)
            if times > 1
            and abs(told.complete - self._stays.get(job, np.inf)) > MUCH_DEARER * abs(told.complete)
        ]


def _drawn_by_work(placement: Placement, rng: np.random.Generator) -> int:
    """Return a job, or a unit numbered after all jobs, drawn by the work that it leaves out."""
    out = placement.market.of_members(placement.work_of_blocks())
    return int(rng.choice(len(out), p=out / out.sum()))


def _without(menu: Priced, job: int) -> Priced:
    """Return what blocks may do but for a job, which stays where it is then."""
    rows = np.flatnonzero(menu.columns.block != job)
    return Priced(kept(menu.columns, rows), csr_array(menu.uses[rows]), menu.cost[rows], menu.reduced[rows])
