"""When a training job runs: its start, end and running time in each period."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from .check_admission import continues, ends_in_time, is_late
from .check_findings import ABSOLUTE, Findings, close, exceeds, figure, named
from .check_structure import Sound
from .plan import JobPlan
from .problem import Problem
from .workloads import TrainingJob


def overlaps(problem: Problem, start_hours: float, end_hours: float) -> Iterator[tuple[int, float]]:
    """Yield the periods that ``[start, end)`` meets, each with the hours in common."""
    boundaries = problem.boundaries_hours
    first = max(bisect_right(boundaries, start_hours) - 1, 0)
    last = min(bisect_left(boundaries, end_hours), len(problem.periods))
    for period in range(first, last):
        common = min(end_hours, boundaries[period + 1]) - max(start_hours, boundaries[period])
        if common > 1e-9:
            yield period, common


def check_schedule(sound: Sound, job: TrainingJob, entry: JobPlan, hours: float, findings: Findings) -> None:
    """Check a job that takes ``hours`` against its window and its statements."""
    element = named(job=job.id)
    findings.compare("schedule", element, "hours", entry.hours, hours)
    continuing = continues(sound.problem, job, hours)
    if continuing != entry.continuing:
        findings.add("schedule", element, f"continuing is {entry.continuing}, should be {continuing}")
    if job.interruptible and not continuing:
        _Pausing(sound, job, entry, findings).check(hours)
    else:
        _Steady(sound, job, entry, findings).check(hours, continuing)


class _Timing:
    def __init__(self, sound: Sound, job: TrainingJob, entry: JobPlan, findings: Findings) -> None:
        self.problem = sound.problem
        self.index = sound.period
        self.job = job
        self.entry = entry
        self.findings = findings
        self.element = named(job=job.id)

    def compare(self, what: str, stated: float, true: float) -> None:
        self.findings.compare("schedule", self.element, what, stated, true)

    def fault(self, message: str) -> None:
        self.findings.add("schedule", self.element, message)

    def ends_by(self, end_hours: float, latest_hours: float, what: str) -> None:
        if is_late(end_hours, latest_hours):
            self.fault(f"ends at {figure(end_hours)} h, after {what} at {figure(latest_hours)} h")


class _Steady(_Timing):
    """A job that runs without a pause from a period's begin, or from its earliest start."""

    def check(self, hours: float, continuing: bool) -> None:
        start = self.entry.start_hours
        begin = self._begin(start, continuing)
        if begin is None:
            self.fault(f"starts at {figure(start)} h, which is no start that it may have")
            begin = start
        self.compare("end_hours", self.entry.end_hours, start + hours)
        if self.job.deadline_hours is not None:
            self.ends_by(begin + hours, self.job.deadline_hours, "the deadline")
        if not continuing:
            self.ends_by(begin + hours, self.problem.horizon_hours, "the horizon's end")
        self._check_runs(dict(overlaps(self.problem, start, start + hours)))

    def _begin(self, start: float, continuing: bool) -> float | None:
        """Return the start that is meant, exactly; None where it may have none there."""
        earliest, boundaries = self.job.earliest_start_hours, self.problem.boundaries_hours
        if close(start, earliest):
            return earliest
        near = bisect_left(boundaries, start - ABSOLUTE)
        on_boundary = near < len(self.problem.periods) and close(boundaries[near], start)
        return boundaries[near] if on_boundary and start > earliest and not continuing else None

    def _check_runs(self, true: dict[int, float]) -> None:
        stated = {self.index[run.period]: run.hours for run in self.entry.runs}
        for period in sorted(stated.keys() | true.keys()):
            run_hours, true_hours = stated.get(period, 0.0), true.get(period, 0.0)
            if not close(run_hours, true_hours):
                name = self.problem.periods[period].id
                self.compare(f"hours in period {name!r}", run_hours, true_hours)


class _Pausing(_Timing):
    """A job that may pause between periods: any running time within its window."""

    def check(self, hours: float) -> None:
        runs = sorted((self.index[run.period], run.hours) for run in self.entry.runs)
        self.compare("sum of runs", sum(run_hours for _, run_hours in runs), hours)
        if not ends_in_time(self.problem, self.job, hours):
            self.fault(f"takes {figure(hours)} h, for which it has no time by its deadline")
        if not runs:
            self.fault("runs in no period")
        for period, run_hours in runs:
            self._check_run(period, run_hours)
        if runs:
            begin, (last, last_hours) = self._begin(runs[0][0]), runs[-1]
            self.compare("start_hours", self.entry.start_hours, begin)
            self.compare("end_hours", self.entry.end_hours, self._begin(last) + last_hours)

    def _begin(self, period: int) -> float:
        return max(self.problem.boundaries_hours[period], self.job.earliest_start_hours)

    def _check_run(self, period: int, hours: float) -> None:
        horizon = self.problem.horizon_hours
        latest = horizon if self.job.deadline_hours is None else min(self.job.deadline_hours, horizon)
        room = min(latest, self.problem.boundaries_hours[period + 1]) - self._begin(period)
        name = self.problem.periods[period].id
        if exceeds(hours, max(room, 0.0)):
            self.fault(
                f"runs {figure(hours)} h in period {name!r}, which has {figure(max(room, 0.0))} h for it"
            )
        if not hours > 0:
            self.fault(f"runs {figure(hours)} h in period {name!r}")
