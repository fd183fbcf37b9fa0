"""What a search tells while it goes on: solutions, bounds, its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..rates import Floats

Phase = Literal["unserved work", "complete cost", "cost"]
Rank = Literal["better", "fallback", "final"]


@dataclass(frozen=True, slots=True)
class Found:
    """A solution that counts where it is better; a fallback does so in the end only.

    The final one is to be returned whatever else is known, so that the same problem gets the same plan.
    """

    x: Floats
    rank: Rank = "better"


@dataclass(frozen=True, slots=True)
class Proved:
    """A lower bound, constants excluded.

    Of the phase ``unserved work``: of what must be left out. ``complete cost``: of the cost when nothing is
    left out that need not be. ``cost``: of the cost when no more is left out than in the best solution.
    """

    phase: Phase
    bound: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The search has ended by itself; ``failure`` says why when it could not do its work."""

    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Still:
    """Nothing new for a while."""


Event = Found | Proved | Finished | Still
Emit = Callable[[Event], None]
Stop = Callable[[], bool]
