"""A hunt for better solutions by whole packings, decided one after the other by a linear program.

Where few workloads fill a resource, that program hardly differs from whole packings, and what it still wants
in part is told by packings that its prices ask for once others are decided. Those stay known, so that every
dive has more to choose from than the one before.
Source: R. Sadykov, F. Vanderbeck, A. Pessoa, I. Tahiri and E. Uchoa, Primal heuristics for branch and price:
the assets of diving methods, INFORMS Journal on Computing 31 (2019) 251-267.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..blocks import Floats, Ints
from ..packings import packings
from .knapsacks import Knapsacks
from .packing_program import Packing, PackingProgram, Told
from .pricing import Pricing
from .state import State

FEW_WORKLOADS, MOST_WORKLOADS, FEWEST_WORKLOADS = 7, 600, 30
"""Workloads for every resource, and in all, up to which packings are hunted; and from how many on."""
MOST_OPTIONS = 14.0
"""Options of a workload, on average, that packings may hold."""
LISTED, MOST_PACKINGS = 60, 12_000
"""Packings of a resource to begin with, and of all after which a hunt begins again with few."""
STEPS = 30
"""Times that prices ask for packings between two decisions."""
SURE, NOISES = 0.999, (0.1, 0.2, 0.4)
"""Weight of a packing that is as good as decided, and noise on the weights of others in all dives but one."""
TOLERANCE = 1e-6


@dataclass
class PackingHunt:
    """What is hunted: solutions that cost less than ``best``.

    Attributes
    ----------
    knapsacks
        The options that they may hold.
    values
        Prices of the workloads (J) to begin with.
    bound
        Proven, of all solutions.
    grain
        Of which all costs are multiples.
    """

    knapsacks: Knapsacks
    values: Floats
    best: float
    bound: float
    grain: float
    rng: np.random.Generator

    @classmethod
    def of(cls, state: State, pricing: Pricing, rng: np.random.Generator) -> PackingHunt | None:
        """Return a hunt for something better than the best known, None where packings are not that good."""
        known, problem, grain = state.best, state.problem, state.grain
        if known is None or grain <= 0 or state.done():
            return None
        most = min(len(pricing.excess) - 1, int(MOST_OPTIONS * len(problem)))
        limit = min(known.cost - grain - pricing.bound, float(np.partition(pricing.excess, most)[most]))
        options = np.flatnonzero(pricing.excess <= limit + TOLERANCE * grain)
        knapsacks = Knapsacks.of(problem, options) if len(options) else None
        if knapsacks is None or len(np.unique(problem.owner[options])) < len(problem):
            return None
        count = len(problem)
        is_few = FEWEST_WORKLOADS <= count <= min(MOST_WORKLOADS, FEW_WORKLOADS * len(knapsacks.room))
        return cls(knapsacks, pricing.least, known.cost, state.bound, grain, rng) if is_few else None

    def run(self, stop: Callable[[], bool]) -> Iterator[tuple[Ints | None, float]]:
        """Yield every better solution that is found (its options), with the bound, until ``stop()``."""
        program, noise = self._begun(), 0.0
        while not stop() and self.best - self.bound > self.grain / 2:
            if len(program.packings) > MOST_PACKINGS:
                program = self._begun()
            dive = _Dive(self, program, noise)
            found = dive.run(stop)
            program.release()
            if found is not None and dive.cost < self.best - self.grain / 2:
                self.best = dive.cost
                yield found, self.bound
            noise = float(self.rng.choice(NOISES))

    def _begun(self) -> PackingProgram:
        """Return a program of the packings that are nearest to the best of each resource."""
        knapsacks, gap = self.knapsacks, max(self.grain, self.best - self.bound)
        dear = 2.0 * float(np.abs(knapsacks.cost).max()) + self.grain
        program = PackingProgram(len(self.values), len(knapsacks.room), dear)
        profit = knapsacks.profit(self.values)
        for resource, room in enumerate(knapsacks.room.tolist()):
            mine = np.flatnonzero(knapsacks.option[resource] >= 0)
            weight = knapsacks.weight[resource, mine]
            for taken in packings(profit[resource, mine], weight, room, gap, LISTED)[0]:
                program.add(self.packing(resource, mine[taken]))
        return program

    def packing(self, resource: int, places: Ints) -> Packing:
        """Return the packing of the options at some places of the row of a resource."""
        knapsacks = self.knapsacks
        owner, option = knapsacks.owner[resource, places], knapsacks.option[resource, places]
        return Packing(resource, owner, option, float(knapsacks.cost[resource, places].sum()))


class _Dive:
    """Packings decided one after the other, with those that prices ask for in between."""

    def __init__(self, hunt: PackingHunt, program: PackingProgram, noise: float) -> None:
        self._hunt, self._program, self._noise = hunt, program, noise
        self._waiting = np.ones(len(hunt.values), dtype=bool)
        self._free = np.ones(len(hunt.knapsacks.room), dtype=bool)
        self._taken: set[int] = set()
        self.cost = 0.0

    def run(self, stop: Callable[[], bool]) -> Ints | None:
        """Return the options of a better solution, None where the dive does not get to any."""
        while self._waiting.any():
            told = self._bettered(stop)
            if told is None or not self._decide(told):
                return None
        packings = self._program.packings
        return np.concatenate([packings[number].options for number in sorted(self._taken)])

    def _bettered(self, stop: Callable[[], bool]) -> Told | None:
        """Return what the program tells with the packings it asks for, None where that is in vain."""
        hunt = self._hunt
        for _ in range(STEPS):
            told = self._program.solve()
            if told is None or stop():
                return None
            least = self._asked_for(told.values)
            if least > hunt.best - hunt.grain + TOLERANCE * hunt.grain:
                return None
            if told.cost - least < TOLERANCE * hunt.grain:
                break
        return told

    def _asked_for(self, values: Floats) -> float:
        """Let the best packing of each free resource join; return what all that is left costs at least."""
        knapsacks = self._hunt.knapsacks
        may = (knapsacks.option >= 0) & self._waiting[knapsacks.owner] & self._free[:, None]
        earned, taken = knapsacks.best(np.where(may, knapsacks.profit(values), -1.0))
        for resource in np.flatnonzero(taken.any(axis=1)).tolist():
            self._program.add(self._hunt.packing(resource, np.flatnonzero(taken[resource])))
        return self.cost + float(values[self._waiting].sum() - earned.sum())

    def _decide(self, told: Told) -> bool:
        """Take the packings that are sure, or else the heaviest; return whether there was one."""
        rng, weights = self._hunt.rng, told.weights
        if not weights:
            return False
        chosen = [number for number, weight in weights.items() if weight > SURE]
        noisy = {number: weight + self._noise * rng.standard_normal() for number, weight in weights.items()}
        for number in chosen or [max(noisy, key=noisy.__getitem__)]:
            self._take(number, self._program.packings[number])
        self._program.hold(self._taken, self._waiting, self._free)
        return True

    def _take(self, number: int, packing: Packing) -> None:
        self._taken.add(number)
        self._waiting[packing.workloads] = False
        self._free[packing.resource] = False
        self.cost += packing.cost
