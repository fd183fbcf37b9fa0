"""Loads so small that solvers take them for none."""

from __future__ import annotations

import numpy as np
from computeroute.solvers.model.little import without_specks


def test_specks_count_as_none_where_all_of_a_row_together_are() -> None:
    # Row 0 has 3e-7 of specks beside a load, row 1 has 8e-7 of them, row 2 one.
    load = np.array([1e-7, 2e-7, 0.5, 4e-7, 4e-7, 1e-8])
    found = without_specks(load, np.array([0, 0, 0, 1, 1, 2]))
    assert found.tolist() == [0.0, 0.0, 0.5, 4e-7, 4e-7, 0.0]
    assert without_specks(np.zeros(0), np.zeros(0, dtype=np.int64)).tolist() == []
