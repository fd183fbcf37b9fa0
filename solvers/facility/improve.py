"""Better assignments by solving parts of them again, in a process of its own: of the best and of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..blocks import Floats
from .assign import Question, ask
from .instance import Bools, Facility
from .neighbourhood import Part, Picker
from .tree import Incumbent
from .worker import Worker

PART_SECONDS = 4.0


@dataclass
class Improver:
    """Solves part after part, of the best assignment and of another one in turn.

    ``other()`` returns the shares (m, n) of that, None where there is none; ``offer(share)`` takes shares in
    which a part got cheaper.
    """

    facility: Facility
    incumbent: Incumbent
    seed: int
    submit: Callable[[Worker, Question, float], None]
    offer: Callable[[Floats], None]
    other: Callable[[], Floats | None]
    halted: Callable[[], bool]
    eligible: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))
    idle: int = 0
    """Parts of the best assignment in a row that were in vain."""

    def __post_init__(self) -> None:
        self.worker = Worker()
        self._pickers = Picker(self.facility, self.seed), Picker(self.facility, self.seed + 1)
        self._running: tuple[Floats, Part, Question, Picker] | None = None
        self._turn = 0

    def begin(self) -> None:
        """Have the next part solved."""
        best = self.incumbent.share
        if best is None:
            return
        self._turn += 1
        other = None if self._turn % 2 else self.other()
        share, picker = (best, self._pickers[0]) if other is None else (other, self._pickers[1])
        part = picker.pick(share, self.eligible)
        facility = part.facility
        cutoff = facility.price(part.share) - max(self.incumbent.cost - self.incumbent.threshold, 0.0)
        question = ask(facility, facility.allowed, facility.opening == 0, cutoff=cutoff)
        self._running = share, part, question, picker
        self.submit(self.worker, question, PART_SECONDS)

    def ready(self) -> bool:
        """Return whether no part is in hand, or ending it takes no time."""
        return self._running is None or self.worker.ready()

    def end(self) -> None:
        """Wait for the part in hand and take what was found."""
        if self._running is None:
            return
        (share, part, question, picker), self._running = self._running, None
        found = question.read(self.worker.fetch(self.halted))
        fits = found.share is not None and part.facility.fits(found.share)
        picker.adapt(finished=found.finished, better=fits)
        if share is self.incumbent.share:
            self.idle = 0 if fits else self.idle + 1
        if fits and found.share is not None:
            self.offer(part.put_into(share, found.share))
