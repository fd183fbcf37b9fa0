"""When an option may start, and the hours that it then runs in each period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...routing.problem import Problem
from ...routing.workloads import TrainingJob
from ..rates import Floats, Ints, Rates
from .option_table import Flags, JobOption, OptionTable

TOLERANCE_HOURS = 1e-9
PAUSE_SLIVER_HOURS = 1e-6


class Window(NamedTuple):
    """A start and what follows from it: hours run and the share of the transfer in each period."""

    start_hours: float
    run_hours: Floats
    transfers: np.ndarray


@dataclass(frozen=True)
class StartTable:
    """Possible starts of options that do not pause, each a column of ``start``.

    Attributes
    ----------
    option
        (N,) row of the table of options.
    start_hours
        (N,) hours from the start of the horizon.
    """

    option: Ints
    start_hours: Floats


class Calendar:
    """The starts of many options at once, as :func:`windows` gives them for one.

    Parameters
    ----------
    problem, rates
        The jobs and the periods.
    """

    def __init__(self, problem: Problem, rates: Rates) -> None:
        self.begins, self.ends, self.horizon = rates.boundaries[:-1], rates.boundaries[1:], rates.horizon
        self.earliest = np.array([job.earliest_start_hours for job in problem.jobs])
        limits = [np.inf if job.deadline_hours is None else job.deadline_hours for job in problem.jobs]
        self.deadline = np.array(limits)

    def room_hours(self, job: Ints) -> Floats:
        """Return (N, T) hours that each job could run in each period if it may pause.

        No tolerance makes them longer: hours that fill their room would otherwise no longer be all of it.
        """
        latest = np.minimum(self.deadline[job], self.horizon)[:, None]
        room = np.minimum(self.ends, latest) - np.maximum(self.begins, self.earliest[job, None])
        return _without_slivers(room, PAUSE_SLIVER_HOURS)

    def is_timely(self, table: OptionTable) -> Flags:
        """Return (O,) which options of one job can keep its deadline."""
        timely = self._first_start(table.job) + table.hours <= self._latest_end(table)
        if table.pausable.any():
            room = self.room_hours(table.job[:1]).sum()
            timely = np.where(table.pausable, room >= table.hours - TOLERANCE_HOURS, timely)
        return timely

    def _first_start(self, job: Ints) -> Floats:
        """Return (N,) the first starts, infinite where the horizon ends before."""
        earliest = self.earliest[job]
        first = np.searchsorted(self.ends, earliest + TOLERANCE_HOURS, side="right")
        starts: Floats = np.maximum(np.append(self.begins, np.inf)[first], earliest)
        return starts

    def _latest_end(self, table: OptionTable) -> Floats:
        deadline = self.deadline[table.job]
        return np.where(table.continuing, deadline, np.minimum(deadline, self.horizon)) + TOLERANCE_HOURS

    def starts(self, table: OptionTable, chosen: Ints) -> StartTable:
        """Return every start of the ``chosen`` options, none of which may pause, in their order."""
        options = table.take(chosen)
        earliest = self.earliest[options.job, None]
        start = np.maximum(self.begins, earliest)
        possible = (self.ends > earliest + TOLERANCE_HOURS) & (
            start + options.hours[:, None] <= self._latest_end(options)[:, None]
        )
        possible &= ~options.continuing[:, None] | (start == self._first_start(options.job)[:, None])
        row, period = np.nonzero(possible)
        return StartTable(chosen[row], start[row, period])

    def hours_within(self, start: Floats, hours: Floats) -> Floats:
        """Return (N, T) hours of each period that lie within ``[start, start + hours)``, both (N,)."""
        end = (start + hours)[:, None]
        return _without_slivers(np.minimum(self.ends, end) - np.maximum(self.begins, start[:, None]))


def windows(job: TrainingJob, option: JobOption, rates: Rates) -> Iterator[Window]:
    """Yield the possible starts of ``option``.

    A pausable option yields one window: the hours that it could run in each period, of which the solver
    chooses. Nothing is yielded when the deadline cannot be kept.
    """
    begins, ends = rates.boundaries[:-1], rates.boundaries[1:]
    deadline = np.inf if job.deadline_hours is None else job.deadline_hours
    earliest = job.earliest_start_hours
    if option.pausable:
        latest = min(deadline, rates.horizon)
        room = _without_slivers(np.minimum(ends, latest) - np.maximum(begins, earliest), PAUSE_SLIVER_HOURS)
        if room.sum() >= option.hours - TOLERANCE_HOURS:
            yield Window(earliest, np.minimum(room, ends - begins), room > 0)
        return
    latest_end = (deadline if option.continuing else min(deadline, rates.horizon)) + TOLERANCE_HOURS
    for period in np.flatnonzero(ends > earliest + TOLERANCE_HOURS):
        start = max(float(begins[period]), earliest)
        if start + option.hours > latest_end:
            return
        yield Window(
            start, _overlap(rates, start, option.hours), _overlap(rates, start, option.transfer_hours) > 0
        )
        if option.continuing:
            return


def _overlap(rates: Rates, start: float, hours: float) -> Floats:
    """Return the hours of each period that lie within ``[start, start + hours)``."""
    begins, ends = rates.boundaries[:-1], rates.boundaries[1:]
    return _without_slivers(np.minimum(ends, start + hours) - np.maximum(begins, start))


def _without_slivers(hours: Floats, sliver: float = TOLERANCE_HOURS) -> Floats:
    return np.where(hours > sliver, hours, 0.0)
