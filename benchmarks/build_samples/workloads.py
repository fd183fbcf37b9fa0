"""Training jobs and inference services from the tables of a sample."""

from __future__ import annotations

from collections.abc import Callable

from common import Element, Row, given, number, table

FLOP_PER_PFLOP_DAY = 8.64e19
UTILIZATION = 0.4
"""Assumption: share of the peak that training reaches on one accelerator."""
TARGET_UTILIZATION = 0.8
"""Assumption: share of a replica's throughput that a careful operator plans with."""
OFFICE_AND_EVENING = (
    0.35, 0.25, 0.20, 0.18, 0.18, 0.22, 0.32, 0.48, 0.68, 0.88, 0.98, 1.00,
    0.92, 0.90, 0.96, 1.00, 0.98, 0.92, 0.86, 0.88, 0.92, 0.86, 0.70, 0.50,
)  # fmt: skip
"""Assumption: demand of people at work and at home, share of the peak per local hour."""
ROUND_THE_CLOCK = (
    0.75, 0.70, 0.68, 0.66, 0.66, 0.70, 0.80, 0.92, 1.00, 0.98, 0.95, 0.94,
    0.93, 0.93, 0.94, 0.95, 0.98, 1.00, 1.00, 0.96, 0.92, 0.88, 0.84, 0.80,
)  # fmt: skip
"""Assumption: demand of machines, vehicles and cameras, share of the peak per local hour."""
SHAPES = {"office": OFFICE_AND_EVENING, "machines": ROUND_THE_CLOCK}

DemandOf = Callable[[Row, str], Element]


def pflop_days(parameters_billion: float, tokens_billion: float) -> float:
    """Training compute by the common rule 6 x parameters x tokens, PFLOP-days to three digits."""
    exact = 6 * parameters_billion * tokens_billion * 1e18 / FLOP_PER_PFLOP_DAY
    return significant(exact)


def significant(value: float) -> float:
    """Round to three significant digits."""
    return float(f"{value:.3g}")


def rates(service: Row, users: str, hours_ahead: float = 0, hours: int = 1) -> list[float]:
    """Return the mean rate per period of ``hours``, for users whose clocks run ahead of the periods'."""
    peak, shape = float(service["peak"]) * float(users), SHAPES[service["shape"]]
    at = [peak * shape[int(hour + hours_ahead) % 24] for hour in range(24)]
    return [significant(sum(at[begin : begin + hours]) / hours) for begin in range(0, 24, hours)]


def workload(kind: str, row: Row) -> Element:
    """Return what every workload has."""
    element: Element = {"kind": kind, "id": row["id"]}
    return element | {key: row[key] for key in ("owner", "policy") if row.get(key)}


def training(row: Row, transfer_hours: float) -> Element:
    """Return the part that all training jobs have."""
    dataset = {"at": row["dataset_at"].split(), "gb": round(float(row["dataset_tb"]) * 1000)}
    return workload("training", row) | {"dataset": dataset | {"transfer_hours": transfer_hours}}


def compute(amount: float, counts: str, accelerators: list[str]) -> Element:
    """Return an amount of compute with the cluster sizes to choose from."""
    sizes = [int(count) for count in counts.split()]
    parts = {"pflop_days": amount, "utilization": UTILIZATION, "counts": sizes, "accelerators": accelerators}
    return {"compute": parts}


def pretraining(sample: str, accelerators: list[str]) -> list[Element]:
    """Return the jobs that run for days or weeks: 6 x parameters x tokens, with a deadline beyond the day."""
    return [_pretraining(row, accelerators) for row in table(sample, "pretraining")]


def _pretraining(row: Row, accelerators: list[str]) -> Element:
    parameters, tokens = float(row["parameters_billion"]), float(row["tokens_billion"])
    name = {"name": f"{parameters:g} billion parameters on {tokens:g} billion tokens"}
    amount = compute(pflop_days(parameters, tokens), row["counts"], accelerators)
    return training(row, 24) | name | amount | {"deadline_hours": 24 * number(row["deadline_days"])}


def day_jobs(sample: str) -> list[Element]:
    """Return the jobs of the day: accelerators and hours are given."""
    return [_day_job(row) for row in table(sample, "day_jobs")]


def _day_job(row: Row) -> Element:
    return training(row, number(row["transfer_hours"])) | {"needs": needs(row["needs"])} | timing(row)


def needs(text: str) -> list[Element]:
    """Read e.g. ``h100:64x5 a100-40:128x7``: 64 for 5 hours, or 128 of the other for 7."""
    parts = [item.replace("x", ":").split(":") for item in text.split()]
    return [
        {"accelerator": kind, "count": int(count), "hours": number(hours)} for kind, count, hours in parts
    ]


def timing(row: Row) -> Element:
    """Return when a job may run, and whether it may pause."""
    fields = given(row, "earliest_start_hours", "deadline_hours")
    return fields | ({"interruptible": True} if row["interruptible"] else {})


def inference(sample: str, demand_of: DemandOf) -> list[Element]:
    """Return the services; ``demand_of`` turns a service's row and a location into its demand."""
    serving: dict[str, list[Element]] = {}
    for row in table(sample, "profiles"):
        serving.setdefault(row["profile"], []).append(_serving(row))
    return [_service(row, serving[row["profile"]], demand_of) for row in table(sample, "services")]


def _serving(row: Row) -> Element:
    return {"accelerator": row["accelerator"]} | given(
        row, "accelerators_per_replica", "requests_per_second", "service_ms"
    )


def _service(row: Row, serving: list[Element], demand_of: DemandOf) -> Element:
    service = workload("inference", row)
    service |= {
        "demand": [demand_of(row, location) for location in row["locations"].split()],
        "serving": serving,
    }
    service |= given(
        row, "priority", "memory_gb_per_accelerator", "max_rtt_ms", "request_kb", "response_kb", "min_sites"
    )
    return service | {"target_utilization": TARGET_UTILIZATION}
