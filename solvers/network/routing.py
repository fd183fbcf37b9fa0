"""Routing alone: at the least cost within the capacities, or with the least maximum of utilisation."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import block_diag, coo_array, csr_array, hstack, vstack

from ...routing.errors import SolverError
from ..blocks import BlockResult, Blocks, BlockSolution, Floats, Ints
from ..programs.program import Program, lagrangian_bound
from .instance import Network, block_solution, network_of
from .linear import Bundles, Linear, bundles, routing_program, solve_linear

UTILISATION_COST = 1e3
"""What the usual utilisation costs as HiGHS is told. It is all that costs anything: at 1, HiGHS perturbs it
by so little that degenerate steps take up to eight times as long. 49 published networks take 0.95 s so,
without presolve; 1.41 s as HiGHS does it by itself, 1.52 s with GLOP; seven random ones of 5,000 to 210,000
columns 3.2 s, 6.7 s and 86 s.
"""


def solve_routing(blocks: Blocks, *, time_limit: float = 1e6) -> BlockResult:
    """Carry all flows at the least cost per unit within the capacities; the opening of resources is free.

    Raises
    ------
    ValueError
        When the blocks hold anything but flows over resources that cost nothing to open.
    """
    if len(blocks.choices) or len(blocks.divisions) or (blocks.resources.activation_cost != 0).any():
        raise ValueError("choices, divisions and opening costs are not for routing")
    began = time.monotonic()
    network = network_of(blocks)
    bundle = bundles(network)
    program = routing_program(network, bundle, network.cost, np.arange(network.arcs))
    found = solve_linear(program, time_limit)
    if found.x is None:
        return _without_solution(found, began)
    flow = bundle.apart(found.x.reshape(network.arcs, len(bundle.balance)))
    value = network.value(flow)
    bound = min(value, lagrangian_bound(program, found.duals)[0])
    return BlockResult(
        solution=block_solution(blocks, network, flow),
        objective=value,
        bound=bound,
        infeasible=False,
        method="linear program over bundles of commodities",
        seconds=time.monotonic() - began,
    )


def _without_solution(found: Linear, began: float) -> BlockResult:
    bound = np.inf if found.infeasible else -np.inf
    seconds = time.monotonic() - began
    return BlockResult(None, np.inf, bound, found.infeasible, "linear program", seconds)


@dataclass(frozen=True)
class UtilisationProgram:
    """The program of :func:`minimise_utilisation` and what its columns mean.

    Columns: flow of each bundle on each arc, shares of divided demands, and last the utilisation, in units of
    what is usual, as solvers take for rounding what is very small.
    """

    blocks: Blocks
    network: Network
    bundle: Bundles
    program: Program

    def solution(self, x: Floats) -> BlockSolution:
        """Return the flows and shares of a solution, balanced exactly."""
        groups = len(self.bundle.balance)
        flows = self.network.arcs * groups
        flow = self.bundle.apart(np.maximum(x[:flows], 0).reshape(self.network.arcs, groups))
        share = np.maximum(x[flows:-1], 0)
        first = self.blocks.divisions.first
        demand = np.repeat(np.arange(len(first) - 1), np.diff(first))
        total = np.bincount(demand, share, len(first) - 1)
        found = block_solution(self.blocks, self.network, flow)
        return replace(found, share=share / total[demand], opened=np.ones(len(self.blocks.resources), bool))


def utilisation_program(blocks: Blocks) -> UtilisationProgram:
    """Return the linear program that minimises the largest load over capacity of all resources."""
    network = network_of(blocks)
    bundle = bundles(network)
    routing = routing_program(network, bundle, np.zeros(network.arcs), np.arange(network.arcs))
    divisions, resources = blocks.divisions, blocks.resources
    limited = np.flatnonzero(np.isfinite(resources.capacity) & (resources.capacity > 0))
    balances = len(bundle.balance) * network.nodes
    loads = hstack([routing.matrix[balances:][limited] * network.unit, divisions.uses.T.tocsr()[limited]])
    level = _usual_utilisation(blocks, network, limited)
    per_capacity = csr_array(loads.multiply(1 / (level * resources.capacity[limited][:, None])))
    arcs, demands = len(divisions.cost), len(divisions)
    demand = np.repeat(np.arange(demands), np.diff(divisions.first))
    whole = csr_array(coo_array((np.ones(arcs), (demand, np.arange(arcs))), shape=(demands, arcs)))
    carried = csr_array(block_diag([routing.matrix[:balances], whole]))
    minus = -np.ones((len(limited), 1))
    matrix = csr_array(
        vstack([hstack([carried, np.zeros((carried.shape[0], 1))]), hstack([per_capacity, minus])])
    )
    columns = carried.shape[1]
    needed = np.concatenate([bundle.balance.ravel(), np.ones(demands)])
    most = np.concatenate([np.repeat(bundle.size[None, :], network.arcs, axis=0).ravel(), _usable(blocks)])
    program = Program(
        cost=np.append(np.zeros(columns), level),
        lower=np.zeros(columns + 1),
        # a solver that rounds to a grid needs an end of it
        upper=np.append(most, (per_capacity @ most).max(initial=0.0)),
        integer=np.zeros(columns + 1, dtype=bool),
        matrix=matrix,
        row_lower=np.concatenate([needed, np.full(len(limited), -np.inf)]),
        row_upper=np.concatenate([needed, np.zeros(len(limited))]),
    )
    return UtilisationProgram(blocks, network, bundle, program)


def _usual_utilisation(blocks: Blocks, network: Network, limited: Ints) -> float:
    """Return what a usual demand takes of a usual capacity; 1 where there is nothing of the kind.

    Medians, as one capacity that stands for no limit would decide a mean.
    """
    amounts = np.concatenate([network.unit * network.amount, csr_array(blocks.divisions.uses).data])
    amounts = amounts[amounts > 0]
    if not len(amounts) or not len(limited):
        return 1.0
    return float(np.median(amounts) / np.median(blocks.resources.capacity[limited]))


def _usable(blocks: Blocks) -> Floats:
    """Return the most of a demand that each arc of the divisions may take: none over what has no capacity."""
    nothing = csr_array(blocks.divisions.uses[:, np.flatnonzero(blocks.resources.capacity <= 0)])
    return np.where(np.diff(nothing.indptr) > 0, 0.0, 1.0)


def utilisation(blocks: Blocks, solution: BlockSolution) -> float:
    """Return the largest load over capacity; infinite where something without capacity is used."""
    flows = blocks.flows
    carried = np.asarray(solution.flow.sum(axis=0)).ravel()
    load = (
        np.bincount(flows.resource, carried, len(blocks.resources)) + blocks.divisions.uses.T @ solution.share
    )
    used = load > 0
    with np.errstate(divide="ignore"):
        return float((load[used] / blocks.resources.capacity[used]).max(initial=0.0))


def _solve_utilisation(program: Program, time_limit: float) -> Linear:
    from ..programs.highs_calls import relax_by_highs

    scale = program.cost[-1] / UTILISATION_COST
    try:
        found = relax_by_highs(program, time_limit, 0, presolve=False, scale=scale)
    except SolverError:
        return solve_linear(program, time_limit)
    return Linear(found.x, found.duals, found.infeasible)


def minimise_utilisation(blocks: Blocks, *, time_limit: float = 1e6) -> BlockResult:
    """Carry all flows and divided demands such that the largest load over capacity is least.

    Costs do not count; ``objective`` and ``bound`` are utilisations. Whatever has no capacity is not used.
    The capacities may be exceeded: the utilisation is then above 1.
    """
    began = time.monotonic()
    design = utilisation_program(blocks)
    found = _solve_utilisation(design.program, time_limit)
    if found.x is None:
        return _without_solution(found, began)
    solution = design.solution(found.x)
    value = utilisation(blocks, solution)
    upper = design.program.upper.copy()
    upper[-1] = value / design.program.cost[-1]
    capped = design.program.with_bounds(design.program.lower, upper)
    bound = min(value, max(0.0, lagrangian_bound(capped, found.duals)[0]))
    return BlockResult(
        solution=solution,
        objective=value,
        bound=bound,
        infeasible=False,
        method="linear program over bundles of commodities",
        seconds=time.monotonic() - began,
    )
