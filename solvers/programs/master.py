"""The master program: replicas that need not be whole are written as the load they carry.

Where rounding replicas up costs little, their columns and rows only slow a solver down. Substituting the load
for them is a relaxation: every bound of the master is a bound of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from ..arrays import Arrays, Bools
from ..rates import Floats, Ints
from .program import Program


@dataclass(frozen=True)
class Master:
    """The relaxed program over ``kept`` columns and ``rows`` of the whole; ``load`` gives other replicas."""

    program: Program
    kept: Ints
    left: Ints
    rows: Ints
    load: csr_array
    columns: int

    def whole(self, x: Floats) -> Floats:
        """Return the values of all columns; replicas left out are as fractional as their load."""
        found = np.zeros(self.columns)
        found[self.kept] = x
        found[self.left] = self.load @ x
        return found


def relax_replicas(arrays: Arrays, program: Program, relaxed: np.ndarray) -> Master:
    """Return the master of ``program`` with the replicas chosen by the mask ``relaxed`` as loads.

    ``program`` has the columns of ``arrays`` and its rows first.
    """
    left, rows = arrays.replicas[relaxed], arrays.replica_rows[relaxed]
    kept = np.setdiff1d(np.arange(program.columns), left)
    stays = np.setdiff1d(
        np.arange(program.matrix.shape[0]), np.concatenate([rows, _cuts_on(arrays, program, left)])
    )
    load = csr_array(-program.matrix[rows][:, kept])
    below = program.matrix[stays]
    matrix = csr_array(below[:, kept] + below[:, left] @ load)
    return Master(
        program=Program(
            cost=program.cost[kept] + load.T @ program.cost[left],
            lower=program.lower[kept],
            upper=program.upper[kept],
            integer=program.integer[kept],
            matrix=matrix,
            row_lower=program.row_lower[stays],
            row_upper=program.row_upper[stays],
        ),
        kept=kept,
        left=left,
        rows=stays,
        load=load,
        columns=program.columns,
    )


def _cuts_on(arrays: Arrays, program: Program, columns: Ints) -> Ints:
    """Return the cuts that need one of ``columns`` to be whole."""
    first = arrays.matrix.shape[0]
    uses = np.diff(csr_array(program.matrix[first:][:, columns]).indptr)
    return np.asarray(first + np.flatnonzero(uses))


def without_trifles(arrays: Arrays, program: Program) -> Program:
    """Return ``program`` without the part that demands that are alike have in loose rows; a relaxation."""
    matrix = program.matrix.tocoo()
    loose = np.zeros(matrix.shape[0], dtype=bool)
    loose[: len(arrays.loose_rows)] = arrays.loose_rows
    kept = ~(loose[matrix.row] & (arrays.alike[matrix.col] >= 0))
    entries = (matrix.data[kept], (matrix.row[kept], matrix.col[kept]))
    return replace(program, matrix=csr_array(entries, shape=matrix.shape))


def can_relax(arrays: Arrays) -> np.ndarray:
    """Return which replicas may be written as loads at all: fewer of them are no worse anywhere else.

    Fewer are worse where they earn something, where a row needs them beside the one of their load, and where
    they raise a total of which others have shares.
    """
    uses = arrays.matrix[:, arrays.replicas].tocoo()
    other = arrays.replica_rows[uses.col] != uses.row
    needed = (uses.data > 0) & np.isfinite(arrays.row_lower[uses.row])
    needed |= (uses.data < 0) & np.isfinite(arrays.row_upper[uses.row])
    worse = arrays.cost[arrays.replicas] < 0
    worse[uses.col[other & needed]] = True
    return np.asarray((arrays.replica_groups >= 0) & (arrays.replica_rows >= 0) & ~worse)


@dataclass(frozen=True)
class Gathered:
    """A program in which demands that have the same slots to choose from are served as one.

    ``constant`` is the cost that every way of serving them has in common; ``spread`` gives the columns of the
    program that it was made from as shares of the columns of this one, ``rows`` its rows there; columns with
    the same ``block`` are alternatives (-1 for those that are none).
    """

    program: Program
    constant: float
    spread: csr_array
    rows: Ints
    block: Ints

    def whole(self, x: Floats) -> Floats:
        """Return a solution of the original program: each demand is served as its class is."""
        return np.asarray(self.spread @ x)


@dataclass(frozen=True)
class Shares:
    """What is known of columns: requests/s, class of alike demands, slot and block; see ``Arrays``."""

    requests: Floats
    alike: Ints
    slot: Ints
    block: Ints


def gather_demands(program: Program, shares: Shares, prices: Floats | None = None) -> Gathered:
    """Serve demands that are alike as one; a relaxation when every one of them has to be served.

    With ``c[l,p] = requests[l] * (a[l] + b[p] + e[l,p])``, ``a[l]`` any price of serving ``l`` and ``b[p]``
    the least of what remains over the class, all ``e >= 0``: the class pays ``a`` in any case, ``b`` by slot.
    ``prices`` are the duals of the rows: with those of an optimal relaxation, nothing is lost there (they are
    the potentials of a transportation problem). Without, ``a[l]`` is the cost of the cheapest slot.
    """
    requests, alike, slot, block = shares.requests, shares.alike, shares.slot, shares.block
    chosen = np.flatnonzero(alike >= 0)
    demand = _serving_rows(program, chosen)
    unit = program.cost[chosen] / requests[chosen]
    cheapest = (
        _cheapest(unit, demand)
        if prices is None
        else _potential(program, chosen, demand, prices) / requests[chosen]
    )
    surplus = unit - cheapest
    pairs, column = np.unique(np.stack([alike[chosen], slot[chosen]], axis=1), axis=0, return_inverse=True)
    least = np.full(len(pairs), np.inf)
    np.minimum.at(least, column, surplus)
    rows, first = np.unique(demand, return_index=True)
    total = np.zeros(int(alike.max(initial=-1)) + 1)
    np.add.at(total, alike[chosen[first]], requests[chosen[first]])
    constant = float((cheapest[first] * requests[chosen[first]]).sum())
    others = np.flatnonzero(alike < 0)
    spread = _spread(program.columns, others, chosen, column, len(pairs))
    keeper = _one_row_per_class(alike[chosen[first]], rows)
    stays = np.setdiff1d(np.arange(program.matrix.shape[0]), np.setdiff1d(rows, keeper))
    matrix = csr_array(program.matrix @ spread)[stays]
    gathered = Program(
        cost=np.concatenate([program.cost[others], least * total[pairs[:, 0]]]),
        lower=np.concatenate([program.lower[others], np.zeros(len(pairs))]),
        upper=np.concatenate([program.upper[others], np.ones(len(pairs))]),
        integer=np.concatenate([program.integer[others], np.zeros(len(pairs), dtype=bool)]),
        matrix=csr_array(matrix),
        row_lower=program.row_lower[stays],
        row_upper=program.row_upper[stays],
    )
    classes = int(block.max(initial=-1)) + 1 + pairs[:, 0]
    return Gathered(gathered, constant, spread, stays, np.concatenate([block[others], classes]))


def alike_enough(program: Program, shares: Shares, x: Floats, prices: Floats, allowance: float) -> Ints:
    """Return ``shares.alike`` without the classes that it would cost too much to serve as one.

    What a class may lose is what serving each of its demands from the same slots costs more than ``x``, an
    optimal relaxed solution with row duals ``prices``; all that stay lose at most ``allowance`` together.
    """
    chosen = np.flatnonzero(shares.alike >= 0)
    demand = _serving_rows(program, chosen)
    requests, number = shares.requests[chosen], shares.alike[chosen]
    surplus = program.cost[chosen] - _potential(program, chosen, demand, prices)
    _, pair = np.unique(np.stack([number, shares.slot[chosen]], axis=1), axis=0, return_inverse=True)
    least = np.full(int(pair.max(initial=-1)) + 1, np.inf)
    np.minimum.at(least, pair, surplus / requests)
    served = np.bincount(pair, requests * x[chosen], minlength=len(least))
    total = np.bincount(number, requests * x[chosen])
    portion = served[pair] / np.maximum(total[number], 1e-12)
    loss = np.bincount(number, portion * (surplus - requests * least[pair]))
    order = np.argsort(loss, kind="stable")
    few = np.zeros(len(loss), dtype=bool)
    few[order[np.cumsum(loss[order]) <= allowance]] = True
    kept = shares.alike.copy()
    kept[chosen[~few[number]]] = -1
    return kept


def _serving_rows(program: Program, columns: Ints) -> Ints:
    """Return the row of serve_demand of each share: its only row that is an equation."""
    equations = np.flatnonzero(program.row_lower == program.row_upper)
    block = program.matrix[equations][:, columns].tocoo()
    found = np.full(len(columns), -1, dtype=np.int64)
    found[block.col] = equations[block.row]
    return found


def _potential(program: Program, shares: Ints, demand: Ints, prices: Floats) -> Floats:
    """Return the price of the demand of every share, less what lies on the share's upper bound of 1.

    A share that serves all of its demand is at that bound, so duals may be split between both in any way.
    """
    reduced = (program.cost - program.matrix.T @ prices)[shares]
    least = np.zeros(len(prices))
    np.minimum.at(least, demand, reduced)
    return np.asarray((prices + least)[demand])


def _cheapest(unit: Floats, demand: Ints) -> Floats:
    """Return for every share the least cost per request of its demand."""
    least = np.full(int(demand.max(initial=-1)) + 1, np.inf)
    np.minimum.at(least, demand, unit)
    return least[demand]


def _spread(columns: int, others: Ints, chosen: Ints, column: Ints, pairs: int) -> csr_array:
    rows = np.concatenate([others, chosen])
    sources = np.concatenate([np.arange(len(others)), len(others) + column])
    return csr_array((np.ones(len(rows)), (rows, sources)), shape=(columns, len(others) + pairs))


def _one_row_per_class(alike: Ints, rows: Ints) -> Ints:
    _, first = np.unique(alike, return_index=True)
    return rows[first]


def likely(block: Ints, x: Floats, reduced: Floats, best: int) -> Bools:
    """Return which columns to keep: in no block, used by ``x``, or with one of the ``best`` reduced costs."""
    rivals = np.flatnonzero(block >= 0)
    order = rivals[np.lexsort((reduced[rivals], block[rivals]))]
    kept = (block < 0) | (x > 1e-9)
    kept[order[rank_within(block[order]) < best]] = True
    return np.asarray(kept)


def restrict(program: Program, kept: Bools) -> Program:
    """Return ``program`` with the columns ``kept`` only: its solutions are solutions, its bound is none."""
    return program.with_bounds(program.lower, np.where(kept, program.upper, program.lower))


def rank_within(sorted_groups: Ints) -> Ints:
    """Return the position of every entry within its group; equal groups stand together."""
    fresh = np.ones(len(sorted_groups), dtype=bool)
    fresh[1:] = sorted_groups[1:] != sorted_groups[:-1]
    position = np.arange(len(sorted_groups))
    return position - np.maximum.accumulate(np.where(fresh, position, 0))
