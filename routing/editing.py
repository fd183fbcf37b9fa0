"""Editing immutable problems: elements replaced, numbers multiplied, names that have to be known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from .errors import InputError, quoted, suggestion
from .problem import Problem
from .workloads import InferenceService

_E = TypeVar("_E")


def require_known(what: str, names: Iterable[str] | None, known: Iterable[str] | Mapping[str, Any]) -> None:
    """Raise InputError with every one of ``names`` that is not known."""
    choices = dict.fromkeys(known)
    faults = list(_faults(what, names or (), choices))
    if faults:
        raise InputError(faults)


def _faults(what: str, names: Iterable[str], choices: Mapping[str, Any]) -> Iterator[str]:
    for name in names:
        if name not in choices:
            yield f"unknown {what} {quoted(name)}{suggestion(name, choices)}"


def mapped(
    elements: tuple[_E, ...], chosen: Callable[[_E], bool], change: Callable[[_E], _E]
) -> tuple[_E, ...]:
    """Return all elements, those that are chosen changed."""
    return tuple(change(element) if chosen(element) else element for element in elements)


def times(element: Any, factor: float, fields: tuple[str, ...]) -> Any:
    """Return an element with numbers, or lists of them, multiplied; those that are absent stay so."""
    if factor == 1.0:
        return element
    now = {name: getattr(element, name) for name in fields}
    return element.replace(
        **{name: _product(value, factor) for name, value in now.items() if value is not None}
    )


def _product(value: float | tuple[float, ...], factor: float) -> float | tuple[float, ...]:
    return tuple(each * factor for each in value) if isinstance(value, tuple) else value * factor


def with_services(problem: Problem, names: Iterable[str] | None, **fields: Any) -> Problem:
    """Return the problem with fields of some services, or of all, changed."""
    chosen = problem.workload if names is None else set(names)
    return problem.replace(
        workloads=mapped(
            problem.workloads,
            lambda work: isinstance(work, InferenceService) and work.id in chosen,
            lambda work: work.replace(**fields),
        )
    )


def without_workloads(problem: Problem, gone: set[str]) -> Problem:
    """Return the problem without some workloads, and without what limits say of them."""
    if not gone:
        return problem
    limits = problem.limits.replace(
        pinned=tuple(each for each in problem.limits.pinned if each.workload not in gone),
        forbidden=tuple(each for each in problem.limits.forbidden if each.workload not in gone),
    )
    return problem.replace(
        workloads=tuple(work for work in problem.workloads if work.id not in gone), limits=limits
    )
