"""A mixed-integer program as lists of columns and rows, minimised by HiGHS through SciPy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

OPTIMAL, LIMIT_REACHED, INFEASIBLE = 0, 1, 2
INTEGRALITY = 1e-5


class NotProvenError(Exception):
    """HiGHS ended without a proof: out of time, or in numerical trouble."""


class Terms(defaultdict[int, float]):
    """A linear expression: coefficients by column, and a constant."""

    def __init__(self, constant: float = 0.0) -> None:
        super().__init__(float)
        self.constant = constant

    def add(self, other: Mapping[int, float], factor: float = 1.0) -> Terms:
        """Add ``factor`` times ``other``, its constant included; return this."""
        for column, coefficient in other.items():
            self[column] += factor * coefficient
        self.constant += factor * getattr(other, "constant", 0.0)
        return self

    def value(self, columns: np.ndarray) -> float:
        """Return the value at a solution."""
        return self.constant + sum(factor * columns[column] for column, factor in self.items())


@dataclass
class Program:
    """Columns with bounds, and rows ``low <= terms <= high``."""

    upper: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[dict[int, float], float, float]] = field(default_factory=list)

    def column(self, upper: float = inf, whole: bool = False) -> int:
        """Add a column of at least 0 and return its number."""
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.upper) - 1

    def binary(self) -> int:
        """Add a column that is 0 or 1."""
        return self.column(1, whole=True)

    def at_most(self, terms: Terms, limit: float) -> None:
        """Add ``terms <= limit``."""
        self._row(terms, -inf, limit)

    def at_least(self, terms: Terms, limit: float) -> None:
        """Add ``terms >= limit``."""
        self._row(terms, limit, inf)

    def equal(self, terms: Terms, value: float) -> None:
        """Add ``terms = value``."""
        self._row(terms, value, value)

    def _row(self, terms: Terms, low: float, high: float) -> None:
        largest = max((abs(factor) for factor in terms.values()), default=0.0) or 1.0
        scaled = {column: factor / largest for column, factor in terms.items() if factor}
        self.rows.append((scaled, (low - terms.constant) / largest, (high - terms.constant) / largest))

    def minimise(self, cost: Terms, seconds: float, presolve: bool = True) -> np.ndarray | None:
        """Return the columns of a best solution, or None where there is none.

        Whole numbers are rounded and held, then all else is decided again: no solution lives on tolerances.

        Raises
        ------
        NotProvenError
            When HiGHS cannot tell within that time.
        """
        upper = np.array(self.upper, dtype=float)
        first = self._milp(
            cost, np.zeros(len(upper)), upper, np.array(self.whole, dtype=int), seconds, presolve
        )
        if first is None or not any(self.whole):
            return first
        whole = np.array(self.whole)
        held = np.round(first)
        if np.abs(held - first)[whole].max() > INTEGRALITY:
            raise NotProvenError("numbers that should be whole are not")
        low, high = np.where(whole, held, 0.0), np.where(whole, held, upper)
        second = self._milp(cost, low, high, np.zeros(len(upper)), seconds, presolve)
        if second is None:
            raise NotProvenError("the solution does not hold with whole numbers")
        return second

    def _milp(
        self,
        cost: Terms,
        low: np.ndarray,
        high: np.ndarray,
        whole: np.ndarray,
        seconds: float,
        presolve: bool,
    ) -> np.ndarray | None:
        count = len(low)
        scale = max((abs(factor) for factor in cost.values()), default=0.0) or 1.0
        objective = np.zeros(count)
        for column, factor in cost.items():
            objective[column] = factor / scale
        entries = [(row, c, f) for row, (terms, _, _) in enumerate(self.rows) for c, f in terms.items()]
        row, column, factor = zip(*entries, strict=True) if entries else ((), (), ())
        matrix = csr_array((np.array(factor, float), (row, column)), shape=(len(self.rows), count))
        limits = np.array([(a, b) for _, a, b in self.rows]).reshape(-1, 2)
        answer = milp(
            objective,
            integrality=whole,
            bounds=Bounds(low, high),
            constraints=LinearConstraint(matrix, limits[:, 0], limits[:, 1]) if self.rows else None,
            options={"time_limit": seconds, "mip_rel_gap": 0.0, "presolve": presolve},
        )
        if answer.status == INFEASIBLE:
            return None
        if answer.status != OPTIMAL:
            raise NotProvenError(answer.message)
        return np.asarray(answer.x)
