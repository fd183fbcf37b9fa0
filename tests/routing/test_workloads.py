"""Training jobs and inference services: defaults and what must hold within one of them."""

from __future__ import annotations

from typing import Any

import pytest
from computeroute.routing.workloads import (
    Compute,
    Demand,
    InferenceService,
    MultiSite,
    Need,
    Serving,
    TrainingJob,
)
from pydantic import ValidationError

NEED = Need(accelerator="h100", count=8, hours=6)
SPLIT = MultiSite(min_bandwidth_gbps=100, max_rtt_ms=10, efficiency=0.9)


def service(**changes: Any) -> InferenceService:
    plain = {"id": "s", "demand": (Demand(location="x", requests_per_second=0),), "serving": (SERVING,)}
    return InferenceService(**{**plain, **changes})


SERVING = Serving(accelerator="h100", requests_per_second=5)


def test_a_job_gives_needs_or_compute() -> None:
    compute = Compute(pflop_days=1, utilization=0.4, counts=(8,))
    assert TrainingJob(id="j", needs=(NEED,)).compute is None
    assert TrainingJob(id="j", compute=compute).needs is None
    for both in ({}, {"needs": (NEED,), "compute": compute}):
        with pytest.raises(ValidationError, match="exactly one of 'needs'"):
            TrainingJob(id="j", **both)


def test_several_sites_need_their_limits() -> None:
    assert TrainingJob(id="j", needs=(NEED,), max_sites=3, multi_site=SPLIT).max_sites == 3
    for half in ({"max_sites": 2}, {"multi_site": SPLIT}):
        with pytest.raises(ValidationError, match="go together"):
            TrainingJob(id="j", needs=(NEED,), **half)
    with pytest.raises(ValidationError, match="less than or equal to 3"):
        TrainingJob(id="j", needs=(NEED,), max_sites=4, multi_site=SPLIT)


def test_a_deadline_comes_after_the_start() -> None:
    assert (
        TrainingJob(id="j", needs=(NEED,), earliest_start_hours=5, deadline_hours=5.5).deadline_hours == 5.5
    )
    with pytest.raises(ValidationError, match="deadline_hours 5 is not after earliest_start_hours 5"):
        TrainingJob(id="j", needs=(NEED,), earliest_start_hours=5, deadline_hours=5)


def test_demand_may_be_zero_and_per_period() -> None:
    assert service().demand[0].requests_per_second == 0
    assert service(demand=(Demand(location="x", requests_per_second=(0, 2)),)).demand[
        0
    ].requests_per_second == (0, 2)


def test_most_sites_are_not_below_least() -> None:
    assert service(min_sites=2, max_sites=2).max_sites == 2
    with pytest.raises(ValidationError, match="max_sites 1 is below min_sites 2"):
        service(min_sites=2, max_sites=1)


def test_kinds_are_fixed() -> None:
    assert (TrainingJob(id="j", needs=(NEED,)).kind, service().kind) == ("training", "inference")
    with pytest.raises(ValidationError):
        service(kind="training")
