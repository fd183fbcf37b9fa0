"""What the tests of this folder share: the decomposition on its own, however few blocks there are."""

from __future__ import annotations

import pytest
from computeroute.solvers import automatic


@pytest.fixture(autouse=True)
def never_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no program of all blocks at once find what these tests ask of smaller steps."""
    monkeypatch.setattr(automatic, "LITTLE_COLUMNS", 0)
