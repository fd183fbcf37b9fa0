"""The one tree of errors that this library raises.

::

    RouteError
    ├── InputError            bad input; holds every fault found         (exit code 2)
    │   └── UnknownNameError  a sample, solver or element that does not exist
    ├── OutputError           a result could not be written              (exit code 2)
    ├── MissingExtraError     an optional dependency is not installed    (exit code 2)
    └── SolverError           a solver failed or ended without an answer (exit code 3)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an input.

    Attributes
    ----------
    place
        Where it is, e.g. ``workloads[3] 'chat'.demand[0].location``.
    message
        What is wrong, with the mend where one is known.
    """

    place: str
    message: str

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

    def summary(self, limit: int = 100) -> str:
        """Return the faults as text, one line each, at most ``limit`` of them."""
        head = f"{self.source}: " if self.source else ""
        if len(self.faults) == 1:
            return f"{head}{self.faults[0]}"
        lines = [f"  {fault}" for fault in self.faults[:limit]]
        if len(self.faults) > limit:
            lines.append(f"  ... and {len(self.faults) - limit} more")
        return "\n".join([f"{head}{len(self.faults)} faults", *lines])


class UnknownNameError(InputError):
    """A name that is not known; the message suggests the nearest one and lists the choices."""

    def __init__(self, what: str, name: str, known: Sequence[str]) -> None:
        listed = ", ".join(known[:20]) or "none"
        super().__init__([f"unknown {what} {name!r}{suggestion(name, known)} (known: {listed})"])


class OutputError(RouteError):
    """A result could not be written; nothing was left half-written."""


class MissingExtraError(RouteError):
    """An optional dependency is missing; the message names the extra that brings it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs {package}: pip install 'computeroute[{extra}]'")


class SolverError(RouteError):
    """A solver failed, crashed or ended without an answer."""

    exit_code = 3


def suggestion(name: object, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest known name, or nothing."""
    near = get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
