"""Facility location: several sources (``cflp``), without capacities (``ufl``), one source (``sscflp``).

Any of the layouts of :mod:`.facility_layouts` may come with any of the families. An instance name may end in
``-ss`` (one source), ``-ufl`` (without capacities) and hold the number that stands for the word ``capacity``
in the file (``capa-8000``, ``capa-8000-ss``); what it says goes before the family.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from computeroute.solvers.blocks import Blocks, BlockSolution, Choices, Divisions, Floats, Resources
from scipy.sparse import csr_array

from benchmarks.families import BadFileError, Family, Solution, WrongSolutionError

from .facility_layouts import Sheet, read_sheet
from .numbers import ROUNDING, most_load

LEAST_SHARE = 1e-12


def _variant(path: Path, instance: str | None, family: str) -> tuple[str, Sheet]:
    """Return the kind of problem and its tables with all capacities known."""
    name = instance or path.stem
    kind = "ufl" if name.endswith("-ufl") else "sscflp" if name.endswith("-ss") else family
    sheet = read_sheet(path, instance)
    capacity = sheet.capacity.copy()
    if kind == "ufl":
        capacity[:] = np.inf
    elif np.isnan(capacity).any():
        number = re.search(r"(?<!-)-(\d+(?:\.\d+)?)(?:-ss)?$", name)
        if not number:
            raise BadFileError(f"{path}: capacities are left to the instance name, such as {path.stem}-8000")
        capacity[np.isnan(capacity)] = float(number.group(1))
    return kind, replace(sheet, capacity=capacity)


def _reader(family: str) -> Callable[[Path, str | None], tuple[Blocks, int]]:
    def read(path: Path, instance: str | None) -> tuple[Blocks, int]:
        """Return the blocks of an instance, arcs by customer, and the number of sites."""
        kind, sheet = _variant(path, instance, family)
        if sheet.doubt:
            sys.stderr.write(f"{path}: {sheet.doubt}\n")
        return facility_blocks(sheet, single=kind == "sscflp"), len(sheet.opening)

    return read


def facility_blocks(sheet: Sheet, *, single: bool) -> Blocks:
    """Return the blocks of an instance: option or arc ``i * m + j`` serves customer i from site j."""
    sites, customers = sheet.cost.shape
    first = np.arange(customers + 1) * sites
    cost = np.ascontiguousarray(sheet.cost.T).ravel()
    take, site = np.repeat(sheet.demand, sites), np.tile(np.arange(sites), customers)
    uses = csr_array((take, site, np.arange(len(cost) + 1)), shape=(len(cost), sites))
    must = np.full(customers, np.inf)
    return Blocks(
        resources=Resources.fixed(sheet.capacity, sheet.opening),
        choices=Choices(first, cost, uses, must) if single else Choices.none(sites),
        divisions=Divisions.none(sites) if single else Divisions.plain(first, cost, uses, must),
    )


def to_solution(solution: BlockSolution, sites: int) -> Solution:
    """Return the open sites and who is served from where, with which share."""
    arcs, share = np.flatnonzero(solution.share > LEAST_SHARE), solution.share
    if len(solution.option):
        arcs, share = solution.option, np.ones(int(solution.option.max()) + 1)
    serve = [[int(arc // sites), int(arc % sites), float(share[arc])] for arc in arcs]
    return {"open": sorted({site for _, site, _ in serve}), "serve": serve}


def _checker(family: str) -> Callable[[Path, str | None, Solution], float]:
    def check(path: Path, instance: str | None, solution: Solution) -> float:
        """Return the cost of a solution, checked against the tables of the file."""
        kind, sheet = _variant(path, instance, family)
        opened, served = _checked_entries(solution, *sheet.cost.shape)
        share = np.zeros(sheet.cost.shape)
        for customer, site, fraction in served:
            share[site, customer] += fraction
        is_single = kind == "sscflp"
        _check_shares(share, opened, single=is_single)
        most = most_load(sheet.capacity, sheet.demand) if is_single else sheet.capacity * (1 + ROUNDING)
        _check_loads(share @ sheet.demand, most, sheet.capacity)
        return float((share * sheet.cost).sum() + sheet.opening[opened].sum())

    return check


def _checked_entries(
    solution: Solution, sites: int, customers: int
) -> tuple[list[int], list[tuple[int, int, float]]]:
    try:
        opened = sorted({int(site) for site in solution["open"]})
        served = [(int(i), int(j), float(part)) for i, j, part in solution["serve"]]
    except (KeyError, TypeError, ValueError) as error:
        raise WrongSolutionError(f"the solution does not have the form open, serve: {error!r}") from error
    for site in [*opened, *(site for _, site, _ in served)]:
        if not 0 <= site < sites:
            raise WrongSolutionError(f"there is no site {site}")
    for customer, site, part in served:
        if not 0 <= customer < customers:
            raise WrongSolutionError(f"there is no customer {customer}")
        if not part >= 0:
            raise WrongSolutionError(f"customer {customer} is served {part} from site {site}")
    return opened, served


def _check_shares(share: Floats, opened: list[int], *, single: bool) -> None:
    total = share.sum(axis=0)
    for customer in np.flatnonzero(np.abs(total - 1.0) > ROUNDING):
        raise WrongSolutionError(f"{total[customer]:.9g} of customer {customer} is served")
    closed = np.setdiff1d(np.flatnonzero(share.any(axis=1)), opened)
    if len(closed):
        raise WrongSolutionError(f"site {closed[0]} serves but is not open")
    several = np.flatnonzero((share > ROUNDING).sum(axis=0) > 1)
    if single and len(several):
        raise WrongSolutionError(f"customer {several[0]} is served from several sites")


def _check_loads(load: Floats, most: Floats, capacity: Floats) -> None:
    for site in np.flatnonzero(load > most):
        raise WrongSolutionError(f"site {site} serves {load[site]:.9g}, more than its {capacity[site]:.9g}")


FAMILIES = {
    name: Family(read=_reader(name), check=_checker(name), to_solution=to_solution)
    for name in ("cflp", "ufl", "sscflp")
}
