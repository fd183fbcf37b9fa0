"""The Lagrangian bound: with prices on the resources every workload takes its cheapest option on its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..blocks import Floats
from .problem import ChoiceProblem

ROUNDING = 1e-11
"""Relative error that sums of floating-point numbers are granted; bounds are lowered by it."""


@dataclass(frozen=True)
class Pricing:
    """What prices (R) tell: how much worse each option is than the best of its workload, and a bound.

    Attributes
    ----------
    prices
        Of a unit of each resource (R), none negative.
    excess
        Reduced cost of each option above the least of its workload (O).
    least
        Least reduced cost of each workload (J).
    bound
        Proven lower bound of the problem.
    """

    prices: Floats
    excess: Floats
    least: Floats
    bound: float


def price_out(problem: ChoiceProblem, prices: Floats) -> Pricing:
    """Return what ``prices`` tell of every option of the problem; the bound holds for any prices >= 0.

    Source: M. L. Fisher, The Lagrangian relaxation method for solving integer programming problems,
    Management Science 27 (1981) 1-18.
    """
    excess, least = np.empty(len(problem.cost)), np.empty(len(problem))
    sizes = problem.sizes
    for workloads, options in problem.chunks():
        reduced = problem.priced(options, prices)
        least[workloads] = np.minimum.reduceat(reduced, problem.first[workloads] - options.start)
        np.subtract(reduced, np.repeat(least[workloads], sizes[workloads]), out=excess[options])
    paid = prices @ problem.capacity
    error = ROUNDING * (np.abs(least).sum() + np.abs(prices) @ np.abs(problem.capacity))
    return Pricing(prices, excess, least, float(least.sum() - paid - error))


def worst_cost(problem: ChoiceProblem) -> float:
    """Return the cost of the dearest solution, within the capacities or not."""
    return float(np.maximum.reduceat(problem.cost, problem.first[:-1]).sum())


def lifted(bound: float, grain: float) -> float:
    """Return the bound raised to the next multiple of ``grain``, of which every solution's cost is one."""
    if grain <= 0 or not np.isfinite(bound):
        return bound
    return float(np.ceil(bound / grain - 1e-6) * grain)


def cost_grain(problem: ChoiceProblem) -> float:
    """Return the largest whole number of which every cost is a multiple, 0 where there is none."""
    cost = problem.cost
    for part in (cost[:1000], cost):
        if len(part) == 0 or np.abs(part).max() > 1e12 or (part != np.round(part)).any():
            return 0.0
    return float(np.gcd.reduce(cost.astype(np.int64)))
