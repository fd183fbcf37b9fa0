"""Reasons of left-out work: the first test, in the documented order, that nothing passes.

Residency, accelerator, memory, gang, pinned, route, transit, bandwidth, latency, deadline, power, carbon,
budget, sites, survival; what passes all of them was left out for want of capacity. A test is passed by what
passes all before it too.
"""

from __future__ import annotations

from .check_barring import Barring
from .check_findings import Findings
from .check_left_out_jobs import JobReasons
from .check_left_out_services import ServiceReasons
from .check_structure import Sound, left_out_element
from .plan import LeftOut
from .workloads import InferenceService, TrainingJob

Likeness = tuple[str, str | None]


def check_left_out(sound: Sound, findings: Findings) -> None:
    """Check that each entry of left-out work names the reason that bars it."""
    if not sound.left_out:
        return
    reasons = _Reasons(sound)
    for entry in sound.left_out:
        true = reasons.of(entry)
        if entry.reason not in true:
            message = f"reason is {entry.reason!r}, should be {' or '.join(map(repr, true))}"
            findings.add("left_out", left_out_element(entry), message)


class _Reasons:
    """The reasons that may be given; more than one only where the least round trips are not known."""

    def __init__(self, sound: Sound) -> None:
        self.problem = sound.problem
        self.barring = Barring(sound.problem)
        self._known: dict[Likeness, tuple[str, ...]] = {}
        self._services: dict[str, ServiceReasons] = {}

    def of(self, entry: LeftOut) -> tuple[str, ...]:
        """Return the reasons that hold for an entry."""
        workload = self.problem.workload[entry.workload]
        key = self._likeness(workload, entry.location)
        if key not in self._known:
            self._known[key] = self._find(workload, entry.location or "")
        return self._known[key]

    def _find(self, workload: TrainingJob | InferenceService, location: str) -> tuple[str, ...]:
        if isinstance(workload, TrainingJob):
            return JobReasons(self.barring, workload).find()
        if workload.id not in self._services:
            self._services[workload.id] = ServiceReasons(self.barring, workload)
        return self._services[workload.id].find(location)

    def _likeness(self, workload: TrainingJob | InferenceService, location: str | None) -> Likeness:
        """Return what work has in common that is barred for the same reasons."""
        if isinstance(workload, InferenceService):
            return (workload.id, location)
        same = workload.model_dump_json(exclude={"id", "name", "owner", "priority"})
        return (same, workload.id if self.barring.pins.bind(workload.id) else None)
