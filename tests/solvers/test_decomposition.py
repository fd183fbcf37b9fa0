"""Blocks go to the solver that knows their structure."""

from __future__ import annotations

import numpy as np
import pytest
from computeroute.solvers.blocks import Blocks, Choices, Divisions, Flows, Resources
from computeroute.solvers.decomposition import SOLVERS, solve_blocks, structure
from scipy.sparse import csr_array

from .choices.small import blocks_of

OPTION = [(1.0, [2.0, 0.0]), (5.0, [0.0, 2.0])]
CHOICES = blocks_of([OPTION, OPTION], [3.0, 10.0])
OPENED = Resources.fixed(np.array([3.0, 10.0]), np.array([1.0, 1.0]))
EXPANDED = Resources(np.ones(2), np.ones(2), np.ones(2), np.ones(2), np.ones(2))
DIVISIONS = Divisions.plain(np.array([0, 2]), np.array([1.0, 2.0]), csr_array(np.eye(2)), np.full(1, np.inf))
FLOWS = Flows(2, *(np.array([x]) for x in (0, 1, 1.0, 0, 0, 1, 1.0)))


@pytest.mark.parametrize(
    ("blocks", "name"),
    [
        (CHOICES, "choices"),
        (Blocks(OPENED, CHOICES.choices, Divisions.none(2)), "facility"),
        (Blocks(OPENED, Choices.none(2), DIVISIONS), "facility"),
        (Blocks(OPENED, CHOICES.choices, DIVISIONS), "whole"),
        (Blocks(EXPANDED, Choices.none(2), DIVISIONS), "whole"),
        (Blocks(OPENED, Choices.none(2), Divisions.none(2), FLOWS), "network"),
        (Blocks(OPENED, CHOICES.choices, Divisions.none(2), FLOWS), "whole"),
    ],
)
def test_the_structure_is_seen(blocks: Blocks, name: str) -> None:
    assert structure(blocks) == name


@pytest.mark.parametrize(
    ("blocks", "value"),
    [
        (CHOICES, 6.0),
        # A (3) holds one workload (1) and the demand (1), B the other workload (5); both are opened (1 each)
        (Blocks(OPENED, CHOICES.choices, DIVISIONS), 9.0),
    ],
)
def test_the_method_says_why(blocks: Blocks, value: float) -> None:
    result = solve_blocks(blocks, time_limit=20.0, gap_limit=0.0)
    assert result.objective == pytest.approx(value)
    assert SOLVERS[structure(blocks)][2] in result.method


OPENING = Resources.fixed(np.array([3.0, 10.0]), np.array([1.0, 1.0]))
BOTH, TWICE = [(1.0, [2.0, 1.0]), (5.0, [0.0, 2.0])], [(1.0, [2.0, 0.0]), (2.0, [1.0, 0.0])]


@pytest.mark.parametrize("options", [BOTH, TWICE])
def test_what_no_facility_is_goes_to_the_whole_model(options: list[tuple[float, list[float]]]) -> None:
    blocks = Blocks(OPENING, blocks_of([options], [3.0, 10.0]).choices, Divisions.none(2))
    assert structure(blocks) == "whole"
    # The first option opens both resources (1 + 2), the second one (5 + 1); of those at one place 1 + 1.
    assert solve_blocks(blocks, time_limit=5.0).objective == pytest.approx(3.0 if options is BOTH else 2.0)
