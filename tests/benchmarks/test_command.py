"""``python -m benchmarks``: what it prints, its exit codes, tables."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
from click.testing import CliRunner, Result
from computeroute.routing.errors import SolverError

from benchmarks import __main__ as entry
from benchmarks.__main__ import main
from benchmarks.families import BadFileError, WrongSolutionError
from benchmarks.known import Known, read_known
from benchmarks.readers import assignment, gap
from benchmarks.summary import summaries
from benchmarks.sweeps import grid
from benchmarks.table import Row, csv_of

from .test_readers import gap_file

BEGIN = """
import contextlib, signal, sys
from benchmarks import __main__ as entry

signal.signal(signal.SIGINT, signal.default_int_handler)
heeded = entry.interrupt_token

@contextlib.contextmanager
def told(say):
    with heeded(say) as token:
        print("heeds it", file=sys.stderr, flush=True)
        yield token

entry.interrupt_token = told
entry.main()
"""
"""The command, which tells from when on it heeds Ctrl-C."""
FIELDS = {"instance", "objective", "bound", "gap", "seconds", "peak_mib", "feasible", "status"}


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def data_folder(folder: Path) -> Path:
    rows = [
        ("tiny", "GAP/made", "7", "tiny"),
        ("broken", "GAP/made", "", "broken"),
        ("other", "MRP/roadef", "1", "tiny"),
    ]
    with (folder / "best_known.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("instance", "family", "best_known", "file"))
        writer.writerows(rows)
    gap_file(folder)
    (folder / "broken").write_text("2 3 1")
    return folder


def test_one_instance_is_one_line_of_json(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    result = run("solve", "gap", gap_file(tmp_path), "--time-limit", 30, "--solution", file)
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert set(told) >= FIELDS
    assert (told["instance"], told["objective"], told["bound"]) == ("tiny", 7.0, 7.0)
    assert (told["feasible"], told["status"], told["gap"]) == (True, "optimal", 0.0)
    assert json.loads(file.read_text()) == {"assignment": [0, 0, 1]}


@pytest.mark.parametrize(("instance", "is_told"), [("other", True), ("gap-tiny", False), (None, False)])
def test_a_name_that_is_nothing_of_the_file_is_told(
    tmp_path: Path, instance: str | None, is_told: bool
) -> None:
    named = ["--instance", instance] if instance else []
    result = run("solve", "gap", gap_file(tmp_path), *named)
    assert (result.exit_code, "names nothing in it" in result.stderr) == (0, is_told)


@pytest.mark.parametrize("solver", ["highs", "cp-sat"])
def test_whole_models_are_solved_too(tmp_path: Path, solver: str) -> None:
    told = json.loads(run("solve", "gap", gap_file(tmp_path), "--by", solver).stdout)
    assert told["objective"] == 7.0
    assert solver in told["method"]


def test_what_is_proved_infeasible_is_told(tmp_path: Path) -> None:
    file = gap_file(tmp_path, "1 1 5 3 2")  # the only item weighs 3, the only agent carries 2
    result = run("solve", "gap", file, "--solution", tmp_path / "none.json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (told["feasible"], told["objective"], told["status"]) == (False, None, "infeasible")
    assert not (tmp_path / "none.json").exists()


def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.mkdir()
    for words in (
        ("solve", "nothing", tmp_path),
        ("solve", "gap", tmp_path / "missing"),
        ("solve", "gap", tmp_path),
        ("solve", "gap", gap_file(short, "2 3 1")),
        ("table", "--data", short),
        ("table", "--data", data_folder(tmp_path), "--only", "zzz"),
    ):
        result = run(*words)
        assert result.exit_code == 2, words
        assert "Traceback" not in result.stderr
        assert result.stderr.strip().splitlines()[-1].startswith("Error: ")


def test_a_wrong_solution_is_not_called_feasible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> float:
        raise WrongSolutionError("agent 0 is loaded 2 over its capacity")

    monkeypatch.setattr("benchmarks.readers.gap.check_assignment", refuse)
    told = json.loads(run("solve", "gap", gap_file(tmp_path)).stdout)
    assert (told["feasible"], told["objective"], told["status"]) == (False, None, "unknown")


@pytest.mark.no_cover
def test_a_table_has_a_row_per_instance_and_solver(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    result = run("table", "--data", data_folder(tmp_path), "--time-limit", 20, "--jobs", 2, "--csv", file)
    assert result.exit_code == 0, result.output
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {(row["instance"], row["solver"]) for row in rows} == {
        (instance, solver) for instance in ("tiny", "broken") for solver in ("ours", "highs", "cp-sat")
    }
    tiny = [row for row in rows if row["instance"] == "tiny"]
    assert {float(row["to_best"]) for row in tiny} == {0.0}
    broken = [row for row in rows if row["instance"] == "broken"]
    assert {row["status"] for row in broken} == {"error"}
    assert "3/6" not in result.stdout
    assert result.stdout.count("1/2") == 3


def test_rows_are_chosen_by_name_group_or_family(tmp_path: Path) -> None:
    data = data_folder(tmp_path)
    names = [
        [known.instance for known in read_known(data, pattern)] for pattern in ("t*", "GAP/*", "gap", "x")
    ]
    assert names == [["tiny"], ["tiny", "broken"], ["tiny", "broken"], []]


def test_several_patterns_choose_what_any_of_them_matches(tmp_path: Path) -> None:
    known = read_known(data_folder(tmp_path), "t*", "b*", "tiny")
    assert [each.instance for each in known] == ["tiny", "broken"]


def test_summaries_compare_with_the_best_known() -> None:
    known = Known("one", "gap", "GAP/made", Path("one"), 100.0)
    rows = [
        Row(known, "ours", {"status": "feasible", "objective": 101.0, "gap": 0.02, "seconds": 2.0}),
        Row(known, "ours", {"status": "feasible", "objective": 103.0, "gap": 0.04, "seconds": 4.0}),
        Row(known, "highs", {"status": "unknown"}),
    ]
    highs, ours = summaries(rows)
    assert (ours.solved, ours.instances, highs.solved) == (2, 2, 0)
    assert ours.mean_to_best == pytest.approx(0.02)
    assert ours.worst_to_best == pytest.approx(0.03)
    assert ours.mean_gap == pytest.approx(0.03)
    assert ours.mean_seconds == pytest.approx(3.0)
    assert highs.mean_to_best is None
    assert (highs.cost_ratio, highs.time_ratio) == (None, None)


def test_ratios_are_of_the_instances_that_both_solved() -> None:
    one, two = (Known(name, "gap", "GAP/made", Path(name), 100.0) for name in ("one", "two"))
    rows = [
        Row(one, "ours", {"status": "feasible", "objective": 100.0, "seconds": 2.0}),
        Row(two, "ours", {"status": "feasible", "objective": 100.0, "seconds": 60.0}),
        Row(one, "highs", {"status": "feasible", "objective": 104.0, "seconds": 6.0}),
        Row(two, "highs", {"status": "ended after 80 s"}),
    ]
    highs, ours = summaries(rows)
    assert (highs.cost_ratio, highs.time_ratio) == (pytest.approx(1.04), pytest.approx(3.0))
    assert (ours.cost_ratio, ours.time_ratio) == (1.0, 1.0)


@pytest.mark.no_cover
def test_a_sweep_is_measured_cold_shared_and_in_two_processes() -> None:
    result = run("sweep", "--topology", "two-sites", "--scenarios", "3")
    assert result.exit_code == 0
    row = json.loads(result.stdout)
    assert row["scenarios"] == 3
    assert row["shared_over_cold"] == pytest.approx(row["shared_s"] / row["cold_s"], abs=1e-3)
    assert max(row["cold_gap"], row["shared_gap"]) <= 1e-3
    assert len({each.name for each in grid(200)}) == 200


@pytest.mark.parametrize(
    "words",
    [
        ["--time-limit", "nan"],
        ["--time-limit", "0"],
        ["--time-limit", "inf"],
        ["--seed", "-1"],
        ["--gap-limit", "-1"],
        ["--threads", "0"],
        ["--by", "highs", "--solution", "out.json"],
        ["--solution", "no/such/folder.json"],
    ],
)
def test_options_that_cannot_be_are_refused_before_the_work(tmp_path: Path, words: list[str]) -> None:
    result = run("solve", "gap", gap_file(tmp_path), *words)
    assert (result.exit_code, result.stdout) == (2, "")


def test_what_nothing_limits_is_as_cheap_as_can_be(tmp_path: Path) -> None:
    result = run("solve", "gap", gap_file(tmp_path, "2 3 1 2 3 4 4 1 2 2 2 1 1 1 inf inf"))
    told = json.loads(result.stdout)
    assert (told["status"], told["objective"], told["bound"]) == ("optimal", 4.0, 4.0)


def test_a_solver_that_fails_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise SolverError("HIGHS failed")

    monkeypatch.setattr(entry, "solve_file", failing)
    result = run("solve", "gap", gap_file(tmp_path))
    assert (result.exit_code, result.stdout, result.stderr) == (3, "", "Error: HIGHS failed\n")


def test_a_solution_that_does_not_fit_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> float:
        raise WrongSolutionError("too much")

    monkeypatch.setattr(assignment, "check_assignment", refuse)
    monkeypatch.setattr(gap, "check_assignment", refuse)
    file = tmp_path / "out.json"
    result = run("solve", "gap", gap_file(tmp_path), "--solution", file)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["feasible"] is False
    assert not file.exists()


def test_known_values_that_cannot_be_printed_are_refused(tmp_path: Path) -> None:
    (tmp_path / "best_known.csv").write_text("instance,family,best_known,file\n\x1b[2J,GAP/x,1,tiny\n")
    with pytest.raises(BadFileError, match="cannot be printed"):
        read_known(tmp_path)
    (tmp_path / "best_known.csv").write_text("instance,family,best_known,file\ntiny,GAP/x\n")
    with pytest.raises(BadFileError, match="lacks a value"):
        read_known(tmp_path)


def test_rows_hold_no_formulas() -> None:
    known = Known("=1+1", "gap", "GAP/x", Path("x"), None)
    assert "'=1+1" in csv_of([Row(known, "ours", {"status": "feasible"})])


def hard_file(folder: Path) -> Path:
    """Write an assignment of 200 items to 20 agents, dear where light, which is not proven in minutes."""
    rng = np.random.default_rng(0)
    weight = rng.integers(1, 101, (20, 200))
    cost = 111 - weight + rng.integers(-10, 11, weight.shape)
    rows = [*cost, *weight, np.full(20, int(0.8 * weight.sum() / 400))]
    (folder / "hard").write_text("20 200\n" + "\n".join(" ".join(map(str, np.ravel(row))) for row in rows))
    return folder / "hard"


def interrupted(folder: Path, times: int) -> tuple[int, bytes, Path]:
    """Return exit code, output and solution file of a search that is interrupted once or twice."""
    file = folder / f"out-{times}.json"
    words = [sys.executable, "-c", BEGIN, "solve", "gap", str(hard_file(folder)), "--time-limit", "100"]
    with subprocess.Popen([*words, "--solution", str(file)], stdout=PIPE, stderr=PIPE) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"heeds it\n"
        time.sleep(4)  # for a solution
        process.send_signal(signal.SIGINT)
        assert any(b"stopping; what is done so far follows" in line for line in process.stderr)
        if times == 2:
            process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    return process.returncode, output, file


@pytest.mark.no_cover
def test_ctrl_c_ends_with_the_best_so_far(tmp_path: Path) -> None:
    code, output, file = interrupted(tmp_path, 1)
    assert code == 0
    assert json.loads(output)["feasible"]
    assert len(json.loads(file.read_text())["assignment"]) == 200


@pytest.mark.no_cover
def test_ctrl_c_twice_ends_with_130(tmp_path: Path) -> None:
    for _ in range(3):  # the first may be done before the second is heard
        code, output, file = interrupted(tmp_path, 2)
        if code == 130:
            break
    assert (code, output, file.exists()) == (130, b"", False)
