"""Scenarios: named, composable changes of one problem.

A scenario is written on one line (:func:`scenario`), or declared in a file (``scenario_book``):

- ``cloud-only``, ``on-prem-only``, ``hybrid``, ``unprotected``: built in (:data:`BUILT_IN`);
- ``owner=acme``, ``provider=p1``, ``kind=cloud``, ``jurisdiction=DE``: use these sites only;
- ``alone=acme``: this owner with its own workloads, its own sites and clouds;
- ``without=fra``: lose a data center, pool, link or risk group of that name;
- ``demand*1.5``, ``prices*0.8``, likewise ``training``, ``cloud_prices``, ``energy``, ``network``,
  ``carbon``, ``bandwidth``;
- ``survive=site``, ``survive=link``, ``survive=none``: change what every service survives;
- ``min_sites=1``, ``min_sites=1 of chat|shop``: let services, or some, ask for no more sites than this;
- ``budget_usd=1e6``, ``carbon_cap_tco2e=20``, ``max_rtt_ms=40``: change a limit;
- ``commitments=drop``: pay no more for what is committed at pools that are taken out;
- any of these, and scenarios of the file, joined with ``+``: applied from left to right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from .changes import Change, Keep, Limit, Protect, Release, Remove, Scale, Spread, risk_groups
from .commitments import Commitments, Sunk, committed_usd, still_paid_usd
from .errors import Fault, InputError, UnknownNameError, quoted
from .families import family, price_levels
from .faults import from_validation
from .problem import Problem

MOST_SCENARIOS = 10_000
"""Scenarios that cross products may grow to."""
_SELECTING = {"kind": "kinds", "provider": "providers", "owner": "owners", "jurisdiction": "jurisdictions"}
_LIMITS = ("budget_usd", "carbon_cap_tco2e", "max_rtt_ms")
_SCALES = ("demand", "training", "prices", "cloud_prices", "energy", "network", "carbon", "bandwidth")
DROP = "commitments=drop"
_WORD = re.compile(r"\s*([a-z][a-z0-9_-]*)\s*([=*])\s*(.+?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Loss:
    """Lose whatever has this name: a data center, a pool, a link or a risk group."""

    name: str

    def apply(self, problem: Problem) -> Problem:
        """Return the problem without it."""
        return self.removal(problem).apply(problem)

    def removal(self, problem: Problem) -> Remove:
        """Return what is removed of ``problem``."""
        kinds: dict[str, Mapping[str, Any]] = {
            "data_centers": problem.data_center,
            "pools": problem.pool,
            "links": problem.link,
            "risk_groups": risk_groups(problem),
        }
        found = [kind for kind, known in kinds.items() if self.name in known]
        if len(found) > 1:
            what = " and ".join(kind.replace("_", " ") for kind in found)
            raise InputError(
                [f"{quoted(self.name)} is in {what}; say which with 'remove' in a file of scenarios"]
            )
        if found:
            return Remove(**{found[0]: (self.name,)})
        everything = [name for known in kinds.values() for name in known]
        raise UnknownNameError("data center, pool, link or risk group", self.name, everything)


@dataclass(frozen=True)
class Scenario:
    """A name and the changes that it makes, from first to last. ``a + b`` makes both."""

    name: str
    changes: tuple[Change | Keep | Scale | Limit | Loss | Any, ...] = ()

    def apply(self, problem: Problem) -> Problem:
        """Return the changed problem; ``problem`` stays as it is.

        Raises
        ------
        InputError
            Naming the scenario, when it refers to what is not there or leaves nothing to plan with.
        """
        try:
            return reduce(lambda changed, change: change.apply(changed), self.changes, problem)
        except InputError as error:
            raise InputError(error.faults, f"scenario {quoted(self.name)}") from None

    @property
    def line(self) -> str:
        """What names it where no option is given beside: with ``commitments=drop`` where that is the last."""
        drops = bool(self.changes) and isinstance(self.changes[-1], Release)
        return f"{self.name} + {DROP}" if drops and not self.name.endswith(DROP) else self.name

    def sunk(self, problem: Problem) -> Sunk:
        """Return what is committed at pools that this takes out of ``problem``; it raises as ``apply``."""
        cuts = [number for number, change in enumerate(self.changes) if isinstance(change, Release)]
        dropped_usd = 0.0
        for cut in cuts:
            before = replace(self, changes=self.changes[:cut]).apply(problem)
            dropped_usd += committed_usd(before) - committed_usd(self.changes[cut].apply(before))
        return Sunk(still_paid_usd(problem, self.apply(problem)), dropped_usd)

    def __add__(self, other: Scenario) -> Scenario:
        return Scenario(f"{self.name}+{other.name}", self.changes + other.changes)

    def family(self) -> str:
        """Return text that is the same for scenarios that differ in prices, carbon or the objective only."""
        return family(map(_plain, self.changes))

    def price_levels(self) -> dict[tuple[str, ...], float]:
        """Return what scenarios of one family differ in: see :func:`.families.price_levels`."""
        return price_levels(map(_plain, self.changes))


def _plain(change: Any) -> Any:
    """Return the one change that an entry of a file makes."""
    if not isinstance(change, Change):
        return change
    return next(each for name in Change.model_fields if (each := getattr(change, name)) is not None)


BUILT_IN: Mapping[str, Scenario] = MappingProxyType(
    {
        each.name: each
        for each in (
            Scenario("hybrid"),
            Scenario("cloud-only", (Keep(kinds=("cloud",)),)),
            Scenario("on-prem-only", (Keep(kinds=("on_prem", "colo", "edge")),)),
            Scenario("unprotected", (Protect(survive=None),)),
        )
    }
)
"""Scenarios that every problem has. ``hybrid`` changes nothing; ``on-prem-only`` is every kind but cloud;
in ``unprotected`` no service survives losses: the difference to it is the price of protection."""


def scenario(text: str, known: Mapping[str, Scenario] = BUILT_IN) -> Scenario:
    """Return the scenario that one line declares, see the head of this module.

    Raises
    ------
    InputError
        When a part of it is neither a known scenario nor a change.
    """
    parts = [part.strip() for part in text.split("+")] if text not in known else [text]
    if not all(parts):
        raise InputError([f"scenario {quoted(text)} has an empty part; join names and changes with '+'"])
    found = reduce(Scenario.__add__, [_part(part, known) for part in parts])
    return Scenario(text, found.changes)


def _part(text: str, known: Mapping[str, Scenario]) -> Scenario:
    if text in known:
        return known[text]
    match = _WORD.fullmatch(text)
    if match is None:
        sweeps = _sweeps_of(known)
        if text in sweeps:
            raise InputError(
                [f"{quoted(text)} is a sweep, which stands alone; join its scenarios by another axis"]
            )
        raise UnknownNameError("scenario", text, [*known, *sweeps, "without=ID", "demand*1.5", "kind=cloud"])
    word, sign, value = match[1].replace("-", "_"), match[2], match[3]
    try:
        return Scenario(text, (_change(word, sign, value),))
    except ValidationError as error:
        raise InputError(from_validation(error, {}, None), f"scenario {quoted(text)}") from None


def _change(word: str, sign: str, value: str) -> Any:
    """Return the change that ``word sign value`` declares."""
    if sign == "*" and word in _SCALES:
        return Scale(**{word: _number(value, word)})
    if sign == "=" and word in _SELECTING:
        return Keep.model_validate({_SELECTING[word]: tuple(value.split("|"))})
    if sign == "=" and word in _LIMITS:
        return Limit(**{word: None if value == "none" else _number(value, word)})
    if sign == "=" and word in _OTHERS:
        return _OTHERS[word](value)
    words = [*(f"{name}*" for name in _SCALES), *(f"{name}=" for name in (*_SELECTING, *_LIMITS, *_OTHERS))]
    raise UnknownNameError("change", word + sign, words)


def _alone(value: str) -> Change:
    return Change.model_validate({"alone": {"owner": value}})


def _protect(value: str) -> Protect:
    return Protect.model_validate({"survive": value})


def _spread(value: str) -> Spread:
    count, of, names = (part.strip() for part in value.partition(" of "))
    if not re.fullmatch("[0-9]{1,9}", count) or bool(of) != bool(names):
        example = "such as min_sites=1, or min_sites=1 of chat|shop"
        raise InputError([f"min_sites needs a whole number, {example}; got {quoted(value)}"])
    return Spread(min_sites=int(count), workloads=tuple(names.split("|")) if names else None)


def _release(value: str) -> Release:
    if value != "drop":
        raise InputError([f"commitments can only be 'drop' here, as else they are kept; got {quoted(value)}"])
    return Release()


_OTHERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {"alone": _alone, "without": Loss, "survive": _protect, "min_sites": _spread, "commitments": _release}
)


def with_commitments(
    problem: Problem, scenarios: Iterable[Scenario], commitments: Commitments
) -> list[Scenario]:
    """Return the scenarios; with ``drop`` those that take out commitments drop these, under the same names.

    Raises
    ------
    InputError
        For what is neither ``keep`` nor ``drop``.
    """
    if commitments not in ("keep", "drop"):
        told = f"must be 'keep' or 'drop', got {quoted(commitments)}"
        raise InputError([Fault("commitments", told)], "options")
    return [_dropping(problem, each) if commitments == "drop" else each for each in scenarios]


def _dropping(problem: Problem, each: Scenario) -> Scenario:
    try:
        takes_out = each.sunk(problem).paid_usd > 0
    except InputError:  # told where it is applied
        return each
    return replace(each, changes=(*each.changes, Release())) if takes_out else each


def _number(text: str, word: str) -> float:
    # float() also takes 1_5, digits of other scripts, and blanks: typing errors, here
    number = r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|inf|infinity)"
    if not re.fullmatch(number, text, re.ASCII | re.IGNORECASE):
        raise InputError([f"{word} needs a number, got {quoted(text)}; write it as 1.5 or 2e3"])
    return float(text)


class ScenarioBook(dict[str, Scenario]):
    """Scenarios by name, and the names that each sweep stands for."""

    def __init__(self, known: Mapping[str, Scenario]) -> None:
        super().__init__(known)
        self.sweeps: dict[str, tuple[str, ...]] = {}


def _sweeps_of(known: Mapping[str, Scenario]) -> Mapping[str, tuple[str, ...]]:
    return known.sweeps if isinstance(known, ScenarioBook) else {}


def sweep(axes: Any, known: Mapping[str, Scenario] = BUILT_IN) -> list[Scenario]:
    """Return every combination of one scenario of each axis, the last axis changing fastest."""
    if not isinstance(axes, Sequence) or isinstance(axes, str) or not axes or not all(map(_is_axis, axes)):
        raise InputError(["a sweep is a list of axes, each a list of names or lines"])
    size = reduce(lambda total, axis: total * len(axis), axes, 1)
    if size > MOST_SCENARIOS:
        raise InputError([f"has {size:,} combinations; {MOST_SCENARIOS:,} is the most"])
    read = [[scenario(text, known) for text in axis] for axis in axes]
    return [reduce(Scenario.__add__, combination) for combination in product(*read)]


def _is_axis(axis: Any) -> bool:
    return isinstance(axis, list | tuple) and len(axis) > 0 and all(isinstance(text, str) for text in axis)


def chosen(names: Iterable[str], known: Mapping[str, Scenario]) -> list[Scenario]:
    """Return the scenarios that lines declare, each name once; the name of a sweep declares all of it.

    Raises
    ------
    InputError
        With every line that declares none.
    """
    found, faults = dict[str, Scenario](), list[Fault | str]()
    sweeps = _sweeps_of(known)
    for name in [each for line in names for each in sweeps.get(line, (line,))]:
        try:
            found.setdefault(name, scenario(name, known))
        except InputError as error:
            faults.extend(_of(error))
    if faults:
        raise InputError(faults)
    return list(found.values())


def _of(error: InputError) -> Iterator[Fault]:
    """Yield the faults of an error, each with the scenario that it is of."""
    for fault in error.faults:
        yield Fault(": ".join(filter(None, (error.source, fault.place))), fault.message)
