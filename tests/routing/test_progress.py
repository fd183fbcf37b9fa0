"""Progress as lines."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from computeroute.routing.progress import ProgressWriter, progress_line


@dataclass(frozen=True)
class Report:
    seconds: float
    incumbent: float | None = None
    bound: float | None = None
    gap: float | None = None
    phase: str = "cost"


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (Report(0.0, phase="model"), "    0.0 s  model"),
        (
            Report(3.21, 1234.5, 1230.0, 0.003645),
            "    3.2 s  cost: best 1,234.50, bound 1,230.00, gap 0.364 %",
        ),
        (Report(3.21, 1e-7, -5.0, 5e9), "    3.2 s  cost: best 1e-07, bound -5.00, gap 5.00 USD"),
        (Report(3.21, None, 1230.0), "    3.2 s  cost: bound 1,230.00 (if all is placed)"),
        (Report(3.21, phase="a\x1b[2Jb"), "    3.2 s  ab"),
        (Report(3.21, 1.5, 0.0, phase="unserved work"), "    3.2 s  unserved work: best 1.500, bound 0.000"),
    ],
)
def test_line(report: Report, line: str) -> None:
    assert progress_line(report) == line


def test_lines_only_for_changes_not_too_often_and_the_last_one() -> None:
    stream = io.StringIO()
    with ProgressWriter(stream, redraw=False) as progress:
        for report in [
            Report(0.0, phase="model"),
            Report(0.5, 9.0, 1.0),  # too soon, and overtaken
            Report(1.0, 8.0, 1.0),
            Report(5.0, 8.0, 1.0),  # nothing new
            Report(6.0, 7.0, 1.0),
            Report(6.1, 6.0, 1.0),  # too soon, but the last
        ]:
            progress(report)
    assert [line.split("best ")[-1] for line in stream.getvalue().splitlines()] == [
        "    0.0 s  model",
        "8.00, bound 1.00",
        "7.00, bound 1.00",
        "6.00, bound 1.00",
    ]


def test_which_solver_it_is_is_written_at_once() -> None:
    stream = io.StringIO()
    with ProgressWriter(stream, redraw=False) as write:
        write(Report(0.0, phase="auto: highs"))
        write(Report(0.2, phase="auto: decomposition with highs beside"))
        write(Report(0.3, 5.0, 4.0, 0.2))
        write(Report(2.0, 4.5, 4.0, 0.1))
    lines = [line.split("s  ")[1] for line in stream.getvalue().splitlines()]
    assert lines[:2] == ["auto: highs", "auto: decomposition with highs beside"]
    assert len(lines) == 3


def test_what_is_told_again_is_a_sign_of_life_after_a_while() -> None:
    stream = io.StringIO()
    with ProgressWriter(stream, redraw=False) as progress:
        for seconds in (1.0, 6.0, 11.0, 16.0, 20.9, 21.1):
            progress(Report(seconds, 9.0, 1.0))
    assert [line.split(" s ")[0].strip() for line in stream.getvalue().splitlines()] == [
        "1.0",
        "11.0",
        "21.1",
    ]


def test_a_change_that_is_taken_back_is_not_written() -> None:
    stream = io.StringIO()
    with ProgressWriter(stream, redraw=False) as progress:
        progress(Report(0.0, 9.0))
        progress(Report(0.1, 8.0))
        progress(Report(0.2, 9.0))
    assert len(stream.getvalue().splitlines()) == 1


def test_terminal_redraws_one_line_and_ends_it() -> None:
    stream = io.StringIO()
    with ProgressWriter(stream, redraw=True) as progress:
        progress(Report(0.0, 123456.0))
        progress(Report(0.05, 5.0))
        progress(Report(1.0, 1.0))
    first, second = stream.getvalue().removeprefix("\r").split("\r")
    assert second.endswith("\n")
    assert len(second.rstrip("\n")) >= len(first), "the longer line before is painted over"
    assert "\n" not in first


def test_what_another_phase_told_stays_on_a_terminal() -> None:
    stream = io.StringIO()
    with ProgressWriter(stream, redraw=True) as progress:
        progress(Report(0.0, phase="auto: highs (few columns)"))
        progress(Report(1.0, 2.0))
        progress(Report(2.0, 1.0))
    assert stream.getvalue().count("\n") == 2
    assert stream.getvalue().startswith(
        "\r    0.0 s  auto: highs (few columns)\n\r    1.0 s  cost: best 2.00\r"
    )


def test_nothing_is_written_without_reports() -> None:
    stream = io.StringIO()
    with ProgressWriter(stream, redraw=True):
        pass
    assert stream.getvalue() == ""


def test_a_closed_stream_does_not_stop_the_solve() -> None:
    stream = io.StringIO()
    stream.close()
    heard = 0
    with ProgressWriter(stream, redraw=False) as progress:
        for report in (Report(0.0, 1.0), Report(9.0, 2.0)):
            progress(report)
            heard += 1
    assert heard == 2
