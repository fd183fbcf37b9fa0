"""The whole problem: what workloads take together within all limits, at least unserved work and cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from computeroute.routing.problem import Problem

from .facts import Facts
from .jobs import JobModel, most_gbps, options
from .paths import Ways
from .program import Program, Terms
from .services import ServiceModel
from .totals import Totals

UNSERVED_SLACK = 1e-8


@dataclass(frozen=True)
class Best:
    """The optimum: least unserved work, and least cost with it; None where there is no plan at all."""

    unserved: float | None
    cost: float | None


class Model:
    """The program of a problem.

    Parameters
    ----------
    cheapest
        Whether origins and destinations have their cheapest routes only, which are offered in any case.
    """

    def __init__(self, problem: Problem, cheapest: bool = False) -> None:
        self.facts, self.program, self.totals = Facts(problem), Program(), Totals()
        ways = Ways(self.facts)
        jobs = [
            (JobModel(self.facts, ways, self.program, self.totals, job), options(self.facts, ways, job))
            for job in self.facts.jobs
        ]
        services = [
            ServiceModel(self.facts, ways, self.program, self.totals, each) for each in self.facts.services
        ]
        self.jobs, self.services = [job for job, _ in jobs], services
        most = sum(most_gbps(each.job, of_job) for each, of_job in jobs) + sum(
            each.most_gbps() for each in services
        )
        for each in (*(job for job, _ in jobs), *services):
            each.narrow, each.cheapest = self._narrower_than(most), cheapest
        for job, of_job in jobs:
            job.place_once(of_job)
        for service in services:
            service.add()
        for constraint in CONSTRAINTS:
            constraint(self.facts, self.program, self.totals)

    def _narrower_than(self, most: float) -> Callable[[str], bool]:
        narrow = {
            k.id
            for k in self.facts.problem.links
            if k.bandwidth_gbps * (1 - k.reserve_fraction) <= most * 1.01
        }
        return narrow.__contains__

    def cost(self) -> Terms:
        """Return the weighted cost, continuing jobs to their ends."""
        objective, totals = self.facts.problem.objective, self.totals
        beyond = objective.usd_per_tco2e if objective.carbon_beyond_horizon else 0.0
        cost = Terms().add(totals.usd, objective.money_weight).add(totals.usd_beyond, objective.money_weight)
        cost.add(totals.tonnes, objective.usd_per_tco2e).add(totals.tonnes_beyond, beyond)
        return cost.add(totals.milliseconds, objective.usd_per_ms_request)

    def best(self, seconds: float = 20.0, presolve: bool = True) -> Best:
        """Return the optimum; raise NotProvenError where it is not proven in time."""
        found = self.program.minimise(self.totals.unserved, seconds, presolve)
        if found is None:
            return Best(None, None)
        unserved = self.totals.unserved.value(found)
        unserved = 0.0 if unserved < UNSERVED_SLACK else unserved
        return Best(unserved, self.least_cost(unserved, seconds, presolve))

    def least_cost(self, unserved: float, seconds: float = 20.0, presolve: bool = True) -> float | None:
        """Return the least cost of plans that leave out no more than ``unserved``."""
        self.program.at_most(self.totals.unserved, unserved + UNSERVED_SLACK)
        cost = self.cost()
        found = self.columns = self.program.minimise(cost, seconds, presolve)
        self.program.rows.pop()
        return None if found is None else cost.value(found)


def pool_capacity(facts: Facts, program: Program, totals: Totals) -> None:
    """Accelerators in use in a period are no more than there are and are bought, less the reserve."""
    for pool in facts.problem.pools:
        expansion, free = pool.expansion, 1 - pool.reserve_fraction
        modules = program.column(expansion.max_modules if expansion else 0, whole=True)
        totals.usd[modules] += facts.module_usd(pool)
        for t in facts.periods:
            if expansion is None:
                program.at_most(totals.held[pool.id, t], facts.usable(pool, 0))
            else:
                bought = {modules: -expansion.module_accelerators * free}
                program.at_most(Terms().add(totals.held[pool.id, t]).add(bought), pool.count * free)


def spot_capacity(facts: Facts, program: Program, totals: Totals) -> None:
    """Accelerators at the spot price are limited where a pool says so."""
    for pool in facts.problem.pools:
        if pool.spot_count is not None:
            for t in facts.periods:
                program.at_most(totals.spot[pool.id, t], pool.spot_count)


def committed_use(facts: Facts, program: Program, totals: Totals) -> None:
    """Pay committed hours in any case; only what exceeds them costs the on-demand price."""
    for pool in facts.problem.pools:
        for t in facts.periods:
            committed = pool.committed_count * facts.hours[t]
            totals.usd.constant += committed * (pool.committed_usd_per_accelerator_hour or 0.0)
            over = program.column()
            totals.usd[over] += pool.usd_per_accelerator_hour
            program.at_least(Terms().add({over: 1.0}).add(totals.ordinary_hours[pool.id, t], -1), -committed)


def link_capacity(facts: Facts, program: Program, totals: Totals) -> None:
    """Each direction of a link carries no more than its bandwidth less the reserve."""
    for link in facts.problem.links:
        for node in (link.source, link.target):
            for t in facts.periods:
                program.at_most(
                    totals.gbps[link.id, node, t], link.bandwidth_gbps * (1 - link.reserve_fraction)
                )


def site_power(facts: Facts, program: Program, totals: Totals) -> None:
    """Accelerators in use draw no more than a site permits."""
    for site in facts.problem.data_centers:
        if site.max_power_kw is not None:
            for t in facts.periods:
                power = Terms()
                for pool in facts.problem.pools:
                    if pool.data_center == site.id:
                        power.add(totals.held[pool.id, t], facts.kw(pool))
                program.at_most(power, site.max_power_kw)


def provider_share(facts: Facts, program: Program, totals: Totals) -> None:
    """No provider gets more than its share of all accelerator-hours."""
    shares = facts.problem.limits.max_provider_share
    for provider in sorted({site.provider or site.id for site in facts.problem.data_centers}):
        if (share := shares.get(provider, shares.get("*"))) is None:
            continue
        difference = Terms()
        for pool in facts.problem.pools:
            site = facts.site(pool)
            own = 1.0 if (site.provider or site.id) == provider else 0.0
            difference.add(totals.hours[pool.id], own - share)
        program.at_most(difference, 0)


def budget(facts: Facts, program: Program, totals: Totals) -> None:
    """All that is paid within the horizon is no more than the budget."""
    if facts.problem.limits.budget_usd is not None:
        program.at_most(totals.usd, facts.problem.limits.budget_usd)


def carbon_cap(facts: Facts, program: Program, totals: Totals) -> None:
    """All that is emitted within the horizon is no more than the cap."""
    if facts.problem.limits.carbon_cap_tco2e is not None:
        program.at_most(totals.tonnes, facts.problem.limits.carbon_cap_tco2e)


def max_moves(facts: Facts, program: Program, totals: Totals) -> None:
    """No more workloads move than allowed."""
    if facts.problem.limits.max_moves is not None:
        program.at_most(totals.moves, facts.problem.limits.max_moves)


CONSTRAINTS = (
    pool_capacity,
    spot_capacity,
    committed_use,
    link_capacity,
    site_power,
    provider_share,
    budget,
    carbon_cap,
    max_moves,
)
"""In an order in which all money is known before the budget."""
