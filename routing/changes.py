"""Changes of a problem, the words that scenarios are made of; the problem itself stays as it is.

A change that names something unknown, or leaves nothing to plan with, is an error with every fault.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from .base import Amount, Flag, Fraction, Frozen, FrozenDict, Id, Milliseconds, PositiveCount, _number
from .editing import mapped, require_known, times, with_services
from .problem import Limits, Problem
from .sites import Accelerator, Pool
from .taking import Alone, Degrade, Ids, Keep, Release, Remove, risk_groups
from .workloads import InferenceService, Survival, TrainingJob

Factor = Annotated[float, _number(ge=0, le=1e6)]
PositiveFactor = Annotated[float, _number(gt=0, le=1e6)]


class Scale(Frozen):
    """Multiply demand, prices, carbon intensities or bandwidths by factors."""

    demand: Factor = 1.0
    """Requests of services."""
    training: PositiveFactor = 1.0
    """Hours, or PFLOP-days, of training jobs."""
    prices: Factor = 1.0
    """Prices of accelerators at every site: on demand, committed, spot, and capital of modules."""
    cloud_prices: Factor = 1.0
    """Hourly prices of accelerators at sites of kind ``cloud``: on demand, committed, spot."""
    energy: Factor = 1.0
    """Price of energy."""
    network: Factor = 1.0
    """Egress and link prices."""
    carbon: Factor = 1.0
    """Carbon intensity of the grid."""
    bandwidth: PositiveFactor = 1.0
    workloads: Ids | None = None
    """Only demand and training of these."""
    providers: Ids | None = None
    """Only prices, cloud_prices, energy and carbon of these."""

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with the numbers multiplied."""
        require_known("workload", self.workloads, problem.workload)
        require_known("provider", self.providers, (site.provider_id for site in problem.data_centers))
        chosen = problem.workload if self.workloads is None else set(self.workloads)
        sites = {
            site.id
            for site in problem.data_centers
            if self.providers is None or site.provider_id in self.providers
        }
        clouds = {site.id for site in problem.data_centers if site.kind == "cloud"}
        return problem.replace(
            workloads=mapped(problem.workloads, lambda work: work.id in chosen, self._workload),
            pools=mapped(
                problem.pools,
                lambda pool: pool.data_center in sites,
                lambda pool: self._pool(pool, self.cloud_prices if pool.data_center in clouds else 1.0),
            ),
            data_centers=tuple(self._site(site, site.id in sites) for site in problem.data_centers),
            links=tuple(map(self._link, problem.links)),
        )

    def _workload(self, work: TrainingJob | InferenceService) -> TrainingJob | InferenceService:
        if isinstance(work, InferenceService):
            return work.replace(demand=tuple(times(each, self.demand, _REQUESTS) for each in work.demand))
        if work.compute:
            return work.replace(compute=times(work.compute, self.training, ("pflop_days",)))
        return work.replace(needs=tuple(times(need, self.training, ("hours",)) for need in work.needs or ()))

    def _pool(self, pool: Pool, rented: float) -> Pool:
        bought = pool.expansion and times(pool.expansion, self.prices, ("capital_usd_per_module",))
        cheaper: Pool = times(pool, self.prices * rented, POOL_PRICES).replace(expansion=bought)
        return cheaper

    def _site(self, site: Any, is_chosen: bool) -> Any:
        dearer = times(site, self.network, ("egress_usd_per_gb",))
        if not is_chosen:
            return dearer
        return times(times(dearer, self.energy, ("usd_per_kwh",)), self.carbon, ("g_per_kwh",))

    def _link(self, link: Any) -> Any:
        wider = times(link, self.bandwidth, ("bandwidth_gbps",))
        return times(wider, self.network, ("usd_per_gb", "egress_usd_per_gb"))


_REQUESTS = ("requests_per_second",)
POOL_PRICES = (
    "usd_per_accelerator_hour",
    "committed_usd_per_accelerator_hour",
    "spot_usd_per_accelerator_hour",
)


class Limit(Frozen):
    """Change limits; ``null`` takes one away, what is not named stays."""

    budget_usd: Amount | None = None
    carbon_cap_tco2e: Amount | None = None
    max_provider_share: Annotated[dict[Id, Fraction], AfterValidator(FrozenDict)] | None = None
    max_rtt_ms: Milliseconds | None = None
    """Of services."""
    workloads: Ids | None = None
    """The services whose ``max_rtt_ms`` changes; all of them where absent."""

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with other limits."""
        require_known("service", self.workloads, (work.id for work in problem.services))
        named = self.model_fields_set & set(Limits.model_fields)
        changes: dict[str, Any] = {name: getattr(self, name) for name in named}
        if changes.get("max_provider_share", ()) is None:
            changes["max_provider_share"] = {}
        changed = problem.replace(limits=problem.limits.replace(**changes)) if changes else problem
        if "max_rtt_ms" not in self.model_fields_set:
            return changed
        return with_services(changed, self.workloads, max_rtt_ms=self.max_rtt_ms)


class Protect(Frozen):
    """Change what services survive; ``none`` takes their protection, and the price of it, away."""

    survive: Annotated[
        Survival | Literal["none"] | None, AfterValidator(lambda value: None if value == "none" else value)
    ]
    workloads: Ids | None = None
    """The services that change; all of them where absent."""

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with this protection."""
        require_known("service", self.workloads, (work.id for work in problem.services))
        return with_services(problem, self.workloads, survive=self.survive)


class Spread(Frozen):
    """Let services that ask for more sites than so many ask for no more; those that ask for less stay."""

    min_sites: PositiveCount
    workloads: Ids | None = None
    """The services that change; all of them where absent."""

    def apply(self, problem: Problem) -> Problem:
        """Return the problem in which no ``min_sites`` of theirs is larger."""
        require_known("service", self.workloads, (work.id for work in problem.services))
        wide = [each.id for each in problem.services if each.min_sites > self.min_sites]
        chosen = [name for name in wide if self.workloads is None or name in self.workloads]
        return with_services(problem, chosen, min_sites=self.min_sites)


class Aim(Frozen):
    """Change the objective; what is not named stays."""

    money_weight: Factor | None = None
    usd_per_tco2e: Factor | None = None
    carbon_beyond_horizon: Flag | None = None
    usd_per_ms_request: Annotated[float, _number(ge=0, le=1e3)] | None = None

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with another objective."""
        changes = {
            name: getattr(self, name) for name in self.model_fields_set if getattr(self, name) is not None
        }
        return problem.replace(objective=problem.objective.replace(**changes))


class Add(Frozen):
    """Offer more pools, usually ones that may be bought.

    ``accelerators`` defines types that the problem may lack; what it defines itself holds.
    """

    pools: tuple[Pool, ...] = Field(min_length=1)
    accelerators: tuple[Accelerator, ...] = ()

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with these pools too."""
        known = {each.id for each in problem.accelerators}
        new = tuple(each for each in self.accelerators if each.id not in known)
        return problem.replace(
            pools=(*problem.pools, *self.pools), accelerators=(*problem.accelerators, *new)
        )


class Change(Frozen):
    """One change, named by its key, as scenario files hold it."""

    keep: Keep | None = None
    alone: Alone | None = None
    remove: Remove | None = None
    degrade: Degrade | None = None
    scale: Scale | None = None
    limit: Limit | None = None
    protect: Protect | None = None
    spread: Spread | None = None
    objective: Aim | None = None
    add: Add | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Change:
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise ValueError(f"give exactly one of {', '.join(map(repr, type(self).model_fields))}")
        return self

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with this change."""
        (change,) = (each for name in type(self).model_fields if (each := getattr(self, name)) is not None)
        changed: Problem = change.apply(problem)
        return changed


__all__ = [
    "POOL_PRICES",
    "Add",
    "Aim",
    "Alone",
    "Change",
    "Degrade",
    "Keep",
    "Limit",
    "Protect",
    "Release",
    "Remove",
    "Scale",
    "Spread",
    "risk_groups",
    "times",
]
