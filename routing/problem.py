"""The problem: one file with the sites, the links, the workloads, the rules and the objective."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from .base import (
    SMALLEST,
    Amount,
    Count,
    Flag,
    Fraction,
    Frozen,
    FrozenDict,
    Id,
    PositiveHours,
    Text,
    _number,
    refuse,
)
from .collecting import collection_paused
from .errors import InputError
from .faults import from_validation
from .misfits import assignment_misfits
from .policies import DataPolicy, JurisdictionOrGroup, Residency
from .present import Moving, Present
from .references import name_links, reference_faults
from .sites import Accelerator, DataCenter, Link, Location, Node, Pool
from .workloads import InferenceService, TrainingJob, Workload

SCHEMA_VERSION: Literal["1"] = "1"


class Period(Frozen):
    """A stretch of time. ``hours * weight`` is its duration everywhere: money, energy, running time."""

    id: Id
    hours: PositiveHours
    weight: Annotated[float, _number(ge=SMALLEST, le=1e5)] = 1.0
    """How often it occurs in the horizon."""

    @property
    def duration_hours(self) -> float:
        """Hours of the horizon that this period stands for."""
        return self.hours * self.weight


class Objective(Frozen):
    """Weights of the cost, minimised after unserved work: money, carbon price and latency price."""

    money_weight: Annotated[float, _number(ge=0, le=1e6)] = 1.0
    usd_per_tco2e: Annotated[float, _number(ge=0, le=1e6)] = 0.0
    carbon_beyond_horizon: Flag = True
    """Pay the price of carbon on what continuing jobs emit after the horizon, too; caps never count that."""
    usd_per_ms_request: Annotated[float, _number(ge=0, le=1e3)] = 0.0
    """Price of one millisecond of round trip of one request."""

    @property
    def usd_per_tco2e_beyond(self) -> float:
        """Price of a tonne that is emitted after the horizon."""
        return self.usd_per_tco2e if self.carbon_beyond_horizon else 0.0


class Assignment(Frozen):
    """A workload and the data center or pool that it must, or must not, use."""

    workload: Id
    data_center: Id | None = None
    pool: Id | None = None

    @model_validator(mode="after")
    def _names_one_place(self) -> Assignment:
        refuse(assignment_misfits(self))
        return self


class Limits(Frozen):
    """Optional limits over the whole plan, for the horizon."""

    budget_usd: Amount | None = None
    """Money: all that is paid, moving included, not the prices of carbon and latency."""
    carbon_cap_tco2e: Amount | None = None
    max_provider_share: Annotated[dict[Id, Fraction], AfterValidator(FrozenDict)] = Field(
        default_factory=FrozenDict
    )
    """Largest share of all accelerator-hours that a provider may get; ``"*"`` sets it for every other one."""
    pinned: tuple[Assignment, ...] = ()
    """Several entries of one workload permit each of their places."""
    forbidden: tuple[Assignment, ...] = ()
    max_moves: Count | None = None
    """How many of the workloads that ``present`` names may move."""


class Problem(Frozen):
    """Everything that a plan depends on. Immutable, so it may serve many solves and threads at once."""

    schema_version: Literal["1"] = SCHEMA_VERSION
    name: Text = "problem"
    description: Annotated[str, Field(strict=True, max_length=20_000)] = ""
    groups: Annotated[dict[Id, tuple[JurisdictionOrGroup, ...]], AfterValidator(FrozenDict)] = Field(
        default_factory=FrozenDict
    )
    """Named groups of jurisdictions; members are ISO codes or other groups."""
    policies: tuple[DataPolicy, ...] = ()
    periods: tuple[Period, ...] = Field((Period(id="all", hours=24.0),), min_length=1, max_length=10_000)
    accelerators: tuple[Accelerator, ...] = Field(min_length=1)
    data_centers: tuple[DataCenter, ...] = Field(min_length=1)
    pools: tuple[Pool, ...] = Field(min_length=1)
    locations: tuple[Location, ...] = ()
    links: tuple[Link, ...] = ()
    workloads: tuple[Workload, ...] = Field(min_length=1)
    objective: Objective = Objective()
    limits: Limits = Limits()
    present: Present = Present()
    moving: Moving = Moving()

    @model_validator(mode="before")
    @classmethod
    def _default_link_ids(cls, data: Any) -> Any:
        return name_links(data) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _references_exist(self) -> Problem:
        faults = reference_faults(self)
        if faults:
            raise InputError(faults)
        return self

    @classmethod
    @collection_paused()
    def parse(cls, data: Any, source: str = "") -> Problem:
        """Build a problem from plain data (a parsed file).

        Raises
        ------
        InputError
            With every fault: of shape, of value and of reference.
        """
        if not isinstance(data, Mapping):
            raise InputError(["a problem is an object with keys such as 'data_centers' and 'pools'"], source)
        named = name_links(data)
        try:
            return cls.model_validate(named)
        except ValidationError as error:
            faults = [*from_validation(error, named, cls), *reference_faults(named)]
        except InputError as error:
            faults = list(error.faults)
        raise InputError(dict.fromkeys(faults), source)

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Nodes by id: data centers, then locations."""
        return {node.id: node for node in (*self.data_centers, *self.locations)}

    @cached_property
    def data_center(self) -> dict[str, DataCenter]:
        """Data centers by id."""
        return {site.id: site for site in self.data_centers}

    @cached_property
    def pool(self) -> dict[str, Pool]:
        """Pools by id."""
        return {pool.id: pool for pool in self.pools}

    @cached_property
    def accelerator(self) -> dict[str, Accelerator]:
        """Accelerator types by id."""
        return {accelerator.id: accelerator for accelerator in self.accelerators}

    @cached_property
    def link(self) -> dict[str, Link]:
        """Links by id."""
        return {link.id: link for link in self.links}

    @cached_property
    def workload(self) -> dict[str, TrainingJob | InferenceService]:
        """Workloads by id."""
        return {workload.id: workload for workload in self.workloads}

    @cached_property
    def jobs(self) -> tuple[TrainingJob, ...]:
        """The training jobs, in file order."""
        return tuple(w for w in self.workloads if isinstance(w, TrainingJob))

    @cached_property
    def services(self) -> tuple[InferenceService, ...]:
        """The inference services, in file order."""
        return tuple(w for w in self.workloads if isinstance(w, InferenceService))

    @cached_property
    def durations_hours(self) -> tuple[float, ...]:
        """Duration of each period, hours."""
        return tuple(period.duration_hours for period in self.periods)

    @cached_property
    def boundaries_hours(self) -> tuple[float, ...]:
        """Begin of each period and end of the last, hours from the start of the horizon; length T + 1."""
        return tuple(accumulate(self.durations_hours, initial=0.0))

    @property
    def horizon_hours(self) -> float:
        """Length of the horizon, hours."""
        return self.boundaries_hours[-1]

    @cached_property
    def _residencies(self) -> dict[str | None, Residency]:
        known: dict[str | None, Residency] = {p.id: Residency(p, self.groups) for p in self.policies}
        return {**known, None: Residency(None, self.groups)}

    def residency(self, policy: str | None) -> Residency:
        """Return what the policy of that id permits; ``None`` permits everything."""
        return self._residencies[policy]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of this problem, as ``sha256:...``.

        Fields at their defaults are left out, so that a field which a later release adds changes nothing.
        """
        data = self.model_dump(mode="json", exclude_defaults=True)
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def per_period(value: float | Sequence[float], periods: int) -> tuple[float, ...]:
    """Return ``value`` as one number per period."""
    return tuple(value) if isinstance(value, Sequence) else (value,) * periods
