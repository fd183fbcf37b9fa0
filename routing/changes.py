"""Changes of a problem, the words that scenarios are made of; the problem itself stays as it is.

A change that names something unknown, or leaves nothing to plan with, is an error with every fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, model_validator

from .base import Amount, Fraction, Frozen, FrozenDict, Id, Milliseconds, _number
from .capacity import degraded_link, degraded_pool, without_pools
from .errors import InputError, quoted, suggestion
from .problem import Limits, Problem
from .sites import DataCenter, Jurisdiction, Link, Pool, SiteKind
from .workloads import InferenceService, Survival, TrainingJob

Factor = Annotated[float, _number(ge=0, le=1e6)]
PositiveFactor = Annotated[float, _number(gt=0, le=1e6)]
Ids = tuple[Id, ...]
_E = TypeVar("_E")


class Keep(Frozen):
    """Use only some sites for compute; the others stay as nodes, for data and transit.

    A site stays in use where every list that is given names it.
    """

    kinds: tuple[SiteKind, ...] | None = None
    providers: Ids | None = None
    owners: Ids | None = None
    jurisdictions: tuple[Jurisdiction, ...] | None = None
    data_centers: Ids | None = None

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with the pools of other sites gone, commitments and all."""
        sites = problem.data_centers
        _known("provider", self.providers, (site.provider_id for site in sites))
        _known("owner", self.owners, (site.owner_id for site in sites))
        _known("data center", self.data_centers, (site.id for site in sites))
        wanted = (
            (self.kinds, [site.kind for site in sites]),
            (self.providers, [site.provider_id for site in sites]),
            (self.owners, [site.owner_id for site in sites]),
            (self.jurisdictions, [site.jurisdiction for site in sites]),
            (self.data_centers, [site.id for site in sites]),
        )
        given = [[value in names for value in values] for names, values in wanted if names is not None]
        kept = {site.id for site, *all_of in zip(sites, *given, strict=True) if all(all_of)}
        return without_pools(problem, {pool.id for pool in problem.pools if pool.data_center not in kept})


class Alone(Frozen):
    """One owner with its own sites and its own workloads."""

    owner: Id

    def apply(self, problem: Problem) -> Problem:
        """Return the problem of this owner. Workloads without owner belong to nobody and are gone."""
        mine = tuple(workload for workload in problem.workloads if workload.owner == self.owner)
        if not mine:
            owners = dict.fromkeys(workload.owner for workload in problem.workloads if workload.owner)
            hint = suggestion(self.owner, owners) or f"; owners of workloads: {', '.join(owners) or 'none'}"
            raise InputError([f"no workload belongs to {quoted(self.owner)}{hint}"])
        others = {workload.id for workload in problem.workloads} - {workload.id for workload in mine}
        return Keep(owners=(self.owner,)).apply(_without_workloads(problem, others))


class Remove(Frozen):
    """Lose data centers, pools, links, all that shares a risk, or workloads.

    A lost data center has no capacity left and none of its links; data that lies there cannot be reached.
    What was committed at it is still paid for.
    """

    data_centers: Ids = ()
    pools: Ids = ()
    links: Ids = ()
    risk_groups: Ids = ()
    workloads: Ids = ()

    def apply(self, problem: Problem) -> Problem:
        """Return the problem without them."""
        _known("data center", self.data_centers, problem.data_center)
        _known("pool", self.pools, problem.pool)
        _known("link", self.links, problem.link)
        _known("risk group", self.risk_groups, risk_groups(problem))
        _known("workload", self.workloads, problem.workload)
        lost, cut = self.lost(problem)
        links = tuple(link for link in problem.links if link.id not in cut)
        gone = {pool.id for pool in problem.pools if pool.id in self.pools or pool.data_center in lost}
        pools = tuple(degraded_pool(pool, 0.0) if pool.id in gone else pool for pool in problem.pools)
        return _without_workloads(problem.replace(links=links, pools=pools), set(self.workloads))

    def lost(self, problem: Problem) -> tuple[frozenset[str], frozenset[str]]:
        """Return the data centers and the links that go, links that end at a lost data center included."""
        sites = _hit(problem.data_centers, self.data_centers, self.risk_groups)
        ends = {link.id for link in problem.links if {link.source, link.target} & sites}
        return sites, _hit(problem.links, self.links, self.risk_groups) | ends


class Degrade(Frozen):
    """Leave a part of the capacity of data centers, pools, links, or all that shares a risk."""

    to: Fraction
    """Part that is left."""
    data_centers: Ids = ()
    pools: Ids = ()
    links: Ids = ()
    risk_groups: Ids = ()

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with less capacity."""
        if self.to == 0:
            names = ("data_centers", "pools", "links", "risk_groups")
            return Remove(**{name: getattr(self, name) for name in names}).apply(problem)
        _known("data center", self.data_centers, problem.data_center)
        _known("pool", self.pools, problem.pool)
        _known("link", self.links, problem.link)
        _known("risk group", self.risk_groups, risk_groups(problem))
        sites = _hit(problem.data_centers, self.data_centers, self.risk_groups)
        links = _hit(problem.links, self.links, self.risk_groups)
        return problem.replace(
            pools=_mapped(
                problem.pools,
                lambda pool: pool.id in self.pools or pool.data_center in sites,
                lambda pool: degraded_pool(pool, self.to),
            ),
            links=_mapped(
                problem.links,
                lambda link: link.id in links,
                lambda link: degraded_link(link, self.to),
            ),
        )


class Scale(Frozen):
    """Multiply demand, prices, carbon intensities or bandwidths by factors."""

    demand: Factor = 1.0
    """Requests of services."""
    training: PositiveFactor = 1.0
    """Hours, or PFLOP-days, of training jobs."""
    prices: Factor = 1.0
    """Prices of accelerators: on demand, committed, spot, and capital of modules."""
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
    """Only prices, energy and carbon of these."""

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with the numbers multiplied."""
        _known("workload", self.workloads, problem.workload)
        _known("provider", self.providers, (site.provider_id for site in problem.data_centers))
        chosen = problem.workload if self.workloads is None else set(self.workloads)
        sites = {
            site.id
            for site in problem.data_centers
            if self.providers is None or site.provider_id in self.providers
        }
        return problem.replace(
            workloads=_mapped(problem.workloads, lambda work: work.id in chosen, self._workload),
            pools=_mapped(problem.pools, lambda pool: pool.data_center in sites, self._pool),
            data_centers=_mapped(problem.data_centers, lambda site: site.id in sites, self._site),
            links=tuple(map(self._link, problem.links)),
        )

    def _workload(self, work: TrainingJob | InferenceService) -> TrainingJob | InferenceService:
        if isinstance(work, InferenceService):
            return work.replace(demand=tuple(times(each, self.demand, _REQUESTS) for each in work.demand))
        if work.compute:
            return work.replace(compute=times(work.compute, self.training, ("pflop_days",)))
        return work.replace(needs=tuple(times(need, self.training, ("hours",)) for need in work.needs or ()))

    def _pool(self, pool: Pool) -> Pool:
        bought = pool.expansion and times(pool.expansion, self.prices, ("capital_usd_per_module",))
        cheaper: Pool = times(pool, self.prices, POOL_PRICES).replace(expansion=bought)
        return cheaper

    def _site(self, site: Any) -> Any:
        cheaper = times(times(site, self.energy, ("usd_per_kwh",)), self.carbon, ("g_per_kwh",))
        return times(cheaper, self.network, ("egress_usd_per_gb",))

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
        _known("workload", self.workloads, problem.workload)
        named = self.model_fields_set & set(Limits.model_fields)
        changes: dict[str, Any] = {name: getattr(self, name) for name in named}
        if changes.get("max_provider_share", ()) is None:
            changes["max_provider_share"] = {}
        changed = problem.replace(limits=problem.limits.replace(**changes)) if changes else problem
        if "max_rtt_ms" not in self.model_fields_set:
            return changed
        return _with_services(changed, self.workloads, max_rtt_ms=self.max_rtt_ms)


class Protect(Frozen):
    """Change what services survive; ``null`` takes their protection, and the price of it, away."""

    survive: Survival | None
    workloads: Ids | None = None
    """The services that change; all of them where absent."""

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with this protection."""
        _known("workload", self.workloads, problem.workload)
        return _with_services(problem, self.workloads, survive=self.survive)


class Aim(Frozen):
    """Change the objective; what is not named stays."""

    money_weight: Factor | None = None
    usd_per_tco2e: Factor | None = None
    usd_per_ms_request: Annotated[float, _number(ge=0, le=1e3)] | None = None

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with another objective."""
        changes = {
            name: getattr(self, name) for name in self.model_fields_set if getattr(self, name) is not None
        }
        return problem.replace(objective=problem.objective.replace(**changes))


class Add(Frozen):
    """Offer more pools, usually ones that may be bought."""

    pools: tuple[Pool, ...] = Field(min_length=1)

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with these pools too."""
        return problem.replace(pools=(*problem.pools, *self.pools))


class Change(Frozen):
    """One change, named by its key, as scenario files hold it."""

    keep: Keep | None = None
    alone: Alone | None = None
    remove: Remove | None = None
    degrade: Degrade | None = None
    scale: Scale | None = None
    limit: Limit | None = None
    protect: Protect | None = None
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


def risk_groups(problem: Problem) -> dict[str, None]:
    """Return the names of all groups of data centers and links that share a risk, in file order."""
    groups = [element.risk_groups for element in problem.data_centers]
    groups += [element.risk_groups for element in problem.links]
    return dict.fromkeys(name for each in groups for name in each)


def _known(what: str, names: Iterable[str] | None, known: Iterable[str] | Mapping[str, Any]) -> None:
    """Raise InputError with every one of ``names`` that is not known."""
    choices = dict.fromkeys(known)
    faults = list(_faults(what, names or (), choices))
    if faults:
        raise InputError(faults)


def _faults(what: str, names: Iterable[str], choices: Mapping[str, Any]) -> Iterator[str]:
    for name in names:
        if name not in choices:
            yield f"unknown {what} {quoted(name)}{suggestion(name, choices)}"


def _hit(elements: Iterable[DataCenter | Link], names: Ids, groups: Ids) -> frozenset[str]:
    """Return the ids of the elements that are named, or in one of the groups."""
    shared = set(groups)
    return frozenset(each.id for each in elements if each.id in names or shared & set(each.risk_groups))


def _mapped(
    elements: tuple[_E, ...], chosen: Callable[[_E], bool], change: Callable[[_E], _E]
) -> tuple[_E, ...]:
    return tuple(change(element) if chosen(element) else element for element in elements)


def times(element: Any, factor: float, fields: tuple[str, ...]) -> Any:
    """Return an element with numbers, or lists of them, multiplied; those that are absent stay so."""
    if factor == 1.0:
        return element
    now = {name: getattr(element, name) for name in fields}
    return element.replace(
        **{name: _product(value, factor) for name, value in now.items() if value is not None}
    )


def _product(value: float | tuple[float, ...], factor: float) -> float | tuple[float, ...]:
    return tuple(each * factor for each in value) if isinstance(value, tuple) else value * factor


def _with_services(problem: Problem, names: Ids | None, **fields: Any) -> Problem:
    """Return the problem with fields of some services, or of all, changed."""
    chosen = problem.workload if names is None else set(names)
    return problem.replace(
        workloads=_mapped(
            problem.workloads,
            lambda work: isinstance(work, InferenceService) and work.id in chosen,
            lambda work: work.replace(**fields),
        )
    )


def _without_workloads(problem: Problem, gone: set[str]) -> Problem:
    if not gone:
        return problem
    limits = problem.limits.replace(
        pinned=tuple(each for each in problem.limits.pinned if each.workload not in gone),
        forbidden=tuple(each for each in problem.limits.forbidden if each.workload not in gone),
    )
    return problem.replace(
        workloads=tuple(work for work in problem.workloads if work.id not in gone), limits=limits
    )
