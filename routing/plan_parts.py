"""What a plan is made of: money, routes, runs of jobs, services, what is left out, used and bought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict

from .base import FrozenDict

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


IDLE = "(idle)"
"""In breakdowns by workload: what no workload used, as commitments and modules."""
_T = TypeVar("_T")
Many = Annotated[tuple[_T, ...], Strict(False)]
"""A tuple, or a list as JSON has them."""


class Record(BaseModel):
    """Frozen, every field known and of its type, every number finite."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, strict=True
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with changes, which are not validated; nothing worked out of the old fields stays."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


class Cost(Record):
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


class Route(Record):
    """A way from ``origin`` to ``destination`` and back; an empty route stays at its node."""

    id: str
    origin: str
    destination: str
    nodes: Many[str]
    """Every node on the way out, both ends included."""
    links: Many[str] = ()
    """Link crossed from ``nodes[k]`` to ``nodes[k + 1]``."""
    return_links: Many[str] = ()
    """Links of the way back, destination first. The way out in reverse where links permit."""
    return_nodes: Many[str] = ()
    latency_ms: float = 0.0
    """One way, out."""
    rtt_ms: float = 0.0
    """Out and back."""
    jurisdictions: Many[str] = ()
    """Jurisdictions of all nodes and links passed, out and back, sorted."""


class Placement(Record):
    """Accelerators that a training job holds in one pool."""

    pool: str
    data_center: str
    accelerators: int


class JobRun(Record):
    """Running time of a job within one period, hours."""

    period: str
    hours: float


class Emission(Record):
    """Energy at the meter of the sites (PUE included) and its carbon, within the horizon."""

    energy_kwh: float = 0.0
    tco2e: float = 0.0

    def __add__(self, other: Emission) -> Emission:
        return Emission(energy_kwh=self.energy_kwh + other.energy_kwh, tco2e=self.tco2e + other.tco2e)


class JobPlan(Record):
    """Where and when one training job runs. Costs and emissions are within the horizon, save ``in_all``."""

    job: str
    placements: Many[Placement]
    """One entry, or one per site of a job over several."""
    spot: bool = False
    """Whether it pays the spot price."""
    start_hours: float
    """Hours from the start of the horizon."""
    end_hours: float
    """End of the job; beyond the horizon for a continuing one."""
    hours: float
    """Running hours in all; shorter than end - start where the job pauses."""
    runs: Many[JobRun]
    continuing: bool = False
    dataset_routes: Many[str | None] = ()
    """Id of the route that the dataset takes to each placement, in order; None where a copy lies at the site.
    Empty without a dataset."""
    transfer_gbps: float = 0.0
    """Reserved for the dataset on each of its routes while it is transferred."""
    transfer_hours: float = 0.0
    inter_site_routes: Many[str] = ()
    """Routes between each two sites of a job over several."""
    checkpoint_routes: Many[str | None] = ()
    """Id of the route that the checkpoint takes to each placement, in order; None where it is there already
    or no way leads there. Empty where the job does not move, or has no checkpoint to carry."""
    cost: Cost
    cost_in_all: Cost
    emission: Emission = Emission()


class ReplicaPlan(Record):
    """Replicas of a service in one pool and period."""

    period: str
    pool: str
    data_center: str
    replicas: int
    accelerators: int


class Flow(Record):
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


class ServicePlan(Record):
    """Where one inference service is served from."""

    service: str
    replicas: Many[ReplicaPlan]
    flows: Many[Flow]
    requests_per_second: float
    """Served, mean over the horizon."""
    mean_rtt_ms: float | None = None
    """Mean over the served requests; None where nothing is served."""
    worst_rtt_ms: float | None = None
    cost: Cost
    emission: Emission = Emission()


class LeftOut(Record):
    """Work that the plan leaves out, with the first reason that bars it."""

    workload: str
    location: str | None = None
    """For services: where the users are."""
    period: str | None = None
    requests_per_second: float | None = None
    reason: Reason
    detail: str


class PoolUse(Record):
    """Accelerators in use in one pool and period."""

    pool: str
    period: str
    used: int
    available: int
    """Count plus bought modules; the reserve is not taken off."""
    utilization: float


class LinkUse(Record):
    """Traffic on one direction of a link in one period."""

    link: str
    source: str
    target: str
    period: str
    gbps: float
    bandwidth_gbps: float
    utilization: float


class Purchase(Record):
    """Modules bought for an expandable pool."""

    pool: str
    modules: int
    accelerators: int
    capital_usd: float
    """Capital charged to the horizon."""
    facility_usd: float = 0.0
    """Space and staff for them within the horizon."""


Costs = Annotated[dict[str, Cost], AfterValidator(FrozenDict)]


class Breakdown(Record):
    """The total cost by kind, cut four ways. What no workload used is under ``(idle)``."""

    by_workload: Costs = Field(default_factory=FrozenDict)
    by_data_center: Costs = Field(default_factory=FrozenDict)
    """Links between sites belong to no site and are under ``(network)``."""
    by_provider: Costs = Field(default_factory=FrozenDict)
    by_owner: Costs = Field(default_factory=FrozenDict)
