"""Tools to change one thing in a plan, or in the problem under a plan, for the tests of the verifier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from computeroute.routing.errors import InputError
from computeroute.routing.plan import Plan
from computeroute.routing.problem import Problem
from computeroute.routing.verifier import Violation, check

from .check_plans import CASES, Case

Path = tuple[str | int, ...]
Change = Callable[[Any, Any], None]


@cache
def case(name: str) -> Case:
    return CASES[name]()


@cache
def plan_data(name: str) -> Any:
    return case(name)[1].model_dump(mode="json")


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every number, text, flag and null of JSON data with its path."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def items(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every item of every list."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(value, list):
                yield (*path, key)
            yield from items(item, (*path, key))


def changed(data: Any, path: Path, change: Change) -> Any:
    """Return ``data`` after ``change(holder, key)`` at ``path``; only what lies on the path is copied."""
    copy = data.copy()
    if len(path) == 1:
        change(copy, path[0])
    else:
        copy[path[0]] = changed(copy[path[0]], path[1:], change)
    return copy


def put(value: Any) -> Change:
    return lambda holder, key: holder.__setitem__(key, value)


def drop(holder: Any, key: Any) -> None:
    holder.pop(key)


def repeat(holder: Any, key: Any) -> None:
    holder.insert(key, holder[key])


def caught(problem: Problem, data: Any) -> list[Violation] | InputError:
    """Return what is found in plan data: a fault on loading, or violations."""
    try:
        plan = Plan.parse(data)
    except InputError as error:
        return error
    return check(problem, plan)


def broken_by_plan(name: str, path: Path, value: Any) -> set[str]:
    """Return the constraints that a case breaks once its plan is changed at ``path``."""
    data = changed(plan_data(name), path, put(value))
    return {violation.constraint for violation in check(case(name)[0], Plan.parse(data))}


def broken_by_problem(name: str, path: str, value: Any) -> set[str]:
    """Return the constraints that the plan of a case breaks under a changed problem.

    ``path`` names elements by id: ``pools/home-big/count``.
    """
    data = case(name)[0].model_dump(mode="json")
    other = Problem.parse(changed(data, _resolved(data, path.split("/")), put(value)))
    same = Plan.parse({**plan_data(name), "problem_digest": other.digest})
    return {violation.constraint for violation in check(other, same)}


def _resolved(data: Any, names: list[str]) -> Path:
    path: list[str | int] = []
    for name in names:
        step: str | int = name
        if isinstance(data, list):
            step = (
                int(name) if name.isdigit() else next(i for i, item in enumerate(data) if item["id"] == name)
            )
        path.append(step)
        data = data[step] if isinstance(data, list) else data.get(step)
    return tuple(path)
