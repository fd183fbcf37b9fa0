"""Prices of the resources from a smoothed dual: cheap, close, and a start for the linear program.

The minimum over the options of a workload is replaced by a soft minimum, so that the dual function has a
gradient everywhere; L-BFGS-B climbs it with falling temperature. Source of the smoothing: Yu. Nesterov,
Smooth minimization of non-smooth functions, Mathematical Programming 103 (2005) 127-152.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array

from ..blocks import Floats, Ints
from .pricing import Pricing, price_out
from .problem import ChoiceProblem
from .watch import Watch

SAMPLE = 3000
"""Workloads that tell the prices roughly."""
CORE_OPTIONS = 8
"""Options of a workload that the prices are refined with, on average."""
PROBED = 500_000
"""Options from which it is told what is near."""
TRUST = 0.15
"""Relative change of a price within which a core is believed."""


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
    trust: float = np.inf,
) -> Floats:
    """Return better prices for ``core``, each within ``trust`` of what it was (relative)."""
    spread = core.spread(prices)
    slack = 0.1 * float(prices.mean()) if np.isfinite(trust) else np.inf
    highest = prices * (1 + trust) + slack if np.isfinite(trust) else np.full(len(prices), np.inf)
    bounds = list(zip(np.maximum(0.0, prices * (1 - min(trust, 1.0))), highest, strict=True))
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
    return _refined(problem, pricing, watch)


def _refined(problem: ChoiceProblem, pricing: Pricing, watch: Watch) -> Pricing:
    """Climb on the options that are close to being taken, as long as the whole agrees that it helps."""
    trust, options = TRUST, np.zeros(0, np.int64)
    for _ in range(6):
        if watch.over():
            break
        options = np.union1d(options, nearest(problem, pricing, CORE_OPTIONS))
        core = Core.of(problem, options)
        tried = price_out(
            problem, climb(core, pricing.prices, watch, temperatures=(0.01, 0.002), steps=25, trust=trust)
        )
        gain = (tried.bound - pricing.bound) / max(abs(tried.bound), 1e-9)
        if gain > 0:
            pricing = tried
        else:
            trust /= 2
        if 0 <= gain < 1e-4:
            break
    return pricing


def nearest(problem: ChoiceProblem, pricing: Pricing, average: float) -> Ints:
    """Return about ``average`` options per workload: those nearest to its best, in its own unit.

    The unit is the mean distance of a workload's options from its best.
    """
    sizes = problem.sizes
    if average * len(problem) >= len(problem.cost):
        return np.arange(len(problem.cost))
    unit = units(problem, pricing)
    every = max(1, len(problem.cost) // PROBED)
    probe = pricing.excess[::every] / unit[problem.owner[::every]]
    limit = max(0.0, float(np.quantile(probe, average * len(problem) / len(problem.cost))))
    parts = []
    for workloads, options in problem.chunks():
        near = pricing.excess[options] <= limit * np.repeat(unit[workloads], sizes[workloads])
        parts.append(options.start + np.flatnonzero(near))
    return np.concatenate(parts)


def units(problem: ChoiceProblem, pricing: Pricing) -> Floats:
    """Return the mean distance of the options of each workload from its best (J), never 0."""
    unit = np.add.reduceat(pricing.excess, problem.first[:-1]) / problem.sizes
    return np.maximum(unit, 1e-6 * max(1e-6, float(unit.mean())))
