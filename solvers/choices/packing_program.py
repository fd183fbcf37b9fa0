"""The linear program over whole packings of resources, which grows by those that its prices ask for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Bools
from ..blocks import Floats, Ints

NOTHING = 1e-6
"""Weight of a packing that counts as none."""


@dataclass(frozen=True)
class Packing:
    """Some workloads in one resource, by which options, and what they cost."""

    resource: int
    workloads: Ints
    options: Ints
    cost: float


@dataclass(frozen=True)
class Told:
    """What the program tells.

    Attributes
    ----------
    cost
        Of all packings by their weights, and of workloads that are in none.
    weights
        Of the packings that have any and are not held to, by number.
    values
        Prices of the workloads (J).
    """

    cost: float
    weights: dict[int, float]
    values: Floats


class PackingProgram:
    """Every workload is in one packing, or costs ``dear``; every resource has one packing at most.

    Some packings may be held to, so that what is in them, and their resources, are in no others.
    """

    def __init__(self, workloads: int, resources: int, dear: float) -> None:
        from ortools.linear_solver import pywraplp

        self._optimal = pywraplp.Solver.OPTIMAL
        self._solver = solver = pywraplp.Solver.CreateSolver("CLP")
        self._asked = asked = pywraplp.MPSolverParameters()
        asked.SetIntegerParam(asked.PRESOLVE, asked.PRESOLVE_OFF)
        self._placed = [solver.Constraint(1.0, 1.0) for _ in range(workloads)]
        self._used = [solver.Constraint(-solver.infinity(), 1.0) for _ in range(resources)]
        for row in self._placed:
            self._column(dear, [row])
        self._columns: list[Any] = []
        self._number: dict[bytes, int] = {}
        self._open: list[int] = []
        self.packings: list[Packing] = []

    def _column(self, cost: float, rows: Iterable[Any]) -> Any:
        column = self._solver.NumVar(0.0, self._solver.infinity(), "")
        self._solver.Objective().SetCoefficient(column, cost)
        for row in rows:
            row.SetCoefficient(column, 1.0)
        return column

    def add(self, packing: Packing) -> bool:
        """Let a packing join; return whether it was not known."""
        key = np.sort(packing.options).tobytes()
        if key in self._number:
            return False
        self._number[key] = len(self.packings)
        rows = [self._placed[place] for place in packing.workloads.tolist()]
        self._open.append(len(self.packings))
        self._columns.append(self._column(packing.cost, [*rows, self._used[packing.resource]]))
        self.packings.append(packing)
        return True

    def hold(self, taken: set[int], waiting: Bools, free: Bools) -> None:
        """Hold to the packings ``taken``; others hold ``waiting`` workloads (J) in ``free`` resources (R)."""
        still = []
        for number in self._open:
            packing, is_taken = self.packings[number], number in taken
            if not is_taken and free[packing.resource] and waiting[packing.workloads].all():
                still.append(number)
            else:
                self._columns[number].SetBounds(float(is_taken), float(is_taken))
        self._open = still

    def release(self) -> None:
        """Hold to nothing."""
        for number in np.setdiff1d(np.arange(len(self.packings)), self._open).tolist():
            self._columns[number].SetBounds(0.0, self._solver.infinity())
        self._open = list(range(len(self.packings)))

    def solve(self) -> Told | None:
        """Return what the program tells, None where the solver does not."""
        if self._solver.Solve(self._asked) != self._optimal:
            return None
        taken = ((number, self._columns[number].solution_value()) for number in self._open)
        weights = {number: value for number, value in taken if value > NOTHING}
        values = np.array([row.dual_value() for row in self._placed])
        return Told(self._solver.Objective().Value(), weights, values)
