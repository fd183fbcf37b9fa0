"""From a placement to the decisions of a plan."""

from __future__ import annotations

import numpy as np

from ....routing.collecting import collection_paused
from ...accounts.solution import Decisions, JobDecision
from ...rates import Floats, Ints
from ..answers.columns import JobChoice, ServiceChoice
from ..answers.placing import Placement
from ..form.market import Market

CLOSE = 1e-7
"""Share of a demand that counts as rounding."""


@collection_paused()
def decisions(market: Market, placement: Placement) -> Decisions:
    """Return what ``placement`` decides; demands that are served but for rounding are served exactly."""
    choices = [placed.choice for placed in placement.placed]
    jobs = [_job(market, choice) for choice in choices if isinstance(choice, JobChoice)]
    served = [choice for choice in choices if isinstance(choice, ServiceChoice)]
    arc, period = _joined([c.arc for c in served]), _joined([c.arc_period for c in served])
    requests = np.concatenate([np.zeros(0), *(c.requests for c in served)])
    requests, unserved = _balanced(market, arc, period, requests)
    replicas = np.zeros((len(market.services.slot_pool), market.rates.periods), dtype=np.int64)
    for choice in served:
        replicas[choice.slot, choice.slot_period] = np.round(choice.replicas).astype(np.int64)
    modules = np.zeros(len(market.problem.pools), dtype=np.int64)
    modules[market.rules.module_pool] = np.round(placement.modules).astype(np.int64)
    return Decisions(
        jobs=tuple(sorted(jobs, key=lambda decision: decision.option.job)),
        flow_arc=arc,
        flow_period=period,
        flow_rps=requests,
        replicas=replicas,
        modules=modules,
        unserved=unserved,
    )


def _job(market: Market, choice: JobChoice) -> JobDecision:
    return JobDecision(
        market.jobs.options[choice.option], choice.start_hours, choice.end_hours, choice.run_hours
    )


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def _balanced(market: Market, arc: Ints, period: Ints, requests: Floats) -> tuple[Floats, Floats]:
    """Return the flows (F,), scaled where they miss a demand by rounding, and what is unserved (D, T)."""
    services = market.services
    at = (services.arc_demand[arc], period)
    served = np.zeros(services.demand.shape)
    np.add.at(served, at, requests)
    missing = services.demand - served
    close = np.abs(missing) <= CLOSE * services.demand
    scale = np.where(close & (served > 0), services.demand / np.where(served > 0, served, 1.0), 1.0)
    return requests * scale[at], np.where(close, 0.0, np.maximum(missing, 0.0))
