"""The linear relaxation by column generation: only options that are nearly taken enter the program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, hstack, vstack

from ..blocks import Floats, Ints
from ..programs.program import Program
from ..watch import Watch
from .dual import nearest
from .pricing import Pricing, price_out
from .problem import ChoiceProblem

FIRST_OPTIONS = 2.0
"""Options of a workload in the first program, on average."""
ROUNDS = 60
BOX = 0.03
"""Relative change of a price that one program may make at first."""
TRADE = 1e-7
"""Relative amount of room bought or sold, or price of it, that counts as none."""


@dataclass(frozen=True)
class Relaxed:
    """A solution of the relaxation, or what is known of it when time was up.

    Attributes
    ----------
    pricing
        Best prices found with the bound that they prove.
    options, weight
        Options in the last program, and how much of each is taken.
    """

    pricing: Pricing
    options: Ints
    weight: Floats


@dataclass(frozen=True)
class Box:
    """Lowest and highest price of each resource: room may be sold at the one and bought at the other (R)."""

    low: Floats
    high: Floats

    @classmethod
    def around(cls, prices: Floats, width: Floats) -> Box:
        """Return the box of a relative ``width`` (R) around prices."""
        unit = max(1e-9, float(prices.mean()))
        return cls(np.maximum(0.0, prices - width * (prices + unit)), prices + width * (prices + unit))


@dataclass(frozen=True)
class Master:
    """The program of some options: columns of ``free`` options, then what is bought and sold (R each).

    Attributes
    ----------
    program
        Rows are the workloads with several options, then the resources.
    free, workloads
        Options and workloads of the program.
    fixed
        Cost of the workloads with one option, which are not in the program.
    """

    program: Program
    free: Ints
    workloads: Ints
    fixed: float


def master(problem: ChoiceProblem, options: Ints, box: Box) -> Master:
    """Return the program of the given options (ascending, at least one of each workload)."""
    owner = problem.owner[options]
    several = np.bincount(owner, minlength=len(problem))[owner] > 1
    free, held = options[several], options[~several]
    workloads, row = np.unique(problem.owner[free], return_inverse=True)
    place = csr_array((np.ones(len(free)), (row, np.arange(len(free)))), shape=(len(workloads), len(free)))
    size = len(problem.capacity)
    taken = vstack([place, problem.uses[free].T])
    traded = vstack([csr_array((len(workloads), 2 * size)), hstack([-eye_array(size), eye_array(size)])])
    columns = len(free) + 2 * size
    program = Program(
        cost=np.concatenate([problem.cost[free], box.high, -box.low]),
        lower=np.zeros(columns),
        upper=np.full(columns, np.inf),
        integer=np.zeros(columns, dtype=bool),
        matrix=csr_array(hstack([taken, traded], format="csr")),
        row_lower=np.concatenate([np.ones(len(workloads)), np.full(size, -np.inf)]),
        row_upper=np.concatenate([np.ones(len(workloads)), problem.capacity - problem.used(held)]),
    )
    return Master(program, free, workloads.astype(np.int64), float(problem.cost[held].sum()))


def relax(problem: ChoiceProblem, pricing: Pricing, worst: float, close: float, watch: Watch) -> Relaxed:
    """Solve the linear relaxation of the whole problem from good prices.

    Options are added until none has a negative reduced cost. Prices are kept in a box around the best ones
    known, which opens where they press against it, so every program has a solution and few options are
    missing in it; where the bound passes the cost of the dearest solution (``worst``), there is none.
    It ends when the bound is within ``close`` (relative) of the optimum.
    Source of the box: O. du Merle et al., Stabilized column generation, Discrete Mathematics 194 (1999).
    """
    from ..programs.solve_program import solve_relaxation

    options = nearest(problem, pricing, FIRST_OPTIONS)
    width = np.full(len(problem.capacity), BOX)
    best = Relaxed(pricing, options, np.zeros(0))
    for _ in range(ROUNDS):
        if best.pricing.bound > worst:
            break
        chief = master(problem, options, Box.around(best.pricing.prices, width))
        found = solve_relaxation(chief.program, watch.left)
        if found.x is None:
            break
        pricing = price_out(problem, np.maximum(0.0, -found.duals[len(chief.workloads) :]))
        weight = np.ones(len(options))
        weight[np.searchsorted(options, chief.free)] = found.x[: len(chief.free)]
        best = Relaxed(max(pricing, best.pricing, key=lambda each: each.bound), options, weight)
        fresh = _missing(problem, pricing, options)
        value = chief.fixed + float(chief.program.cost @ found.x)
        settled = len(fresh) == 0 or value - pricing.bound <= close * abs(value)
        pressed = _traded(problem, chief, found.x)
        if watch.over() or (settled and not pressed.any()):
            break
        options = np.union1d(options, fresh)
        width = np.where(pressed, 4 * width, width) if settled else width
    return best


def _traded(problem: ChoiceProblem, chief: Master, x: Floats) -> NDArray[np.bool_]:
    """Return whether room of a resource was bought, or sold at a price."""
    size = len(problem.capacity)
    traded = x[len(chief.free) :] > TRADE * np.maximum(1.0, np.abs(np.tile(problem.capacity, 2)))
    priced = np.abs(chief.program.cost[len(chief.free) :])
    traded &= priced > TRADE * priced.max(initial=0.0)
    return traded[:size] | traded[size:]


def _missing(problem: ChoiceProblem, pricing: Pricing, active: Ints) -> Ints:
    """Return the best options of the workloads of which no active option is the best."""
    begins = np.flatnonzero(np.diff(problem.owner[active], prepend=-1))
    nearest_known = np.minimum.reduceat(pricing.excess[active], begins)
    short = np.flatnonzero(nearest_known > 1e-9 * np.maximum(1.0, np.abs(pricing.least)))
    options = problem.options_of(short)
    limit = np.repeat(nearest_known[short], problem.sizes[short])
    return options[pricing.excess[options] < 0.2 * limit]
