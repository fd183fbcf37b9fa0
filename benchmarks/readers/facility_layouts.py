"""The number layouts in which facility location instances circulate, and which of them a file has.

None of the formats says what it is. A folder with the name of a collection says so. Elsewhere, as three of
the four have the same count of numbers, the layout whose tables look most like tables of one kind of thing
each is taken; the name of the file decides only where two look about the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.families import BadFileError

from .numbers import read_text, sizes

Floats = NDArray[np.float64]
HINT, HINT_IN_ALL = 0.01, 8.0
"""What a name that points to a layout is worth, in nats per number of the file and in all: few numbers tell
little."""

DIGITS = 4
"""Decimals that are told apart."""


@dataclass(frozen=True)
class Sheet:
    """The tables of an instance of m sites and n customers.

    Attributes
    ----------
    capacity, opening
        Of each site (m); a capacity is NaN where the file has a word in its place.
    demand
        Of each customer (n).
    cost
        Cost of serving all demand of a customer from a site (m, n).
    doubt
        What to tell where another layout fits about as well, else nothing.
    """

    capacity: Floats
    opening: Floats
    demand: Floats
    cost: Floats
    doubt: str = ""


def _orlib(values: Floats, m: int, n: int) -> tuple[Floats, ...]:
    """``m n``, m pairs capacity and opening cost, then for each customer its demand and m costs."""
    pairs = values[: 2 * m].reshape(m, 2)
    rows = values[2 * m :].reshape(n, m + 1)
    return pairs[:, 0], pairs[:, 1], rows[:, 0], rows[:, 1:].T


def _paired(values: Floats, m: int, n: int) -> tuple[Floats, ...]:
    """``m n``, m pairs capacity and opening cost, n demands, m rows of n costs (Holmberg, Yang)."""
    pairs = values[: 2 * m].reshape(m, 2)
    return pairs[:, 0], pairs[:, 1], values[2 * m : 2 * m + n], values[2 * m + n :].reshape(m, n)


def _by_unit(values: Floats, m: int, n: int) -> tuple[Floats, ...]:
    """``m n``, n demands, m capacities, m opening costs, m rows of n costs per unit (Avella and Boccia)."""
    demand, rest = values[:n], values[n:]
    return rest[:m], rest[m : 2 * m], demand, rest[2 * m :].reshape(m, n)


def _customers_first(values: Floats, n: int, m: int) -> tuple[Floats, ...]:
    """``n m``, n rows of m costs, n demands, m opening costs, m capacities (Delmaire)."""
    cost, rest = values[: n * m].reshape(n, m).T, values[n * m :]
    return rest[n + m :], rest[n : n + m], rest[:n], cost


LAYOUTS: dict[str, tuple[Callable[[Floats, int, int], tuple[Floats, ...]], str]] = {
    "orlib": (_orlib, r"orlib|^cap[a-c0-9]"),
    "paired": (_paired, r"holmberg|yang"),
    "by unit": (_by_unit, r"avella|boccia|^tb|^i\d+_"),
    "customers first": (_customers_first, r"delmaire"),
}
"""How to cut up the numbers after the two sizes, and the names that point to the layout, a word first."""


def read_sheet(path: Path, instance: str | None) -> Sheet:
    """Return the tables of a file.

    Raises
    ------
    BadFileError
        When the file holds other words than numbers and ``capacity``, or no layout fits it.
    """
    words = read_text(path).replace("\x1a", " ").split()  # some copies end as files did under CP/M
    try:
        values = np.array([np.nan if word.lower() == "capacity" else float(word) for word in words])
    except ValueError as error:
        raise BadFileError(f"{path}: {error}") from error
    if len(values) < 2 or not (values[:2] >= 1).all() or (values[:2] != np.round(values[:2])).any():
        raise BadFileError(f"{path}: does not begin with the numbers of sites and customers")
    first, second = sizes(values[:2], path)
    names = [path.parent.name, path.stem, *([instance] if instance else [])]
    scores = {name: _score(name, values[2:], first, second, names) for name in _possible(path.parent.name)}
    fitting = {name: score for name, score in scores.items() if score is not None}
    if not fitting:
        raise BadFileError(
            f"{path}: {len(values)} numbers fit no layout of {first} and {second} sites and customers: "
            f"{_count(first, second) + 2} or, with customers first, {_count(second, first) + 2} expected, "
            "none negative"
        )
    chosen = min(fitting, key=lambda name: fitting[name])
    capacity, opening, demand, cost = LAYOUTS[chosen][0](values[2:], first, second)
    cost = cost * demand if chosen == "by unit" else cost
    return Sheet(capacity, opening, demand, cost, _doubt(fitting, chosen, len(values) - 2, names))


def _possible(folder: str) -> list[str]:
    """Return the layouts of the collection that a folder is named after, else all."""
    told = [name for name, (_, words) in LAYOUTS.items() if re.match(rf"({words})\b", folder.lower())]
    return told or list(LAYOUTS)


def _hinted(name: str, names: list[str]) -> bool:
    return any(re.search(LAYOUTS[name][1], word.lower()) for word in names)


def _hint(numbers: int) -> float:
    """Return what a name that points to a layout is worth, in nats per number."""
    return HINT + HINT_IN_ALL / numbers


def _doubt(fitting: dict[str, float], chosen: str, numbers: int, names: list[str]) -> str:
    """Return what to tell where nothing but a name would have decided, and none did."""
    near = [name for name, score in fitting.items() if score < fitting[chosen] + _hint(numbers)]
    if len(near) < 2 or _hinted(chosen, names):
        return ""
    words = {name: LAYOUTS[name][1].partition("|")[0] for name in (chosen, *near)}
    others = " or ".join(word for name, word in words.items() if name != chosen)
    return f"read like {words[chosen]}, but may be like {others}; the name of its folder can tell"


def _count(sites: int, customers: int) -> int:
    return 2 * sites + customers + sites * customers


def _score(name: str, values: Floats, first: int, second: int, names: list[str]) -> float | None:
    """Return the nats per number that tables cut up in this way take, None where they cannot be."""
    expected = _count(second, first) if name == "customers first" else _count(first, second)
    if len(values) != expected:
        return None
    capacity, opening, demand, cost = LAYOUTS[name][0](values, first, second)
    known = np.concatenate([opening, demand, cost.ravel()])
    if not (np.isfinite(known) & (known >= 0)).all() or (capacity < 0).any():
        return None
    nats = sum(_nats(table) for table in (capacity, opening, demand, cost))
    total = demand.sum()
    if np.nansum(capacity) < total and not np.isnan(capacity).any():
        nats += 0.05 * len(values)  # possible, but then the instance has no solution
    return float(nats / len(values) - (_hint(len(values)) if _hinted(name, names) else 0.0))


def _nats(table: Floats) -> float:
    """Return about what writing a table takes: how many decimals each number has, then its logarithm.

    Logarithms are taken to be spread about their median (Laplace), numbers of decimals to be independent.
    """
    values = table[np.isfinite(table)]
    if not len(values):
        return 0.0
    logs = np.log1p(values)
    spread = np.log(np.abs(logs - np.median(logs)).mean() + 1e-3)
    decimals = sum(values != np.round(values, digits) for digits in range(DIGITS))
    frequency = np.bincount(np.ravel(decimals)) / len(values)
    frequency = frequency[frequency > 0]
    return float(len(values) * (spread - (frequency * np.log(frequency)).sum()))
