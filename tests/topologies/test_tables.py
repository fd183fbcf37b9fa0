"""Workloads from CSV; messages are in tests/malformed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from computeroute.routing.errors import InputError
from computeroute.routing.problem import Problem
from computeroute.routing.workloads import InferenceService, TrainingJob
from computeroute.topologies import load
from computeroute.topologies.columns import ALL_COLUMNS, COLUMNS


@pytest.fixture
def topology(tmp_path: Path, world: dict[str, Any]) -> Path:
    world["accelerators"].append({"id": "a100", "peak_tflops": 312, "memory_gb": 80, "tdp_w": 400})
    world["locations"].append({"id": "munich", "jurisdiction": "DE-BY"})
    path = tmp_path / "topology.json"
    path.write_text(json.dumps({**world, "workloads": [], "limits": {}}), encoding="utf-8")
    return path


def read(topology: Path, text: str, name: str = "jobs.csv") -> Problem:
    path = topology.parent / name
    path.write_bytes(text.encode())
    return load(topology, path)


def test_a_job_with_every_column(topology: Path) -> None:
    text = (
        "id,kind,name,owner,policy,priority,memory_gb_per_accelerator,accelerator,count,hours,dataset_at,dataset_gb,"
        "dataset_transfer_hours,max_sites,multi_site_min_bandwidth_gbps,multi_site_max_rtt_ms,multi_site_efficiency,"
        "earliest_start_hours,deadline_hours,interruptible\n"
        'tune,training,"Tuning, fine",lab,german,2.5,40,h100,8,6,berlin|fra1,500,3,2,100,12.5,0.9,1,20,true\n'
    )
    assert read(topology, text).workloads == (
        TrainingJob(
            id="tune",
            name="Tuning, fine",
            owner="lab",
            policy="german",
            priority=2.5,
            memory_gb_per_accelerator=40,
            needs=({"accelerator": "h100", "count": 8, "hours": 6},),
            dataset={"at": ("berlin", "fra1"), "gb": 500, "transfer_hours": 3},
            max_sites=2,
            multi_site={"min_bandwidth_gbps": 100, "max_rtt_ms": 12.5, "efficiency": 0.9},
            earliest_start_hours=1,
            deadline_hours=20,
            interruptible=True,
        ),
    )


def test_a_job_by_compute(topology: Path) -> None:
    text = "id,pflop_days,utilization,counts,accelerators\ngrow,3640,0.4,1024| 2048,h100|a100\n"
    compute = {
        "pflop_days": 3640,
        "utilization": 0.4,
        "counts": (1024, 2048),
        "accelerators": ("h100", "a100"),
    }
    assert read(topology, text).workloads == (TrainingJob(id="grow", compute=compute),)


def test_further_rows_of_a_job_are_alternatives(topology: Path) -> None:
    text = "id,accelerator,count,hours,priority\na,h100,8,6,3\na,a100,8,15,\na,a100,16,8,3\nb,h100,1,1,\n"
    first, second = read(topology, text).jobs
    assert [(need.accelerator, need.count, need.hours) for need in first.needs or ()] == [
        ("h100", 8, 6),
        ("a100", 8, 15),
        ("a100", 16, 8),
    ]
    assert (first.priority, second.priority) == (3, 1)


def test_a_service_with_every_column(topology: Path) -> None:
    text = (
        "id;kind;policy;location;requests_per_second;location_policy;accelerator;accelerators_per_replica;"
        "replica_requests_per_second;service_ms;max_rtt_ms;max_latency_ms;request_kb;response_kb;"
        "target_utilization;min_sites;max_sites;survive\n"
        "chat;inference;wide;berlin;10|4;german;h100;2;5;300;40;500;2;8;0.7;1;2;site\n"
        "chat;;;munich;3;;a100;4;5;350;;;;;;;;\n"
        "other;;;munich;1;;h100;;2;;;;;;;;;\n"
        "chat;;;fra1;0;;;;;;40;;;;;;;\n"
    )
    chat, other = read(topology, text).workloads
    assert chat == InferenceService(
        id="chat",
        policy="wide",
        demand=(
            {"location": "berlin", "requests_per_second": (10, 4), "policy": "german"},
            {"location": "munich", "requests_per_second": 3},
            {"location": "fra1", "requests_per_second": 0},
        ),
        serving=(
            {
                "accelerator": "h100",
                "accelerators_per_replica": 2,
                "requests_per_second": 5,
                "service_ms": 300,
            },
            {
                "accelerator": "a100",
                "accelerators_per_replica": 4,
                "requests_per_second": 5,
                "service_ms": 350,
            },
        ),
        max_rtt_ms=40,
        max_latency_ms=500,
        request_kb=2,
        response_kb=8,
        target_utilization=0.7,
        min_sites=1,
        max_sites=2,
        survive="site",
    )
    assert other.id == "other"


def test_jobs_and_services_share_a_file(topology: Path) -> None:
    text = (
        "id,location,requests_per_second,replica_requests_per_second,accelerator,count,hours\n"
        "chat,berlin,1,5,h100,,\n"
        "tune,,,,h100,8,6\n"
        "chat,munich,1,5,h100,,\n"
    )
    problem = read(topology, text)
    assert [workload.kind for workload in problem.workloads] == ["inference", "training"]
    assert [demand.location for demand in problem.services[0].demand] == ["berlin", "munich"]
    assert len(problem.services[0].serving) == 1


@pytest.mark.parametrize(
    ("delimiter", "name"), [(",", "a.csv"), (";", "a.csv"), ("\t", "a.tsv"), (",", "a.txt"), (";", "-x")]
)
def test_separators_and_names(topology: Path, delimiter: str, name: str) -> None:
    text = "id,accelerator,count,hours\na,h100,8,1e1\n".replace(",", delimiter)
    needs = read(topology, text, name).jobs[0].needs or ()
    assert [(need.count, need.hours) for need in needs] == [(8, 10)]


def test_blank_lines_quotes_marks_and_trailing_separators_do_no_harm(topology: Path) -> None:
    lines = [
        '"id", accelerator ,count,hours,name,',
        "",
        ' a ,h100,8,6,"one, name",',
        ",,,,,",
        'b,h100,1,1,"say ""hi""",,',
    ]
    text = "\ufeff\r\n" + "\r\n".join(lines)
    jobs = read(topology, text).jobs
    assert [(job.id, job.name) for job in jobs] == [("a", "one, name"), ("b", 'say "hi"')]


def test_lines_are_counted_through_quoted_line_ends(topology: Path) -> None:
    text = 'id,accelerator,count,hours,name\na,h100,8,6,"two\nlines"\nb,h100,x,1,\n'
    with pytest.raises(InputError) as caught:
        read(topology, text)
    assert "line 2 'a', column 'name': must not hold control characters" in str(caught.value)
    assert "line 4 'b', column 'count': must be a whole number, got 'x'" in str(caught.value)


def test_every_field_of_a_workload_has_a_column() -> None:
    for model, kind in ((TrainingJob, "training"), (InferenceService, "inference")):
        parts = {column.part or column.key for column in COLUMNS[kind].values()}
        assert parts == set(model.model_fields)
        for column in COLUMNS[kind].values():
            if column.part:
                assert column.key in _fields_below(model, column.part)
    assert set(ALL_COLUMNS) == {*COLUMNS["training"], *COLUMNS["inference"]}


def _fields_below(model: Any, part: str) -> set[str]:
    defined = model.model_json_schema()["$defs"]
    called = {"needs": "Need", "compute": "Compute", "dataset": "Dataset", "multi_site": "MultiSite"}
    return set(defined[{**called, "demand": "Demand", "serving": "Serving"}[part]]["properties"])


@pytest.mark.no_cover
def test_many_jobs_load_fast(topology: Path) -> None:
    """100,000 rows take some seconds; a tenth of that here, and cost grows with the rows."""
    rows = "".join(f"job{number},h100,8,2.5,german,1.5\n" for number in range(10_000))
    begin = time.process_time()
    problem = read(topology, "id,accelerator,count,hours,policy,priority\n" + rows)
    assert time.process_time() - begin < 10
    assert len(problem.jobs) == 10_000


def test_a_list_that_is_missing_is_told_by_its_first_column(tmp_path: Path) -> None:
    file = tmp_path / "work.csv"
    file.write_text("id,kind,max_rtt_ms\nchat,inference,40\nbert,training,\n")
    with pytest.raises(InputError) as error:
        load("two-sites", file)
    assert {fault.place for fault in error.value.faults} >= {
        "line 2 'chat', column 'location'",
        "line 2 'chat', column 'accelerator'",
    }
