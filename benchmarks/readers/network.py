"""Network design (``cmnd``) and traffic engineering (``te``); layouts are in :mod:`.network_layouts`.

``cmnd`` opens arcs and carries every commodity at the least cost; ``te`` minimises the largest load over
capacity of any link. Solutions: ``{"open": [arc, ...], "flow": [[commodity, arc, amount], ...]}`` for
``cmnd``, the flow alone for ``te``, or ``{"share": [[path, share], ...]}`` where the paths are given
(numbered through all demands). All count from 0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from computeroute.solvers.blocks import (
    BlockResult,
    Blocks,
    BlockSolution,
    Choices,
    Divisions,
    Flows,
    Resources,
)
from scipy.sparse import csr_array

from benchmarks.families import Family, Limits, Solution, WrongSolutionError

from .network_layouts import Floats, PathSheet, Sheet, read_design_sheet, read_traffic_sheet
from .numbers import ROUNDING


def _blocks(sheet: Sheet) -> Blocks:
    """Return the blocks of a network; every arc is a resource of its own."""
    count = len(sheet.tail)
    flows = Flows(
        nodes=sheet.nodes,
        tail=sheet.tail,
        head=sheet.head,
        cost=sheet.cost,
        resource=np.arange(count),
        origin=sheet.origin,
        destination=sheet.destination,
        amount=sheet.amount,
    )
    resources = Resources.fixed(sheet.capacity, sheet.fixed)
    return Blocks(resources, Choices.none(count), Divisions.none(count), flows)


def _path_blocks(sheet: PathSheet) -> Blocks:
    """Return the blocks of demands divided over given paths."""
    paths = [way for ways in sheet.paths for way in ways]
    first = np.cumsum([0, *(len(ways) for ways in sheet.paths)])
    amount = np.repeat(sheet.amount, np.diff(first))
    place = np.cumsum([0, *(len(way) for way in paths)])
    links = np.array([link for way in paths for link in way], dtype=np.int64)
    uses = csr_array(
        (np.repeat(amount, np.diff(place)), links, place), shape=(len(paths), len(sheet.capacity))
    )
    must = np.full(len(sheet.amount), np.inf)
    divisions = Divisions.plain(first, np.zeros(len(paths)), uses, must)
    return Blocks(Resources.fixed(sheet.capacity), Choices.none(len(sheet.capacity)), divisions)


def read_design(path: Path, _: str | None) -> tuple[Blocks, None]:
    """Return the blocks of a ``.dow`` file."""
    return _blocks(read_design_sheet(path)), None


def read_traffic(path: Path, instance: str | None) -> tuple[Blocks, bool]:
    """Return the blocks of a traffic engineering instance, and whether paths are given."""
    sheet = read_traffic_sheet(path, instance)
    return (_blocks(sheet), False) if isinstance(sheet, Sheet) else (_path_blocks(sheet), True)


def _flow(solution: BlockSolution) -> list[list[float]]:
    entries = solution.flow.tocoo()
    triples = zip(entries.row.tolist(), entries.col.tolist(), entries.data.tolist(), strict=True)
    return [[k, a, amount] for k, a, amount in triples if amount > 0]


def design_solution(solution: BlockSolution, _: Any) -> Solution:
    """Return the arcs that carry something, and what."""
    used = np.asarray(solution.flow.sum(axis=0)).ravel() > 0
    return {"open": np.flatnonzero(used).tolist(), "flow": _flow(solution)}


def traffic_solution(solution: BlockSolution, has_paths: bool) -> Solution:
    """Return the flow on every arc, or the share of every path (numbered through all demands)."""
    if not has_paths:
        return {"flow": _flow(solution)}
    used = np.flatnonzero(solution.share > 0)
    return {"share": [[int(path), float(solution.share[path])] for path in used]}


def check_design(path: Path, _: str | None, solution: Solution) -> float:
    """Return the cost of a design, checked against the file."""
    sheet = read_design_sheet(path)
    load = _checked_load(sheet, solution)
    opened = np.zeros(len(sheet.tail), dtype=bool)
    opened[_whole_numbers(solution, "open", len(opened))] = True
    if (~opened & (load > 0)).any():
        raise WrongSolutionError(f"arc {int((~opened & (load > 0)).argmax())} is used but not open")
    over = load - sheet.capacity * (1 + ROUNDING)
    if (over > 0).any():
        arc = int(over.argmax())
        raise WrongSolutionError(f"arc {arc} carries {load[arc]:g}, its capacity is {sheet.capacity[arc]:g}")
    return float(sheet.cost @ load + sheet.fixed[opened].sum())


def check_traffic(path: Path, instance: str | None, solution: Solution) -> float:
    """Return the largest utilisation of a routing, checked against the file."""
    sheet = read_traffic_sheet(path, instance)
    load = _checked_load(sheet, solution) if isinstance(sheet, Sheet) else _path_load(sheet, solution)
    used = load > 0
    if (sheet.capacity[used] <= 0).any():
        raise WrongSolutionError("a link without capacity is used")
    return float((load[used] / sheet.capacity[used]).max(initial=0.0))


def _whole_numbers(solution: Solution, key: str, below: int) -> list[int]:
    found = solution.get(key)
    if not isinstance(found, list) or not all(isinstance(n, int) and 0 <= n < below for n in found):
        raise WrongSolutionError(f"{key!r} is not a list of numbers from 0 to {below - 1}")
    return found


def _table(solution: Solution, key: str, sizes: tuple[int, ...]) -> Floats:
    """Return the rows ``[index, ..., amount]`` of a solution, indices and signs checked."""
    rows = solution.get(key)
    try:
        table = np.array(rows, dtype=float).reshape(-1, len(sizes) + 1)
    except (TypeError, ValueError) as error:
        raise WrongSolutionError(f"{key!r} is not a list of rows of {len(sizes) + 1} numbers") from error
    for column, size in enumerate(sizes):
        index = table[:, column]
        if ((index < 0) | (index >= size) | (index != np.floor(index))).any():
            raise WrongSolutionError(f"{key!r} names something beyond {size - 1} in place {column}")
    if not (table[:, -1] >= 0).all():
        raise WrongSolutionError(f"{key!r} holds a negative amount")
    return table


def _checked_load(sheet: Sheet, solution: Solution) -> Floats:
    """Return the load of every arc; every commodity must leave its origin and arrive whole."""
    table = _table(solution, "flow", (len(sheet.amount), len(sheet.tail)))
    commodity, arc, amount = table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2]
    balance = np.zeros((len(sheet.amount), sheet.nodes))
    np.add.at(balance, (commodity, sheet.tail[arc]), amount)
    np.add.at(balance, (commodity, sheet.head[arc]), -amount)
    every = np.arange(len(sheet.amount))
    np.add.at(balance, (every, sheet.origin), -sheet.amount)
    np.add.at(balance, (every, sheet.destination), sheet.amount)
    wrong = ~(np.abs(balance) <= ROUNDING * sheet.amount[:, None])
    if wrong.any():
        k, node = np.argwhere(wrong)[0]
        raise WrongSolutionError(f"commodity {k} is off by {balance[k, node]:g} at node {node}")
    return np.bincount(arc, amount, len(sheet.tail))


def _path_load(sheet: PathSheet, solution: Solution) -> Floats:
    owner = [(demand, way) for demand, ways in enumerate(sheet.paths) for way in ways]
    served, load = np.zeros(len(sheet.amount)), np.zeros(len(sheet.capacity))
    for path, share in _table(solution, "share", (len(owner),)):
        demand, way = owner[int(path)]
        served[demand] += share
        np.add.at(load, way, share * sheet.amount[demand])  # a path may use a link twice
    if not (np.abs(served - 1) <= ROUNDING).all():
        raise WrongSolutionError(f"demand {int(np.abs(served - 1).argmax())} is not served whole")
    return load


def solve_traffic(blocks: Blocks, _: Any, limits: Limits) -> BlockResult:
    """Minimise the largest utilisation."""
    from computeroute.solvers.network.routing import minimise_utilisation

    return minimise_utilisation(blocks, time_limit=limits.seconds)


def traffic_program(blocks: Blocks, _: Any) -> Any:
    """Return the linear program that other solvers get, with what its solutions mean."""
    from computeroute.solvers.network.routing import utilisation_program

    return utilisation_program(blocks)


FAMILIES = {
    "cmnd": Family(read=read_design, check=check_design, to_solution=design_solution),
    "te": Family(
        read=read_traffic,
        check=check_traffic,
        to_solution=traffic_solution,
        solve=solve_traffic,
        program=traffic_program,
    ),
}
