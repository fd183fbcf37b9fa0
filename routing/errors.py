"""The one tree of errors that this library raises.

::

    RouteError
    ├── InputError            bad input; holds every fault found         (exit code 2)
    │   └── UnknownNameError  a sample, solver or element that does not exist
    ├── OutputError           a result could not be written              (exit code 2)
    ├── MissingExtraError     an optional dependency is not installed    (exit code 2)
    └── SolverError           a solver failed or ended without an answer (exit code 3)
        ├── NoPlanError       the limits permit no plan, which is proven (exit code 1)
        └── RejectedPlanError the verifier rejects the plan of a solver  (exit code 3)

All of them survive pickling, so they cross from a worker process unharmed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from reprlib import Repr
from types import UnionType
from typing import Any

_LONGEST_NAME = 200
_SHORT = Repr()
_SHORT.maxother = _SHORT.maxlist = 100
"""Copes with what is nested without end, or cannot say what it is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an input.

    Attributes
    ----------
    place
        Where it is, e.g. ``workloads[3] 'chat'.demand[0].location``.
    message
        What is wrong, with the mend where one is known.
    path
        The place as keys and indices, e.g. ``("workloads", 3, "demand", 0, "location")``.
    """

    place: str
    message: str
    path: tuple[int | str, ...] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class RouteError(Exception):
    """Base of every error of this library; ``exit_code`` is what the command line returns for it."""

    exit_code = 2


class InputError(RouteError):
    """The input cannot be used. ``faults`` lists everything found, not only the first."""

    def __init__(self, faults: Iterable[Fault | str], source: str = "") -> None:
        self.faults = tuple(Fault("", fault) if isinstance(fault, str) else fault for fault in faults)
        self.source = source
        super().__init__(self.summary())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.faults, self.source)

    def summary(self, limit: int = 50) -> str:
        """Return the faults as text, one line each, at most ``limit`` of them."""
        head = f"{printable(self.source)}: " if self.source else ""
        if len(self.faults) == 1:
            return f"{head}{self.faults[0]}"
        lines = [f"  {fault}" for fault in self.faults[:limit]]
        if len(self.faults) > limit:
            lines.append(f"  ... and {len(self.faults) - limit:,} more")
        return "\n".join([f"{head}{len(self.faults):,} faults", *lines])


class UnknownNameError(InputError):
    """A ``name`` that is not known; the message suggests the nearest one and lists the choices."""

    def __init__(self, what: str, name: str, known: Sequence[str]) -> None:
        self._arguments = (what, name, tuple(known))
        self.name = name
        listed = ", ".join(known[:20]) or "none"
        super().__init__([f"unknown {what} {quoted(name)}{suggestion(name, known)} (known: {listed})"])

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments


class OutputError(RouteError):
    """A result could not be written; nothing was left half-written."""


class MissingExtraError(RouteError):
    """An optional dependency is missing; the message names the extra that brings it."""

    def __init__(self, package: str, extra: str) -> None:
        self._arguments = (package, extra)
        super().__init__(f"this needs {package}: pip install 'computeroute[{extra}]'")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments


class SolverError(RouteError):
    """A solver failed, crashed or ended without an answer."""

    exit_code = 3


class NoPlanError(SolverError):
    """Something was to be made of a plan, and it is proven that the problem has none."""

    exit_code = 1


class RejectedPlanError(SolverError):
    """The verifier rejects what a solver returned: the solver is wrong, and the plan is not handed out.

    Attributes
    ----------
    violations
        What the plan breaks, one line each.
    file
        Where problem, plan and violations were written together; empty where they could not be.
    """

    def __init__(self, solver: str, violations: Sequence[str], file: str) -> None:
        self._arguments = (solver, tuple(violations), file)
        self.violations, self.file = tuple(violations), file
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        kept = f"; please report it with {file}" if file else ""
        super().__init__(f"the plan of {solver!r} is wrong and is not used: {violations[0]}{more}{kept}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments


def require(name: str, value: object, kind: type | UnionType, wanted: str) -> None:
    """Raise InputError unless the argument of that name is of its kind, which messages call ``wanted``."""
    if not isinstance(value, kind):
        raise InputError([Fault(name, f"must be {wanted}, not {quoted(value)}")])


_TYPO = 0.8
"""How near a name is to another that is a typing error of it."""
_MOST_KEYS = 2
_UNITS = {"price": "usd", "cost": "usd", "fee": "usd", "power": "kw", "bandwidth": "gbps", "latency": "ms"}


def suggestion(name: object, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest known name, or nothing."""
    text = name if isinstance(name, str) else quoted(name)
    if len(text) > _LONGEST_NAME:  # comparing is quadratic in the length
        return ""
    by_lower = {k.lower(): k for k in map(str, known) if len(k) <= _LONGEST_NAME}
    near = get_close_matches(text.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[near[0]]!r}?" if near else ""


def key_suggestion(key: object, known: Iterable[str]) -> str:
    """Return which of the ``known`` keys may be meant by one: the nearest, or those that have all its words.

    Words may be units: who writes a price means a key in ``usd``.
    """
    keys = [name for name in known if len(name) <= _LONGEST_NAME]
    text = key.lower() if isinstance(key, str) and len(key) <= _LONGEST_NAME else ""
    if get_close_matches(text, keys, n=1, cutoff=_TYPO):
        return suggestion(key, keys)
    words = [{word, _UNITS.get(word, word)} for word in text.split("_")]
    fitting = [name for name in keys if text and all(word & set(name.split("_")) for word in words)]
    least = sorted(fitting, key=lambda name: (name.count("_"), name))[:_MOST_KEYS]
    return f"; did you mean {' or '.join(map(repr, least))}?" if least else suggestion(key, keys)


def quoted(value: object, limit: int = 60) -> str:
    """Return ``value`` as a message shows it: in quotes, escaped, and no longer than ``limit``."""
    if isinstance(value, str):
        return repr(value if len(value) <= limit else value[: limit - 3] + "...")
    if isinstance(value, int) and abs(value) >= 10**limit:
        return "a number of that many digits"
    text = _SHORT.repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def printable(text: str) -> str:
    """Return ``text`` itself, or escaped where it would not print on one line of any terminal."""
    return text if text.isprintable() else repr(text)[1:-1]
