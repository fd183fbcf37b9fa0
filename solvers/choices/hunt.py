"""A hunt for better solutions by dives, from targets between what is proven and what is known.

Half of the dives aim just below the best solution, where most solutions are, the others half the way to the
bound, where a dive knows sooner that it is in vain. A target that is hopeless at its root raises the bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ..blocks import Floats, Ints
from .core import Core
from .diving import Diving
from .pricing import Pricing
from .state import State
from .targets import Target

MOST_CELLS = 4_000_000
"""Largest tables of all knapsacks of a core: with larger ones, too few nodes are met."""
FEWEST_OPTIONS = 300
"""Options of a core: programs of fewer are soon solved."""
MOST_OPTIONS = 3.5
"""Options of a workload, on average, that solutions may hold: with more of them, dives seldom get to any."""
REACH = 0.15
"""Part of the gap at least that costs of the core span: else what can be found is hardly in it."""
TRIES, DEEP = 40, 0.15
"""Dives after which there are no more if none got below this part of the workloads of its root."""
SLACK = 1e-10
"""By what part of the costs of all workloads a bound may be wrong."""


@dataclass
class Hunt:
    """What is hunted: solutions that cost less than ``best``, all of which are in the ``core``.

    Attributes
    ----------
    values
        Prices of the workloads to begin with.
    grain
        Of which all costs are multiples.
    bound
        Proven, of all solutions.
    """

    core: Core
    values: Floats
    best: float
    bound: float
    grain: float
    rng: np.random.Generator
    _roots: dict[float, Diving] = field(default_factory=dict)
    _tries: int = 0
    _deep: bool = False

    @classmethod
    def of(cls, state: State, pricing: Pricing, limit: float, rng: np.random.Generator) -> Hunt | None:
        """Return a hunt in solutions up to a ``limit``; None where dives would hardly find a better one."""
        known, grain = state.best, state.grain
        if known is None or grain <= 0 or state.done():
            return None
        best = min(known.cost, limit + grain)
        if best - state.bound < max(grain / 2, REACH * (known.cost - state.bound)):
            return None
        options = np.flatnonzero(pricing.excess <= best - grain * (1 - 1e-6) - pricing.bound)
        core = Core.of(state.problem, options) if len(options) >= FEWEST_OPTIONS else None
        if core is None or core.cells > MOST_CELLS or core.scale * SLACK > grain / 4:
            return None
        return cls(core, pricing.least, best, state.bound, grain, rng)

    @property
    def is_over(self) -> bool:
        """Whether nothing better exists, or dives do not get there."""
        return self.bound > self.best - self.grain / 2 or (self._tries >= TRIES and not self._deep)

    def run(self, stop: Callable[[], bool]) -> Iterator[tuple[Ints | None, float]]:
        """Yield every better solution that is found (its options), and better bounds, until ``stop()``."""
        while not (self.is_over or stop()):
            target = self._target()
            root = self._root(target)
            if root.is_hopeless:
                self.bound = max(self.bound, target + self.grain)
                yield None, self.bound
            root.dive(stop)
            self._tries, self._deep = self._tries + 1, self._deep or root.reached < DEEP
            if root.solution is not None:
                self.best = min(self.best, float(self.core.cost[root.solution].sum()))
                yield self.core.option[root.solution], self.bound

    def _target(self) -> float:
        """Return the next target: one grain below the best, or half the way."""
        grains = round((self.best - self.bound) / self.grain)
        return self.best - self.grain * (1 if self._tries % 2 else max(1, (grains + 1) // 2))

    def _root(self, target: float) -> Diving:
        """Return the root of a target; it begins with what is left at the next higher one."""
        if target not in self._roots:
            higher = min((known for known in self._roots if known > target), default=target)
            root = self._roots[higher].root if higher in self._roots else None
            alive = np.ones(len(self.core.option), dtype=bool) if root is None else root.settled.alive
            values = self.values if root is None else root.values
            slack = max(1e-6 * self.grain, SLACK * self.core.scale)
            self._roots[target] = Diving(self.core, Target(target, slack), alive, values, self.rng)
        return self._roots[target]


def hunting_limit(state: State, pricing: Pricing) -> float:
    """Return the highest cost up to which solutions hold few options; minus infinity where none do."""
    most, grain = int(MOST_OPTIONS * len(state.problem)), state.grain
    if grain <= 0:
        return -np.inf
    if most >= len(pricing.excess):
        return np.inf
    dearest = pricing.bound + float(np.partition(pricing.excess, most)[most])
    return float(np.ceil(dearest / grain - 1e-6) - 1) * grain
