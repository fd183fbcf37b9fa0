"""Where work has to be left out: who uses some pools leaves them together, and they are rationed anew.

Among those is one whose work is left out and who could use these pools. They come back by rank, see
:mod:`.rations`, disturbed a little, so that every try is another order.
Source: G. Schrimpf, J. Schneider, H. Stamm-Wilbrandt, G. Dueck, Record breaking optimization results using
the ruin and recreate principle, Journal of Computational Physics 159 (2000) 139-171.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...rates import Ints
from ..answers.placing import Placement
from ..plans.rations import Rations
from .recreating import Recreator

NEAREST, MOST_PLACES = 6, 2
"""Options of a job, the cheapest at the prices, of which some are drawn, and how many of these at most, as of
the pools of a unit."""
MOST_UNITS = 6
"""Units that leave with all the jobs: to answer takes them far longer."""
DISTURBED = 0.5
"""Standard deviation of the logarithm of what ranks are multiplied by."""
LOSER_FIRST = 4.0
"""Times that one that was left out comes sooner."""


@dataclass
class Reallotter:
    """A placement in which less and less is left out, with all modules at hand."""

    rations: Rations
    placement: Placement
    rng: np.random.Generator

    def __post_init__(self) -> None:
        """Note who uses which pools."""
        self.placement.widen()
        self._meeting = Recreator(self.placement, self.rations.told, self.rng)

    def step(self) -> bool:
        """Let some members be rationed anew; return whether that is better, else all is as it was."""
        left = self.rations.market.of_members(self.placement.work_of_blocks())
        total = left.sum()
        if total <= 0:
            return False
        loser = int(self.rng.choice(len(left), p=left / total))
        members = self._around(loser)
        tried = self._reallotted(members, loser)
        if tried.value() >= self.placement.value():
            return False
        self.placement = self._meeting.placement = tried
        for member in members.tolist():
            self._meeting.note(member)
        return True

    def _around(self, loser: int) -> Ints:
        """Return one that is left out, and all jobs and some units that use some pools it could use.

        Units whose periods depend on each other stay.
        """
        meeting = self._meeting
        others = np.flatnonzero(meeting.uses[:, self._places(loser)].any(axis=1) & ~meeting.stays)
        units = self.rng.permutation(others[others >= meeting.jobs])[:MOST_UNITS]
        return np.unique([*others[others < meeting.jobs].tolist(), *units.tolist(), loser])

    def _places(self, loser: int) -> Ints:
        count = 1 + int(self.rng.integers(MOST_PLACES))
        if loser >= self._meeting.jobs:
            pools = np.unique(self.rations.market.units[loser - self._meeting.jobs].pool)
            return np.asarray(self.rng.permutation(pools)[:count])
        near = self._meeting.nearest(loser, NEAREST)
        drawn = self.rng.permutation(len(near))[:count].tolist()
        return np.unique(np.array([pool for place in drawn for pool in near[place][1]], dtype=np.int64))

    def _reallotted(self, members: Ints, loser: int) -> Placement:
        """Return a copy in which members left and came back by disturbed rank."""
        rank = self.rations.rank[members] * np.exp(DISTURBED * self.rng.standard_normal(len(members)))
        rank[members == loser] *= LOSER_FIRST
        placement = self.placement.copy()
        for member in members.tolist():
            for block in self._meeting.blocks[member].tolist():
                placement.remove(block)
        self.rations.fill(placement, members[np.argsort(-rank, kind="stable")].tolist())
        return placement
