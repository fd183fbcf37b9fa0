"""The columns of a CSV file of workloads, and how a cell becomes a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

LIST_SEPARATOR = "|"

Value = Any
Convert = Callable[[str], Value]


def _text(cell: str) -> str:
    return cell


def _number(cell: str) -> Value:
    """Return the number, or the cell as it is: the model then tells what is wrong with it."""
    try:
        return cell if "_" in cell else float(cell)
    except ValueError:
        return cell


def _whole(cell: str) -> Value:
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell) < 20 else _number(cell)


def _flag(cell: str) -> Value:
    return {"true": True, "false": False}.get(cell.lower(), cell)


def _list_of(convert: Convert) -> Convert:
    return lambda cell: [convert(part.strip()) for part in cell.split(LIST_SEPARATOR)]


def _number_or_list(cell: str) -> Value:
    return _list_of(_number)(cell) if LIST_SEPARATOR in cell else _number(cell)


class Column(NamedTuple):
    """Where a column's values go.

    ``part`` is the field of the workload that holds ``key``: none for a field of its own, an object such as
    ``dataset``, or one of ``LISTS``, to which every row may add an entry.
    """

    part: str
    key: str
    convert: Convert


LISTS = frozenset({"needs", "demand", "serving"})

_COMMON = {
    "id": Column("", "id", _text),
    "kind": Column("", "kind", _text),
    "name": Column("", "name", _text),
    "owner": Column("", "owner", _text),
    "policy": Column("", "policy", _text),
    "priority": Column("", "priority", _number),
    "memory_gb_per_accelerator": Column("", "memory_gb_per_accelerator", _number),
}
_TRAINING = {
    "accelerator": Column("needs", "accelerator", _text),
    "count": Column("needs", "count", _whole),
    "hours": Column("needs", "hours", _number),
    "pflop_days": Column("compute", "pflop_days", _number),
    "utilization": Column("compute", "utilization", _number),
    "counts": Column("compute", "counts", _list_of(_whole)),
    "accelerators": Column("compute", "accelerators", _list_of(_text)),
    "dataset_at": Column("dataset", "at", _list_of(_text)),
    "dataset_gb": Column("dataset", "gb", _number),
    "dataset_transfer_hours": Column("dataset", "transfer_hours", _number),
    "max_sites": Column("", "max_sites", _whole),
    "multi_site_min_bandwidth_gbps": Column("multi_site", "min_bandwidth_gbps", _number),
    "multi_site_max_rtt_ms": Column("multi_site", "max_rtt_ms", _number),
    "multi_site_efficiency": Column("multi_site", "efficiency", _number),
    "earliest_start_hours": Column("", "earliest_start_hours", _number),
    "deadline_hours": Column("", "deadline_hours", _number),
    "interruptible": Column("", "interruptible", _flag),
}
_INFERENCE = {
    "location": Column("demand", "location", _text),
    "requests_per_second": Column("demand", "requests_per_second", _number_or_list),
    "location_policy": Column("demand", "policy", _text),
    "accelerator": Column("serving", "accelerator", _text),
    "accelerators_per_replica": Column("serving", "accelerators_per_replica", _whole),
    "replica_requests_per_second": Column("serving", "requests_per_second", _number),
    "service_ms": Column("serving", "service_ms", _number),
    "max_rtt_ms": Column("", "max_rtt_ms", _number),
    "max_latency_ms": Column("", "max_latency_ms", _number),
    "request_kb": Column("", "request_kb", _number),
    "response_kb": Column("", "response_kb", _number),
    "target_utilization": Column("", "target_utilization", _number),
    "min_sites": Column("", "min_sites", _whole),
    "max_sites": Column("", "max_sites", _whole),
    "survive": Column("", "survive", _text),
}
COLUMNS = {"training": {**_COMMON, **_TRAINING}, "inference": {**_COMMON, **_INFERENCE}}
"""Columns by name for each kind of workload."""
ALL_COLUMNS = tuple(dict.fromkeys(name for columns in COLUMNS.values() for name in columns))
ONLY_INFERENCE = frozenset(_INFERENCE) - frozenset(_TRAINING)
"""A row with one of these filled is of an inference service, where it does not say its kind."""
COLUMN_NAMES = {
    kind: {(column.part, column.key): name for name, column in columns.items()}
    for kind, columns in COLUMNS.items()
}
"""The column that a field of a model comes from."""
FIRST_COLUMNS = {
    kind: {column.part: name for name, column in reversed(columns.items()) if column.part in LISTS}
    for kind, columns in COLUMNS.items()
}
"""The column that begins an entry of each list."""
