"""The constraints of the model, one function each; names as in the formulation page of the documentation.

Every function takes the variables and appends its rows. Rows that cannot bind are left out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...routing.commitments import committed_usd
from ...routing.sites import Pool
from ..arrays import Rows
from ..rates import Floats, direction_gbps, usable_accelerators
from .job_columns import PauseTable
from .little import little_shares, without_specks
from .spreading import spread
from .surviving import survive_link, survive_site
from .uses import Uses
from .variables import Variables

NEGLIGIBLE_USE = 1e-9
Constraint = Callable[[Variables, Rows], None]


def place_once(variables: Variables, rows: Rows) -> None:
    """sum_o x[j,o] + unplaced[j] = 1."""
    owner = variables.jobs.table.job
    added = rows.add("place_once", len(variables.problem.jobs), 1.0, 1.0)
    rows.put(added[owner[variables.starts.option]], variables.columns.range("start"), 1.0)
    rows.put(added[owner[variables.pauses.option]], variables.columns.range("pause"), 1.0)
    rows.put(added, variables.columns.range("unplaced"), 1.0)


def run_hours(variables: Variables, rows: Rows) -> None:
    """sum_t run[j,o,t] = hours[j,o] x[j,o], run[j,o,t] <= min(room, hours) a[j,o,t], a[j,o,t] <= x[j,o].

    Where active means all of a period, the first row counts periods: whole numbers, which rounding spares.
    Also sum_t a[j,o,t] >= the fewest periods that hold the hours, which only fractions could break.
    """
    pauses = variables.pauses
    pause, active = variables.columns.range("pause"), variables.columns.range("active")
    hours = variables.jobs.table.hours[pauses.option]
    total = rows.add("run_hours", len(pause), 0.0, 0.0)
    given = pauses.run < 0
    rows.put(total[pauses.active_pause], np.where(given, active, pauses.run), 1.0)
    rows.put(total, pause, -_total_run(pauses, hours))
    within = rows.add("run_hours", int((~given).sum()), 0.0, np.inf)
    rows.put(within, active[~given], pauses.active_hours[~given])
    rows.put(within, pauses.run[~given], -1.0)
    fewest = rows.add("run_hours", len(pause), 0.0, np.inf)
    rows.put(fewest[pauses.active_pause], active, 1.0)
    rows.put(fewest, pause, -_fewest_periods(pauses, hours))
    chosen = rows.add("run_hours", len(active), 0.0, np.inf)
    rows.put(chosen, pause[pauses.active_pause], 1.0)
    rows.put(chosen, active, -1.0)


def _total_run(pauses: PauseTable, hours: Floats) -> Floats:
    """Return (N,) what each option runs in all: hours, or periods where active means all of their hours."""
    owner, given = pauses.active_pause, pauses.run < 0
    room = np.bincount(owner, weights=pauses.active_hours, minlength=len(hours))
    each, total = np.zeros(len(hours)), np.minimum(hours, room)
    each[owner[given]] = pauses.active_hours[given]
    counted = each > 0
    total[counted] = np.round(hours[counted] / each[counted])
    return total


def _fewest_periods(pauses: PauseTable, hours: Floats) -> Floats:
    order = np.lexsort((-pauses.active_hours, pauses.active_pause))
    owner, room = pauses.active_pause[order], pauses.active_hours[order]
    before = np.cumsum(room) - room
    first = np.searchsorted(owner, np.arange(len(hours)))
    filled = before - before[np.minimum(first, len(before) - 1)][owner] if len(room) else before
    needed = (filled < hours[owner] - 1e-9).astype(float)
    return np.bincount(owner, weights=needed, minlength=len(hours)).astype(float)


def serve_demand(variables: Variables, rows: Rows) -> None:
    """sum_p f[i,l,p,t] + unserved[i,l,t] = demand[i,l,t], divided by the demand."""
    added = rows.add("serve_demand", len(variables.open_demand), 1.0, 1.0)
    number = np.full(variables.services.demand.shape, -1, dtype=np.int64)
    number[variables.open_demand, variables.open_period] = added
    demand = variables.services.arc_demand[variables.share_arc]
    rows.put(number[demand, variables.share_period], variables.columns.range("share"), 1.0)
    rows.put(added, variables.columns.range("unserved"), 1.0)


def replica_capacity(variables: Variables, rows: Rows) -> None:
    """sum_l f[i,l,p,t] <= target_utilization * throughput[i,k(p)] * y[i,p,t], in replicas."""
    services = variables.services
    slot = services.arc_slot[variables.share_arc]
    number = np.full((len(services.slot_pool), variables.rates.periods), -1, dtype=np.int64)
    used = np.zeros(number.shape, dtype=bool)
    used[slot, variables.share_period] = True
    where = np.nonzero(used)
    number[where] = rows.add("replica_capacity", len(where[0]), 0.0, np.inf)
    load = (
        services.demand[services.arc_demand[variables.share_arc], variables.share_period]
        / services.slot_rps[slot]
    )
    load = without_specks(load, number[slot, variables.share_period])
    rows.put(number[slot, variables.share_period], variables.columns.range("share"), -load)
    held = number[variables.replica_slot, variables.replica_period]
    known = held >= 0
    rows.put(held[known], variables.columns.range("replicas")[known], 1.0)


def whole_replica(variables: Variables, rows: Rows) -> None:
    """f[i,l,p,t] / demand[i,l,t] <= y[i,p,t] for users that take next to nothing of a replica.

    Replica_capacity implies it but for what solvers tolerate: to them so small a part of a replica is none.
    """
    services, little = variables.services, little_shares(variables)
    held = np.full((len(services.slot_pool), variables.rates.periods), -1, dtype=np.int64)
    held[variables.replica_slot, variables.replica_period] = variables.columns.range("replicas")
    replica = held[services.arc_slot[variables.share_arc[little]], variables.share_period[little]]
    little, replica = little[replica >= 0], replica[replica >= 0]
    added = rows.add("whole_replica", len(little), 0.0, np.inf)
    rows.put(added, variables.columns.range("share")[little], -1.0)
    rows.put(added, replica, 1.0)


def _capacity(rows: Rows, name: str, uses: Uses, limit: Floats, needed: np.ndarray) -> np.ndarray:
    """Add one row per needed (place, period): use / limit <= 1; return the row numbers, -1 where none."""
    number = np.full(needed.shape, -1, dtype=np.int64)
    where = np.nonzero(needed)
    number[where] = rows.add(name, len(where[0]), -np.inf, (limit[where] > 0).astype(float))
    at = number[uses.place, uses.period]
    scale = np.where(limit > 0, limit, 1.0)[uses.place, uses.period]
    known = (at >= 0) & (uses.amount > NEGLIGIBLE_USE * scale)
    rows.put(at[known], uses.column[known], uses.amount[known] / scale[known])
    return number


def pool_capacity(variables: Variables, rows: Rows) -> None:
    """Accelerators of jobs active in t + replicas <= usable count + module * e[p], divided by the count."""
    pools, periods = variables.problem.pools, variables.rates.periods
    limit = np.array([usable_before_modules(pool) for pool in pools])[:, None].repeat(periods, axis=1)
    needed = variables.held.most(len(pools), periods, variables.upper) > limit
    number = _capacity(rows, "pool_capacity", variables.held, limit, needed)
    for column, pool in zip(variables.columns.range("modules"), variables.module_pool, strict=True):
        share = -usable_module(variables.problem.pools[pool]) / (limit[pool, 0] or 1.0)
        rows.put(number[pool][number[pool] >= 0], int(column), share)


def usable_before_modules(pool: Pool) -> float:
    """Whole accelerators before the reserve; not rounded where modules may add to it, as their sum is."""
    return pool.count * (1 - pool.reserve_fraction) if pool.expansion else float(usable_accelerators(pool))


def usable_module(pool: Pool) -> float:
    """Return the accelerators that one module adds, less the reserve."""
    return pool.expansion.module_accelerators * (1 - pool.reserve_fraction) if pool.expansion else 0.0


def spot_capacity(variables: Variables, rows: Rows) -> None:
    """Accelerators at the spot price <= spot_count[p] in every period."""
    pools, periods = variables.problem.pools, variables.rates.periods
    offered = np.array([np.inf if pool.spot_count is None else float(pool.spot_count) for pool in pools])
    limit = offered[:, None].repeat(periods, axis=1)
    needed = variables.spot_held.most(len(pools), periods, variables.upper) > limit
    _capacity(rows, "spot_capacity", variables.spot_held, np.where(np.isfinite(limit), limit, 1.0), needed)


def committed_use(variables: Variables, rows: Rows) -> None:
    """overflow[p,t] >= accelerator-hours at the ordinary price - committed accelerator-hours.

    What a column alone has beyond them is charged to it and not counted here: if it is taken, the others have
    to pay for all their hours, as before, and its fractions cannot share what is committed.
    """
    pool, period = variables.overflow_pool, variables.overflow_period
    paid = variables.rates.committed_count[pool] * variables.rates.durations[period]
    added = rows.add("committed_use", len(pool), -1.0, np.inf)
    number = np.full((len(variables.problem.pools), variables.rates.periods), -1, dtype=np.int64)
    scale = np.ones(number.shape)
    number[pool, period], scale[pool, period] = added, paid
    rows.put(added, variables.columns.range("overflow"), 1.0 / paid)
    billed = variables.billed
    at = number[billed.place, billed.period]
    known = at >= 0
    rows.put(at[known], billed.column[known], -(billed.amount / scale[billed.place, billed.period])[known])


def link_capacity(variables: Variables, rows: Rows) -> None:
    """Gbit/s of requests, responses and transfers <= bandwidth less reserve, per direction and period."""
    limit = link_limits(variables)
    needed = variables.traffic.most(len(limit), variables.rates.periods, variables.upper) > limit * (1 - 1e-9)
    _capacity(rows, "link_capacity", variables.traffic, limit, needed)


def link_limits(variables: Variables) -> Floats:
    """Return the (2 * links, T) usable bandwidth of every direction, Gbit/s."""
    return direction_gbps(variables.problem)[:, None].repeat(variables.rates.periods, axis=1)


def site_power(variables: Variables, rows: Rows) -> None:
    """Sum of accelerators in use * kW <= max_power_kw, per site and period."""
    sites, held = variables.problem.data_centers, variables.held
    limit = np.array([np.inf if site.max_power_kw is None else site.max_power_kw for site in sites])
    kw = Uses(
        held.column,
        variables.rates.site[held.place],
        held.period,
        held.amount * variables.rates.kw[held.place],
        -1 - held.column,
    )
    needed = kw.most(len(sites), variables.rates.periods, variables.upper) > limit[:, None]
    bounded = np.where(np.isfinite(limit), limit, 1.0)[:, None].repeat(variables.rates.periods, axis=1)
    _capacity(rows, "site_power", kw, bounded, needed)


def provider_share(variables: Variables, rows: Rows) -> None:
    """Accelerator-hours at a provider <= share * all accelerator-hours."""
    problem, shares = variables.problem, variables.problem.limits.max_provider_share
    provider = [problem.data_center[pool.data_center].provider_id for pool in problem.pools]
    held = (variables.billed, variables.beyond, variables.spot)
    most = max(float(np.abs(uses.amount).max(initial=0.0)) for uses in held)
    # Beside a long horizon, solvers would take the hours of short jobs for none.
    scale = min(most, variables.rates.horizon) or 1.0
    for name in sorted(set(provider)) if shares else ():
        share = shares.get(name, shares.get("*", 1.0))
        if share < 1.0:
            mine = np.array([other == name for other in provider])
            row = rows.add("provider_share", 1, -np.inf, 0.0)
            for uses in held:
                rows.put(row, uses.column, uses.amount * (mine[uses.place] - share) / scale)


def budget(variables: Variables, rows: Rows) -> None:
    """Money within the horizon <= budget_usd."""
    limit = variables.problem.limits.budget_usd
    if limit is not None:
        scale = max(limit, 1.0)
        row = rows.add("budget", 1, -np.inf, (limit - committed_usd(variables.problem)) / scale)
        spent = np.flatnonzero(variables.money)
        rows.put(row, spent, variables.money[spent] / scale)


def carbon_cap(variables: Variables, rows: Rows) -> None:
    """Emissions within the horizon <= carbon_cap_tco2e."""
    limit = variables.problem.limits.carbon_cap_tco2e
    if limit is not None:
        scale = limit if limit > 0 else 1.0
        row = rows.add("carbon_cap", 1, -np.inf, limit / scale)
        emitting = np.flatnonzero(variables.tco2e)
        rows.put(row, emitting, variables.tco2e[emitting] / scale)


def max_moves(variables: Variables, rows: Rows) -> None:
    """sum_j,o elsewhere x[j,o] + sum_i moved[i] <= max_moves; v[i,s] <= moved[i] where i is not at s yet."""
    limit, columns = variables.problem.limits.max_moves, variables.columns
    if limit is None:
        return
    scale = max(limit, 1)
    row = rows.add("max_moves", 1, -np.inf, limit / scale)
    moved = variables.jobs.table.moved
    for family, option in (("start", variables.starts.option), ("pause", variables.pauses.option)):
        rows.put(row, columns.range(family)[moved[option]], 1.0 / scale)
    rows.put(row, columns.range("service_moved"), 1.0 / scale)
    entering = np.flatnonzero(variables.used_enters)
    below = rows.add("max_moves", len(entering), 0.0, np.inf)
    owner = np.searchsorted(variables.moved_service, variables.used_service[entering])
    rows.put(below, columns.range("service_moved")[owner], 1.0)
    rows.put(below, columns.range("site_used")[entering], -1.0)


CONSTRAINTS: tuple[Constraint, ...] = (
    place_once,
    run_hours,
    serve_demand,
    replica_capacity,
    whole_replica,
    pool_capacity,
    spot_capacity,
    committed_use,
    link_capacity,
    site_power,
    spread,
    survive_site,
    survive_link,
    provider_share,
    budget,
    carbon_cap,
    max_moves,
)
