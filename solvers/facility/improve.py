"""Better assignments by solving parts of them again: of the best one, and of promising ones that do not fit.

Where capacity is tight the sites that the relaxation likes best hold all customers only if these are
packed very well. An assignment to such sites starts with some overload, at a price; parts of it are solved
again until it fits and is cheaper than the best one, or until nothing gets better.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..blocks import Floats, Ints
from .assign import Question, ask
from .instance import Bools, Facility
from .neighbourhood import Part, Picker
from .tree import Incumbent
from .worker import Worker

PART_SECONDS = 4.0
DEARER = 2.0
"""Factor of the price of overload when a part about every site was in vain."""
ROUNDS = 2
"""Parts in vain per open site after which an assignment is given up."""


@dataclass
class Draft:
    """An assignment to ``sites`` (indices of the whole) that is being improved.

    ``facility`` and ``share`` have those sites only; ``price`` is that of a unit of overload, infinite where
    none is allowed; ``bound`` is a lower bound of what it can cost.
    """

    sites: Ints
    facility: Facility
    share: Floats
    bound: float
    price: float
    picker: Picker
    idle: int = 0

    def ask_part(self, eligible: Bools, slack: float) -> tuple[Part, Question]:
        """Return a part and the question for one that is cheaper by ``slack``."""
        part = self.picker.pick(self.share, eligible)
        facility = part.facility
        cost = facility.price(part.share) + self._overload(facility, part.share)
        forced = facility.opening == 0
        cutoff = cost - slack
        return part, ask(facility, facility.allowed, forced, cutoff=cutoff, overload=self.price)

    def _overload(self, facility: Facility, share: Floats) -> float:
        if not np.isfinite(self.price):
            return 0.0
        load = (facility.take * share).sum(axis=1)
        return self.price * float(np.maximum(load - facility.capacity, 0.0).sum())

    def fits(self) -> bool:
        """Return whether nothing is overloaded."""
        return self.facility.fits(self.share)

    def accept(self, part: Part, share: Floats | None, *, finished: bool) -> None:
        """Take what was found for a part, if anything."""
        self.picker.adapt(finished=finished, better=share is not None)
        self.idle += 1
        if share is not None:
            self.share, self.idle = part.put_into(self.share, share), 0

    def exhausted(self) -> bool:
        """Return whether to give up: only after the price of overload has risen where there still is some."""
        rounds = ROUNDS if self.fits() else 2 * ROUNDS
        return self.idle >= rounds * len(self.sites)


@dataclass
class Improver:
    """Solves part after part in a process of its own, of the best assignment and of a draft in turn."""

    facility: Facility
    incumbent: Incumbent
    seed: int
    submit: Callable[[Worker, Question, float], None]
    offer: Callable[[Ints, Floats], None]
    halted: Callable[[], bool]
    eligible: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        self.worker = Worker()
        self._number = itertools.count()
        self._waiting: list[tuple[float, int, Ints, Floats]] = []
        self._draft: Draft | None = None
        self._best: Draft | None = None
        self._running: tuple[Draft, Part, Question] | None = None
        self._turn = 0

    @property
    def idle(self) -> int:
        """Parts of the best assignment in a row that were in vain."""
        return self._best.idle if self._best else 0

    def consider(self, sites: Ints, share: Floats, bound: float) -> None:
        """Keep an assignment to ``sites`` that overloads some of them, to be mended in its turn."""
        heapq.heappush(self._waiting, (bound, next(self._number), sites, share))

    def begin(self) -> None:
        """Have the next part solved."""
        draft = self._next()
        if draft is None:
            return
        slack = max(self.incumbent.cost - self.incumbent.threshold, 0.0)
        eligible = self.eligible[draft.sites]
        part, question = draft.ask_part(eligible, slack if np.isfinite(slack) else 1e-6 * abs(draft.bound))
        self._running = draft, part, question
        self.submit(self.worker, question, PART_SECONDS)

    def end(self) -> None:
        """Wait for the part in hand and take what was found."""
        if self._running is None:
            return
        draft, part, question = self._running
        self._running = None
        found = question.read(self.worker.fetch(self.halted))
        if found.share is not None and not np.isfinite(draft.price) and not part.facility.fits(found.share):
            return
        draft.accept(part, found.share, finished=found.finished)
        if found.share is not None and draft.fits():
            self.offer(draft.sites, draft.share)

    def _next(self) -> Draft | None:
        self._follow_incumbent()
        self._turn += 1
        if self._turn % 2 or self._best is None:
            return self._current_draft() or self._best
        return self._best

    def _follow_incumbent(self) -> None:
        """Work on the best assignment there is, whoever found it."""
        share = self.incumbent.share
        if share is None:
            return
        if self._best is None:
            every = np.arange(len(share))
            picker = Picker(self.facility, self.seed)
            self._best = Draft(every, self.facility, share, -np.inf, np.inf, picker)
        elif self.facility.price(self._best.share) > self.incumbent.cost:
            self._best.share, self._best.idle = share, 0

    def _current_draft(self) -> Draft | None:
        draft = self._draft
        if draft is not None and not draft.exhausted() and draft.bound < self.incumbent.threshold:
            if draft.idle and draft.idle % len(draft.sites) == 0:
                draft.price *= DEARER
            return draft
        self._draft = None
        while self._waiting and self._draft is None:
            bound, _, sites, share = heapq.heappop(self._waiting)
            if bound < self.incumbent.threshold:
                facility = self.facility.only(sites)
                facility = replace(facility, opening=np.zeros(len(sites)))  # they are open in any case
                picker = Picker(facility, self.seed)
                self._draft = Draft(sites, facility, share, bound, overload_price(facility), picker)
        return self._draft


def overload_price(facility: Facility) -> float:
    """Return a price of a unit of overload: several times what moving any customer costs for its demand."""
    cost = np.where(facility.allowed, facility.cost, np.nan)
    spread = float(np.nanmax(np.nanmax(cost, axis=0) - np.nanmin(cost, axis=0)))
    return 5.0 * (spread + 1e-6 * float(np.nanmax(cost)) + 1e-9) / max(float(facility.take.mean()), 1e-9)
