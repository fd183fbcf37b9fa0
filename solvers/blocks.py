"""The block-angular form: workloads are small blocks of their own that meet only in shared resources.

Minimise the cost of all blocks plus the cost of opening and expanding resources, such that no resource is
used beyond its capacity. Three kinds of block cover what the planner and the published problems need:

* :class:`Choices`: take exactly one of several options (training jobs, generalised assignment, single-source
  facility location);
* :class:`Divisions`: divide a demand over slots, with whole replicas where a slot needs them (inference
  services, multi-source facility location);
* :class:`Flows`: carry an amount from origin to destination over any paths of a network whose arcs are
  resources (traffic engineering, network design).

Everything is held in flat arrays; there is no object per option, arc or variable.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Resources:
    """What the blocks share; every array has one entry per resource (R).

    Attributes
    ----------
    capacity
        What may be used; infinite where nothing limits it.
    activation_cost
        Paid once when anything uses the resource; a share of a demand never exceeds the opening of a resource
        that it uses.
    module, module_cost, most_modules
        Capacity that one module adds, its cost, and how many may be bought (0 where the resource is fixed).
    """

    capacity: Floats
    activation_cost: Floats
    module: Floats
    module_cost: Floats
    most_modules: Floats

    @classmethod
    def fixed(cls, capacity: Floats, activation_cost: Floats | None = None) -> Resources:
        """Return resources that cannot be expanded."""
        nothing = np.zeros(len(capacity))
        return cls(
            capacity, nothing if activation_cost is None else activation_cost, nothing, nothing, nothing
        )

    def __len__(self) -> int:
        return len(self.capacity)


@dataclass(frozen=True)
class Choices:
    """Workloads (J) that each take exactly one of their options (O in all).

    Attributes
    ----------
    first
        Options of workload j are ``first[j]:first[j + 1]`` (J + 1).
    cost
        Cost of each option (O).
    uses
        What each option takes of each resource (O, R).
    left_out_cost
        Cost of taking none (J); infinite where one must be taken.
    """

    first: Ints
    cost: Floats
    uses: csr_array
    left_out_cost: Floats

    @classmethod
    def none(cls, resources: int) -> Choices:
        """Return no workloads."""
        return cls(np.zeros(1, np.int64), np.zeros(0), csr_array((0, resources)), np.zeros(0))

    def __len__(self) -> int:
        return len(self.first) - 1


@dataclass(frozen=True)
class Divisions:
    """Demands (D) divided over arcs (A in all); arcs may need whole replicas of a slot (S).

    Attributes
    ----------
    first
        Arcs of demand d are ``first[d]:first[d + 1]`` (D + 1).
    cost, uses
        Cost of serving the whole demand over an arc (A), and what that takes of each resource (A, R).
    left_out_cost
        Cost of leaving the whole demand unserved (D); infinite where it must be served.
    slot, load
        Slot whose replicas an arc needs, -1 for none, and how many the whole demand takes there (A).
    replica_cost, replica_uses, most_replicas
        Cost of a whole replica of each slot (S), what it takes of each resource (S, R), and how many there
        may be (S).
    """

    first: Ints
    cost: Floats
    uses: csr_array
    left_out_cost: Floats
    slot: Ints
    load: Floats
    replica_cost: Floats
    replica_uses: csr_array
    most_replicas: Floats

    @classmethod
    def plain(cls, first: Ints, cost: Floats, uses: csr_array, left_out_cost: Floats) -> Divisions:
        """Return demands without replicas."""
        arcs, nothing = len(cost), np.zeros(0)
        return cls(
            first=first,
            cost=cost,
            uses=uses,
            left_out_cost=left_out_cost,
            slot=np.full(arcs, -1),
            load=np.zeros(arcs),
            replica_cost=nothing,
            replica_uses=csr_array((0, uses.shape[1])),
            most_replicas=nothing,
        )

    @classmethod
    def none(cls, resources: int) -> Divisions:
        """Return no demands."""
        return cls.plain(np.zeros(1, np.int64), np.zeros(0), csr_array((0, resources)), np.zeros(0))

    def __len__(self) -> int:
        return len(self.first) - 1


@dataclass(frozen=True)
class Flows:
    """Commodities (K) carried over a network; arc a uses resource ``resource[a]``, one unit per unit of flow.

    Attributes
    ----------
    nodes
        Number of nodes.
    tail, head, cost, resource
        Ends of each arc, its cost per unit of flow and the resource it draws on.
    origin, destination, amount
        Of each commodity.
    """

    nodes: int
    tail: Ints
    head: Ints
    cost: Floats
    resource: Ints
    origin: Ints
    destination: Ints
    amount: Floats

    @classmethod
    def none(cls) -> Flows:
        """Return no commodities."""
        no, nothing = np.zeros(0, np.int64), np.zeros(0)
        return cls(0, no, no, nothing, no, no, no, nothing)

    def __len__(self) -> int:
        return len(self.amount)


@dataclass(frozen=True)
class Blocks:
    """A whole problem in block-angular form."""

    resources: Resources
    choices: Choices
    divisions: Divisions
    flows: Flows = field(default_factory=Flows.none)


@dataclass(frozen=True)
class BlockSolution:
    """A solution of :class:`Blocks`.

    Attributes
    ----------
    option
        Option taken by each workload (J), as an index into the options; -1 where it is left out.
    share
        Share of its demand that each arc serves (A).
    replicas
        Whole replicas of each slot (S).
    opened, modules
        Whether each resource is open, and modules bought (R).
    flow
        Flow of each commodity on each arc (K, arcs).
    """

    option: Ints
    share: Floats
    replicas: Floats
    opened: NDArray[np.bool_]
    modules: Floats
    flow: csr_array


@dataclass(frozen=True)
class BlockResult:
    """What a block solver found: the solution (None if none), its objective, a proven lower bound.

    ``infeasible`` is true only when it is proven that no solution exists; ``method`` says how it was solved.
    """

    solution: BlockSolution | None
    objective: float
    bound: float
    infeasible: bool
    method: str
    seconds: float

    @property
    def gap(self) -> float | None:
        """Relative gap of objective and bound, None without a solution."""
        if self.solution is None:
            return None
        return max(0.0, self.objective - self.bound) / max(abs(self.objective), 1e-9)
