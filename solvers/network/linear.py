"""The linear problem of routing: commodities of one origin (or one destination) are one, which loses nothing.

With costs and capacities per arc it does not matter which of the commodities of an origin an arc carries, so
they are summed: there are then at most as many as there are nodes (Ahuja, Magnanti and Orlin 1993, chapter
17).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array

from ..blocks import Floats, Ints
from ..programs.program import Program, lagrangian_bound
from .instance import Network
from .paths import strip_paths

GLOP_COLUMNS = 12_000
"""Up to so many GLOP is as fast as HiGHS or faster; on larger dense networks it takes several times as
long."""


@dataclass(frozen=True)
class Bundles:
    """Commodities by their common end.

    Attributes
    ----------
    network
        With its arcs turned round where the common end is the destination.
    turned
        Whether it is.
    group
        Bundle of each commodity (K).
    balance
        What each bundle brings into each node (G, nodes).
    """

    network: Network
    turned: bool
    group: Ints
    balance: Floats

    @property
    def size(self) -> Floats:
        """Amount of each bundle (G)."""
        return np.asarray(np.maximum(self.balance, 0).sum(axis=1))

    def apart(self, flow: Floats) -> Floats:
        """Return the flow of bundles (A, G) as one of commodities (A, K)."""
        whole = np.zeros((self.network.arcs, self.network.commodities))
        for bundle in range(len(self.balance)):
            members = np.flatnonzero(self.group == bundle)
            whole[:, members] = strip_paths(self.network, flow[:, bundle], members)
        return whole


def bundles(network: Network) -> Bundles:
    """Return the commodities by origin or by destination, whichever makes fewer bundles."""
    turned = len(np.unique(network.destination)) < len(np.unique(network.origin))
    facing = network.reversed() if turned else network
    ends, group = np.unique(facing.origin, return_inverse=True)
    balance = np.zeros((len(ends), network.nodes))
    np.add.at(balance, group, facing.balance())
    return Bundles(facing, turned, group, balance)


@dataclass(frozen=True)
class Linear:
    """What came of a linear program: ``x`` is None where there is no solution, or time was over."""

    x: Floats | None
    duals: Floats
    infeasible: bool


@dataclass(frozen=True)
class Routed:
    """A flow of bundles (A, G), its cost at the prices asked for, and what any flow costs at least.

    ``flow`` is None where there is none: proven where ``infeasible``, else for want of time.
    """

    flow: Floats | None
    value: float
    infeasible: bool = False
    bound: float = -np.inf


def route(
    network: Network,
    bundle: Bundles,
    price: Floats,
    arcs: Ints | None = None,
    seconds: float = 1e6,
    *,
    gives_up: bool = False,
) -> Routed:
    """Return the cheapest flow within the capacities over some arcs, or over all without it.

    With ``gives_up`` there is none where GLOP is not sure of its own.
    """
    arcs = np.arange(network.arcs) if arcs is None else arcs
    program = routing_program(network, bundle, price, arcs)
    found = solve_linear(program, seconds, "glop", gives_up=gives_up)
    if found.x is None:
        return Routed(None, np.inf, found.infeasible)
    flow = np.zeros((network.arcs, len(bundle.balance)))
    flow[arcs] = np.maximum(found.x, 0).reshape(len(arcs), -1)
    bound = lagrangian_bound(program, found.duals)[0]
    return Routed(flow, float(program.cost @ found.x), bound=bound)


def routing_program(network: Network, bundle: Bundles, price: Floats, arcs: Ints) -> Program:
    """Return the program of :func:`route`: columns arc by arc, balances bundle by bundle, capacities."""
    groups, nodes, facing = len(bundle.balance), network.nodes, bundle.network
    arc = np.repeat(np.arange(len(arcs)), groups)
    group = np.tile(np.arange(groups), len(arcs))
    column = np.arange(len(arcs) * groups)
    row = np.concatenate(
        [
            group * nodes + facing.tail[arcs][arc],
            group * nodes + facing.head[arcs][arc],
            groups * nodes + network.resource[arcs][arc],
        ]
    )
    one = np.ones(len(column))
    shape = (groups * nodes + len(network.capacity), len(column))
    entries = (np.concatenate([one, -one, one]), (row, np.tile(column, 3)))
    balance = bundle.balance.ravel()
    return Program(
        cost=np.repeat(price[arcs], groups),
        lower=np.zeros(len(column)),
        upper=np.minimum(bundle.size[group], network.capacity[network.resource[arcs]][arc]),
        integer=np.zeros(len(column), dtype=bool),
        matrix=csr_array(coo_array(entries, shape=shape)),
        row_lower=np.concatenate([balance, np.full(len(network.capacity), -np.inf)]),
        row_upper=np.concatenate([balance, network.capacity]),
    )


def solve_linear(
    program: Program, seconds: float, solver: str | None = None, *, gives_up: bool = False
) -> Linear:
    """Solve a linear program with ``glop`` or ``highs``, without a name with what is usually faster.

    HiGHS decides where GLOP says that there is no solution, and where it is not sure of its own, as with
    numbers far apart; not then with ``gives_up``, for steps of searches that have better use for the time.
    """
    began = time.monotonic()
    if (solver or ("highs" if program.columns > GLOP_COLUMNS else "glop")) == "glop":
        found = _by_glop(program, seconds, gives_up)
        if found is not None:
            return found
    from ..programs.solve_program import solve_relaxation

    again = solve_relaxation(program, seconds - (time.monotonic() - began))
    return Linear(again.x, again.duals, again.infeasible)


def _by_glop(program: Program, seconds: float, gives_up: bool) -> Linear | None:
    """Return what GLOP finds in time, None where HiGHS is to decide."""
    from datetime import timedelta

    from ortools.math_opt.python import mathopt

    from ..programs.mathopt import build_model
    from ..programs.program import cost_scale

    scale = cost_scale(program)
    parameters = mathopt.SolveParameters(time_limit=timedelta(seconds=max(seconds, 0.01)))
    result = mathopt.solve(build_model(program, scale), mathopt.SolverType.GLOP, params=parameters)
    reason, kind = result.termination.reason, mathopt.TerminationReason
    if reason == kind.OPTIMAL:
        duals = _array(result.dual_values(), len(program.row_lower)) * scale
        return Linear(_array(result.variable_values(), program.columns), duals, False)
    if reason in (kind.INFEASIBLE, kind.INFEASIBLE_OR_UNBOUNDED):
        return None
    is_late = reason in (kind.FEASIBLE, kind.NO_SOLUTION_FOUND)
    return Linear(None, np.zeros(0), False) if gives_up or is_late else None


def _array(values: dict[Any, float], size: int) -> Floats:
    return np.fromiter(values.values(), float, size)
