"""Where work can run and how sites are joined: accelerators, data centers, pools, locations, links."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from .base import (
    SMALLEST,
    Amount,
    Count,
    Flag,
    Fraction,
    Frozen,
    Id,
    Latitude,
    Longitude,
    Milliseconds,
    PositiveAmount,
    PositiveCount,
    PositiveFraction,
    Price,
    SignedPrice,
    Text,
    _number,
    refuse,
    refuse_sets,
)
from .misfits import link_misfits, pool_misfits

SiteKind = Literal["cloud", "on_prem", "colo", "edge"]
Jurisdiction = Annotated[str, Field(strict=True, pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
Grams = Annotated[float, _number(ge=0, le=5000)]


class Accelerator(Frozen):
    """A type of accelerator."""

    id: Id
    peak_tflops: Annotated[float, _number(ge=SMALLEST, le=1e6)]
    """Dense peak in the precision that jobs train in, TFLOP/s."""
    memory_gb: Annotated[float, _number(gt=0, le=1e5)]
    tdp_w: Annotated[float, _number(ge=0, le=1e5)]
    """Thermal design power, W."""
    name: Text | None = None


class Node(Frozen):
    """A node of the graph: anything that a link can join."""

    id: Id
    jurisdiction: Jurisdiction
    """ISO 3166 code: a country (``DE``) or a subdivision (``CN-SH``)."""
    name: Text | None = None
    latitude: Latitude | None = None
    """Degrees north; with the longitude it tells where a node is, no plan depends on it."""
    longitude: Longitude | None = None
    transit: Flag = True
    """Whether traffic of others may pass through."""


class Location(Node):
    """Where users or datasets are, or, when nothing refers to it, a mere transit node."""


class DataCenter(Node):
    """A site that hosts pools of accelerators."""

    kind: SiteKind = "cloud"
    provider: Id | None = None
    """Who sells the capacity; the site's own id where absent."""
    owner: Id | None = None
    """Who owns the site; the provider where absent. A ``cloud`` site is for every owner of workloads, unless
    one of these is named here."""
    pue: Annotated[float, _number(ge=1, le=5)] = 1.0
    """Power usage effectiveness: energy drawn by the site over energy drawn by its machines."""
    usd_per_kwh: SignedPrice | tuple[SignedPrice, ...] = 0.0
    """Price of energy, one number or one per period; paid by pools that do not include it."""
    g_per_kwh: Grams | tuple[Grams, ...] = 0.0
    """Carbon intensity of the grid, gCO2e/kWh, one number or one per period."""
    max_power_kw: PositiveAmount | None = None
    egress_usd_per_gb: Price = 0.0
    """Charged on data that leaves this site over a link that names no egress price of its own."""
    risk_groups: tuple[Id, ...] = ()
    """Groups of sites and links that a single event can take away together."""

    _no_sets = field_validator("risk_groups", mode="before")(refuse_sets)

    @property
    def provider_id(self) -> str:
        """The provider, or the site itself where none is named."""
        return self.provider or self.id

    @property
    def owner_id(self) -> str:
        """The owner, or the provider where none is named."""
        return self.owner or self.provider_id


class ScalingPoint(Frozen):
    """Effective parallel efficiency of one job on so many accelerators."""

    accelerators: PositiveCount
    efficiency: PositiveFraction


LEAST_YEARS = 1e-3
"""Shortest life of a module."""


class Expansion(Frozen):
    """Capacity that may be bought in whole modules; the solver decides how many."""

    module_accelerators: PositiveCount
    capital_usd_per_module: Amount
    lifetime_years: Annotated[float, _number(ge=LEAST_YEARS, le=100)]
    discount_rate: Annotated[float, _number(ge=0, le=1)] = 0.0
    max_modules: Annotated[int, _number(gt=0, le=10**6)]
    space_usd_per_kw_year: Amount = 0.0
    """Building, power connection and cooling, or rent in a colocation, per kW that the modules draw at most
    (TDP times ``power_utilization``, without PUE), used or not."""
    staff_usd_per_kw_year: Amount = 0.0
    """Operation and maintenance, per the same kW."""

    @property
    def annuity_usd_per_module_year(self) -> float:
        """Yearly payment that repays one module over its life (standard annuity formula)."""
        rate, years = self.discount_rate, self.lifetime_years
        discount = -math.expm1(-years * math.log1p(rate))  # 1 - (1 + rate)^-years, exact for tiny rates too
        factor = rate / discount if discount > 0 else 1 / years
        return self.capital_usd_per_module * factor


class Pool(Frozen):
    """Accelerators of one type at one data center under one price."""

    id: Id
    data_center: Id
    accelerator: Id
    count: Count
    usd_per_accelerator_hour: Price = 0.0
    """On-demand price (for own capacity: what an hour of use costs besides energy)."""
    committed_count: Count = 0
    """Accelerators that are paid for in every hour, used or not."""
    committed_usd_per_accelerator_hour: Price | None = None
    spot_usd_per_accelerator_hour: Price | None = None
    """Price for interruptible jobs; without it they pay the on-demand price."""
    spot_count: Count | None = None
    """How many accelerators may be used at the spot price; all of them where absent."""
    max_gang: PositiveCount | None = None
    """Largest single cluster: of a job at one site, and of one replica; the whole pool where absent."""
    scaling: tuple[ScalingPoint, ...] = ()
    """Efficiency at cluster sizes, interpolated linearly in the logarithm of the size: 1 at one accelerator
    where that is not given, and as at the last size beyond it."""
    reserve_fraction: Fraction = 0.0
    """Share of the count (and of bought modules) that plans must leave free; all of it where it was lost."""
    power_utilization: Annotated[float, _number(gt=0, le=3)] = 1.0
    """Mean draw of an accelerator in use, its share of the host included, as a share of TDP."""
    energy_included: Flag | None = None
    """Whether the price includes energy; where absent, true at ``cloud`` sites only."""
    expansion: Expansion | None = None

    @property
    def is_lost(self) -> bool:
        """Whether nothing of it may be used, as where a scenario takes it away."""
        return self.reserve_fraction >= 1

    @property
    def committed_usd_per_hour(self) -> float:
        """What its committed accelerators cost in every hour, used or not."""
        return self.committed_count * (self.committed_usd_per_accelerator_hour or 0.0)

    @field_validator("scaling")
    @classmethod
    def _scaling_rises(cls, points: tuple[ScalingPoint, ...]) -> tuple[ScalingPoint, ...]:
        for low, high in pairwise(points):
            if high.accelerators <= low.accelerators or high.efficiency > low.efficiency:
                raise ValueError("sizes must rise and efficiencies must not; sort the points by accelerators")
        return points

    @model_validator(mode="after")
    def _prices_fit(self) -> Pool:
        refuse(pool_misfits(self))
        return self


def _id_is_optional(schema: dict[str, Any]) -> None:
    """Let a file leave the id out: a problem gives its links names."""
    schema["required"].remove("id")


class Link(Frozen):
    """A connection between two nodes. Undirected unless it says so; each direction has its own capacity."""

    model_config = ConfigDict(json_schema_extra=_id_is_optional)

    id: Id
    """Defaults to ``source--target`` (``#2``, ``#3`` ... for parallel links)."""
    source: Id
    target: Id
    bandwidth_gbps: Annotated[float, _number(ge=SMALLEST, le=1e7)]
    latency_ms: Milliseconds
    """ONE WAY."""
    usd_per_gb: Price = 0.0
    """Transport price of every GB that crosses, either way."""
    egress_usd_per_gb: Price | None = None
    """Overrides the egress price of the data center that the data leaves over this link."""
    jurisdictions: tuple[Jurisdiction, ...] = ()
    """Jurisdictions that the link itself passes, besides those of its ends."""
    directed: Flag = False
    reserve_fraction: Fraction = 0.0
    """Share of the bandwidth that plans must leave free, either way."""
    risk_groups: tuple[Id, ...] = ()
    """Groups of sites and links that a single event can take away together."""

    _no_sets = field_validator("jurisdictions", "risk_groups", mode="before")(refuse_sets)

    @model_validator(mode="after")
    def _joins_two_nodes(self) -> Link:
        refuse(link_misfits(self))
        return self
