"""Mixed-integer programs of network design: the whole model, or some commodities with the rest held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from ..arrays import Bools
from ..blocks import Floats, Ints
from ..programs.program import Program
from .instance import Network
from .paths import strip_paths


@dataclass(frozen=True)
class DesignProgram:
    """A program and what its columns mean.

    Attributes
    ----------
    network
        With the commodities of the program only.
    program
        Columns: flows, then openings.
    arc, commodity
        Of each flow.
    gate
        Resource of each opening.
    """

    network: Network
    program: Program
    arc: Ints
    commodity: Ints
    gate: Ints

    def flow(self, x: Floats) -> Floats:
        """Return the flow (A, K) of a solution, without cycles and traces."""
        raw = np.zeros((self.network.arcs, self.network.commodities))
        raw[self.arc, self.commodity] = np.maximum(x[: len(self.arc)], 0)
        single = np.arange(self.network.commodities)[:, None]
        if not self.network.commodities:
            return raw
        return np.hstack([strip_paths(self.network, raw[:, k[0]], k) for k in single])


def design_program(
    network: Network, allowed: Bools, room: Floats, is_open: Bools, tied: Bools | None = None
) -> DesignProgram:
    """Return the program that carries the commodities of ``network``.

    Parameters
    ----------
    allowed
        Which commodity may use which arc (A, K).
    room
        Capacity of each resource that is left (R).
    is_open
        Resources that cost nothing more (R).
    tied
        Which flows are bound to the opening one by one (A, K): the strong inequalities; all without it.
    """
    arc, commodity = np.nonzero(allowed & (room[network.resource] > 0)[:, None])
    resource = network.resource[arc]
    shut = ~is_open & (network.fixed > 0)
    gate = np.unique(resource[shut[resource]])
    door = np.full(len(room), -1)
    door[gate] = len(arc) + np.arange(len(gate))
    most = np.minimum(network.amount[commodity], room[resource])
    bound = np.flatnonzero(shut[resource] & (True if tied is None else tied[arc, commodity]))
    columns = _Columns(arc, commodity, door, most)
    matrix, lower, upper = _rows(network, columns, room, bound)
    program = Program(
        cost=np.concatenate([network.cost[arc], network.fixed[gate]]),
        lower=np.zeros(len(arc) + len(gate)),
        upper=np.concatenate([most, np.ones(len(gate))]),
        integer=np.concatenate([np.zeros(len(arc), bool), np.ones(len(gate), bool)]),
        matrix=matrix,
        row_lower=lower,
        row_upper=upper,
    )
    return DesignProgram(network, program, arc, commodity, gate)


@dataclass(frozen=True)
class _Columns:
    """Arc, commodity and most of each flow; column of the opening of each resource, -1 for none."""

    arc: Ints
    commodity: Ints
    door: Ints
    most: Floats


def _rows(network: Network, columns: _Columns, room: Floats, bound: Ints) -> tuple[csr_array, Floats, Floats]:
    """Return the rows: balance of each commodity at each node, capacity, strong inequalities."""
    arc, commodity, door = columns.arc, columns.commodity, columns.door
    flows, gates = np.arange(len(arc)), np.flatnonzero(door >= 0)
    balance = network.balance().ravel()
    limits, ties = len(balance), len(balance) + len(room)
    one = np.ones(len(arc))
    parts = [
        (commodity * network.nodes + network.tail[arc], flows, one),
        (commodity * network.nodes + network.head[arc], flows, -one),
        (limits + network.resource[arc], flows, one),
        (limits + gates, door[gates], -room[gates]),
        (ties + np.arange(len(bound)), bound, np.ones(len(bound))),
        (ties + np.arange(len(bound)), door[network.resource[arc[bound]]], -columns.most[bound]),
    ]
    row, column, value = (np.concatenate([part[k] for part in parts]) for k in range(3))
    shape = (ties + len(bound), len(arc) + len(gates))
    matrix = csr_array(coo_array((value, (row, column)), shape=shape))
    used = np.diff(matrix.indptr) > 0
    used[:limits] |= balance != 0
    lower = np.concatenate([balance, np.full(len(room) + len(bound), -np.inf)])
    upper = np.concatenate([balance, np.where(door >= 0, 0.0, room), np.zeros(len(bound))])
    return csr_array(matrix[np.flatnonzero(used)]), lower[used], upper[used]
