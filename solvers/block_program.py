"""The whole model of :class:`Blocks` as one mixed-integer program, and the way back from its columns.

Every share, option and flow is bound to the opening of what it uses (strong linking); capacity counts only
where it is opened or bought. The program grows with the product of commodities and arcs: it is for tests, for
small remainders and for comparison, not for large problems.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from .blocks import Blocks, BlockSolution, Floats, Ints
from .programs.program import Program


@dataclass(frozen=True)
class Layout:
    """Where the columns of each kind begin; ``end`` is their number in all.

    Attributes
    ----------
    option, left_out, share, unserved, replica, opened, module, flow, end
        First column of each kind.
    out, unmet, gated, bought
        Workloads that may be left out, demands that may stay unserved, resources that must be opened, and
        resources with modules; one column each.
    """

    option: int
    left_out: int
    share: int
    unserved: int
    replica: int
    opened: int
    module: int
    flow: int
    end: int
    out: Ints
    unmet: Ints
    gated: Ints
    bought: Ints

    @classmethod
    def of(cls, blocks: Blocks) -> Layout:
        """Return the layout of the columns of ``blocks``."""
        choices, divisions, resources = blocks.choices, blocks.divisions, blocks.resources
        out = np.flatnonzero(np.isfinite(choices.left_out_cost))
        unmet = np.flatnonzero(np.isfinite(divisions.left_out_cost))
        gated = np.flatnonzero(resources.activation_cost > 0)
        bought = np.flatnonzero(resources.most_modules > 0)
        sizes = [
            len(choices.cost),
            len(out),
            len(divisions.cost),
            len(unmet),
            len(divisions.most_replicas),
            len(gated),
            len(bought),
            len(blocks.flows) * len(blocks.flows.tail),
        ]
        at = [0, *np.cumsum(sizes).tolist()]
        return cls(
            option=at[0],
            left_out=at[1],
            share=at[2],
            unserved=at[3],
            replica=at[4],
            opened=at[5],
            module=at[6],
            flow=at[7],
            end=at[8],
            out=out,
            unmet=unmet,
            gated=gated,
            bought=bought,
        )


class _Rows:
    """Rows that are gathered kind by kind."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._parts: list[csr_array] = []
        self._lower: list[Floats] = []
        self._upper: list[Floats] = []

    def add(
        self, terms: list[tuple[Ints, Ints, Floats]], lower: Floats | float, upper: Floats | float, count: int
    ) -> None:
        """Add ``count`` rows with (row, column, coefficient) triples."""
        row, column, value = (np.concatenate([np.asarray(term[k]) for term in terms]) for k in range(3))
        self._parts.append(csr_array(coo_array((value, (row, column)), shape=(count, self._columns))))
        self._lower.append(np.broadcast_to(np.asarray(lower, float), count))
        self._upper.append(np.broadcast_to(np.asarray(upper, float), count))

    def matrix(self) -> tuple[csr_array, Floats, Floats]:
        """Return all rows with their bounds."""
        from scipy.sparse import vstack

        if not self._parts:
            return csr_array((0, self._columns)), np.zeros(0), np.zeros(0)
        stacked = csr_array(vstack(self._parts, format="csr"))
        return stacked, np.concatenate(self._lower), np.concatenate(self._upper)


def block_program(blocks: Blocks) -> Program:
    """Return the whole model of ``blocks``; its columns lie as :class:`Layout` says."""
    layout = Layout.of(blocks)
    rows = _Rows(layout.end)
    _take_one(blocks, layout, rows)
    _serve_all(blocks, layout, rows)
    _replicas_carry(blocks, layout, rows)
    _conserve_flow(blocks, layout, rows)
    _within_capacity(blocks, layout, rows)
    _only_if_open(blocks, layout, rows)
    matrix, row_lower, row_upper = rows.matrix()
    integer = np.ones(layout.end, dtype=bool)
    integer[layout.share : layout.replica] = False
    integer[layout.flow :] = False
    upper = _upper(blocks, layout)
    return Program(_cost(blocks, layout), np.zeros(layout.end), upper, integer, matrix, row_lower, row_upper)


def _cost(blocks: Blocks, at: Layout) -> Floats:
    resources, flows = blocks.resources, blocks.flows
    return np.concatenate(
        [
            blocks.choices.cost,
            blocks.choices.left_out_cost[at.out],
            blocks.divisions.cost,
            blocks.divisions.left_out_cost[at.unmet],
            blocks.divisions.replica_cost,
            resources.activation_cost[at.gated],
            resources.module_cost[at.bought],
            np.tile(flows.cost, len(flows)),
        ]
    )


def _upper(blocks: Blocks, at: Layout) -> Floats:
    upper = np.ones(at.end)
    upper[at.replica : at.opened] = blocks.divisions.most_replicas
    upper[at.module : at.flow] = blocks.resources.most_modules[at.bought]
    upper[at.flow :] = np.repeat(blocks.flows.amount, len(blocks.flows.tail))
    return upper


def _groups(first: Ints, begin: int) -> tuple[Ints, Ints, Floats]:
    """Return the sum over the members of each group."""
    members = int(first[-1])
    return np.repeat(np.arange(len(first) - 1), np.diff(first)), begin + np.arange(members), np.ones(members)


def _take_one(blocks: Blocks, at: Layout, rows: _Rows) -> None:
    out = (at.out, at.left_out + np.arange(len(at.out)), np.ones(len(at.out)))
    rows.add([_groups(blocks.choices.first, at.option), out], 1.0, 1.0, len(blocks.choices))


def _serve_all(blocks: Blocks, at: Layout, rows: _Rows) -> None:
    unmet = (at.unmet, at.unserved + np.arange(len(at.unmet)), np.ones(len(at.unmet)))
    rows.add([_groups(blocks.divisions.first, at.share), unmet], 1.0, 1.0, len(blocks.divisions))


def _replicas_carry(blocks: Blocks, at: Layout, rows: _Rows) -> None:
    divisions = blocks.divisions
    arcs, slots = np.flatnonzero(divisions.slot >= 0), len(divisions.most_replicas)
    load = (divisions.slot[arcs], at.share + arcs, divisions.load[arcs])
    replicas = (np.arange(slots), at.replica + np.arange(slots), np.full(slots, -1.0))
    rows.add([load, replicas], -np.inf, 0.0, slots)


def _conserve_flow(blocks: Blocks, at: Layout, rows: _Rows) -> None:
    flows = blocks.flows
    count, arcs = len(flows), len(flows.tail)
    commodity = np.repeat(np.arange(count), arcs)
    column = at.flow + np.arange(count * arcs)
    leave = (commodity * flows.nodes + np.tile(flows.tail, count), column, np.ones(count * arcs))
    enter = (commodity * flows.nodes + np.tile(flows.head, count), column, -np.ones(count * arcs))
    balance = np.zeros(count * flows.nodes)
    np.add.at(balance, np.arange(count) * flows.nodes + flows.origin, flows.amount)
    np.add.at(balance, np.arange(count) * flows.nodes + flows.destination, -flows.amount)
    rows.add([leave, enter], balance, balance, count * flows.nodes)


def _draws(blocks: Blocks, at: Layout) -> list[tuple[Ints, Ints, Floats]]:
    """Return what every column draws from the resources: (resource, column, amount)."""
    drawn = []
    for uses, begin in (
        (blocks.choices.uses, at.option),
        (blocks.divisions.uses, at.share),
        (blocks.divisions.replica_uses, at.replica),
    ):
        entries = coo_array(uses)
        drawn.append((entries.col.astype(np.int64), begin + entries.row.astype(np.int64), entries.data))
    flows = blocks.flows
    columns = at.flow + np.arange(len(flows) * len(flows.tail))
    drawn.append((np.tile(flows.resource, len(flows)), columns, np.ones(len(columns))))
    return drawn


def _within_capacity(blocks: Blocks, at: Layout, rows: _Rows) -> None:
    resources = blocks.resources
    count = len(resources)
    finite = np.isfinite(resources.capacity)
    gated = np.isin(np.arange(count), at.gated)
    opened = (
        at.gated,
        at.opened + np.arange(len(at.gated)),
        -np.where(finite, resources.capacity, 0.0)[at.gated],
    )
    modules = (at.bought, at.module + np.arange(len(at.bought)), -resources.module[at.bought])
    terms = [
        (row[keep], column[keep], value[keep])
        for row, column, value in (*_draws(blocks, at), opened, modules)
        for keep in [finite[row] & (value != 0)]
    ]
    rows.add(terms, -np.inf, np.where(gated | ~finite, 0.0, resources.capacity), count)


def _only_if_open(blocks: Blocks, at: Layout, rows: _Rows) -> None:
    """Bind every column that draws on a gated resource, if only 0, to its opening, at its upper bound."""
    door = np.full(len(blocks.resources), -1)
    door[at.gated] = at.opened + np.arange(len(at.gated))
    modules = (at.bought, at.module + np.arange(len(at.bought)), np.ones(len(at.bought)))
    upper = _upper(blocks, at)
    for resource, column, _ in (*_draws(blocks, at), modules):
        bound = np.flatnonzero(door[resource] >= 0)
        row = np.arange(len(bound))
        own = (row, column[bound], np.ones(len(bound)))
        rows.add([own, (row, door[resource[bound]], -upper[column[bound]])], -np.inf, 0.0, len(bound))


def block_solution(blocks: Blocks, x: Floats) -> BlockSolution:
    """Return the solution of ``blocks`` that the columns ``x`` of its program stand for."""
    at = Layout.of(blocks)
    resources, flows = blocks.resources, blocks.flows
    opened = resources.activation_cost <= 0
    opened[at.gated] = x[at.opened : at.module] > 0.5
    modules = np.zeros(len(resources))
    modules[at.bought] = np.round(x[at.module : at.flow])
    return BlockSolution(
        option=_taken(blocks.choices.first, x[: at.left_out]),
        share=x[at.share : at.unserved].copy(),
        replicas=np.round(x[at.replica : at.opened]),
        opened=opened,
        modules=modules,
        flow=csr_array(x[at.flow :].reshape(len(flows), len(flows.tail))),
    )


def _taken(first: Ints, x: Floats) -> Ints:
    """Return the option of each workload whose column is one, -1 where none is."""
    option = np.full(len(first) - 1, -1, dtype=np.int64)
    taken = np.flatnonzero(x > 0.5)
    option[np.searchsorted(first, taken, side="right") - 1] = taken
    return option
