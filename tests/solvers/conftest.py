"""What the tests of solvers share."""

from __future__ import annotations

from pathlib import Path

import pytest
from computeroute.solvers import automatic
from computeroute.solvers.market import solve as market_search

IN_STEPS = (
    "market",
    "model/test_constraints.py",
    "accounts/test_left_out.py",
    "test_replan",
    "admissible/test_survival.py",
)
"""Tests of what the decomposition does step by step, and of bounds and rules that it keeps on its own."""


@pytest.fixture(autouse=True)
def in_steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no program of all blocks at once find in these tests what is asked of smaller steps."""
    place = request.path.relative_to(Path(__file__).parent).as_posix()
    if place.startswith(IN_STEPS):
        monkeypatch.setattr(automatic, "LITTLE_COLUMNS", 0)


@pytest.fixture(autouse=True)
def gives_up_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let searches end after fewer rounds in vain, each of which takes twice as long as the one before."""
    monkeypatch.setattr(market_search, "IDLE_ROUNDS", 2)
