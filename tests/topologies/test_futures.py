"""Files of scenarios: what the catalog knows need not be defined."""

from __future__ import annotations

import json
from pathlib import Path

from computeroute.topologies import load, load_scenarios


def test_pools_that_are_added_may_have_accelerators_of_the_catalog(tmp_path: Path) -> None:
    problem = load("two-sites")
    pool = {"id": "next", "data_center": "frankfurt", "accelerator": "gb200", "count": 4,
            "usd_per_accelerator_hour": 9}  # fmt: skip
    file = tmp_path / "futures.json"
    file.write_text(
        json.dumps({"scenarios": {"next": [{"add": {"pools": [pool]}}, {"scale": {"demand": 2}}]}})
    )
    assert "gb200" not in {each.id for each in problem.accelerators}
    changed = load_scenarios(file)["next"].apply(problem)
    assert changed.pool["next"].accelerator == "gb200"
    assert "gb200" in {each.id for each in changed.accelerators}


def test_what_the_file_defines_holds(tmp_path: Path) -> None:
    problem = load("two-sites")
    own = {"id": "mine", "peak_tflops": 5, "memory_gb": 6, "tdp_w": 7}
    pool = {"id": "next", "data_center": "frankfurt", "accelerator": "mine", "count": 4,
            "usd_per_accelerator_hour": 9}  # fmt: skip
    file = tmp_path / "futures.json"
    file.write_text(json.dumps({"scenarios": {"next": [{"add": {"pools": [pool], "accelerators": [own]}}]}}))
    changed = load_scenarios(file)["next"].apply(problem)
    assert next(each for each in changed.accelerators if each.id == "mine").tdp_w == 7
