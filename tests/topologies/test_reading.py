"""Reading problems: files, samples, standard input and catalogs; messages are in tests/malformed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from computeroute.routing.errors import InputError
from computeroute.routing.problem import Problem
from computeroute.topologies import from_data, load, read, sample_text, schema


def write(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_json_and_yaml_give_the_same_problem(tmp_path: Path, world: dict[str, Any]) -> None:
    problem = Problem.parse(world)
    for name in ("a.json", "a.JSON", "a.txt", "a"):
        assert load(write(tmp_path, name, world)).digest == problem.digest
    for name in ("b.yaml", "b.yml", "b.YAML", "b.txt", "b"):
        assert load(str(write(tmp_path, name, yaml.safe_dump(world)))).digest == problem.digest


def test_a_byte_order_mark_and_other_line_ends_are_no_matter(tmp_path: Path, world: dict[str, Any]) -> None:
    text = json.dumps(world, indent=1).replace("\n", "\r\n")
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load(path).digest == Problem.parse(world).digest


def test_yaml_is_read_as_json_would_be(tmp_path: Path) -> None:
    text = """
        country: NO
        flags: [yes, on, true, False]
        numbers: [1e3, 010, 1_000, 12:30, -5, .5, 0x1F, "1", +2, 1., .inf]
        nothing: [~, null, ]
        date: 2026-01-01
        1: one
        text: !!str 5
        base: &base {a: 1, b: 2}
        more: {<<: *base, b: 3}
    """
    data, faults = read(write(tmp_path, "a.yaml", text))
    assert faults == []
    assert data == {
        "country": "NO",
        "flags": ["yes", "on", True, False],
        "numbers": [1000.0, 10, "1_000", "12:30", -5, 0.5, "0x1F", "1", 2, 1.0, float("inf")],
        "nothing": [None, None],
        "date": "2026-01-01",
        "1": "one",
        "text": "5",
        "base": {"a": 1, "b": 2},
        "more": {"a": 1, "b": 3},
    }


def test_yaml_lists_may_be_shared(tmp_path: Path, world: dict[str, Any]) -> None:
    prices = [0.25, 0.5]
    for site in world["data_centers"]:
        site["usd_per_kwh"] = prices
    text = yaml.safe_dump(world)
    assert "*id001" in text
    assert [site.usd_per_kwh for site in load(write(tmp_path, "a.yaml", text)).data_centers] == [
        (0.25, 0.5)
    ] * 2


def test_surrogate_pairs_are_characters(tmp_path: Path, world: dict[str, Any]) -> None:
    text = json.dumps({**world, "name": "to the moon 🚀"})
    assert r"\ud83d\ude80" in text
    assert load(write(tmp_path, "a.json", text)).name == "to the moon 🚀"


def test_a_sample_is_known_by_its_name_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sample = load("two-sites")
    (tmp_path / "two-sites").mkdir()
    assert load("two-sites") == sample


def test_a_file_of_that_name_goes_before_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "two-sites", world)
    assert load("two-sites").name == world["name"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch, world: dict[str, Any]) -> None:
    for stdin in (
        io.TextIOWrapper(io.BytesIO(json.dumps(world).encode())),
        io.StringIO(yaml.safe_dump(world)),
    ):
        monkeypatch.setattr("sys.stdin", stdin)
        assert load("-").digest == Problem.parse(world).digest
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(InputError, match="<stdin>: is empty"):
        load("-")


def test_standard_input_of_a_process(world: dict[str, Any]) -> None:
    code = "from computeroute.topologies import load; print(load('-').digest)"
    run = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(world), capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == Problem.parse(world).digest


def test_a_pipe(tmp_path: Path, world: dict[str, Any]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(json.dumps(world)))
    writer.start()
    assert load(pipe).digest == Problem.parse(world).digest
    writer.join()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("two-sitez", "did you mean 'two-sites'?"),
        ("two-sitez.json", "did you mean 'two-sites'?"),
        ("nowhere/at/all.json", "no such file, nor a sample of that name"),
        ("", "is needed in place of an empty text"),
        ("x" * 5000, "cannot be read: File name too long"),
        ("a\0b", "cannot be read: embedded null byte"),
        ("/proc/self/mem", "cannot be read: Input/output error"),
    ],
)
def test_what_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        load(name)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("path", [None, 3, b"two-sites"])
def test_what_is_no_path_is_told(path: Any) -> None:
    with pytest.raises(InputError, match=r"path: must be a text or a pathlib\.Path, not "):
        load(path)


def test_accelerators_and_groups_come_from_the_catalogs(tmp_path: Path, world: dict[str, Any]) -> None:
    del world["accelerators"]
    world["policies"][1]["allow"] = ["EEA"]
    world["workloads"][0]["needs"].append({"accelerator": "mi300x", "count": 4, "hours": 9})
    problem = load(write(tmp_path, "a.json", world))
    assert {a.id: (a.peak_tflops, a.memory_gb) for a in problem.accelerators} == {
        "h100": (989, 80),
        "mi300x": (1307.4, 192),
    }
    assert list(problem.groups) == ["DACH", "EEA", "EU"]
    assert problem.residency("wide").may_process("NO")


def test_workloads_may_all_come_from_the_second_file(tmp_path: Path, world: dict[str, Any]) -> None:
    digest, workloads = Problem.parse(world).digest, world.pop("workloads")
    topology = write(tmp_path, "topology.json", world)
    for name, content in (
        ("a.json", workloads),
        ("b.json", {"workloads": workloads}),
        ("c.yaml", yaml.safe_dump(workloads)),
        ("d.txt", yaml.safe_dump({"workloads": workloads})),
    ):
        assert load(topology, write(tmp_path, name, content)).digest == digest
    with pytest.raises(InputError, match="workloads: is required, here or in a second file"):
        load(topology)


def test_workloads_of_both_files_are_added(tmp_path: Path, world: dict[str, Any]) -> None:
    digest = Problem.parse(world).digest
    second = write(tmp_path, "second.json", world["workloads"][1:])
    world["workloads"] = world["workloads"][:1]
    assert load(write(tmp_path, "a.json", world), str(second)).digest == digest


@pytest.mark.parametrize("own", [None, {}, "x"])
def test_workloads_of_the_topology_must_be_a_list_all_the_same(
    tmp_path: Path, world: dict[str, Any], own: Any
) -> None:
    second = write(tmp_path, "second.json", world["workloads"])
    with pytest.raises(InputError, match="workloads: must be a list"):
        load(write(tmp_path, "a.json", {**world, "workloads": own}), second)


def test_faults_of_both_files_are_told_at_once(tmp_path: Path, world: dict[str, Any]) -> None:
    world["pools"][0]["count"] = -1
    second = write(tmp_path, "second.csv", "id,accelerator,count,hours,limits\nnew,h100,0,1,\n")
    topology = write(tmp_path, "a.json", world)
    with pytest.raises(InputError) as caught:
        load(topology, second)
    head, first, *others = str(caught.value).splitlines()
    assert head == f"{topology} and {second}: 3 faults"
    assert first == f"  {topology}: pools[0] 'fra-h100'.count: must be at least 0, got -1"
    assert all(other.startswith(f"  {second}: ") for other in others)
    assert others[1] == f"  {second}: line 2 'new', column 'count': must be above 0, got 0"


def test_faults_of_the_second_file_alone_are_told_under_its_name(
    tmp_path: Path, world: dict[str, Any]
) -> None:
    second = write(tmp_path, "second.csv", "id,accelerator,count,hours\nnew,h100,0,1\n")
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, "a.json", world), second)
    assert str(caught.value) == f"{second}: line 2 'new', column 'count': must be above 0, got 0"


def test_the_schema_allows_what_load_allows() -> None:
    described = schema()
    assert described["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert described["required"] == ["data_centers", "pools"]
    assert "minItems" not in described["properties"]["workloads"]
    assert described["properties"]["pools"]["minItems"] == 1
    json.dumps(described)


def test_unknown_accelerators_are_not_also_told_as_none_at_all(tmp_path: Path) -> None:
    topology = {
        "data_centers": [{"id": "a", "jurisdiction": "DE"}],
        "pools": [
            {"id": "p", "data_center": "a", "accelerator": "a100", "count": 4, "usd_per_accelerator_hour": 2}
        ],
        "workloads": [
            {"kind": "training", "id": "t", "needs": [{"accelerator": "a100", "count": 4, "hours": 1}]}
        ],
    }
    path = tmp_path / "topology.json"
    path.write_text(json.dumps(topology), encoding="utf-8")
    with pytest.raises(InputError) as told:
        load(path)
    assert [fault.place for fault in told.value.faults] == [
        "pools[0] 'p'.accelerator",
        "workloads[0] 't'.needs[0].accelerator",
    ]
    assert all("did you mean 'a100-80' or 'a100-40'?" in fault.message for fault in told.value.faults)


def test_an_accelerator_in_capitals_is_the_one_of_that_name(tmp_path: Path, world: dict[str, Any]) -> None:
    del world["accelerators"]
    world["pools"][0]["accelerator"] = "H100"
    with pytest.raises(InputError, match="unknown accelerator 'H100'; did you mean 'h100'") as told:
        load(write(tmp_path, "topology.json", world))
    assert not [fault for fault in told.value.faults if "nvl" in fault.message]


def test_plain_data_are_read_as_a_file_is(tmp_path: Path) -> None:
    data = json.loads(sample_text("two-sites"))
    problem = from_data(data)
    assert problem.digest == load("two-sites").digest
    bare = {
        "data_centers": [{"id": "fra", "jurisdiction": "DE"}],
        "pools": [{"id": "own", "data_center": "fra", "accelerator": "h100", "count": 8}],
        "policies": [{"id": "eu", "allow": ["EU"]}],
        "workloads": [
            {"kind": "training", "id": "t", "needs": [{"accelerator": "h100", "count": 4, "hours": 2}]}
        ],
    }
    path = tmp_path / "bare.json"
    path.write_text(json.dumps(bare), encoding="utf-8")
    assert from_data(bare) == load(path)


@pytest.mark.parametrize("data", [[], "text", {"pools": [{"accelerator": "h999"}]}])
def test_faults_of_plain_data_are_told_under_their_name(data: Any) -> None:
    with pytest.raises(InputError) as caught:
        from_data(data, "the body")
    assert str(caught.value).startswith("the body")


class _Awkward:
    def __bool__(self) -> bool:
        raise ValueError


def test_pools_that_no_file_holds_are_told() -> None:
    with pytest.raises(InputError, match="pools: must be a list, got an object of type _Awkward"):
        from_data({"pools": _Awkward()})
