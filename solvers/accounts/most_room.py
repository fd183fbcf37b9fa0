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
from .full_links import FullLinks
from .in_use import accelerators_held, accelerators_there
from .solution import Decisions

ROUNDING = 1e-9
"""Part by which what is needed may pass what there is."""


Told = Callable[[int], str]
"""What is told of the entry of a list that has most room."""


class _Asked(NamedTuple):
    """Pools (N,) that work could use, and the accelerators (N,) that it needs there."""

    pools: Ints
    accelerators: Ints


class MostRoom:
    """What a plan leaves free of the pools; found when it is asked for, as most plans leave nothing out."""

    def __init__(self, variables: World, decisions: Decisions) -> None:
        self.variables, self.decisions = variables, decisions

    def of_job(self, index: int) -> str:
        """Return the pool with most room on average for a job; several pools of a job count each."""
        table = self.variables.jobs.table
        options = np.arange(*np.searchsorted(table.job, [index, index + 1]))
        pools, needed = table.pools[options], table.accelerators[options]
        row, place = np.nonzero(pools >= 0)
        most = _Asked(pools[row, place], needed[row])
        periods = np.arange(self.variables.rates.periods)
        return self._told(
            most, periods, partial(self._lasting, options[row]), partial(self._linked, options[row])
        )

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

    def of_demand(self, row: int) -> str:
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
        return self._told(most, np.flatnonzero(unserved > 0), counted, linked)

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
        hours = self.variables.rates.durations[periods]
        free = self._free[pools[:, None], periods] @ hours / hours.sum()
        best = int(np.argmax(free / needed))
        name = quoted(self.variables.problem.pools[pools[best]].id)
        count = len(np.unique(pools))
        which = f"where most room is of {count} pools" if count > 1 else "all that it could use"
        there = number(self._there[pools[best]])
        room = f"{number(free[best], 1)} of {there} free on average, {needed[best]:,} needed{how(best)}"
        power = self._powered(int(pools[best]), int(needed[best]), periods)
        return f"{room} in {name}, {which}{power}{way(best)}"

    def _powered(self, pool: int, needed: int, periods: Ints) -> str:
        """Tell what the site of a pool draws where that leaves no power for so many accelerators more."""
        rates, problem = self.variables.rates, self.variables.problem
        site = problem.data_centers[rates.site[pool]]
        if site.max_power_kw is None:
            return ""
        at_site = np.flatnonzero(rates.site == rates.site[pool])
        drawn = (self._held[at_site] * rates.kw[at_site][:, None])[:, periods].sum(axis=0)
        kw = float(drawn @ rates.durations[periods] / rates.durations[periods].sum())
        if kw + needed * rates.kw[pool] <= site.max_power_kw * (1 + ROUNDING):
            return ""
        return f"; {quoted(site.id)} draws {number(kw, 1)} of {number(site.max_power_kw, 1)} kW on average"
