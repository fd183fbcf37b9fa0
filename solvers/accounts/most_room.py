"""Which of the pools that left-out work could use has most room, in words."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from ...routing.errors import quoted
from ...routing.text import number
from ..rates import Floats, Ints
from .accounting import World
from .binding import Binding, Needs
from .full_links import FullLinks
from .in_use import accelerators_held, accelerators_there
from .limits_used import LimitsUsed
from .solution import Decisions

ROUNDING = 1e-9
"""Part by which what is needed may pass what there is."""


Told = Callable[[int], str]
"""What is told of the entry of a list that has most room."""


class _Asked(NamedTuple):
    """Pools (N,) that work could use, and the accelerators (N,) that it needs there."""

    pools: Ints
    accelerators: Ints


class Short(NamedTuple):
    """What work lacks: the limit that keeps it out, empty where none does, and the pool with most room."""

    limit: str
    room: str


class MostRoom:
    """What a plan leaves free of the pools; found when it is asked for, as most plans leave nothing out."""

    def __init__(self, variables: World, decisions: Decisions, used: LimitsUsed) -> None:
        self.variables, self.decisions = variables, decisions
        self._binding = Binding(variables, decisions, used) if used.are_given else None

    def of_job(self, index: int) -> Short:
        """Return the pool with most room on average for a job; several pools of a job count each."""
        table = self.variables.jobs.table
        options = np.arange(*np.searchsorted(table.job, [index, index + 1]))
        pools, needed = table.pools[options], table.accelerators[options]
        row, place = np.nonzero(pools >= 0)
        most = _Asked(pools[row, place], needed[row])
        periods = np.arange(self.variables.rates.periods)
        room = self._told(
            most, periods, partial(self._lasting, options[row]), partial(self._linked, options[row])
        )
        return Short(self._bound(self._binding.job_needs(options)) if self._binding else "", room)

    def _bound(self, needs: Needs) -> str:
        """Tell of the limit that keeps work from the places that have room on average, if one does."""
        assert self._binding is not None
        free = self._mean_free(needs.periods)[needs.pools] >= needs.accelerators[:, None] * (1 - ROUNDING)
        return self._binding.told(needs, np.asarray(((needs.pools < 0) | free).all(axis=1)))

    def _mean_free(self, periods: Ints) -> Floats:
        """Return (P,) the accelerators that are free on average in some periods."""
        hours = self.variables.rates.durations[periods]
        return np.asarray(self._free[:, periods] @ hours / hours.sum())

    def _lasting(self, options: Ints, best: int) -> str:
        """Tell for how long an option needs its accelerators: what is free on average may be so in parts."""
        table, option = self.variables.jobs.table, int(options[best])
        hours, longest = table.hours[option], self.variables.rates.durations.max()
        pauses = "" if table.pausable[option] else " without a break"
        held = f" (held for whole periods, of up to {number(longest, 1)} h)" if 2 * hours <= longest else ""
        return f" for {number(hours, 1)} h{pauses}{held}"

    def _linked(self, options: Ints, best: int) -> str:
        """Tell of the link without room on the way to a pool."""
        return self._links.of_job(int(options[best]))

    def of_demand(self, row: int) -> Short:
        """Return the pool with most room for replicas of a location in the periods in which it lacks some."""
        services, unserved = self.variables.services, self.decisions.unserved[row]
        arcs = self._arcs[slice(*np.searchsorted(self._rows, [row, row + 1]))]
        slots = services.arc_slot[arcs]
        asked = np.ceil(unserved.max() / services.slot_rps[slots] - ROUNDING)
        replicas, each = np.maximum(1, asked).astype(np.int64), services.slot_accelerators[slots]

        def counted(best: int) -> str:
            return f" by {replicas[best]:,} replicas of {each[best]:,}" if replicas[best] > 1 else ""

        def linked(best: int) -> str:
            return self._links.of_demand(row, arcs[slots == slots[best]])

        most = _Asked(services.slot_pool[slots], replicas * each)
        room = self._told(most, np.flatnonzero(unserved > 0), counted, linked)
        return Short(self._bound(self._binding.demand_needs(row, arcs)) if self._binding else "", room)

    @cached_property
    def _links(self) -> FullLinks:
        return FullLinks(self.variables, self.decisions)

    @cached_property
    def _there(self) -> Floats:
        return accelerators_there(self.variables, self.decisions)

    @cached_property
    def _held(self) -> Floats:
        return accelerators_held(self.variables, self.decisions)

    @cached_property
    def _free(self) -> Floats:
        return self._there[:, None] - self._held

    @cached_property
    def _arcs(self) -> Ints:
        return np.argsort(self.variables.services.arc_demand, kind="stable")

    @cached_property
    def _rows(self) -> Ints:
        return self.variables.services.arc_demand[self._arcs]

    def _told(self, asked: _Asked, periods: Ints, how: Told, way: Told) -> str:
        """Tell of the pool that has the largest part of what the work needs there, and of its way there."""
        pools, needed = asked.pools, asked.accelerators
        free = self._mean_free(periods)[pools]
        best = int(np.argmax(free / needed))
        name = quoted(self.variables.problem.pools[pools[best]].id)
        count = len(np.unique(pools))
        which = f"where most room is of {count} pools" if count > 1 else "all that it could use"
        there = number(self._there[pools[best]])
        room = f"{number(free[best], 1)} of {there} free on average, {needed[best]:,} needed{how(best)}"
        return f"{room} in {name}, {which}{way(best)}"
