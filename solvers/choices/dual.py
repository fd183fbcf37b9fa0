"""Prices of the resources from a smoothed dual: cheap, close, and a start for the linear program.

The minimum over the options of a workload is replaced by a soft minimum, so that the dual function has a
gradient everywhere; L-BFGS-B climbs it with falling temperature. Source of the smoothing: Yu. Nesterov,
Smooth minimization of non-smooth functions, Mathematical Programming 103 (2005) 127-152.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..blocks import Floats, Ints
from ..watch import Watch
from .pricing import Pricing, price_out
from .problem import ChoiceProblem

SAMPLE = 3000
"""Workloads that tell the prices roughly."""
CORE_OPTIONS = 8
"""Options of a workload that the prices are refined with, on average."""
PROBED = 500_000
"""Options from which it is told what is near."""
FAR = 1e100
"""Distance, in units of a workload, of options that are out at any price."""
MISSED_OPTIONS = 4
"""The same of those that a core is found to lack."""
TRUST = 0.15
"""Relative change of a price within which a core is believed at first."""
CLIMBS = ((0.01, 25), (0.03, 100), (0.01, 100), (0.003, 100), (0.003, 100), (0.001, 100))
"""Temperatures with steps at each; the last again while it helps."""
MOST_CLIMBS = 40
EXACT, MOST_MISSED = 1e-5, 1e-4
"""What a core may promise above what the whole holds (relative) to count as exact, and to be believed."""
LEAST_GAIN = 1e-5
"""Relative gain of a climb at which they end."""


@dataclass(frozen=True)
class Core:
    """Some options of some workloads, with capacities to match."""

    first: Ints
    cost: Floats
    uses: csr_array
    turned: csr_array
    capacity: Floats

    @classmethod
    def of(cls, problem: ChoiceProblem, options: Ints, share: float = 1.0) -> Core:
        """Return the core of the given options (ascending); capacities are scaled by ``share``."""
        owner = problem.owner[options]
        begins = np.flatnonzero(np.diff(owner, prepend=-1))
        uses = csr_array(problem.uses[options])
        turned = csr_array(uses.T.tocsr())
        return cls(
            np.append(begins, len(options)), problem.cost[options], uses, turned, problem.capacity * share
        )

    def spread(self, prices: Floats) -> Floats:
        """Return how far the options of each workload lie apart, the unit of its temperature."""
        reduced = self.cost + self.uses @ prices
        starts, sizes = self.first[:-1], np.diff(self.first)
        apart = np.add.reduceat(reduced, starts) / sizes - np.minimum.reduceat(reduced, starts)
        return np.maximum(apart, 1e-6 * max(1e-6, float(apart.mean())))

    def value(self, prices: Floats) -> float:
        """Return the dual of the core: its bound at these prices."""
        reduced = self.cost + self.uses @ prices
        return float(np.minimum.reduceat(reduced, self.first[:-1]).sum() - prices @ self.capacity)

    def smoothed(self, prices: Floats, temperature: Floats) -> tuple[float, Floats]:
        """Return the negated smoothed dual and its gradient."""
        starts, sizes = self.first[:-1], np.diff(self.first)
        reduced = self.uses @ prices
        reduced += self.cost
        least = np.minimum.reduceat(reduced, starts)
        np.subtract(np.repeat(least, sizes), reduced, out=reduced)
        reduced /= np.repeat(temperature, sizes)
        weight = np.exp(reduced, out=reduced)
        total = np.add.reduceat(weight, starts)
        value = (least - temperature * np.log(total)).sum() - prices @ self.capacity
        weight /= np.repeat(total, sizes)
        return -float(value), self.capacity - self.turned @ weight


def climb(
    core: Core,
    prices: Floats,
    watch: Watch,
    *,
    temperatures: tuple[float, ...],
    steps: int,
    box: tuple[Floats, Floats] | None = None,
) -> Floats:
    """Return better prices for ``core``, none negative and each within the ``box`` of lowest and highest."""
    from scipy.optimize import minimize

    def heed(_: Floats) -> None:
        if watch.over():
            raise StopIteration

    spread = core.spread(prices)
    lowest, highest = box or (np.zeros(len(prices)), np.full(len(prices), np.inf))
    bounds = list(zip(lowest, highest, strict=True))
    for temperature in temperatures:
        if watch.over():
            break
        found = minimize(
            core.smoothed,
            prices,
            args=(temperature * spread,),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            callback=heed,
            options={"maxiter": steps, "maxcor": 20},
        )
        prices = found.x
    return prices


def first_prices(problem: ChoiceProblem, rng: np.random.Generator, watch: Watch) -> Pricing:
    """Return good prices with what they tell of the whole problem."""
    zero = np.zeros(len(problem.capacity))
    count = len(problem)
    if count <= SAMPLE:
        core = Core.of(problem, np.arange(len(problem.cost)))
        return price_out(
            problem, climb(core, zero, watch, temperatures=(0.3, 0.1, 0.03, 0.01, 0.003), steps=50)
        )
    drawn = np.sort(rng.choice(count, SAMPLE, replace=False))
    core = Core.of(problem, problem.options_of(drawn), SAMPLE / count)
    pricing = price_out(problem, climb(core, zero, watch, temperatures=(0.3, 0.1, 0.03, 0.01), steps=50))
    return refined(problem, pricing, watch)


def refined(problem: ChoiceProblem, pricing: Pricing, watch: Watch) -> Pricing:
    """Climb on the options that are close to being taken, as long as the whole agrees that it helps.

    A core that lacks options promises more than the whole holds: it gets those that were missed, and is
    trusted less far. Where it holds, prices that were kept from going on may go further.
    """
    trust, options, done = np.full(len(problem.capacity), TRUST), nearest(problem, pricing, CORE_OPTIONS), 0
    for _ in range(MOST_CLIMBS):
        if watch.over():
            break
        box = _trusted(problem, pricing.prices, trust)
        step = _climbed(Core.of(problem, options), problem, pricing, box, watch, done=done)
        options = np.union1d(options, nearest(problem, step.tried, step.lacking))
        pricing = step.tried if step.gain > 0 else pricing
        if step.missed > max(step.gain, MOST_MISSED):
            trust = trust / 2
            continue
        trust, done = np.where(step.pressed, 4 * trust, trust), done + 1
        if step.is_idle and (done >= len(CLIMBS) or not step.moved):
            break
    return pricing


@dataclass(frozen=True)
class Climbed:
    """What a climb came to: gain of the bound, and what the core had promised above it (relative).

    ``pressed`` (R) are the prices at an end of their box that they could pass.
    """

    tried: Pricing
    gain: float
    missed: float
    pressed: NDArray[np.bool_]
    moved: bool

    @property
    def lacking(self) -> float:
        """Options of a workload, on average, that the core is to get."""
        return MISSED_OPTIONS if self.missed > EXACT else CORE_OPTIONS

    @property
    def is_idle(self) -> bool:
        """Whether the core is exact, nothing holds the prices back, and they hardly help."""
        return self.gain < LEAST_GAIN and self.missed < EXACT and not self.pressed.any()


def _climbed(
    core: Core,
    problem: ChoiceProblem,
    pricing: Pricing,
    box: tuple[Floats, Floats],
    watch: Watch,
    *,
    done: int,
) -> Climbed:
    """Climb for the next time after so many were ``done``."""
    temperature, steps = CLIMBS[min(done, len(CLIMBS) - 1)]
    prices = climb(core, pricing.prices, watch, temperatures=(temperature,), steps=steps, box=box)
    tried = price_out(problem, prices)
    unit = max(abs(tried.bound), 1e-9)
    gain, missed = (tried.bound - pricing.bound) / unit, (core.value(prices) - tried.bound) / unit
    moved = not np.array_equal(prices, pricing.prices)
    return Climbed(tried, gain, missed, _pressed(prices, box), moved)


def _trusted(problem: ChoiceProblem, prices: Floats, trust: Floats) -> tuple[Floats, Floats]:
    """Return the lowest and highest prices within a relative change of ``trust`` (R)."""
    level = float(prices.mean()) or float(problem.cost.mean() / max(float(problem.uses.data.mean()), 1e-9))
    return np.maximum(0.0, prices * (1 - np.minimum(trust, 1.0))), prices * (1 + trust) + trust * level


def _pressed(prices: Floats, box: tuple[Floats, Floats]) -> NDArray[np.bool_]:
    """Return which prices (R) are at an end of their box that they could pass."""
    lowest, highest = box
    near = 1e-6 * (highest - lowest)
    upwards = (prices >= highest - near) & (highest > lowest)
    return np.asarray(((prices <= lowest + near) & (lowest > 0)) | upwards)


def nearest(problem: ChoiceProblem, pricing: Pricing, average: float) -> Ints:
    """Return about ``average`` options per workload: those nearest to its best, in its own unit.

    The unit is the mean distance of a workload's options from its best.
    """
    sizes = problem.sizes
    if average * len(problem) >= len(problem.cost):
        return np.arange(len(problem.cost))
    unit = units(problem, pricing)
    every = max(1, len(problem.cost) // PROBED)
    probe = np.minimum(pricing.excess[::every] / unit[problem.owner[::every]], FAR)
    limit = max(0.0, float(np.quantile(probe, average * len(problem) / len(problem.cost))))
    parts = []
    for workloads, options in problem.chunks():
        near = pricing.excess[options] <= limit * np.repeat(unit[workloads], sizes[workloads])
        parts.append(options.start + np.flatnonzero(near))
    return np.concatenate(parts)


def units(problem: ChoiceProblem, pricing: Pricing) -> Floats:
    """Return the mean distance of the options of each workload from its best (J), never 0.

    Those that are out at any price do not count.
    """
    excess = np.where(np.isfinite(pricing.excess), pricing.excess, 0.0)
    unit = np.add.reduceat(excess, problem.first[:-1]) / problem.sizes
    return np.maximum(unit, 1e-6 * max(1e-6, float(unit.mean())))
