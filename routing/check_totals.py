"""Stated money, emissions, totals, objective and gap, and the limits over the whole plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from .check_admission import site_of
from .check_findings import Findings, close, exceeds, figure, named
from .check_money import IDLE, KINDS, NETWORK, Ledger, Tally, money, tally
from .check_structure import Sound
from .plan import Cost, Emission, Plan
from .problem import Problem
from .workloads import InferenceService

GAP_ABSOLUTE = 1e-6


def check_totals(sound: Sound, ledger: Ledger, findings: Findings) -> None:
    """Check every stated figure of money and emission, the limits of the plan, its objective and its gap."""
    _check_workloads(sound, ledger, findings)
    _check_plan_totals(sound.plan, ledger, findings)
    _check_breakdown(sound, ledger, findings)
    _check_limits(sound.problem, ledger, findings)
    _check_objective(sound, ledger, findings)


def _compare_cost(constraint: str, element: str, stated: Cost, true: Tally, findings: Findings) -> None:
    for kind in KINDS:
        findings.compare(constraint, element, kind, getattr(stated, kind), true[kind])


def _compare_emission(element: str, stated: Emission, kwh: float, tco2e: float, findings: Findings) -> None:
    findings.compare("emission", element, "energy_kwh", stated.energy_kwh, kwh)
    findings.compare("emission", element, "tco2e", stated.tco2e, tco2e)


def _check_workloads(sound: Sound, ledger: Ledger, findings: Findings) -> None:
    for job, entry in sound.jobs:
        element = named(job=job.id)
        within = ledger.by_workload[job.id]
        in_all = _plus(within, ledger.beyond[job.id])
        _compare_cost("cost", element, entry.cost, within, findings)
        _compare_cost("cost", f"{element}, in all", entry.cost_in_all, in_all, findings)
        _compare_emission(element, entry.emission, ledger.energy_kwh[job.id], ledger.tco2e[job.id], findings)
    for part in sound.services:
        name, entry_cost, emission = part.service.id, part.entry.cost, part.entry.emission
        _compare_cost("cost", named(service=name), entry_cost, ledger.by_workload[name], findings)
        _compare_emission(
            named(service=name), emission, ledger.energy_kwh[name], ledger.tco2e[name], findings
        )


def _plus(one: Tally, other: Tally) -> Tally:
    result = tally()
    for kind in KINDS:
        result[kind] = one[kind] + other[kind]
    return result


def _check_plan_totals(plan: Plan, ledger: Ledger, findings: Findings) -> None:
    _compare_cost("total", "plan", plan.cost, ledger.total(), findings)
    _compare_cost("total", "plan, in all", plan.cost_in_all, ledger.total_in_all(), findings)
    _compare_emission(
        "plan", plan.emission, sum(ledger.energy_kwh.values()), sum(ledger.tco2e.values()), findings
    )


def _check_breakdown(sound: Sound, ledger: Ledger, findings: Findings) -> None:
    problem, sites = sound.problem, sound.problem.data_centers
    names = {
        "by_workload": {*problem.workload, IDLE},
        "by_data_center": {*problem.data_center, NETWORK},
        "by_provider": {*(site.provider_id for site in sites), NETWORK},
        "by_owner": {*(site.owner_id for site in sites), NETWORK},
    }
    for cut, known in names.items():
        stated: Mapping[str, Cost] = getattr(sound.plan.breakdown, cut)
        true: Mapping[str, Tally] = getattr(ledger, cut)
        for name in sorted(stated.keys() | true.keys()):
            element = f"{cut} {name!r}"
            if name not in known:
                findings.add("breakdown", element, "is not a name of the problem")
            cost, entry = stated.get(name, Cost()), true.get(name, tally())
            _compare_cost("breakdown", element, cost, entry, findings)


def _check_limits(problem: Problem, ledger: Ledger, findings: Findings) -> None:
    limits = problem.limits
    if limits.budget_usd is not None:
        findings.limit("budget", "plan", money(ledger.total()), limits.budget_usd, "USD")
    if limits.carbon_cap_tco2e is not None:
        findings.limit("carbon_cap", "plan", sum(ledger.tco2e.values()), limits.carbon_cap_tco2e, "tCO2e")
    billed: defaultdict[str, float] = defaultdict(float)
    for pool, hours in ledger.accelerator_hours.items():
        billed[site_of(problem, problem.pool[pool]).provider_id] += hours
    for provider, hours in billed.items():
        share = limits.max_provider_share.get(provider, limits.max_provider_share.get("*", 1.0))
        most = share * sum(billed.values())
        findings.limit("provider_share", named(provider=provider), hours, most, "accelerator-hours")


def _check_objective(sound: Sound, ledger: Ledger, findings: Findings) -> None:
    plan, weights, cost = sound.plan, sound.problem.objective, ledger.total_in_all()
    objective = weights.money_weight * money(cost) + cost["carbon_usd"] + cost["latency_usd"]
    if plan.objective is None:
        findings.add("status", "plan", f"status {plan.status!r} needs an objective")
    else:
        findings.compare("total", "plan", "objective", plan.objective, objective)
    findings.compare("total", "unserved work", "unserved", plan.unserved, _unserved(sound))
    _check_bounds(plan, findings)


def _unserved(sound: Sound) -> float:
    lost: defaultdict[str, float] = defaultdict(float)
    for entry in sound.left_out:
        hours = sound.problem.durations_hours[sound.period[entry.period]] if entry.period is not None else 1.0
        lost[entry.workload] += hours * (
            1.0 if entry.requests_per_second is None else entry.requests_per_second
        )
    durations = sound.problem.durations_hours
    total = 0.0
    for name, amount in lost.items():
        workload, whole = sound.problem.workload[name], 1.0
        if isinstance(workload, InferenceService):
            rates = sound.demand(workload).values()
            whole = sum(rate * hours for each in rates for rate, hours in zip(each, durations, strict=True))
        total += workload.priority * amount / whole if whole else 0.0
    return total


def _check_bounds(plan: Plan, findings: Findings) -> None:
    if exceeds(plan.unserved_bound, plan.unserved) or plan.unserved_bound < 0:
        message = f"{figure(plan.unserved_bound)} is not from 0 to the unserved work {figure(plan.unserved)}"
        findings.add("total", "unserved_bound", message)
    if plan.bound is None or plan.gap is None or plan.objective is None:
        if plan.status == "optimal" or (plan.bound is None) != (plan.gap is None):
            findings.add("status", "plan", f"bound is {figure(plan.bound)} and gap is {figure(plan.gap)}")
        return
    if exceeds(plan.bound, plan.objective):
        findings.add(
            "total", "bound", f"{figure(plan.bound)} is above the objective {figure(plan.objective)}"
        )
    gap = max(_relative(plan.objective, plan.bound), _unserved_gap(plan))
    if not abs(plan.gap - gap) <= GAP_ABSOLUTE:
        findings.add("total", "gap", f"gap is {figure(plan.gap)}, should be {figure(gap)}")


def _relative(objective: float, bound: float) -> float:
    return max(0.0, objective - bound) / max(abs(objective), 1e-9)


def _unserved_gap(plan: Plan) -> float:
    return (plan.unserved - plan.unserved_bound) / plan.unserved if plan.unserved > 1e-9 else 0.0


def check_no_plan(plan: Plan, findings: Findings) -> None:
    """Check that a plan without a solution holds none."""
    for name in ("jobs", "services", "purchases", "routes", "pool_use", "link_use"):
        if getattr(plan, name):
            findings.add("status", f"plan.{name}", f"is not empty, though the status is {plan.status!r}")
    for name in ("unserved", "unserved_bound"):
        if not getattr(plan, name) >= 0:
            findings.add("status", f"plan.{name}", "is below 0")
    for name in ("objective", "gap"):
        if getattr(plan, name) is not None:
            findings.add("status", f"plan.{name}", f"is stated, though the status is {plan.status!r}")
    cuts = (getattr(plan.breakdown, cut) for cut in type(plan.breakdown).model_fields)
    costs = [plan.cost, plan.cost_in_all, *(cost for cut in cuts for cost in cut.values())]
    if not all(map(_is_nothing, (*costs, plan.emission))):
        findings.add(
            "status", "plan.cost", f"states costs or emissions, though the status is {plan.status!r}"
        )


def _is_nothing(figures: Cost | Emission) -> bool:
    return all(close(getattr(figures, name), 0.0) for name in type(figures).model_fields)
