"""From decisions and bounds to a :class:`Plan`, the same for every solver."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from ...routing.collecting import collection_paused
from ...routing.plan import Plan, Status, StoppedBy
from ...routing.plan_parts import Cost
from ...routing.problem import Objective, Problem
from ..options import Options, relative_gap, unserved_gap_of
from ..searching.telling import UNSERVED_TOLERANCE
from .assemble import Assembler, World, unserved_share
from .solution import Decisions

LATE = 0.9
"""Part of the time limit from which on a search that ends of itself is taken to have been cut short by it."""
CONTRADICTED = 1e-4
"""Part of the amounts in a figure by which something proven is above it where that cannot be right."""
LITTLE_WORK = 0.01
"""Weighted work that counts as an amount where nothing is left out."""


@dataclass(frozen=True)
class Header:
    """What plans of one solve have in common; ``started`` is a reading of the monotonic clock."""

    problem: Problem
    options: Options
    solver: str
    stopped_by: StoppedBy
    started: float

    @collection_paused()
    def plan(self, world: World, decisions: Decisions, proven: float | None, unserved_bound: float) -> Plan:
        """Return the plan of ``decisions``.

        ``proven`` bounds the objective of plans that leave no more out; ``unserved_bound`` the work left out.
        """
        tables = Assembler(world, decisions).tables()
        in_all, objective_of = tables["cost_in_all"], self.problem.objective
        objective = objective_of.money_weight * in_all.money_usd + in_all.carbon_usd + in_all.latency_usd
        unserved = unserved_share(world, decisions)
        unserved_bound = _believed(unserved_bound, unserved, unserved + LITTLE_WORK) or 0.0
        if self.options.all_or_nothing and tables["left_out"]:
            refused = {"unserved": unserved, "left_out": tables["left_out"]}
            return self.no_plan(unserved_bound, proven=unserved_bound > UNSERVED_TOLERANCE, **refused)
        bound = None if proven is None else _believed(proven, objective, _amounts(in_all, objective_of))
        cost_gap, unserved_gap = relative_gap(objective, bound), unserved_gap_of(unserved, unserved_bound)
        gap = None if cost_gap is None else max(cost_gap, unserved_gap)
        is_close = gap is not None and gap <= self.options.gap_limit + 1e-9
        status: Status = "optimal" if is_close else "feasible"
        return Plan(
            status=status,
            objective=objective,
            bound=bound,
            gap=gap,
            unserved=unserved,
            unserved_bound=unserved_bound,
            **(self._common() | {"stopped_by": self._stopped_by(is_close=is_close)}),
            **tables,
        )

    def _stopped_by(self, *, is_close: bool) -> StoppedBy:
        """Return what stopped the solve: what ends of itself, but at its limit, was cut short by that.

        Where all is proven, time has ended nothing.
        """
        if is_close and self.stopped_by == "time":
            return "gap"
        late = time.monotonic() - self.started > LATE * self.options.time_limit
        return "time" if self.stopped_by == "gap" and late and not is_close else self.stopped_by

    def no_plan(self, unserved_bound: float, *, proven: bool, **known: Any) -> Plan:
        """Return what is known where there is no plan; ``proven``: because there cannot be one."""
        return Plan(
            status="infeasible" if proven else "unknown",
            objective=None,
            bound=None,
            gap=None,
            unserved_bound=unserved_bound,
            **(self._common() | {"stopped_by": self._stopped_by(is_close=proven)}),
            **known,
        )

    def _common(self) -> dict[str, Any]:
        return {
            "stopped_by": self.stopped_by,
            "solver": self.solver,
            "solver_version": f"ortools {version('ortools')}, highspy {version('highspy')}",
            "seed": int(self.options.seed),
            "problem_name": self.problem.name,
            "problem_digest": self.problem.digest,
            "runtime_seconds": time.monotonic() - self.started,
        }


def _believed(proven: float, value: float, amounts: float) -> float | None:
    """Return a lower bound of ``value``, or None where it is beyond it by more than solvers' tolerances.

    The value is that of a plan, so that such a bound is wrong: it proves nothing of this plan either.
    """
    if proven > value + CONTRADICTED * amounts:
        return None
    return min(value, proven)


def _amounts(cost: Cost, weights: Objective) -> float:
    """Return the parts of an objective added up without their signs, which may cancel each other."""
    parts = {name: abs(usd) for name, usd in cost.model_dump().items()}
    priced = float(parts.pop("carbon_usd") + parts.pop("latency_usd"))
    return weights.money_weight * float(sum(parts.values())) + priced
