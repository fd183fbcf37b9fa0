"""The domain: problem, graph, paths under residency and latency, plan, verifier.

Names are loaded when they are first used, so that importing the package (and ``route --help``) stays instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .check_findings import CONSTRAINTS, Violation
    from .errors import (
        Fault,
        InputError,
        MissingExtraError,
        OutputError,
        RejectedPlanError,
        RouteError,
        SolverError,
        UnknownNameError,
    )
    from .frames import to_frames
    from .graph import build_graph
    from .paths import PathFinder
    from .plan import Cost, Plan
    from .policies import DataPolicy, Residency
    from .problem import Limits, Objective, Period, Problem
    from .report import plan_report
    from .sites import Accelerator, DataCenter, Link, Location, Pool
    from .verifier import check
    from .workloads import InferenceService, TrainingJob

__all__ = [
    "CONSTRAINTS",
    "Accelerator",
    "Cost",
    "DataCenter",
    "DataPolicy",
    "Fault",
    "InferenceService",
    "InputError",
    "Limits",
    "Link",
    "Location",
    "MissingExtraError",
    "Objective",
    "OutputError",
    "PathFinder",
    "Period",
    "Plan",
    "Pool",
    "Problem",
    "RejectedPlanError",
    "Residency",
    "RouteError",
    "SolverError",
    "TrainingJob",
    "UnknownNameError",
    "Violation",
    "build_graph",
    "check",
    "plan_report",
    "to_frames",
]

_HOMES = {
    "check_findings": ("CONSTRAINTS", "Violation"),
    "errors": (
        "Fault",
        "InputError",
        "MissingExtraError",
        "OutputError",
        "RejectedPlanError",
        "RouteError",
        "SolverError",
        "UnknownNameError",
    ),
    "frames": ("to_frames",),
    "graph": ("build_graph",),
    "paths": ("PathFinder",),
    "plan": ("Cost", "Plan"),
    "policies": ("DataPolicy", "Residency"),
    "problem": ("Limits", "Objective", "Period", "Problem"),
    "report": ("plan_report",),
    "sites": ("Accelerator", "DataCenter", "Link", "Location", "Pool"),
    "verifier": ("check",),
    "workloads": ("InferenceService", "TrainingJob"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
