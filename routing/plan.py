"""The plan: what a solver returns. Frozen, and equal after a round trip through JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .collecting import collection_paused
from .errors import InputError, quoted
from .faults import from_validation

if TYPE_CHECKING:
    from .problem import Problem

Status = Literal["optimal", "feasible", "infeasible", "unknown"]
StoppedBy = Literal["gap", "time", "cancel"]
Reason = Literal[
    "residency",
    "transit",
    "latency",
    "accelerator",
    "memory",
    "gang",
    "deadline",
    "pinned",
    "route",
    "bandwidth",
    "power",
    "carbon",
    "budget",
    "sites",
    "survival",
    "capacity",
]

INDENTED_FLOWS = 100_000
"""Flows above which the text of a plan is one line."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class Cost(_Record):
    """Money by kind, USD. ``carbon_usd`` and ``latency_usd`` price emissions and delay by the objective."""

    compute_usd: float = 0.0
    energy_usd: float = 0.0
    capital_usd: float = 0.0
    facility_usd: float = 0.0
    egress_usd: float = 0.0
    link_usd: float = 0.0
    moving_usd: float = 0.0
    """Of work that moves from where the problem says it is at present."""
    carbon_usd: float = 0.0
    latency_usd: float = 0.0

    @property
    def money_usd(self) -> float:
        """What is paid: all kinds but the prices of carbon and latency. The budget limits this."""
        owned_usd = self.capital_usd + self.facility_usd
        network_usd = self.egress_usd + self.link_usd
        return self.compute_usd + self.energy_usd + owned_usd + network_usd + self.moving_usd

    @property
    def total_usd(self) -> float:
        """Money plus the prices of carbon and latency."""
        return self.money_usd + self.carbon_usd + self.latency_usd

    def __add__(self, other: Cost) -> Cost:
        return Cost(**{name: getattr(self, name) + getattr(other, name) for name in type(self).model_fields})

    def __mul__(self, factor: float) -> Cost:
        return Cost(**{name: getattr(self, name) * factor for name in type(self).model_fields})


class Route(_Record):
    """A way from ``origin`` to ``destination`` and back; an empty route stays at its node."""

    id: str
    origin: str
    destination: str
    nodes: tuple[str, ...]
    """Every node on the way out, both ends included."""
    links: tuple[str, ...] = ()
    """Link crossed from ``nodes[k]`` to ``nodes[k + 1]``."""
    return_links: tuple[str, ...] = ()
    """Links of the way back, destination first. The way out in reverse where links permit."""
    return_nodes: tuple[str, ...] = ()
    latency_ms: float = 0.0
    """One way, out."""
    rtt_ms: float = 0.0
    """Out and back."""
    jurisdictions: tuple[str, ...] = ()
    """Jurisdictions of all nodes and links passed, out and back, sorted."""


class Placement(_Record):
    """Accelerators that a training job holds in one pool."""

    pool: str
    data_center: str
    accelerators: int


class JobRun(_Record):
    """Running time of a job within one period, hours."""

    period: str
    hours: float


class Emission(_Record):
    """Energy at the meter of the sites (PUE included) and its carbon, within the horizon."""

    energy_kwh: float = 0.0
    tco2e: float = 0.0

    def __add__(self, other: Emission) -> Emission:
        return Emission(energy_kwh=self.energy_kwh + other.energy_kwh, tco2e=self.tco2e + other.tco2e)


class JobPlan(_Record):
    """Where and when one training job runs. Costs and emissions are within the horizon, save ``in_all``."""

    job: str
    placements: tuple[Placement, ...]
    """One entry, or one per site of a job over several."""
    spot: bool = False
    """Whether it pays the spot price."""
    start_hours: float
    """Hours from the start of the horizon."""
    end_hours: float
    """End of the job; beyond the horizon for a continuing one."""
    hours: float
    """Running hours in all; shorter than end - start where the job pauses."""
    runs: tuple[JobRun, ...]
    continuing: bool = False
    dataset_routes: tuple[str | None, ...] = ()
    """Id of the route that the dataset takes to each placement, in order; None where a copy lies at the site.
    Empty without a dataset."""
    transfer_gbps: float = 0.0
    """Reserved for the dataset on each of its routes while it is transferred."""
    transfer_hours: float = 0.0
    inter_site_routes: tuple[str, ...] = ()
    """Routes between each two sites of a job over several."""
    checkpoint_routes: tuple[str | None, ...] = ()
    """Id of the route that the checkpoint takes to each placement, in order; None where it is there already
    or no way leads there. Empty where the job does not move, or has no checkpoint to carry."""
    cost: Cost
    cost_in_all: Cost
    emission: Emission = Emission()


class ReplicaPlan(_Record):
    """Replicas of a service in one pool and period."""

    period: str
    pool: str
    data_center: str
    replicas: int
    accelerators: int


class Flow(_Record):
    """Requests of one location served by one pool in one period."""

    period: str
    location: str
    pool: str
    data_center: str
    requests_per_second: float
    route: str
    rtt_ms: float
    latency_ms: float
    """Round trip plus service time."""


class ServicePlan(_Record):
    """Where one inference service is served from."""

    service: str
    replicas: tuple[ReplicaPlan, ...]
    flows: tuple[Flow, ...]
    requests_per_second: float
    """Served, mean over the horizon."""
    mean_rtt_ms: float | None = None
    """Mean over the served requests; None where nothing is served."""
    worst_rtt_ms: float | None = None
    cost: Cost
    emission: Emission = Emission()


class LeftOut(_Record):
    """Work that the plan leaves out, with the first reason that bars it."""

    workload: str
    location: str | None = None
    """For services: where the users are."""
    period: str | None = None
    requests_per_second: float | None = None
    reason: Reason
    detail: str


class PoolUse(_Record):
    """Accelerators in use in one pool and period."""

    pool: str
    period: str
    used: int
    available: int
    """Count plus bought modules; the reserve is not taken off."""
    utilization: float


class LinkUse(_Record):
    """Traffic on one direction of a link in one period."""

    link: str
    source: str
    target: str
    period: str
    gbps: float
    bandwidth_gbps: float
    utilization: float


class Purchase(_Record):
    """Modules bought for an expandable pool."""

    pool: str
    modules: int
    accelerators: int
    capital_usd: float
    """Capital charged to the horizon."""
    facility_usd: float = 0.0
    """Space and staff for them within the horizon."""


class Breakdown(_Record):
    """The total cost by kind, cut four ways. What no workload used is under ``(idle)``."""

    by_workload: dict[str, Cost] = Field(default_factory=dict)
    by_data_center: dict[str, Cost] = Field(default_factory=dict)
    """Links between sites belong to no site and are under ``(network)``."""
    by_provider: dict[str, Cost] = Field(default_factory=dict)
    by_owner: dict[str, Cost] = Field(default_factory=dict)


class Plan(_Record):
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
    jobs: tuple[JobPlan, ...] = ()
    services: tuple[ServicePlan, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    routes: tuple[Route, ...] = ()
    pool_use: tuple[PoolUse, ...] = ()
    link_use: tuple[LinkUse, ...] = ()

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

    @cached_property
    def route(self) -> dict[str, Route]:
        """Routes by id."""
        return {route.id: route for route in self.routes}

    def to_json(self, indent: int | None = 2) -> str:
        """Return the plan as JSON text; numbers survive exactly.

        Of a plan of more than ``INDENTED_FLOWS`` flows it is one line, which saves nearly half its size.
        """
        data = self.model_dump(mode="json")
        if sum(len(service.flows) for service in self.services) > INDENTED_FLOWS:
            return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes, source: str = "") -> Plan:
        """Read a plan back.

        Raises
        ------
        InputError
            When the text is not JSON or not a plan, with every fault.
        """
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

    def to_frames(self) -> dict[str, Any]:
        """Return the tables of this plan as pandas data frames by name (needs the extra ``pandas``)."""
        from .frames import to_frames

        return to_frames(self)
