"""What has to run: training jobs and inference services."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator

from .base import (
    SMALLEST,
    Amount,
    Flag,
    Fraction,
    Frozen,
    Hours,
    Id,
    Milliseconds,
    PositiveAmount,
    PositiveCount,
    PositiveFraction,
    PositiveHours,
    Text,
    _number,
    refuse,
    refuse_sets,
)
from .misfits import job_misfits, service_misfits

Priority = Annotated[float, _number(ge=SMALLEST, le=1e6)]
LEAST_RATE = 1e-9
"""Requests/s below which there are none: about one in thirty years."""
Kilobytes = Annotated[float, _number(ge=0, le=1e7)]
Rate = Annotated[
    float, _number(ge=0, le=1e9), AfterValidator(lambda rate: rate if rate >= LEAST_RATE else 0.0)
]
Survival = Literal["site", "link"]
"""What of the network may be lost, one at a time."""


def _kind_is_required(schema: dict[str, Any]) -> None:
    """Ask for the kind in files, although it has a default in Python: it tells the workloads apart."""
    schema["required"].append("kind")


class _Workload(Frozen):
    model_config = ConfigDict(json_schema_extra=_kind_is_required)

    id: Id
    name: Text | None = None
    owner: Id | None = None
    policy: Id | None = None
    """Id of the data policy; without one, everything is permitted."""
    priority: Priority = 1.0
    """Weight of this workload when not everything fits."""
    memory_gb_per_accelerator: Amount = 0.0
    """Least memory that an accelerator must have."""


class Need(Frozen):
    """Accelerators of one type and the hours for which a training job holds them."""

    accelerator: Id
    count: PositiveCount
    hours: PositiveHours


class Compute(Frozen):
    """An amount of training compute, from which counts and hours follow.

    ``hours = pflop_days * 24 / (peak PFLOP/s * count * utilization * efficiency(count))`` with the
    accelerator's peak and the pool's scaling curve.
    """

    pflop_days: PositiveAmount
    """1 PFLOP-day = 1e15 FLOP/s for a day = 8.64e19 FLOP."""
    utilization: PositiveFraction
    """Share of the peak that the job reaches on one accelerator (MFU)."""
    counts: tuple[PositiveCount, ...] = Field(min_length=1, max_length=32)
    """Cluster sizes that the planner may choose from."""
    accelerators: tuple[Id, ...] | None = Field(default=None, min_length=1)
    """Types that the job can use; all types where absent."""

    _no_sets = field_validator("counts", "accelerators", mode="before")(refuse_sets)


class Dataset(Frozen):
    """The data a training job reads; a copy lies at each of ``at``, one of which is used."""

    at: tuple[Id, ...] = Field(min_length=1)
    """Nodes (locations or data centers) that hold a copy."""
    gb: PositiveAmount
    transfer_hours: PositiveHours | None = None
    """Time within which the data must have arrived; streamed over the whole run where absent.

    Where the job may pause, it holds the bandwidth in every period in which it runs.
    """

    _no_sets = field_validator("at", mode="before")(refuse_sets)


class MultiSite(Frozen):
    """Limits between each two sites of a job that spans several."""

    min_bandwidth_gbps: PositiveAmount
    """Bandwidth reserved between each two sites, in each direction."""
    max_rtt_ms: Milliseconds
    efficiency: PositiveFraction
    """Throughput of the job across sites relative to one site."""


class TrainingJob(_Workload):
    """A job that holds accelerators for a limited time.

    A job longer than what is left of the horizon at its earliest start is *continuing*: it starts then, holds
    its accelerators to the end of the horizon and is extrapolated beyond it.
    """

    kind: Literal["training"] = "training"
    needs: tuple[Need, ...] | None = Field(default=None, min_length=1)
    """Explicit alternatives, at most one per accelerator type and count."""
    compute: Compute | None = None
    max_sites: Annotated[int, _number(ge=1, le=3)] = 1
    """1: a gang at one site. 2 or 3: may be split evenly over sites as ``multi_site`` allows."""
    multi_site: MultiSite | None = None
    dataset: Dataset | None = None
    earliest_start_hours: Hours = 0.0
    """Hours from the start of the horizon."""
    deadline_hours: PositiveHours | None = None
    """Latest end, hours from the start of the horizon, give or take 1e-9; may lie beyond the horizon."""
    interruptible: Flag = False
    """May use spot prices and, when it fits the horizon, may pause between periods."""

    @model_validator(mode="after")
    def _is_defined(self) -> TrainingJob:
        refuse(job_misfits(self))
        return self


class Serving(Frozen):
    """How one replica serves on one accelerator type."""

    accelerator: Id
    accelerators_per_replica: PositiveCount = 1
    requests_per_second: PositiveAmount
    """Throughput of one replica at full load; the demand of no location may need more than 1e9 replicas."""
    service_ms: Milliseconds = 0.0
    """Time to serve one request, without the network."""


class Demand(Frozen):
    """Requests from one location."""

    location: Id
    requests_per_second: Rate | tuple[Rate, ...]
    """One number, or one per period; less than 1e-9 counts as none."""
    policy: Id | None = None
    """Overrides the service's policy for users here."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked in any period."""
        rates = self.requests_per_second
        return not (any(rates) if isinstance(rates, tuple) else rates)


class InferenceService(_Workload):
    """A service that answers requests from several locations, period by period."""

    kind: Literal["inference"] = "inference"
    demand: tuple[Demand, ...] = Field(min_length=1)
    serving: tuple[Serving, ...] = Field(min_length=1)
    """At most one entry per accelerator type."""
    max_rtt_ms: Milliseconds | None = None
    """Limit of the network round trip."""
    max_latency_ms: Milliseconds | None = None
    """Limit of round trip plus service time."""
    request_kb: Kilobytes = 0.0
    response_kb: Kilobytes = 0.0
    target_utilization: PositiveFraction = 1.0
    """Share of a replica's throughput that plans may use."""
    min_sites: PositiveCount = 1
    """With 2 or more, every site the service uses keeps at least one replica in every period. A site counts
    where a user is within reach, by all limits of the service, who asks for something in some period."""
    max_sites: PositiveCount | None = None
    """How many sites may hold replicas over the whole horizon."""
    survive: Survival | None = None
    """What may be lost, one at a time, while the replicas left still serve what the plan serves, within all
    limits: ``site`` (any data center, with its links) or ``link`` (any link)."""

    @model_validator(mode="after")
    def _sites_fit(self) -> InferenceService:
        refuse(service_misfits(self))
        return self


Workload = Annotated[TrainingJob | InferenceService, Field(discriminator="kind")]

__all__ = [
    "Compute",
    "Dataset",
    "Demand",
    "Fraction",
    "InferenceService",
    "MultiSite",
    "Need",
    "Priority",
    "Serving",
    "Survival",
    "TrainingJob",
    "Workload",
]
