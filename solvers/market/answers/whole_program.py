"""A unit whose periods depend on each other as an integer program: how it is served best, sites included.

The programs of its periods stand beside each other. They meet in whether each site is used.
Letters of shapes: T periods, L demands, S slots, V sites.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import block_diag, coo_array, csr_array, hstack, vstack

from ...programs.program import Program
from ...programs.request import Request
from ...programs.solve_program import solve_integer
from ...rates import Floats, Ints
from ..form.offers import Offer
from ..form.units import Unit
from .serving import replicas_for
from .serving_program import GAP, ServingProgram
from .standing import at_all_times

MOST_SHARES = 7_000
"""Shares of users, in all periods, up to which a program tells anything in seconds."""


def is_small(unit: Unit) -> bool:
    """Return whether a program of the unit tells anything in seconds."""
    return len(unit.arc_id) * len(unit.demand) <= MOST_SHARES


@dataclass(frozen=True)
class WholeProgram:
    """The program of a unit over all periods.

    Attributes
    ----------
    program
        Columns are those of the ``parts`` one after another, then whether each of the ``sites`` is used.
    parts
        The programs of the periods.
    sites
        (V,) that the unit could use.
    """

    unit: Unit
    offered: Offer
    most: Floats
    program: Program
    parts: list[ServingProgram]
    sites: Ints

    @classmethod
    def of(cls, unit: Unit, offered: Offer, most: Floats) -> WholeProgram:
        """Return the program with at most so many replicas (T, S); none that is offered earns anything."""
        parts = [ServingProgram.of(unit, offered, period, most[period]) for period in range(len(most))]
        sites = np.unique(unit.site)
        return cls(unit, offered, most, _joined(unit, offered, most, parts, sites), parts, sites)

    def least(self, seconds: float) -> float:
        """Return a bound of the cost of serving everybody, minus infinity where none is proven in time."""
        return solve_integer(self.program, self._request(seconds)).bound

    def best(self, seconds: float) -> tuple[Floats, Floats] | None:
        """Return the best flows (T, L, S) and replicas (T, S) found in time, None where none were."""
        x = solve_integer(self.program, self._request(seconds)).x
        if x is None:
            return None
        ends = np.cumsum([part.program.columns for part in self.parts])
        flow = np.stack(
            [part.flow(each) for part, each in zip(self.parts, np.split(x, ends)[:-1], strict=True)]
        )
        replicas = replicas_for(self.unit, flow.sum(axis=1))
        if self.unit.min_sites > 1:
            used = self.sites[x[ends[-1] :] > 0.5]
            replicas = at_all_times(self.unit, self.offered, replicas, self.most, used)
        return flow, replicas

    def _request(self, seconds: float) -> Request:
        return Request(time_limit=seconds, gap_limit=GAP, threads=1, watch=False)


def _joined(unit: Unit, offered: Offer, most: Floats, parts: list[ServingProgram], sites: Ints) -> Program:
    """Return the programs of the periods as one, with the rows and columns of sites."""
    programs = [part.program for part in parts]
    columns = sum(program.columns for program in programs)
    place = np.searchsorted(sites, unit.site)
    rows = _Rows(columns + len(sites))
    begin = 0
    for period, part in enumerate(parts):
        _use_sites(rows, part, begin, columns + place, most[period])
        if unit.min_sites > 1:
            _stand(rows, part, begin, columns + np.arange(len(sites)), place)
        begin += part.program.columns
    fewest, limit = max(1, unit.min_sites), len(sites) if unit.max_sites is None else unit.max_sites
    rows.add(
        np.zeros(len(sites), dtype=int), columns + np.arange(len(sites)), np.ones(len(sites)), (fewest, limit)
    )
    of_sites = np.zeros(len(sites))
    of_sites[place] = offered.entering
    alone = block_diag([program.matrix for program in programs], format="csr")
    wide = hstack([alone, csr_array((alone.shape[0], len(sites)))])
    matrix, lower, upper = rows.arrays()
    return Program(
        cost=np.concatenate([*(program.cost for program in programs), of_sites]),
        lower=np.zeros(columns + len(sites)),
        upper=np.concatenate([*(program.upper for program in programs), np.ones(len(sites))]),
        integer=np.concatenate([*(program.integer for program in programs), np.ones(len(sites), dtype=bool)]),
        matrix=csr_array(vstack([wide, matrix])),
        row_lower=np.concatenate([*(program.row_lower for program in programs), lower]),
        row_upper=np.concatenate([*(program.row_upper for program in programs), upper]),
    )


class _Rows:
    """Rows that are entered one kind after another."""

    def __init__(self, columns: int) -> None:
        self._columns, self._count = columns, 0
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        self._limits: list[tuple[Floats, Floats]] = []

    def add(self, row: Ints, column: Ints, value: Floats, limits: tuple[float, float]) -> None:
        """Add rows, numbered from 0, with these entries, all between the same ``limits``."""
        count = int(row.max(initial=-1)) + 1
        self._entries.append((self._count + row, column, value))
        self._limits.append((np.full(count, limits[0], float), np.full(count, limits[1], float)))
        self._count += count

    def arrays(self) -> tuple[csr_array, Floats, Floats]:
        """Return the matrix of all rows, and their limits."""
        row, column, value = (np.concatenate([each[k] for each in self._entries]) for k in range(3))
        matrix = csr_array(coo_array((value, (row, column)), shape=(self._count, self._columns)))
        return matrix, *(np.concatenate([each[k] for each in self._limits]) for k in range(2))


def _use_sites(rows: _Rows, part: ServingProgram, begin: int, site_column: Ints, most: Floats) -> None:
    """Let nobody be served, and no replica stand, at a site that is not used."""
    shares, slot = len(part.user), part.replica_slot
    # what a user has at all slots of a site together is no more than all of it: tighter than slot by slot
    _, row = np.unique(np.stack([part.user, site_column[part.slot]]), axis=1, return_inverse=True)
    first = np.unique(row, return_index=True)[1]
    rows.add(
        np.concatenate([row, np.arange(len(first))]),
        np.concatenate([begin + np.arange(shares), site_column[part.slot[first]]]),
        np.repeat([1.0, -1.0], [shares, len(first)]),
        (-np.inf, 0.0),
    )
    used, row = np.unique(slot, return_inverse=True)
    rows.add(
        np.concatenate([row, np.arange(len(used))]),
        np.concatenate([begin + shares + np.arange(len(slot)), site_column[used]]),
        np.concatenate([np.ones(len(slot)), -np.floor(most[used])]),
        (-np.inf, 0.0),
    )


def _stand(rows: _Rows, part: ServingProgram, begin: int, columns: Ints, place: Ints) -> None:
    """Keep a replica in every period at a site that is used."""
    shares, slot = len(part.user), part.replica_slot
    rows.add(
        np.concatenate([place[slot], np.arange(len(columns))]),
        np.concatenate([begin + shares + np.arange(len(slot)), columns]),
        np.repeat([1.0, -1.0], [len(slot), len(columns)]),
        (0.0, np.inf),
    )
