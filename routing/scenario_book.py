"""Scenarios and sweeps of a parsed file, with every fault of it by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from .changes import Change
from .errors import Fault, InputError, UnknownNameError, quoted
from .faults import from_validation
from .scenarios import BUILT_IN, Scenario, ScenarioBook, scenario, sweep
from .text import clean


def scenario_book(data: Any, source: str = "") -> ScenarioBook:
    """Return the scenarios that a parsed file declares, the built-in ones first.

    ``scenarios`` maps names to lists of changes (:class:`~.changes.Change`), or to one line as
    :func:`scenario` reads it; they may refer to those above them. ``sweeps`` maps names to lists of axes,
    each a list of names or lines; every combination is a scenario ``a+b``, and the name of the sweep stands
    for all of them.

    Raises
    ------
    InputError
        With every fault, by place.
    """
    if not isinstance(data, Mapping) or not set(data) <= {"scenarios", "sweeps"}:
        raise InputError(["a scenario file is an object with 'scenarios', 'sweeps' or both"], source)
    known, faults = ScenarioBook(BUILT_IN), list[Fault | str]()
    for name, entry in _entries(data, "scenarios", faults):
        try:
            known[name] = _declared(name, entry, known)
        except UnknownNameError as error:
            faults.append(Fault(f"scenarios.{name}", _where_declared(error, name, data["scenarios"])))
            known[name] = Scenario(name)
        except InputError as error:
            faults.extend(_placed(error, ("scenarios", name)))
            known[name] = Scenario(name)  # those that refer to it are not at fault
    for name, axes in _entries(data, "sweeps", faults):
        if name in known:
            faults.append(Fault(f"sweeps.{name}", "is the name of a scenario too; give the sweep another"))
            continue
        try:
            found = {each.name: each for each in sweep(axes, known)}
        except InputError as error:
            faults.extend(_placed(error, ("sweeps", name)))
            continue
        known.update(found)
        known.sweeps[name] = tuple(found)
    if faults:
        raise InputError(faults, source)
    return known


def _entries(data: Mapping[str, Any], key: str, faults: list[Fault | str]) -> Iterator[tuple[str, Any]]:
    entries = data.get(key, {})
    if not isinstance(entries, Mapping):
        faults.append(Fault(key, "must be an object of names"))
        return
    for name, entry in entries.items():
        if not isinstance(name, str) or not _can_be_name(name):
            faults.append(
                Fault(
                    key,
                    f"{quoted(name)} cannot be a name here: empty, with '+', not to be shown, or built in",
                )
            )
        else:
            yield name, entry


def _can_be_name(name: str) -> bool:
    is_plain = bool(name.strip()) and clean(name).strip() == name.strip()
    return is_plain and "+" not in name and name not in BUILT_IN


def _where_declared(error: UnknownNameError, name: str, declared: Mapping[str, Any]) -> str:
    """Return the message of an unknown name, which may be declared further below, or be its own."""
    if error.name == name:
        return "refers to itself"
    if error.name in declared:
        return f"refers to {quoted(error.name)}, which is declared below it; declare that one first"
    return str(error)


def _placed(error: InputError, path: tuple[str, ...]) -> Iterator[Fault]:
    head = ".".join(path)
    for fault in error.faults:
        yield Fault(f"{head}{'.' * bool(fault.place and fault.place[0] != '[')}{fault.place}", fault.message)


def _declared(name: str, entry: Any, known: Mapping[str, Scenario]) -> Scenario:
    if isinstance(entry, str):
        return Scenario(name, scenario(entry, known).changes)
    if not isinstance(entry, list | tuple):
        raise InputError(["must be a list of changes, or one line such as 'cloud-only + demand*1.5'"])
    changes, faults = list[Change](), list[Fault]()
    for index, item in enumerate(entry):
        try:
            changes.append(Change.model_validate(item))
        except ValidationError as error:
            found = from_validation(error, item, Change)
            faults.extend(Fault(f"[{index}].{each.place}".rstrip("."), each.message) for each in found)
    if faults:
        raise InputError(faults)
    return Scenario(name, tuple(changes))
