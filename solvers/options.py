"""What a caller may ask of a solver, and what it hears while the solver works."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any, Protocol

from ..routing.errors import Fault, InputError, UnknownNameError, quoted
from ..routing.plan import Plan

UNSERVED_NOTHING = 1e-9
"""Unserved work that is rounding."""
LARGEST_SEED, MOST_THREADS = 2**31 - 1, 1024
LONGEST_SECONDS = 1e9
"""Longest time limit, about 32 years: solvers count in fixed numbers of digits."""
SIGN_SECONDS = 5.0
"""Time without anything new after which a solve tells again how it stands."""


def cores_here() -> int:
    """Return how many processors this process may use: those it is bound to, where the system tells."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class CancelToken(Protocol):
    """Anything with ``is_set``, such as :class:`threading.Event`. Setting it keeps the best plan so far."""

    def is_set(self) -> bool:
        """Return whether the solve is to stop."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """One report of a running solve.

    Attributes
    ----------
    phase
        ``cost``; ``unserved work`` while the best plan leaves out more than is proven to be needed (in the
        decomposition: anything that has options); or, without figures, what is done: that options are
        being listed, where that takes long; which solver ``auto`` takes, and why.
    incumbent, bound
        Objective of the best plan and its proven lower bound, USD (in the phase ``unserved work``: the
        priority-weighted share of work left out); None before there is one.
    gap
        Relative gap of the two, None before both are known.
    seconds
        Since the solve began.
    """

    phase: str
    incumbent: float | None
    bound: float | None
    gap: float | None
    seconds: float


ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to solve.

    Attributes
    ----------
    time_limit
        Seconds; the best plan found by then is returned with its bound.
    gap_limit
        Relative gap at which a plan counts as optimal.
    seed
        The same seed, input and solver give the same plan unless time stopped the solve.
    threads
        Threads of the underlying solver; its own default where None.
    cores
        Processors that the solve may count on; those that this process may use where None. Plans do not
        depend on it unless time stops a solve or one of its steps: what is done side by side where there
        are several is done in turn on one.
    progress, cancel
        Callback for reports, and token to stop early. The callback runs in the calling thread.
    all_or_nothing
        Refuse a plan that leaves work out.
    similar_plan
        A plan of a similar problem: large searches begin with it, and what they return is no worse than going
        on with it where that is possible.
    """

    time_limit: float = 60.0
    gap_limit: float = 1e-3
    seed: int = 0
    threads: int | None = None
    cores: int | None = None
    progress: ProgressCallback | None = None
    cancel: CancelToken | None = None
    all_or_nothing: bool = False
    similar_plan: Plan | None = None

    def __post_init__(self) -> None:
        """Raise InputError unless every option is of its kind and within its range."""
        faults = list(self._faults())
        if faults:
            raise InputError(faults, "options")

    @property
    def usable_cores(self) -> int:
        """Cores to keep busy: those it may count on, no more than threads are allowed."""
        cores = self.cores or cores_here()
        return cores if self.threads is None else min(cores, self.threads)

    def is_cancelled(self) -> bool:
        """Return whether somebody asked to stop."""
        return self.cancel is not None and self.cancel.is_set()

    def _faults(self) -> Iterator[Fault]:
        values = {name: getattr(self, name) for name in _KINDS}
        for name, value in values.items():
            kind, is_of_kind = _KINDS[name]
            if value is None and name in _OPTIONAL:
                continue
            if not is_of_kind(value):
                yield Fault(name, f"must be {kind}, not {quoted(value)}")
            elif name in _RANGES and not _RANGES[name][1](value):
                yield Fault(name, f"must be {_RANGES[name][0]}")


def options_of(given: Mapping[str, Any]) -> Options:
    """Return the options of these names and values; raise UnknownNameError for a name that is none."""
    known = [field.name for field in fields(Options)]
    for name in given:
        if name not in known:
            raise UnknownNameError("option", name, known)
    return Options(**given)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


_OPTIONAL = ("threads", "cores", "progress", "cancel", "similar_plan")
_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "time_limit": ("a number", _is_number),
    "gap_limit": ("a number", _is_number),
    "seed": ("a whole number", _is_whole),
    "threads": ("a whole number", _is_whole),
    "cores": ("a whole number", _is_whole),
    "progress": ("a callable", callable),
    "cancel": ("something with is_set(), such as a threading.Event", lambda value: hasattr(value, "is_set")),
    "all_or_nothing": ("True or False", lambda value: isinstance(value, bool)),
    "similar_plan": ("a Plan", lambda value: isinstance(value, Plan)),
}
"""What each option must be, in words and as a question; or None where it is optional."""
_COUNT = (f"between 1 and {MOST_THREADS}", lambda count: 1 <= count <= MOST_THREADS)
_RANGES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "time_limit": (
        f"a positive number of seconds, at most {LONGEST_SECONDS:.0e}",
        lambda seconds: 0 < seconds <= LONGEST_SECONDS,
    ),
    "gap_limit": ("between 0 and 1", lambda gap: 0 <= gap <= 1),
    "seed": (f"between 0 and {LARGEST_SEED}", lambda seed: 0 <= seed <= LARGEST_SEED),
    "threads": _COUNT,
    "cores": _COUNT,
}
"""The same of the range of a value of its kind."""


def relative_gap(objective: float | None, bound: float | None) -> float | None:
    """Return ``max(0, objective - bound) / |objective|``, or None unless both are known."""
    if objective is None or bound is None:
        return None
    return max(0.0, objective - bound) / max(abs(objective), 1e-9)


def unserved_gap_of(unserved: float, bound: float) -> float:
    """Return the relative gap of the work left out; none where that is rounding."""
    return max(0.0, unserved - bound) / unserved if unserved > UNSERVED_NOTHING else 0.0
