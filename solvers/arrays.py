"""The array form of a mixed-integer program: columns, rows, coefficients, without an object per variable."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array

from .rates import Floats, Ints

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Arrays:
    """Minimise ``unserved @ x`` first and ``cost @ x`` then, over ``row_lower <= matrix @ x <= row_upper``.

    Attributes
    ----------
    lower, upper, integer, cost, unserved
        One entry per column (n).
    matrix, row_lower, row_upper
        CSR (m, n) and its bounds.
    cuts, cut_lower
        Further rows ``cuts @ x >= cut_lower`` that hold whenever every free column of ``unserved`` is zero.
    offset
        Constant of the cost.
    moving
        The part of the cost of each column that moving is.
    block
        Number of the job, or of the demand and period, that a column is an alternative for; else -1.
    schedule
        Which columns say when a chosen option runs, and no more.
    requests
        Requests/s of the demand that a share column serves a share of, 0 for the others.
    slot
        Slot of a share column, -1 for the others.
    alike
        Number shared by the share columns of one service and period whose demands have the same slots to
        choose from and that hardly meet on links; -1 for the others.
    loose_rows
        Mask of the rows that the master may overlook for these: traffic on links, and what only tightens.
    capacity_rows
        Mask of the rows that replicas fill: pools and power.
    period
        Period of each column that belongs to one period of a service, else -1 (jobs, sites, modules).
    replicas, replica_rows, replica_groups
        Columns that count replicas, the row that bounds the load of each (-1 where none), and a number shared
        by the replicas of one service in one period (-1 where other rows need the count itself).
    """

    lower: Floats
    upper: Floats
    integer: Bools
    cost: Floats
    unserved: Floats
    matrix: csr_array
    row_lower: Floats
    row_upper: Floats
    cuts: csr_array
    cut_lower: Floats
    offset: float
    moving: Floats
    block: Ints
    schedule: Bools
    requests: Floats
    slot: Ints
    alike: Ints
    loose_rows: Bools
    capacity_rows: Bools
    period: Ints
    replicas: Ints
    replica_rows: Ints
    replica_groups: Ints

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.lower)


@dataclass
class Columns:
    """Families of columns, each a contiguous range."""

    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    integer: list[Bools] = field(default_factory=list)
    first: dict[str, int] = field(default_factory=dict)
    size: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def add(self, family: str, size: int, lower: ArrayLike, upper: ArrayLike, integer: bool) -> Ints:
        """Add ``size`` columns and return their indices."""
        self.first[family], self.size[family] = self.count, size
        self.lower.append(np.broadcast_to(np.asarray(lower, dtype=float), size))
        self.upper.append(np.broadcast_to(np.asarray(upper, dtype=float), size))
        self.integer.append(np.full(size, integer))
        self.count += size
        return np.arange(self.count - size, self.count)

    def range(self, family: str) -> Ints:
        """Return the indices of a family."""
        return np.arange(self.first[family], self.first[family] + self.size[family])

    def of(self, family: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the entries of ``values`` that belong to ``family``."""
        return values[self.first[family] : self.first[family] + self.size[family]]


@dataclass
class Rows:
    """Rows under construction, gathered as triplets."""

    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    first: dict[str, int] = field(default_factory=dict)
    size: dict[str, int] = field(default_factory=dict)
    row: list[Ints] = field(default_factory=list)
    column: list[Ints] = field(default_factory=list)
    value: list[Floats] = field(default_factory=list)
    count: int = 0

    def add(self, name: str, size: int, lower: ArrayLike, upper: ArrayLike) -> Ints:
        """Add ``size`` rows and return their indices."""
        self.first.setdefault(name, self.count)
        self.size[name] = self.size.get(name, 0) + size
        self.lower.append(np.broadcast_to(np.asarray(lower, dtype=float), size))
        self.upper.append(np.broadcast_to(np.asarray(upper, dtype=float), size))
        self.count += size
        return np.arange(self.count - size, self.count)

    def put(self, row: ArrayLike, column: ArrayLike, value: ArrayLike) -> None:
        """Add ``value`` at each (row, column); the three broadcast against each other."""
        rows, columns, values = np.broadcast_arrays(row, column, np.asarray(value, dtype=float))
        self.row.append(rows.ravel().astype(np.int64))
        self.column.append(columns.ravel().astype(np.int64))
        self.value.append(values.ravel())

    def matrix(self, columns: int) -> csr_array:
        """Return the coefficients as CSR, duplicates added up."""
        triplets = (
            joined(self.value),
            (joined(self.row).astype(np.int64), joined(self.column).astype(np.int64)),
        )
        found = coo_array(triplets, shape=(self.count, columns)).tocsr()
        found.eliminate_zeros()
        return found


def joined(parts: list[Floats] | list[Ints]) -> NDArray[np.float64]:
    """Return the concatenation of ``parts``, empty when there are none."""
    return np.concatenate(parts) if parts else np.zeros(0)


def keep(
    found: tuple[Ints, ...] | NDArray[np.bool_], *arrays: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Return each array indexed by ``found``."""
    return tuple(array[found] for array in arrays)


def times_rows(matrix: csr_array, factor: Floats) -> csr_array:
    """Return a matrix (N, D) each row of which is multiplied by its factor (N,); it shares its places."""
    data = matrix.data * np.repeat(factor, np.diff(matrix.indptr))
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
