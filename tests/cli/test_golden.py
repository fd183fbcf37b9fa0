"""Whole outputs for the sample that is checked by hand; runtime, version and digest masked, figures rounded.

After a wanted change, ``ROUTE_UPDATE_GOLDEN=1 pytest tests/cli/test_golden.py`` writes them anew: read the
difference.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    "plan.txt": "plan two-sites",
    "plan.csv": "plan two-sites --format csv",
    "plan-cost.csv": "plan two-sites --format csv --table cost",
    "plan-flows.csv": "plan two-sites --format csv --table flows",
    "validate.txt": "validate two-sites",
    "validate.json": "validate two-sites --format json",
    "validate.csv": "validate two-sites --format csv",
    "show.txt": "show two-sites",
    "show-policy.txt": "show two-sites --policy eu-only",
    "show.json": "show two-sites --policy eu-only --format json",
    "show-rtt.csv": "show two-sites --policy eu-only --format csv --table rtt",
}


def masked(text: str) -> str:
    text = re.sub(r"in \d+\.\d\d s$", "in N s", text, flags=re.MULTILINE)
    text = re.sub(r"(ortools|highspy) \d+\.\d+\.\d+", r"\1 V", text)
    text = re.sub(r"sha256:[0-9a-f]+", "sha256:D", text)
    return re.sub(r"-?\d+\.\d{7,}", lambda number: f"{float(number[0]):.6g}", text)


@pytest.mark.parametrize("name", CASES)
def test_output(name: str, route: Callable[..., Result]) -> None:
    result = route(*CASES[name].split())
    assert result.exit_code == 0, result.stderr
    file = GOLDEN / name
    if os.environ.get("ROUTE_UPDATE_GOLDEN"):
        file.write_text(masked(result.stdout), encoding="utf-8")
    assert masked(result.stdout) == file.read_text(encoding="utf-8")
