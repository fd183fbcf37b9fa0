"""Flows over arcs that cost to open, in the shape that the solvers of this folder use."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from ..blocks import Blocks, BlockSolution, Floats, Ints
from ..programs.program import usual_unit

TRACE = 1e-9
"""Share of a commodity below which flow is taken for rounding."""


@dataclass(frozen=True)
class Network:
    """Commodities (K) over arcs (A) that draw on resources (R).

    Attributes
    ----------
    nodes
        Number of nodes.
    tail, head, cost, resource
        Of each arc (A).
    capacity, fixed
        Of each resource (R); finite, and what opening costs.
    origin, destination, amount
        Of each commodity (K); positive, between two nodes.
    arc, commodity
        What each arc and commodity is in the blocks; those of no use are left out.
    unit
        What amounts, capacities and costs are counted in.
    """

    nodes: int
    tail: Ints
    head: Ints
    cost: Floats
    resource: Ints
    capacity: Floats
    fixed: Floats
    origin: Ints
    destination: Ints
    amount: Floats
    arc: Ints
    commodity: Ints
    unit: float = 1.0

    @property
    def arcs(self) -> int:
        """Number of arcs."""
        return len(self.tail)

    @property
    def commodities(self) -> int:
        """Number of commodities."""
        return len(self.amount)

    def load(self, flow: Floats) -> Floats:
        """Return what the flow (A, K) takes of each resource (R)."""
        return np.bincount(self.resource, flow.sum(axis=1), len(self.capacity)).astype(float)

    def value(self, flow: Floats) -> float:
        """Return the cost of the flow (A, K) and of opening what it uses."""
        opened = self.load(flow) > 0
        return float(self.cost @ flow.sum(axis=1) + self.fixed[opened].sum())

    def balance(self) -> Floats:
        """Return what each commodity brings into each node (K, nodes)."""
        balance = np.zeros((self.commodities, self.nodes))
        row = np.arange(self.commodities)
        balance[row, self.origin] += self.amount
        balance[row, self.destination] -= self.amount
        return balance

    def reversed(self) -> Network:
        """Return the network with every arc and commodity turned round."""
        return replace(self, tail=self.head, head=self.tail, origin=self.destination, destination=self.origin)


def network_of(blocks: Blocks) -> Network:
    """Return the flows of ``blocks`` without loops, arcs of no capacity and commodities that need no arc."""
    flows, resources = blocks.flows, blocks.resources
    real = np.flatnonzero((flows.amount > 0) & (flows.origin != flows.destination))
    arc = np.flatnonzero((resources.capacity[flows.resource] > 0) & (flows.tail != flows.head))
    unit = usual_unit(flows.amount[real])
    most = flows.amount[real].sum() * np.bincount(flows.resource[arc], minlength=len(resources))
    return Network(
        nodes=flows.nodes,
        tail=flows.tail[arc],
        head=flows.head[arc],
        cost=flows.cost[arc] * unit,
        resource=flows.resource[arc],
        capacity=np.minimum(resources.capacity, most) / unit,
        fixed=resources.activation_cost,
        origin=flows.origin[real],
        destination=flows.destination[real],
        amount=flows.amount[real] / unit,
        arc=arc,
        commodity=real,
        unit=unit,
    )


def block_solution(blocks: Blocks, network: Network, flow: Floats) -> BlockSolution:
    """Return the flow (A, K) of the network of ``blocks`` as a solution of these."""
    whole = np.zeros((len(blocks.flows), len(blocks.flows.tail)))
    whole[np.ix_(network.commodity, network.arc)] = flow.T * network.unit
    nothing = np.zeros(0)
    return BlockSolution(
        option=np.zeros(0, np.int64),
        share=nothing,
        replicas=nothing,
        opened=(network.load(flow) > 0) | (blocks.resources.activation_cost <= 0),
        modules=np.zeros(len(blocks.resources)),
        flow=csr_array(whole),
    )
