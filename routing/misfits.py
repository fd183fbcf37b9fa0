"""Fields of one element that do not fit each other, be it parsed or the raw data of a faulty file.

Models refuse themselves by these. Where a field alone has a fault already, the model is never made and the
raw data is asked instead. Nothing is told of fields that are no numbers where some are wanted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from .errors import quoted
from .raw import get, items, number, text


def pool_misfits(pool: Any) -> Iterator[str]:
    """Yield what does not fit in a pool: its counts, and prices that they need."""
    count, committed = _figure(pool, "count", math.nan), _figure(pool, "committed_count", 0.0)
    if committed > count >= 0:
        yield f"committed_count {committed} exceeds count {count}"
    if committed > 0 and get(pool, "committed_usd_per_accelerator_hour") is None:
        yield "committed_count needs committed_usd_per_accelerator_hour"
    if get(pool, "spot_count") is not None and get(pool, "spot_usd_per_accelerator_hour") is None:
        yield "spot_count needs spot_usd_per_accelerator_hour"
    if count == 0 and get(pool, "expansion") is None:
        yield "count is 0 and there is no expansion: the pool can never hold anything"


def link_misfits(link: Any) -> Iterator[str]:
    """Yield what does not fit in a link: its ends."""
    source = text(link, "source")
    if source is not None and source == text(link, "target"):
        yield f"joins {quoted(source)} to itself; remove it or correct an end"


def job_misfits(job: Any) -> Iterator[str]:
    """Yield what does not fit in a training job: how its size is given, its sites, start and deadline."""
    if (get(job, "needs") is None) == (get(job, "compute") is None):
        yield "give exactly one of 'needs' (count and hours) and 'compute' (PFLOP-days)"
    sites = _figure(job, "max_sites", 1)
    if not math.isnan(sites) and (sites > 1) != (get(job, "multi_site") is not None):
        yield "'max_sites' above 1 and 'multi_site' go together"
    start, deadline = _figure(job, "earliest_start_hours", 0.0), _figure(job, "deadline_hours", math.inf)
    if 0 < deadline <= start:
        yield f"deadline_hours {deadline:g} is not after earliest_start_hours {start:g}"


def service_misfits(service: Any) -> Iterator[str]:
    """Yield what does not fit in an inference service: how many sites it may and must use."""
    least, most = _figure(service, "min_sites", 1), _figure(service, "max_sites", math.inf)
    if 0 < most < least:
        yield f"max_sites {most} is below min_sites {least}"
    if get(service, "survive") == "site" and most == 1:
        yield "survive 'site' needs max_sites of 2 or more: one site is lost with all it holds"


def assignment_misfits(assignment: Any) -> Iterator[str]:
    """Yield what does not fit in a pinned or forbidden assignment: it names one place."""
    if (get(assignment, "data_center") is None) == (get(assignment, "pool") is None):
        yield "give exactly one of 'data_center' and 'pool'"


WORKLOAD_MISFITS: Mapping[str | None, Callable[[Any], Iterator[str]]] = MappingProxyType(
    {"training": job_misfits, "inference": service_misfits}
)
"""By the ``kind`` of a workload."""


def misfits(problem: Any) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield the place of each raw element whose fields do not fit each other, and what is wrong."""
    if not isinstance(problem, Mapping):
        return  # made of elements that have refused what does not fit
    for at, element, find in _elements(problem):
        told = "; ".join(find(element)) if isinstance(element, Mapping) else ""
        if told:
            yield at, told


def _elements(problem: Any) -> Iterator[tuple[tuple[int | str, ...], Any, Callable[[Any], Iterator[str]]]]:
    for key, find in (("pools", pool_misfits), ("links", link_misfits)):
        for index, element in enumerate(items(problem, key)):
            yield (key, index), element, find
    for index, workload in enumerate(items(problem, "workloads")):
        kind = text(workload, "kind")
        if kind in WORKLOAD_MISFITS:
            yield ("workloads", index), workload, WORKLOAD_MISFITS[kind]
    for key in ("pinned", "forbidden"):
        for index, assignment in enumerate(items(get(problem, "limits"), key)):
            yield ("limits", key, index), assignment, assignment_misfits


def _figure(element: Any, key: str, absent: float) -> float:
    """Return a field: ``absent`` where it is not given, NaN where it is no number."""
    return absent if get(element, key) is None else number(element, key, math.nan)
