"""Readers and re-checkers of ``gap`` and ``scale`` on tiny files worked out by hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from computeroute.solvers.block_accounts import objective
from computeroute.solvers.whole import solve_whole

from benchmarks.families import MODULES, BadFileError, WrongSolutionError, family
from benchmarks.readers.numbers import most_load

# two agents, three items: costs 1 2 3 / 4 4 4, weights 2 2 2 / 1 1 1, capacities 4 and 2
GAP = "2 3\n 1 2 3\n4 4 4\n2 2 2 1 1 1\n4 2"


def gap_file(folder: Path, text: str = GAP) -> Path:
    path = folder / "tiny"
    path.write_text(text)
    return path


def scale_file(folder: Path, **changes: np.ndarray) -> Path:
    arrays = {
        "need": np.array([[2, 1], [2, 1], [2, 1]], np.float32),
        "cost": np.array([[1, 4], [2, 4], [3, 4]], np.float32),
        "allowed": np.array([[True, True], [True, False], [True, True]]),
        "capacity": np.array([4.0, 2.0]),
    }
    path = folder / "tiny.npz"
    np.savez(path, **{name: each for name, each in (arrays | changes).items() if each.size})
    return path


def test_gap_is_read_solved_and_checked(tmp_path: Path) -> None:
    path, gap = gap_file(tmp_path), family("gap")
    blocks, context = gap.read(path, None)
    result = solve_whole(blocks, time_limit=10.0, gap_limit=0.0)
    assert result.solution is not None
    assert result.objective == 7.0  # agent 0 has room for two items: 1 + 2, and 4 for the third
    solution = gap.to_solution(result.solution, context)
    assert solution == {"assignment": [0, 0, 1]}
    assert gap.check(path, None, solution) == objective(blocks, result.solution)


def test_scale_is_read_solved_and_checked(tmp_path: Path) -> None:
    path, scale = scale_file(tmp_path), family("scale")
    blocks, context = scale.read(path, None)
    assert len(blocks.choices.cost) == 5
    result = solve_whole(blocks, time_limit=10.0, gap_limit=0.0)
    assert result.solution is not None
    solution = scale.to_solution(result.solution, context)
    assert solution == {"assignment": [0, 0, 1]}
    assert scale.check(path, None, solution) == 7.0


def test_nothing_to_place_is_placed(tmp_path: Path) -> None:
    none = np.zeros((0, 2), np.float32)
    path, scale = tmp_path / "none.npz", family("scale")
    np.savez(path, need=none, cost=none, allowed=none > 0, capacity=np.ones(2))
    assert scale.check(path, None, {"assignment": []}) == 0.0


@pytest.mark.parametrize(
    ("solution", "message"),
    [
        ({}, "list of 3"),
        ({"assignment": [0, 0]}, "list of 3"),
        ({"assignment": [0, 0, 2]}, "from 0 to 1"),
        ({"assignment": [0, 0, -1]}, "from 0 to 1"),
        ({"assignment": [0, 0, 0.5]}, "whole numbers"),
        ({"assignment": [0, 0, 0]}, "agent 0 is loaded"),
        ({"assignment": [0, 1, 0]}, "item 1 is not allowed"),
    ],
)
def test_wrong_solutions_are_seen(tmp_path: Path, solution: dict[str, list[int]], message: str) -> None:
    with pytest.raises(WrongSolutionError, match=message):
        family("scale").check(scale_file(tmp_path), None, solution)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 3 x", "could not convert"),
        ("2", "the sizes"),
        ("0 3", "make no instance"),
        ("2 3 1 2 3", "the costs"),
        ("2 3 " + "1 " * 7, "the weights"),
        ("2 3 " + "1 " * 13, "the capacities"),
    ],
)
def test_malformed_gap_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadFileError, match=f"tiny: .*{message}"):
        family("gap").read(gap_file(tmp_path, text), None)


def test_malformed_scale_files_are_named(tmp_path: Path) -> None:
    scale = family("scale")
    with pytest.raises(BadFileError, match="not an npz file"):
        scale.read(gap_file(tmp_path), None)
    with pytest.raises(BadFileError, match="not an npz file"):
        scale.read(scale_file(tmp_path, need=np.zeros(0)), None)
    with pytest.raises(BadFileError, match="do not fit"):
        scale.read(scale_file(tmp_path, capacity=np.ones(3)), None)


def test_families_are_found_by_name() -> None:
    assert set(MODULES) == {"scale", "gap", "cflp", "ufl", "sscflp", "cmnd", "te"}
    with pytest.raises(KeyError):
        family("nothing")


def test_each_agent_is_held_to_its_own_capacity(tmp_path: Path) -> None:
    file = gap_file(tmp_path, "2 1\n1 1\n6 6\n4 2000000")
    assert family("gap").check(file, None, {"assignment": [1]}) == 1.0
    with pytest.raises(WrongSolutionError, match="agent 0 is loaded 6, its capacity is 4"):
        family("gap").check(file, None, {"assignment": [0]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 1 nan 1 1", "costs must be finite"),
        ("1 1 1 1 -inf", "capacities must be finite numbers, not -inf"),
        ("1 1 1 -4 1", "weights must be numbers of at least 0, not -4"),
        ("1 1 1 inf 1", "weights must be"),
        ("1 1 1 1 nan", "capacities must be"),
        ("1.5 1 1 1 1", "sizes must be whole numbers"),
        ("nan 1 1 1 1", "sizes must be whole numbers"),
        ("1 1e12 1 1 1", "sizes must be whole numbers from 0 to"),
        ("1 1 1e308 1 1", "costs must be 0 or of a size from 1e-100 to 1e"),
        ("1 1 1 1e-300 1", "weights must be 0 or of a size from 1e-100"),
        ("1 1 1 1 1 7", "6 numbers where its sizes make 5"),
    ],
)
def test_numbers_that_cannot_be_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadFileError, match=message):
        family("gap").read(gap_file(tmp_path, text), None)


def test_what_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiny").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadFileError, match="is not text"):
        family("gap").read(tmp_path / "tiny", None)
    with pytest.raises(BadFileError, match="no regular file"):
        family("gap").read(tmp_path, None)
    os.mkfifo(tmp_path / "pipe")
    for name in ("gap", "scale"):  # to open it would wait for somebody to write
        with pytest.raises(BadFileError, match="no regular file"):
            family(name).read(tmp_path / "pipe", None)
    (tmp_path / "long").write_text("1 1 " + "7" * 2000)
    with pytest.raises(BadFileError, match="more than 1000 characters"):
        family("gap").read(tmp_path / "long", None)
    (tmp_path / "tiny.npz").write_bytes(b"PK\x03\x04 no more")
    with pytest.raises(BadFileError, match="not an npz file"):
        family("scale").read(tmp_path / "tiny.npz", None)


def test_a_compression_that_is_not_known_is_no_npz_file(tmp_path: Path) -> None:
    """Byte 10 of an entry of the directory in the end of the file is its way of compression."""
    path = scale_file(tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 10] = 77
    path.write_bytes(content)
    with pytest.raises(BadFileError, match="not an npz file"):
        family("scale").read(path, None)


def test_what_is_neither_allowed_nor_not_is_told(tmp_path: Path) -> None:
    allowed = np.array([[1.0, np.nan], [1.0, 0.0], [1.0, 1.0]])
    with pytest.raises(BadFileError, match="allowed must be finite numbers"):
        family("scale").read(scale_file(tmp_path, allowed=allowed), None)


def test_needs_of_what_is_allowed_are_no_less_than_nothing(tmp_path: Path) -> None:
    need = np.array([[2, 1], [2, -1], [2, 1]], np.float32)
    assert family("scale").read(scale_file(tmp_path, need=need), None), "it is not allowed there"
    with pytest.raises(BadFileError, match="needs of what is allowed"):
        family("scale").read(scale_file(tmp_path, need=-need), None)


@pytest.mark.parametrize(
    ("weight", "capacity", "fits"),
    [("1e9 1e9 1", "2e9", False), ("1e9 1e9 1", "2000000001", True), ("0.1 0.2 1e-9", "0.3", True)],
)
def test_whole_numbers_are_held_to_the_unit(
    tmp_path: Path, weight: str, capacity: str, *, fits: bool
) -> None:
    path = gap_file(tmp_path, f"1 3 1 1 1 {weight} {capacity}")
    if fits:
        assert family("gap").check(path, None, {"assignment": [0, 0, 0]}) == 3
        return
    with pytest.raises(WrongSolutionError, match="loaded 2000000001, its capacity is 2000000000"):
        family("gap").check(path, None, {"assignment": [0, 0, 0]})


def test_whole_numbers_have_no_rounding_unless_they_are_huge() -> None:
    """Sums of 1e61 are exact to about 1e45 only."""
    capacity = np.array([10.0, 1e8, 1e61, np.inf])
    whole, parts = np.array([1.0, 3.0]), np.array([1.5, 3.0])
    assert (most_load(capacity, whole)[:2] - capacity[:2]).tolist() == pytest.approx([1e-5, 0.5])
    assert 0 < most_load(capacity, whole)[2] / 1e61 - 1 < 1e-14
    assert most_load(capacity, parts)[1] == 1e8 + 100
    assert most_load(capacity, whole)[3] == np.inf
