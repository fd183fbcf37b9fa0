"""Reading problems: a file, a sample by its name or standard input, with workloads from a second file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from ..routing.errors import Fault, InputError, suggestion
from ..routing.faults import place
from ..routing.problem import Problem
from ..routing.raw import items
from .catalog import accelerators, fill_in
from .documents import parse
from .sources import Source, open_source
from .tables import Table

FilePath = str | os.PathLike[str]
Path = tuple[int | str, ...]
_MOST_HINTS = 100


def load(path: FilePath, workloads: FilePath | None = None) -> Problem:
    """Read a problem.

    Accelerators and groups of jurisdictions that it uses but does not define come from the packaged catalogs.

    Parameters
    ----------
    path
        A JSON or YAML file, the name of a sample such as ``two-sites`` (where there is no such file), or
        ``-`` for standard input.
    workloads
        A second file whose workloads are added to those of the first: JSON or YAML, a list or an object with
        the key ``workloads``; or CSV (see :mod:`computeroute.topologies.tables`).

    Raises
    ------
    InputError
        With every fault found in the two files, each with its place.
    """
    data, faults = read(path)
    second = None if workloads is None else _read_workloads(workloads)
    own = data.get("workloads", [])
    begin = len(own) if isinstance(own, list) else 0
    if second and isinstance(own, list):
        data = {**data, "workloads": [*own, *second.items]}
    theirs = list(second.faults) if second and isinstance(own, list) else []
    try:
        problem = from_data(data, os.fspath(path))
    except InputError as error:
        for fault in error.faults:
            mended = None if second is None else _mended(fault, begin, second)
            (faults if mended is None else theirs).append(mended or fault)
    if faults or theirs:
        raise _refusal(os.fspath(path), faults, second.name if second else "", theirs)
    return problem


def from_data(data: Mapping[str, Any], source: str = "") -> Problem:
    """Build a problem from plain data, such as the body of a request, as :func:`load` does from a file.

    Accelerators and groups of jurisdictions that it uses but does not define come from the packaged catalogs.
    ``source`` is what faults call it.

    Raises
    ------
    InputError
        With every fault, each with its place.
    """
    if not isinstance(data, Mapping):
        return Problem.parse(data, source)
    try:
        return Problem.parse(fill_in(data), source)
    except InputError as error:
        known = _without_empty_accelerators(error.faults, data)
        faults = [*map(_hints(), known[:_MOST_HINTS]), *known[_MOST_HINTS:]]
        raise InputError(faults, source) from None


def _refusal(name: str, faults: list[Fault], second: str, theirs: list[Fault]) -> InputError:
    """Return the error that tells the faults of both files, each under the name of its own."""
    if not theirs or not faults:
        return InputError(faults or theirs, name if faults else second)
    told = [replace(fault, place=f"{name}: {fault.place}".removesuffix(": ")) for fault in faults]
    return InputError(
        [*told, *(replace(fault, place=f"{second}: {fault.place}") for fault in theirs)],
        f"{name} and {second}",
    )


def read(path: FilePath) -> tuple[dict[str, Any], list[Fault]]:
    """Return the plain data of a file, sample or standard input, and its repeated keys as faults.

    Raises
    ------
    InputError
        When it cannot be read, is neither JSON nor YAML or is not an object.
    """
    source = open_source(path)
    data, faults = parse(source)
    if not isinstance(data, dict):
        raise InputError(
            ["the top level must be an object with keys such as 'data_centers' and 'pools'"], source.name
        )
    if "problem_digest" in data and "pools" not in data:
        raise InputError(
            ["this is a plan; give the file with 'pools' and 'workloads' that it was made from"], source.name
        )
    return data, faults


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a problem file.

    It is a little wider than the model: ``accelerators`` may come from the catalog and ``workloads`` from a
    second file, so neither is required.
    """
    model = Problem.model_json_schema()
    for name in ("accelerators", "workloads"):
        model["required"].remove(name)
        model["properties"][name].pop("minItems")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model}


class _Second(Protocol):
    """The workloads of a second file."""

    name: str
    faults: list[Fault]

    @property
    def items(self) -> list[Any]: ...

    def place(self, index: int, path: Path) -> str:
        """Return the place, within the file, of a field of the workload with that index."""
        ...


class _Listed:
    """Workloads from JSON or YAML."""

    def __init__(self, name: str, data: Any, faults: list[Fault]) -> None:
        self.name, self.data, self.faults = name, data, faults
        self.root: Path = ("workloads",) if isinstance(data, dict) else ()
        found = data.get("workloads") if isinstance(data, dict) and len(data) == 1 else data
        if not isinstance(found, list):
            raise InputError(["must be a list of workloads or an object with the one key 'workloads'"], name)
        self.items = found

    def place(self, index: int, path: Path) -> str:
        return place((*self.root, index, *path), self.data)


def _read_workloads(path: FilePath) -> _Second:
    source = open_source(path)
    return Table(source) if _is_table(source) else _Listed(source.name, *parse(source))


def _is_table(source: Source) -> bool:
    """Judge by the extension, or by a header of plain words where that tells nothing."""
    by_suffix = {".csv": True, ".tsv": True, ".json": False, ".yaml": False, ".yml": False}
    return by_suffix.get(source.suffix, bool(re.match(r"\s*\w+ *[,;\t]", source.text)))


def _mended(fault: Fault, begin: int, second: _Second) -> Fault | None:
    """Return a fault of the second file, whose workloads begin at ``begin``, with its place there."""
    index = fault.path[1] if len(fault.path) > 1 and fault.path[0] == "workloads" else -1
    if not isinstance(index, int) or index < begin:
        return None

    def relabel(match: re.Match[str]) -> str:
        other = int(match[1]) - begin
        return second.place(other, ()) if other >= 0 else match[0]

    message = re.sub(r"\bworkloads\[(\d+)\]", relabel, fault.message)
    return Fault(second.place(index - begin, fault.path[2:]), message)


def _without_empty_accelerators(faults: Sequence[Fault], data: Mapping[str, Any]) -> list[Fault]:
    """Leave out that there are no accelerators where the catalog fills them in: for pools, or known names."""
    unknown = any(fault.message.startswith("unknown accelerator") for fault in faults)
    filled_in = unknown or (not items(data, "pools") and "accelerators" not in data)
    return [fault for fault in faults if not (filled_in and fault.path == ("accelerators",))]


def _hints() -> Callable[[Fault], Fault]:
    """Return a function that adds to a fault what a reader of files knows: the catalog, the second file."""
    known = tuple(accelerators())

    def add(fault: Fault) -> Fault:
        if fault.path == ("workloads",) and fault.message.startswith("is "):
            return replace(fault, message=f"{fault.message}, here or in a second file")
        found = re.fullmatch(r"(unknown accelerator '([^']*)')(; did you mean .*)?", fault.message)
        return (
            replace(fault, message=found[1] + _accelerator_hint(found[2], found[3], known))
            if found
            else fault
        )

    return add


def _accelerator_hint(name: str, hint: str | None, known: Sequence[str]) -> str:
    """Suggest the name in its right case, or its variants in the catalog, else what the file has."""
    if name.lower() in known:
        return f"; did you mean {name.lower()!r}?"
    variants = [other for other in known if other.startswith(f"{name.lower()}-")]
    if variants:
        return f"; did you mean {' or '.join(map(repr, variants))}?"
    return hint or suggestion(name, known) or "; define it, or choose one that `route catalog` lists"
