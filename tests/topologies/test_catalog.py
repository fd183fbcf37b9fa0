"""The catalogs: their figures, their sources, and what they fill in."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from computeroute.routing.sites import Accelerator
from computeroute.topologies.catalog import accelerators, fill_in, groups

EPOCH = Path(__file__).parents[3] / "shared" / "data" / "accelerators" / "epoch_ml_hardware_2026-04.csv"


def test_accelerators_are_as_a_file_would_define_them() -> None:
    for name, row in accelerators().items():
        fields = {key: value for key, value in row.items() if key != "source"}
        assert Accelerator.model_validate(fields).id == name
        assert row["source"]
    assert {"h100", "h200", "b200", "a100-80", "mi300x", "tpu-v5p", "910b"} <= accelerators().keys()


def test_accelerators_are_plausible() -> None:
    """Peak per watt of any accelerator since 2017 lies between 0.2 and 3 TFLOP/s."""
    for row in accelerators().values():
        assert 0.2 < row["peak_tflops"] / row["tdp_w"] < 3


@pytest.mark.skipif(not EPOCH.exists(), reason="the table of sources is not here")
def test_accelerators_agree_with_their_source() -> None:
    with EPOCH.open(encoding="utf-8", newline="") as file:
        table = {row["Hardware name"]: row for row in csv.DictReader(file)}
    compared = 0
    for row in accelerators().values():
        if found := re.match(r"Epoch AI, row '([^']+)'", row["source"]):
            source = table[found[1]]
            peak = (
                source["Tensor-FP16/BF16 performance (FLOP/s)"]
                or source["FP16 (half precision) performance (FLOP/s)"]
            )
            assert row["peak_tflops"] == pytest.approx(float(peak) / 1e12, rel=1e-3)
            assert row["memory_gb"] == pytest.approx(float(source["Memory (bytes)"]) / 1e9, rel=1e-3)
            assert row["tdp_w"] == float(source["TDP (W)"] or table["Huawei Ascend 910B"]["TDP (W)"])
            compared += 1
    assert compared > 30


def test_groups_have_their_members() -> None:
    known = groups()
    assert len(known["EU"]) == len(set(known["EU"])) == 27
    assert set(known["EEA"]) == {"EU", "IS", "LI", "NO"}
    assert set(known["EFTA"]) == {"CH", "IS", "LI", "NO"}
    assert not {"GB", "UK", "CH"} & set(known["EU"])
    assert all(re.fullmatch("[A-Z]{2}", code) for code in known["EU"])


def test_only_what_is_used_and_not_defined_is_filled_in() -> None:
    own = {"id": "h100", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 1}
    data = {
        "accelerators": [own],
        "groups": {"EU": ["DE"]},
        "policies": [{"id": "p", "allow": ["EEA"], "transit_deny": ["EFTA", "zz"]}],
        "pools": [{"accelerator": "h100"}, {"accelerator": "l4"}, {"accelerator": "none such"}],
        "workloads": [
            {"needs": [{"accelerator": "h200"}]},
            {"serving": [{"accelerator": "t4"}]},
            {"compute": {"accelerators": ["tpu-v5e", 7]}},
        ],
    }
    filled = fill_in(data)
    assert filled["accelerators"][0] is own
    assert [row["id"] for row in filled["accelerators"][1:]] == ["h200", "l4", "t4", "tpu-v5e"]
    assert all("source" not in row for row in filled["accelerators"])
    assert filled["groups"] == {"EU": ["DE"], "EEA": groups()["EEA"], "EFTA": groups()["EFTA"]}
    assert data["accelerators"] == [own]


def test_groups_within_groups_are_filled_in() -> None:
    assert list(fill_in({"groups": {"MINE": ["EEA", "GB"]}})["groups"]) == ["MINE", "EEA", "EU"]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"accelerators": None, "groups": 5, "pools": {}, "policies": [1], "workloads": "x"},
        {"accelerators": {}, "groups": [], "pools": [None, {"accelerator": {}}]},
        {"groups": {"A": 5, "B": [None]}},
    ],
)
def test_malformed_data_comes_back(data: dict[str, Any]) -> None:
    filled = fill_in(data)
    assert {key: filled[key] for key in data} == data
