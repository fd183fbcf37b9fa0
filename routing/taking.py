"""Changes that take away: sites, owners, and what is lost or has less capacity."""

from __future__ import annotations

from collections.abc import Iterable

from .base import Fraction, Frozen, Id
from .capacity import degraded_link, degraded_pool, emptied, without_pools
from .editing import mapped, require_known, without_workloads
from .errors import InputError, quoted, suggestion
from .owners import committed_by, owners_of_work, public_sites
from .policies import JurisdictionOrGroup, covers, expand
from .problem import Problem
from .sites import DataCenter, Link, SiteKind

Ids = tuple[Id, ...]


class Keep(Frozen):
    """Use only some sites for compute; the others stay as nodes, for data and transit.

    A site stays in use where every list that is given names it. A country covers its subdivisions, a group
    its members.
    """

    kinds: tuple[SiteKind, ...] | None = None
    providers: Ids | None = None
    owners: Ids | None = None
    jurisdictions: tuple[JurisdictionOrGroup, ...] | None = None
    data_centers: Ids | None = None

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with the pools of other sites gone; what is committed there is still paid."""
        sites = problem.data_centers
        require_known("provider", self.providers, (site.provider_id for site in sites))
        require_known("owner", self.owners, (site.owner_id for site in sites))
        require_known("data center", self.data_centers, (site.id for site in sites))
        covered = self._covered(problem)
        wanted = (
            (self.kinds, [site.kind for site in sites]),
            (self.providers, [site.provider_id for site in sites]),
            (self.owners, [site.owner_id for site in sites]),
            (covered, [site.jurisdiction for site in sites]),
            (self.data_centers, [site.id for site in sites]),
        )
        given = [[value in names for value in values] for names, values in wanted if names is not None]
        kept = {site.id for site, *all_of in zip(sites, *given, strict=True) if all(all_of)}
        gone = {pool.id for pool in problem.pools if pool.data_center not in kept}
        return without_pools(problem, gone, pays_on=True)

    def _covered(self, problem: Problem) -> set[str] | None:
        """Return the jurisdictions of data centers that are meant, None where all are."""
        if self.jurisdictions is None:
            return None
        there = dict.fromkeys(site.jurisdiction for site in problem.data_centers)
        found = {
            name: {each for each in there for code in expand([name], problem.groups) if covers(code, each)}
            for name in self.jurisdictions
        }
        faults = [
            f"no data center is in {quoted(name)}{suggestion(name, [*there, *problem.groups])}"
            f"; they are in {', '.join(there)}, and groups are those of the file"
            for name, places in found.items()
            if not places
        ]
        if faults:
            raise InputError(faults)
        return set().union(*found.values())


class Alone(Frozen):
    """One owner with its own workloads, its own sites and those that sell to everybody.

    Of what is committed at the latter it pays a part (:func:`.owners.committed_by`). Without any such site
    all is left out.
    """

    owner: Id

    def apply(self, problem: Problem) -> Problem:
        """Return the problem of this owner. Workloads without owner belong to nobody and are gone."""
        mine = tuple(workload for workload in problem.workloads if workload.owner == self.owner)
        if not mine:
            owners = dict.fromkeys(workload.owner for workload in problem.workloads if workload.owner)
            hint = suggestion(self.owner, owners) or f"; owners of workloads: {', '.join(owners) or 'none'}"
            raise InputError([f"no workload belongs to {quoted(self.owner)}{hint}"])
        others = {workload.id for workload in problem.workloads} - {workload.id for workload in mine}
        return self._at_home(without_workloads(self._renting(problem), others), public_sites(problem))

    def _renting(self, problem: Problem) -> Problem:
        """Return the problem with this owner's part of the commitments at sites that sell to everybody."""
        owners, public = owners_of_work(problem), public_sites(problem)
        number = owners.index(self.owner)
        return problem.replace(
            pools=mapped(
                problem.pools,
                lambda pool: pool.data_center in public,
                lambda pool: committed_by(number, len(owners), pool),
            )
        )

    def _at_home(self, problem: Problem, public: frozenset[str]) -> Problem:
        homes = {site.id for site in problem.data_centers if site.owner_id == self.owner} | public
        away = {pool.id for pool in problem.pools if pool.data_center not in homes}
        if len(away) == len(problem.pools):
            return problem.replace(pools=tuple(emptied(pool) for pool in problem.pools))
        return without_pools(problem, away, pays_on=False)


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
        require_known("data center", self.data_centers, problem.data_center)
        require_known("pool", self.pools, problem.pool)
        require_known("link", self.links, problem.link)
        require_known("risk group", self.risk_groups, risk_groups(problem))
        require_known("workload", self.workloads, problem.workload)
        lost, cut = self.lost(problem)
        links = tuple(link for link in problem.links if link.id not in cut)
        gone = {pool.id for pool in problem.pools if pool.id in self.pools or pool.data_center in lost}
        pools = tuple(degraded_pool(pool, 0.0) if pool.id in gone else pool for pool in problem.pools)
        return without_workloads(problem.replace(links=links, pools=pools), set(self.workloads))

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
        require_known("data center", self.data_centers, problem.data_center)
        require_known("pool", self.pools, problem.pool)
        require_known("link", self.links, problem.link)
        require_known("risk group", self.risk_groups, risk_groups(problem))
        sites = _hit(problem.data_centers, self.data_centers, self.risk_groups)
        links = _hit(problem.links, self.links, self.risk_groups)
        return problem.replace(
            pools=mapped(
                problem.pools,
                lambda pool: pool.id in self.pools or pool.data_center in sites,
                lambda pool: degraded_pool(pool, self.to),
            ),
            links=mapped(
                problem.links,
                lambda link: link.id in links,
                lambda link: degraded_link(link, self.to),
            ),
        )


class Release(Frozen):
    """Drop what is committed at pools of which nothing may be used, as those that a scenario takes out."""

    def apply(self, problem: Problem) -> Problem:
        """Return the problem without these commitments."""
        return problem.replace(pools=mapped(problem.pools, lambda pool: pool.is_lost, emptied))


def risk_groups(problem: Problem) -> dict[str, None]:
    """Return the names of all groups of data centers and links that share a risk, in file order."""
    groups = [element.risk_groups for element in problem.data_centers]
    groups += [element.risk_groups for element in problem.links]
    return dict.fromkeys(name for each in groups for name in each)


def _hit(elements: Iterable[DataCenter | Link], names: Ids, groups: Ids) -> frozenset[str]:
    """Return the ids of the elements that are named, or in one of the groups."""
    shared = set(groups)
    return frozenset(each.id for each in elements if each.id in names or shared & set(each.risk_groups))
