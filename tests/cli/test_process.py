"""The command as a process: start-up, signals, pipes and streams."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from computeroute.routing import Plan, Problem, check
from computeroute.solvers.searching.interrupt import ASKING, HANG_UP, interrupt_token
from computeroute.topologies.delivery import keep_output_clean

from .conftest import COMMAND, start

Route = Callable[..., Result]
Spawn = Callable[..., subprocess.CompletedProcess[str]]


def hard_problem(jobs: int = 60, pools: int = 6, seed: int = 0) -> dict[str, Any]:
    """Return a generalized assignment problem of type d: no solver closes its gap within seconds."""
    draw = random.Random(seed)
    sizes = [[draw.randint(1, 100) for _ in range(pools)] for _ in range(jobs)]
    capacity = [int(0.8 * sum(row[p] for row in sizes) / pools) for p in range(pools)]
    return {
        "periods": [{"id": "all", "hours": 1000}],
        "accelerators": [
            {"id": f"a{p}", "peak_tflops": 1, "memory_gb": 1, "tdp_w": 1} for p in range(pools)
        ],
        "data_centers": [{"id": f"d{p}", "jurisdiction": "DE"} for p in range(pools)],
        "pools": [
            {
                "id": f"p{p}", "data_center": f"d{p}", "accelerator": f"a{p}", "count": capacity[p],
                "usd_per_accelerator_hour": 1,
            }
            for p in range(pools)
        ],
        "workloads": [
            {
                "kind": "training", "id": f"j{j}",
                "needs": [
                    {"accelerator": f"a{p}", "count": size, "hours": (draw.randint(101, 121) - size) / size}
                    for p, size in enumerate(row)
                ],
            }
            for j, row in enumerate(sizes)
        ],
    }  # fmt: skip


@pytest.mark.no_cover
@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["--version"], []])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom computeroute.cli import main\n"
        f"try:\n    main({arguments!r}, prog_name='route')\nexcept SystemExit:\n    pass\n"
        "heavy = {'ortools', 'highspy', 'pydantic', 'networkx', 'numpy', 'scipy', 'pandas', 'yaml'}\n"
        "heavy &= set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_is_instant(spawn: Spawn) -> None:
    def seconds() -> float:
        """Return seconds of a processor, as others may use it too."""
        start = os.times()
        environment = {"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}
        assert spawn("--help", environment=environment).returncode == 0
        end = os.times()
        return end.children_user + end.children_system - start.children_user - start.children_system

    assert min(seconds() for _ in range(3)) < 0.3


def test_version(spawn: Spawn) -> None:
    assert spawn("--version").stdout == f"route, version {version('computeroute')}\n"


@pytest.mark.no_cover
def test_a_bad_file_says_so_on_stderr_alone(spawn: Spawn) -> None:
    done = spawn("plan", "none.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: none.json: no such file, nor a sample of that name")
    assert done.stderr.count("\n") == 1


@pytest.mark.no_cover
def test_output_is_utf8_whatever_the_locale(spawn: Spawn, two_sites: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({**two_sites, "name": "东数西算"}))
    environment = {"PYTHONIOENCODING": "ascii"}
    done = spawn("validate", str(tmp_path / "t.json"), environment=environment, encoding="utf-8")
    assert done.stdout.startswith("东数西算 is valid\n")


@pytest.mark.no_cover
def test_a_closed_pipe_is_no_error(spawn: Spawn) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = spawn("show", "two-sites", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.no_cover
def test_a_full_disk_is_an_error_of_output(spawn: Spawn) -> None:
    with Path("/dev/full").open("w") as full:
        done = spawn("show", "two-sites", stdout=full)
    assert done.returncode == 2
    assert done.stderr == "error: cannot read or write: [Errno 28] No space left on device\n"


def test_a_closed_standard_output_is_told() -> None:
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "samples"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: standard output is closed; use --output FILE\n")


@pytest.mark.no_cover
def test_a_closed_standard_error_does_not_stop_the_plan() -> None:
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *COMMAND, "plan", "two-sites", "--format", "json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0
    assert Plan.from_json(done.stdout).status == "optimal"


NOISY = """
import ctypes, os, sys
import computeroute.solvers as solvers
from computeroute.cli import main
real = solvers.solve

def noisy(*arguments, **options):
    os.write(1, b"noise\\n")
    ctypes.CDLL(None).printf(b"noise that C keeps until the process ends")
    return real(*arguments, **options)

solvers.solve = noisy
main(sys.argv[1:], prog_name="route")
"""


@pytest.mark.no_cover
@pytest.mark.skipif(sys.platform == "win32", reason="the library of C has no name")
@pytest.mark.parametrize("shell", ['exec "$@"', 'exec "$@" >&- --output "$OUT"'])
def test_what_solvers_print_stays_out_of_the_plan(shell: str, tmp_path: Path) -> None:
    command = ["sh", "-c", shell, "sh", sys.executable, "-c", NOISY, "plan", "two-sites", "-q", "-f", "json"]
    environment = {**os.environ, "OUT": str(tmp_path / "plan.json")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    plan = done.stdout or (tmp_path / "plan.json").read_text()
    assert Plan.from_json(plan).status == "optimal"
    assert "noise" not in plan


def test_a_stream_that_is_no_descriptor_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    keep_output_clean()
    assert sys.stdout is stream


@pytest.mark.no_cover
@pytest.mark.parametrize("asking", ASKING, ids=[each.name for each in ASKING])
def test_interrupt_returns_the_best_plan_found(tmp_path: Path, asking: signal.Signals) -> None:
    data = hard_problem()
    (tmp_path / "hard.json").write_text(json.dumps(data))
    options = ["--solver", "cp-sat", "--gap", "0", "--time-limit", "50", "--format", "json"]
    with start("plan", str(tmp_path / "hard.json"), *options) as process:
        assert process.stderr is not None
        seen = next((line for line in iter(process.stderr.readline, b"") if b"best" in line), b"")
        process.send_signal(asking)
        output, messages = process.communicate(timeout=20)
    assert b"cost: best" in seen, "the solver told of a plan before the signal"
    assert b"stopping; what is done so far follows" in messages
    plan = Plan.from_json(output)
    assert plan.stopped_by == "cancel"
    assert process.returncode == (1 if plan.left_out else 0)
    assert plan.objective is not None
    assert plan.bound is not None
    assert plan.bound <= plan.objective
    assert check(Problem.parse(data), plan) == []


@pytest.mark.no_cover
def test_a_solver_that_does_not_look_up_does_not_keep_the_process(tmp_path: Path) -> None:
    """HiGHS goes on until its time is over, in a thread."""
    (tmp_path / "hard.json").write_text(json.dumps(hard_problem()))
    options = ["--solver", "highs", "--gap", "0", "--time-limit", "60", "--format", "json"]
    with start("plan", str(tmp_path / "hard.json"), *options) as process:
        assert process.stderr is not None
        assert b"cost" in process.stderr.readline()
        time.sleep(1)  # so that the solver is at it: it tells of nothing before it ends
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert Plan.from_json(output).stopped_by == "cancel"


def test_interrupt_before_there_is_anything_ends_with_130() -> None:
    with start("plan", "-") as process:
        assert process.stdin is not None
        process.stdin.write(b" " * 2**20)  # more than a pipe holds: once it is taken, the process is reading
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        output, messages = process.communicate(timeout=20)
    assert (process.returncode, output, messages) == (130, b"", b"error: interrupted\n")


STOPPED_AMID_AN_IMPORT = """
import os, signal, sys

class Stop:
    def find_spec(self, name, *_):
        if name == MODULE:
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Stop())
from computeroute.cli_start import main
main()
"""


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "module", ["click", "computeroute.cli_curves", "pydantic", "computeroute.topologies"]
)
def test_interrupt_amid_imports_ends_with_130(module: str) -> None:
    code = STOPPED_AMID_AN_IMPORT.replace("MODULE", repr(module))
    done = subprocess.run(
        [sys.executable, "-c", code, "validate", "two-sites"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")


@pytest.mark.parametrize(
    ("second", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_second_signal_gives_up_with_its_exit_code(
    second: signal.Signals, exit_code: int, monkeypatch: pytest.MonkeyPatch, route: Route
) -> None:
    def solve(*_: Any, **__: Any) -> None:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(second)

    monkeypatch.setattr("computeroute.solvers.solve", solve)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done = route("plan", "two-sites", "-q")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (done.exit_code, done.stderr) == (exit_code, "error: interrupted\n")


@pytest.mark.skipif(HANG_UP is None, reason="no terminal is hung up there")
def test_a_terminal_that_is_closed_may_say_so_twice() -> None:
    before = signal.getsignal(HANG_UP)
    try:
        with interrupt_token(lambda: None) as token:
            signal.raise_signal(HANG_UP)
            signal.raise_signal(HANG_UP)
            assert token.is_set()
        signal.raise_signal(HANG_UP)  # the result is being written
    finally:
        signal.signal(HANG_UP, before)


def test_first_interrupt_asks_and_second_gives_up() -> None:
    said: list[str] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), interrupt_token(lambda: said.append("stopping")) as token:
            assert not token.is_set()
            signal.raise_signal(signal.SIGINT)
            assert token.is_set()
            assert said == ["stopping"]
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_signals_are_left_alone_where_they_are_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupt_token(lambda: None) as token:
            signal.raise_signal(signal.SIGINT)
            assert not token.is_set()
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
            signal.raise_signal(signal.SIGTERM)
            assert token.is_set(), "a background job, which hears no Ctrl-C, can be asked all the same"
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_get_a_token_without_signals() -> None:
    tokens: list[bool] = []

    def work() -> None:
        with interrupt_token(lambda: None) as token:
            tokens.append(token.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert tokens == [False]


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("route plan tw", "plain,two-sites"),
        ("route plan tw", "file,tw"),
        ("route plan two-sites --solver cp", "plain,cp-sat"),
        ("route plan two-sites --table le", "plain,left_out"),
    ],
)
def test_completion(words: str, expected: str, spawn: Spawn) -> None:
    words_and_place = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    environment = {**os.environ, "_ROUTE_COMPLETE": "bash_complete", **words_and_place}
    command = [sys.executable, "-c", "from computeroute.cli import main; main(prog_name='route')"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert expected in done.stdout.splitlines()


@pytest.mark.no_cover
def test_interrupted_stress_plans_nothing_anew(tmp_path: Path) -> None:
    (tmp_path / "hard.json").write_text(json.dumps(hard_problem()))
    options = ["--solver", "cp-sat", "--gap", "0", "--time-limit", "50"]
    with start("stress", str(tmp_path / "hard.json"), *options) as process:
        assert process.stderr is not None
        seen = next((line for line in iter(process.stderr.readline, b"") if b"best" in line), b"")
        process.send_signal(signal.SIGINT)
        output, messages = process.communicate(timeout=20)
    assert b"cost: best" in seen
    assert b"nothing was planned anew" in output
    assert b"stopped early" in messages
    assert process.returncode == 0


@pytest.mark.no_cover
@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("2", "2")])
def test_linear_algebra_keeps_to_one_core_unless_told_otherwise(given: str | None, expected: str) -> None:
    code = (
        "import os\nfrom computeroute.cli import main\n"
        "main(['samples'], standalone_mode=False)\nprint(os.environ['OPENBLAS_NUM_THREADS'])"
    )
    rest = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment = rest if given is None else {**rest, "OPENBLAS_NUM_THREADS": given}
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines()[-1] == expected


def test_a_late_ctrl_c_does_not_change_how_a_command_ends() -> None:
    code = (
        "import atexit, os, signal, sys\nfrom computeroute.cli import main\n"
        "atexit.register(os.kill, os.getpid(), signal.SIGINT)\nsys.argv = ['route', 'samples']\nmain()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.no_cover
@pytest.mark.skipif(sys.platform == "win32", reason="there is no /dev")
@pytest.mark.parametrize(
    ("words", "name"),
    [(["schema"], "-"), (["schema"], "/dev/stdout"), (["plan", "two-sites"], "/dev/fd/1")],
)
def test_a_result_reaches_standard_output_by_any_of_its_names(
    words: list[str], name: str, tmp_path: Path
) -> None:
    got = tmp_path / "log"
    got.write_text("before\n")
    with got.open("a") as stream:
        done = subprocess.run([*COMMAND, *words, "-q", "-o", name], stdout=stream, check=False)
    assert done.returncode == 0
    assert got.read_text().startswith("before\n")
    assert len(got.read_text()) > 1000, "solvers' noise is kept out, the result is not"


@pytest.mark.no_cover
def test_an_empty_name_is_refused_before_the_work_and_a_closed_input_is_told() -> None:
    for shell, told in (
        ('exec "$@" plan two-sites -o ""', "in place of an empty text"),
        ('exec "$@" validate - <&-', "<stdin>: is closed"),
    ):
        done = subprocess.run(
            ["sh", "-c", shell, "sh", *COMMAND], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert told in done.stderr
