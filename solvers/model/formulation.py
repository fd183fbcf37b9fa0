"""The whole model: all constraints and cuts as arrays, with what the search needs to know of the columns."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from ...routing.commitments import committed_usd
from ..admissible.services import Services
from ..arrays import Arrays, Bools, Rows, joined
from ..rates import Floats, Ints
from .constraints import CONSTRAINTS, Constraint
from .cuts import whole_replicas
from .variables import Variables

TRIFLING_TRAFFIC = 1e-3
"""Share of a link's bandwidth below which the master may overlook the requests of one demand."""

CAPACITIES = ("pool_capacity", "spot_capacity", "link_capacity", "site_power", "budget", "carbon_cap")
"""Rows that count in what there is to share."""
MOST_TAKEN = 1e12
"""Times all there is that is as good as more: nobody gets any of it, and HiGHS takes nothing above 1e15."""


def build_arrays(variables: Variables, constraints: tuple[Constraint, ...] = CONSTRAINTS) -> Arrays:
    """Return the array form of the whole model under ``constraints``."""
    rows, cuts = Rows(), Rows()
    for constraint in constraints:
        constraint(variables, rows)
    whole_replicas(variables, cuts)
    count = variables.columns.count
    matrix = _within_reach(rows, rows.matrix(count))
    return Arrays(
        lower=variables.lower,
        upper=variables.upper,
        integer=np.concatenate(variables.columns.integer),
        cost=variables.cost,
        unserved=variables.unserved,
        matrix=matrix,
        row_lower=joined(rows.lower),
        row_upper=joined(rows.upper),
        cuts=cuts.matrix(count),
        cut_lower=joined(cuts.lower),
        offset=committed_usd(variables.problem) * variables.problem.objective.money_weight,
        moving=variables.moving * variables.problem.objective.money_weight,
        block=_blocks(variables),
        schedule=_is_schedule(variables),
        requests=_requests(variables),
        slot=_slots(variables),
        alike=_alike(variables, rows, matrix),
        loose_rows=_rows_named(rows, "link_capacity"),
        capacity_rows=_rows_named(rows, "pool_capacity") | _rows_named(rows, "site_power"),
        period=_column_periods(variables),
        replicas=variables.columns.range("replicas"),
        replica_rows=_replica_rows(variables, rows, matrix),
        replica_groups=_replica_groups(variables),
    )


def _within_reach(rows: Rows, matrix: csr_array) -> csr_array:
    """Return the matrix in which nothing takes more of a capacity than solvers can be told."""
    row = np.repeat(np.arange(rows.count), np.diff(matrix.indptr))
    named = np.any([_rows_named(rows, name) for name in CAPACITIES], axis=0)
    most = np.where(named, MOST_TAKEN, np.inf)[row]
    matrix.data = np.clip(matrix.data, -most, most)
    return matrix


def _blocks(variables: Variables) -> Ints:
    owner = variables.jobs.table.job
    demand = variables.services.arc_demand[variables.share_arc]
    block = np.full(variables.columns.count, -1, dtype=np.int64)
    block[variables.columns.range("start")] = owner[variables.starts.option]
    block[variables.columns.range("pause")] = owner[variables.pauses.option]
    block[variables.columns.range("share")] = (
        len(variables.problem.jobs) + demand * variables.rates.periods + variables.share_period
    )
    return block


def _is_schedule(variables: Variables) -> Bools:
    schedule = np.zeros(variables.columns.count, dtype=bool)
    schedule[variables.columns.range("active")] = True
    schedule[variables.columns.range("run")] = True
    return schedule


def _requests(variables: Variables) -> Floats:
    requests = np.zeros(variables.columns.count)
    demand = variables.services.arc_demand[variables.share_arc]
    requests[variables.columns.range("share")] = variables.services.demand[demand, variables.share_period]
    return requests


def _slots(variables: Variables) -> Ints:
    slot = np.full(variables.columns.count, -1, dtype=np.int64)
    slot[variables.columns.range("share")] = variables.services.arc_slot[variables.share_arc]
    return slot


def _alike(variables: Variables, rows: Rows, matrix: csr_array) -> Ints:
    """Return the classes of share columns that may be served together; see :class:`Arrays`."""
    services, periods = variables.services, variables.rates.periods
    share = variables.columns.range("share")
    apart = np.zeros(services.demand.shape, dtype=bool)
    demand = services.arc_demand[variables.share_arc]
    lonely = _meets(rows, matrix, share, "link_capacity", TRIFLING_TRAFFIC)
    np.logical_or.at(apart, (demand, variables.share_period), lonely)
    apart[_with_choices(services)] = True  # several routes to a slot are several columns of one share
    classes = _slot_sets(variables)
    found = classes[demand] * periods + variables.share_period
    alike = np.full(variables.columns.count, -1, dtype=np.int64)
    alike[share] = np.where(apart[demand, variables.share_period], -1, found)
    return alike


def _with_choices(services: Services) -> Ints:
    """Return the demands that reach some slot by several routes."""
    pairs, count = np.unique(
        np.column_stack([services.arc_demand, services.arc_slot]), axis=0, return_counts=True
    )
    return np.unique(pairs[count > 1, 0])


def _meets(rows: Rows, matrix: csr_array, columns: Ints, name: str, least: float) -> Bools:
    """Return which columns take at least that much of a row of that name."""
    block = matrix[_rows_named(rows, name)][:, columns]
    most = np.zeros(len(columns))
    np.maximum.at(most, block.indices, np.abs(block.data))
    return most > least


def _rows_named(rows: Rows, name: str) -> Bools:
    named = np.zeros(rows.count, dtype=bool)
    first = rows.first.get(name, 0)
    named[first : first + rows.size.get(name, 0)] = True
    return named


def _slot_sets(variables: Variables) -> Ints:
    """Return a number for each demand, equal where the service and the set of slots are."""
    services = variables.services
    reached: list[set[int]] = [set() for _ in services.demand_service]
    for demand, slot in zip(services.arc_demand.tolist(), services.arc_slot.tolist(), strict=True):
        reached[demand].add(slot)
    numbers: dict[tuple[int, frozenset[int]], int] = {}
    keys = zip(services.demand_service.tolist(), map(frozenset, reached), strict=True)
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _column_periods(variables: Variables) -> Ints:
    period = np.full(variables.columns.count, -1, dtype=np.int64)
    period[variables.columns.range("share")] = variables.share_period
    period[variables.columns.range("unserved")] = variables.open_period
    period[variables.columns.range("replicas")] = variables.replica_period
    period[variables.columns.range("overflow")] = variables.overflow_period
    period[variables.columns.range("rescue")] = variables.rescue_period
    return period


def _replica_rows(variables: Variables, rows: Rows, matrix: csr_array) -> Ints:
    """Return the row of replica_capacity of each replicas column: the only one there in which it has +1."""
    first, count = rows.first.get("replica_capacity", 0), rows.size.get("replica_capacity", 0)
    found = np.full(variables.columns.size["replicas"], -1, dtype=np.int64)
    columns = variables.columns.range("replicas")
    block = matrix[first : first + count][:, columns].tocoo()
    found[block.col] = first + block.row
    return found


def _replica_groups(variables: Variables) -> Ints:
    owner = variables.services.slot_service[variables.replica_slot]
    group = owner * variables.rates.periods + variables.replica_period
    counted = [*variables.on_service.tolist(), *variables.services.survivors]
    return np.where(np.isin(owner, counted), -1, group)
