"""What decisions hold of the pools and send over the links, by period."""

from __future__ import annotations

import numpy as np

from ..admissible.routebook import hops, return_hops
from ..model.variables import GBIT_PER_KB, direction_index
from ..rates import Floats, usable_accelerators
from .accounting import World
from .solution import Decisions, JobDecision


def accelerators_held(variables: World, decisions: Decisions) -> Floats:
    """Return the (P, T) accelerators in use."""
    services = variables.services
    held = np.zeros((len(variables.problem.pools), variables.rates.periods))
    for decision in decisions.jobs:
        for pool in decision.option.pools:
            held[pool] += decision.option.accelerators * (decision.run_hours > 0)
    np.add.at(held, services.slot_pool, decisions.replicas * services.slot_accelerators[:, None])
    return held


def traffic_gbps(variables: World, decisions: Decisions) -> Floats:
    """Return the (2 * links, T) traffic in every direction."""
    directions, services = direction_index(variables.problem), variables.services
    traffic = np.zeros((2 * len(variables.problem.links), variables.rates.periods))
    for decision in decisions.jobs:
        _add_job_traffic(variables, decision, directions, traffic)
    owner = services.arcs_service[decisions.flow_arc]
    size = [(service.request_kb, service.response_kb) for service in variables.problem.services]
    gbps = decisions.flow_rps * np.array(size, dtype=float).reshape(-1, 2)[owner].T * GBIT_PER_KB
    for way, amount in zip((services.trips.out, services.trips.back), gbps, strict=True):
        crossed = way.take(services.arc_trip[decisions.flow_arc])
        entry = np.repeat(np.arange(len(owner)), crossed.lengths)
        np.add.at(traffic, (crossed.values, decisions.flow_period[entry]), amount[entry])
    return traffic


def _add_job_traffic(
    variables: World, decision: JobDecision, directions: dict[tuple[str, str, str], int], traffic: Floats
) -> None:
    option, rates = decision.option, variables.rates
    job = variables.problem.jobs[option.job]
    active = decision.run_hours > 0
    ends = decision.start_hours + option.transfer_hours
    moving = active if option.pausable else active & (rates.boundaries[:-1] < ends - 1e-9)
    for route in option.routes:
        for hop in hops(route) if route else ():
            traffic[directions[hop]] += option.rate_gbps * moving
    for route in option.inter_site:
        for hop in (*hops(route), *return_hops(route)):
            traffic[directions[hop]] += (
                job.multi_site.min_bandwidth_gbps if job.multi_site else 0.0
            ) * active


def accelerators_there(variables: World, decisions: Decisions) -> Floats:
    """Return the (P,) accelerators that plans may hold with what is bought."""
    pools = zip(variables.problem.pools, decisions.modules.tolist(), strict=True)
    return np.array([usable_accelerators(pool, int(modules)) for pool, modules in pools], dtype=float)
