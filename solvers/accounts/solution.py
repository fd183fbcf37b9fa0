"""From the values of columns to decisions: which job runs where and when, which replicas serve whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..admissible.option_table import JobOption
from ..admissible.windows import windows
from ..arrays import Bools
from ..model.little import little_used
from ..model.variables import Variables
from ..rates import Floats, Ints

NEGLIGIBLE_SHARE = 1e-7
NEGLIGIBLE_HOURS = 1e-7
SPECK = 1e-6
"""Part of a replica that needs none: so much of one is within tolerances."""
OVERLOAD = 5e-7
"""Relative load beyond whole replicas, from shares made to add up, that is no reason for another."""


@dataclass(frozen=True)
class JobDecision:
    """An option with its start and the (T,) hours that it runs in each period."""

    option: JobOption
    start_hours: float
    end_hours: float
    run_hours: Floats


@dataclass(frozen=True)
class Decisions:
    """What a solution decides.

    Attributes
    ----------
    jobs
        One entry per job that runs.
    flow_arc, flow_period, flow_rps
        (F,) requests served.
    replicas
        (S, T) replicas of every slot.
    modules
        (P,) modules bought.
    unserved
        (D, T) requests/s left out.
    """

    jobs: tuple[JobDecision, ...]
    flow_arc: Ints
    flow_period: Ints
    flow_rps: Floats
    replicas: Ints
    modules: Ints
    unserved: Floats


def decide(variables: Variables, x: Floats) -> Decisions:
    """Return the decisions of the solution ``x``, cleared of the solver's tolerances.

    Integers are rounded, shares of a demand that is fully served add up to it exactly, and replicas that no
    request needs are dropped where nothing speaks for them.
    """
    share, unserved = _clean_shares(variables, x)
    flow = np.flatnonzero(share)
    rps = _rps(variables, share)
    return Decisions(
        jobs=tuple(_jobs(variables, x)),
        flow_arc=variables.share_arc[flow],
        flow_period=variables.share_period[flow],
        flow_rps=rps[flow],
        replicas=_replicas(variables, x, rps),
        modules=_modules(variables, x),
        unserved=unserved,
    )


def _clean_shares(variables: Variables, x: Floats) -> tuple[Floats, Floats]:
    columns, services = variables.columns, variables.services
    share = columns.of("share", x).copy()
    left = np.zeros(services.demand.shape)
    left[variables.open_demand, variables.open_period] = columns.of("unserved", x)
    share[share < NEGLIGIBLE_SHARE] = 0.0
    left[left < NEGLIGIBLE_SHARE] = 0.0
    at = (services.arc_demand[variables.share_arc], variables.share_period)
    bare = _are_specks(variables, x, share)
    served, lost = np.zeros(left.shape), np.zeros(left.shape)
    np.add.at(served, at, np.where(bare, 0.0, share))
    np.add.at(lost, at, np.where(bare, share, 0.0))
    share[bare] = 0.0
    left += np.where((left > 0) | (served == 0), lost, 0.0)
    total = left + served
    scale = np.where(total > 0, total, 1.0)
    return share / scale[at], services.demand * left / scale


def _are_specks(variables: Variables, x: Floats, share: Floats) -> Bools:
    """Return the shares that are served where all together need so little of a replica that it is none.

    Who is served elsewhere, too, is so in whole; who is not is left out by so little more.
    """
    services = variables.services
    at = (services.arc_slot[variables.share_arc], variables.share_period)
    asked = _load(variables, _rps(variables, share)) / services.slot_rps[:, None]
    return np.asarray(((asked <= SPECK) & ~little_used(variables, x))[at])


def _rps(variables: Variables, share: Floats) -> Floats:
    demand = variables.services.arc_demand[variables.share_arc]
    return np.asarray(share * variables.services.demand[demand, variables.share_period])


def _load(variables: Variables, rps: Floats) -> Floats:
    """Return (S, T) the requests/s that slots serve."""
    services = variables.services
    load = np.zeros((len(services.slot_pool), variables.rates.periods))
    np.add.at(load, (services.arc_slot[variables.share_arc], variables.share_period), rps)
    return load


def _planned(variables: Variables, x: Floats) -> Floats:
    """Return (S, T) the replicas of the solution."""
    planned = np.zeros((len(variables.services.slot_pool), variables.rates.periods))
    planned[variables.replica_slot, variables.replica_period] = np.round(variables.columns.of("replicas", x))
    return planned


def _jobs(variables: Variables, x: Floats) -> list[JobDecision]:
    starts, columns = variables.starts, variables.columns
    found = [_started(variables, int(index)) for index in np.flatnonzero(columns.of("start", x) > 0.5)]
    chosen = np.flatnonzero(columns.of("pause", x) > 0.5)
    found += [_paused(variables, x, int(index)) for index in chosen]
    assert len(starts.option) == columns.size["start"]
    return sorted(found, key=lambda decision: decision.option.job)


def _started(variables: Variables, index: int) -> JobDecision:
    option = variables.jobs.options[variables.starts.option[index]]
    start = float(variables.starts.start_hours[index])
    job = variables.problem.jobs[option.job]
    window = next(w for w in windows(job, option, variables.rates) if w.start_hours == start)
    return JobDecision(option, start, start + option.hours, window.run_hours)


def _paused(variables: Variables, x: Floats, index: int) -> JobDecision:
    pauses, rates = variables.pauses, variables.rates
    option = variables.jobs.options[pauses.option[index]]
    mine = np.flatnonzero(pauses.active_pause == index)
    active = variables.columns.of("active", x)[mine] > 0.5
    run = (
        np.where(pauses.run[mine] >= 0, x[np.maximum(pauses.run[mine], 0)], pauses.active_hours[mine])
        * active
    )
    run[run < NEGLIGIBLE_HOURS] = 0.0
    hours = np.zeros(rates.periods)
    hours[pauses.active_period[mine]] = np.minimum(
        run * (option.hours / run.sum()), pauses.active_hours[mine]
    )
    earliest = variables.problem.jobs[option.job].earliest_start_hours
    first, last = np.flatnonzero(hours)[[0, -1]]
    start = max(float(rates.boundaries[first]), earliest)
    return JobDecision(
        option, start, max(float(rates.boundaries[last]), earliest) + float(hours[last]), hours
    )


def _replicas(variables: Variables, x: Floats, rps: Floats) -> Ints:
    planned = _planned(variables, x)
    asked = _load(variables, rps) / variables.services.slot_rps[:, None]
    needed = np.ceil(asked * (1 - 1e-9) - SPECK)
    needed = np.where(asked <= planned * (1 + OVERLOAD), np.minimum(needed, planned), needed)
    needed = np.maximum(needed, little_used(variables, x))
    kept = np.where(_may_be_idle(variables), planned, 0.0)
    return np.maximum(kept, needed).astype(np.int64)


def _may_be_idle(variables: Variables) -> np.ndarray:
    """Return (S, T) which replicas may serve a purpose without a load.

    They keep a site in use, are a reserve for losses, raise the total that providers share, or earn money
    where prices are negative.
    """
    services, columns = variables.services, variables.columns
    idle = np.zeros((len(services.slot_pool), variables.rates.periods), dtype=bool)
    earning = np.minimum(columns.of("replicas", variables.cost), columns.of("replicas", variables.money)) < 0
    idle[variables.replica_slot, variables.replica_period] = earning
    idle[np.isin(services.slot_service, variables.on_service)] = True
    idle[np.isin(services.slot_service, services.survivors)] = True
    return idle | bool(variables.problem.limits.max_provider_share)


def _modules(variables: Variables, x: Floats) -> Ints:
    modules = np.zeros(len(variables.problem.pools), dtype=np.int64)
    modules[variables.module_pool] = np.round(variables.columns.of("modules", x)).astype(np.int64)
    return modules
