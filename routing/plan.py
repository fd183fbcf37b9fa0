"""The plan: what a solver returns. Frozen, and equal after a round trip through JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from .collecting import collection_paused
from .errors import Fault, InputError, quoted, require
from .faults import from_validation
from .plan_parts import (
    Breakdown,
    Cost,
    Emission,
    Flow,
    JobPlan,
    JobRun,
    LeftOut,
    LinkUse,
    Many,
    Placement,
    PoolUse,
    Purchase,
    Reason,
    Record,
    ReplicaPlan,
    Route,
    ServicePlan,
)
from .text import escaped

if TYPE_CHECKING:
    from .problem import Problem

Status = Literal["optimal", "feasible", "infeasible", "unknown"]
StoppedBy = Literal["gap", "time", "cancel"]
MOST_REQUESTS_PER_SECOND, ROUNDING = 1e12, 1e-6
GIVE_THAT = "give that topology (after route replan: what its --keep-topology wrote)"
"""What to do about a plan of another problem."""
INDENTED_FLOWS = 100_000
"""Flows above which the text of a plan is one line."""


class Plan(Record):
    """An assignment plan for a problem, with its proof.

    ``bool(plan)`` is true when the plan can be used (status ``optimal`` or ``feasible``).
    """

    schema_version: Literal["1"] = "1"
    status: Status
    """optimal: proven within the gap asked for. feasible: usable. infeasible: all-or-nothing was asked for
    and is not possible, or commitments alone exceed the budget. unknown: stopped before there was a plan."""
    stopped_by: StoppedBy = "gap"
    objective: float | None
    """Weighted cost of this plan, USD; continuing jobs count in all. None without a plan."""
    bound: float | None
    """Proven lower bound of the objective over plans that leave out no more work than this one."""
    gap: float | None
    """The larger of (objective - bound) / objective and the gap of the unserved work."""
    unserved: float = 0.0
    """Priority-weighted share of the work left out: 0 for none; a job left out counts its priority."""
    unserved_bound: float = 0.0
    """Proven lower bound of ``unserved``."""
    runtime_seconds: float = Field(ge=0)
    solver: str
    solver_version: str
    seed: int = Field(ge=0)
    problem_name: str
    problem_digest: str
    scenario: str = ""
    """Name of the scenario of the problem that it is for; empty for the problem as it is."""
    cost: Cost = Cost()
    """Within the horizon."""
    cost_in_all: Cost = Cost()
    """With continuing jobs to their ends."""
    emission: Emission = Emission()
    breakdown: Breakdown = Breakdown()
    jobs: Many[JobPlan] = ()
    services: Many[ServicePlan] = ()
    left_out: Many[LeftOut] = ()
    purchases: Many[Purchase] = ()
    routes: Many[Route] = ()
    pool_use: Many[PoolUse] = ()
    link_use: Many[LinkUse] = ()

    def __bool__(self) -> bool:
        return self.status in ("optimal", "feasible")

    @property
    def subject(self) -> str:
        """Say which problem, as which scenario changes it, this is a plan for."""
        return f"{self._name} ({self.problem_digest[:19]})"

    @property
    def _name(self) -> str:
        return f"{self.problem_name}, scenario {self.scenario}" if self.scenario else self.problem_name

    def stray(self, problem: Problem) -> str:
        """Say which problem this is for rather than for ``problem``; empty where it is for that."""
        if self.problem_digest == problem.digest:
            return ""
        mine, other = (digest[:19] for digest in (self.problem_digest, problem.digest))
        return f"is for {quoted(self._name)} ({mine}), not for {quoted(problem.name)} ({other})"

    def require_of(self, problem: Problem) -> None:
        """Raise InputError unless this is for ``problem``."""
        if stray := self.stray(problem):
            mend = f"{GIVE_THAT}, or that scenario of it, or plan this one first"
            raise InputError([f"the plan {stray}; {mend}"])

    @property
    def outlasts_purchases(self) -> bool:
        """Whether a job goes on beyond the horizon in a pool for which modules were bought."""
        bought = {each.pool for each in self.purchases}
        return any(job.continuing and bought & {place.pool for place in job.placements} for job in self.jobs)

    @cached_property
    def route(self) -> dict[str, Route]:
        """Routes by id."""
        return {route.id: route for route in self.routes}

    def to_json(self, indent: int | None = 2) -> str:
        """Return the plan as JSON text; numbers survive exactly.

        Of a plan of more than ``INDENTED_FLOWS`` flows it is one line, which saves nearly half its size.
        """
        is_long = sum(len(service.flows) for service in self.services) > INDENTED_FLOWS
        return escaped(self.model_dump_json(indent=None if is_long else indent))

    @classmethod
    def from_json(cls, text: str | bytes, source: str = "") -> Plan:
        """Read a plan back.

        Raises
        ------
        InputError
            When the text is not JSON or not a plan, with every fault.
        """
        require("text", text, str | bytes | bytearray, "a text or bytes")
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError([f"not JSON, which plans are: {error}"], source) from None
        return cls.parse(data, source)

    @classmethod
    @collection_paused()
    def parse(cls, data: Any, source: str = "") -> Plan:
        """Build a plan from plain data; raises :class:`InputError` with every fault."""
        if isinstance(data, Mapping) and "plan" in data and "problem_digest" not in data:
            data = data["plan"]  # as folders of sweeps keep it
        if not isinstance(data, Mapping):
            raise InputError(["a plan is a JSON object"], source)
        if "pools" in data and "problem_digest" not in data:
            raise InputError(["this is a problem; a plan comes from 'route plan' with --output"], source)
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise InputError(from_validation(error, data, cls), source) from None

    def require_whole(self) -> None:
        """Raise InputError unless something can begin from this: jobs are somewhere, flows have routes."""
        faults = [*self._placeless(), *self._stray_flows()]
        if faults:
            raise InputError(faults, "the plan to begin from")

    def _placeless(self) -> Iterator[Fault]:
        for index, job in enumerate(self.jobs):
            if not job.placements:
                yield Fault(f"jobs[{index}] {quoted(job.job)}.placements", "is empty")

    def _stray_flows(self) -> Iterator[Fault]:
        for number, service in enumerate(self.services):
            for index, flow in enumerate(service.flows):
                at = f"services[{number}] {quoted(service.service)}.flows[{index}]"
                if flow.route not in self.route:
                    yield Fault(f"{at}.route", f"unknown route {quoted(flow.route)}")
                if not -ROUNDING <= flow.requests_per_second <= MOST_REQUESTS_PER_SECOND:
                    limits = f"at least 0 and at most {MOST_REQUESTS_PER_SECOND:,.0f}"
                    yield Fault(
                        f"{at}.requests_per_second", f"must be {limits}, got {flow.requests_per_second:g}"
                    )

    def to_frames(self) -> dict[str, Any]:
        """Return the tables of this plan as pandas data frames by name (needs the extra ``pandas``)."""
        from .frames import to_frames

        return to_frames(self)


__all__ = [
    "INDENTED_FLOWS",
    "Breakdown",
    "Cost",
    "Emission",
    "Flow",
    "JobPlan",
    "JobRun",
    "LeftOut",
    "LinkUse",
    "Placement",
    "Plan",
    "PoolUse",
    "Purchase",
    "Reason",
    "ReplicaPlan",
    "Route",
    "ServicePlan",
    "Status",
    "StoppedBy",
]
