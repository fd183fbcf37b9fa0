"""Layouts of network design and traffic engineering files, as raw tables; see :mod:`.network`.

* ``.dow``: network design (C, CPlus, R);
* REPETITA: ``NAME.000k.demands`` with ``NAME.graph`` beside it. Either may be the file; with the graph the
  instance names the demands;
* SNDlib as in topohub: node-link JSON with demands; each link is two arcs of capacity 1;
* GEANT as in FIGRET: ``*.hist``, one flattened matrix per line, with ``GEANT.json`` and ``tunnels.txt`` (the
  paths that may be taken) beside it. ``NAME/3`` is the matrix on line 3, counted from 0; the first otherwise.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.families import BadFileError

from .numbers import finite, places, read_text, require_end, sizes, take, within

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TITLES = ("NODES", "EDGES", "DEMANDS")
"""Of the tables of REPETITA."""
MOST_NODES = 1_000_000
"""Nodes of a network at most."""


@dataclass(frozen=True)
class Sheet:
    """Arcs (A) and commodities (K) of a file, nodes from 0; ``cost`` and ``fixed`` are 0 in ``te``."""

    nodes: int
    tail: Ints
    head: Ints
    cost: Floats
    capacity: Floats
    fixed: Floats
    origin: Ints
    destination: Ints
    amount: Floats


@dataclass(frozen=True)
class PathSheet:
    """Demands (D) and the paths that each may take, as lists of links; capacities of the links."""

    capacity: Floats
    amount: Floats
    paths: list[list[list[int]]]


def read_design_sheet(path: Path) -> Sheet:
    """Read a ``.dow`` file."""
    lines = read_text(path).splitlines()
    try:
        numbers = np.array(" ".join(lines[1:]).split(), dtype=float)
    except ValueError as error:
        raise BadFileError(f"{path}: {error}") from error
    nodes, arcs, commodities = sizes(take(numbers, 0, 3, path, "the sizes"), path)
    of_arcs = take(numbers, 3, 7 * arcs, path, "the arcs").reshape(arcs, 7)
    at = 3 + 7 * arcs
    of_commodities = take(numbers, at, 3 * commodities, path, "the commodities").reshape(commodities, 3)
    require_end(numbers, at + 3 * commodities, path)
    ends = [places(each[:, :2], path, "nodes") - 1 for each in (of_arcs, of_commodities)]
    sheet = Sheet(
        nodes=nodes,
        tail=ends[0][:, 0],
        head=ends[0][:, 1],
        cost=of_arcs[:, 2],
        capacity=of_arcs[:, 3],
        fixed=of_arcs[:, 4],
        origin=ends[1][:, 0],
        destination=ends[1][:, 1],
        amount=of_commodities[:, 2],
    )
    return _sound(path, sheet)


def _sound(path: Path, sheet: Sheet) -> Sheet:
    """Return a sheet whose numbers can be what they are."""
    if sheet.nodes > MOST_NODES:
        raise BadFileError(f"{path}: {sheet.nodes} nodes are more than the {MOST_NODES:,} that are read")
    for what, numbers in (("costs", sheet.cost), ("fixed costs", sheet.fixed), ("amounts", sheet.amount)):
        finite(numbers, path, what, 0.0)
    within(sheet.capacity, path, "capacities")
    for ends in (sheet.tail, sheet.head, sheet.origin, sheet.destination):
        if ((ends < 0) | (ends >= sheet.nodes)).any():
            raise BadFileError(f"{path}: names a node that there is not among {sheet.nodes}")
    return sheet


def read_traffic_sheet(path: Path, instance: str | None) -> Sheet | PathSheet:
    """Read a traffic engineering instance."""
    if path.suffix == ".hist":
        return _geant(path, instance)
    if path.suffix == ".json":
        return _sndlib(path)
    if path.suffix in {".graph", ".demands"}:
        return _repetita(path, instance)
    raise BadFileError(f"{path}: is neither .demands, .graph, .json nor .hist")


def _repetita(path: Path, instance: str | None) -> Sheet:
    demands = path
    if path.suffix == ".graph":
        if instance is None:
            raise BadFileError(f"{path}: the instance names the demands, such as {path.stem}.0000")
        demands = path.with_name(f"{instance}.demands")
    graph = path.with_name(demands.name.partition(".")[0] + ".graph")
    arcs = _table(graph, "EDGES", 5)
    wanted = _table(demands, "DEMANDS", 3)
    nodes = len(_rows(graph, "NODES"))
    sheet = _uncosted(demands, nodes, arcs[:, :2], arcs[:, 3], wanted)
    return _sound(demands, sheet)


def _rows(path: Path, title: str) -> list[list[str]]:
    """Return the words of the lines below a title line ``TITLE count`` and a heading, as many as it says."""
    lines = [line.split() for line in read_text(path).splitlines()]
    at = next((row for row, words in enumerate(lines) if words[:1] == [title]), None)
    if at is None or len(lines[at]) < 2 or not lines[at][1].isdecimal():
        raise BadFileError(f"{path}: has no line {title} with their number")
    count, rows = int(lines[at][1]), lines[at + 2 :]
    found = next((row for row, words in enumerate(rows) if not words or words[0] in TITLES), len(rows))
    if found != count:
        raise BadFileError(f"{path}: {count} lines of {title} expected, {found} found")
    return rows[:count]


def _table(path: Path, title: str, columns: int) -> Floats:
    """Return the numbers below a title line and a heading, each line after its label."""
    rows = _rows(path, title)
    try:
        return np.array([words[1 : 1 + columns] for words in rows], dtype=float).reshape(len(rows), columns)
    except ValueError as error:
        raise BadFileError(f"{path}: no table {title} of {columns} numbers per line") from error


def _uncosted(path: Path, nodes: int, ends: Floats, capacity: Floats, demands: Floats) -> Sheet:
    """Return the sheet of arcs from and to ``ends`` (A, 2), and of ``demands``: from, to, and how much."""
    nothing = np.zeros(len(ends))
    tail, head = places(ends, path, "nodes").T
    origin, destination = places(demands[:, :2], path, "nodes").T
    return Sheet(
        nodes=nodes,
        tail=tail,
        head=head,
        cost=nothing,
        capacity=np.asarray(capacity, dtype=float),
        fixed=nothing,
        origin=origin,
        destination=destination,
        amount=demands[:, 2],
    )


def _json(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise BadFileError(f"{path}: {error}") from error


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _sndlib(path: Path) -> Sheet:
    data = _json(path)
    try:
        place = {str(node["id"]): at for at, node in enumerate(data["nodes"])}
        if len(place) < len(data["nodes"]):
            raise BadFileError(f"{path}: two nodes have the same id")
        links = [(place[str(link["source"])], place[str(link["target"])]) for link in data["edges"]]
        wanted = [
            (place[source], place[target], _number(amount))
            for source, row in data["graph"]["demands"].items()
            for target, amount in row.items()
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadFileError(f"{path}: is not a network with demands: {error!r}") from error
    ends = np.array([*links, *((head, tail) for tail, head in links)], dtype=float).reshape(-1, 2)
    demands = np.array(wanted, dtype=float).reshape(-1, 3)
    return _sound(path, _uncosted(path, len(place), ends, np.ones(len(ends)), demands))


def _geant(path: Path, instance: str | None) -> PathSheet:
    line = _line(path, instance)
    rows = read_text(path).splitlines()
    if line >= len(rows):
        raise BadFileError(f"{path}: has no line {line}")
    data = _json(path.with_name("GEANT.json"))
    try:
        number = {(link["source"], link["target"]): at for at, link in enumerate(data["links"])}
        capacity = np.array([_number(link["capacity"]) for link in data["links"]])
        nodes = len(data["nodes"])
        matrix = np.array(rows[line].split(), dtype=float).reshape(nodes, nodes)
        tunnels = _tunnels(path.with_name("tunnels.txt"))
        within(capacity, path, "capacities")
        finite(matrix, path, "amounts", 0.0)
        wanted = [pair for pair in tunnels if min(pair) >= 0 and matrix[pair] > 0]
        paths = [[[number[hop] for hop in hops] for hops in tunnels[pair]] for pair in wanted]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadFileError(f"{path}: does not fit its network and tunnels: {error!r}") from error
    missing = (matrix > 0) & ~np.eye(nodes, dtype=bool)
    if missing.sum() > len(wanted):
        raise BadFileError(f"{path}: a demand has no path in tunnels.txt")
    return PathSheet(capacity, np.array([matrix[pair] for pair in wanted]), paths)


def _line(path: Path, instance: str | None) -> int:
    """Return which line an instance such as ``GEANT/3`` is, the first where none is named."""
    name = instance or ""
    if "/" not in name:
        return 0
    found = re.search(r"/(\d{1,9})$", name)
    if found is None:
        raise BadFileError(f"{path}: {name!r} names no line; NAME/3 is line 3, counted from 0")
    return int(found[1])


def _tunnels(path: Path) -> dict[tuple[int, int], list[list[tuple[int, int]]]]:
    """Return the hops of each path of each pair of nodes: ``src dst:a-b-c,a-d-c``."""
    found: dict[tuple[int, int], list[list[tuple[int, int]]]] = {}
    for row in read_text(path).split("\n"):
        if row.strip():
            pair, _, paths = row.partition(":")
            source, target = (int(node) for node in pair.split())
            nodes = [[int(node) for node in hops.split("-")] for hops in paths.split(",")]
            if (source, target) in found:
                raise ValueError(f"{source} {target} is there twice")
            if any((way[0], way[-1]) != (source, target) for way in nodes):
                raise ValueError(f"a path of {source} {target} does not join them")
            found[source, target] = [list(pairwise(way)) for way in nodes]
    return found
