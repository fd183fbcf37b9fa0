"""Progress of a solve, written for people as it happens."""

from __future__ import annotations

from typing import Protocol, TextIO

from .text import clean, money, number, pad, percent, tells, width

SECONDS_BETWEEN_LINES = 1.0
SECONDS_BETWEEN_REDRAWS = 0.1
SECONDS_OF_SILENCE = 10.0
"""Time after which what is known is told again."""
UNSERVED_WORK = "unserved work"
"""The phase whose figures are no USD."""
COST, IF_ALL = "cost", " (if all is placed)"
"""The phase in which a bound without a plan is one of plans that leave nothing out, and how that is told."""


class Report(Protocol):
    """What a solver tells while it works."""

    @property
    def phase(self) -> str:
        """What it is doing."""
        ...

    @property
    def incumbent(self) -> float | None:
        """Value of the best plan so far."""
        ...

    @property
    def bound(self) -> float | None:
        """Proven bound of that value."""
        ...

    @property
    def gap(self) -> float | None:
        """Relative gap of the two."""
        ...

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        ...


class ProgressWriter:
    """A progress callback that writes to a stream: a line per change, or one line redrawn on a terminal.

    Parameters
    ----------
    stream
        Where to write.
    redraw
        Whether to redraw one line; where None, if the stream is a terminal.

    Notes
    -----
    Changes of figures that come faster than a reader could follow are left out, except the last; what is told
    again without any is written after a while only, as a sign of life.
    A redrawn line stays where another phase begins.
    A stream that cannot be written is given up in silence: the solve matters more.
    """

    def __init__(self, stream: TextIO, *, redraw: bool | None = None) -> None:
        self._stream = stream
        self._redraw = redraw = stream.isatty() if redraw is None else redraw
        self._pause = SECONDS_BETWEEN_REDRAWS if redraw else SECONDS_BETWEEN_LINES
        self._shown: tuple[object, ...] = ()
        self._next_seconds = self._shown_seconds = 0.0
        self._waiting: Report | None = None
        self._drawn = 0

    def __call__(self, report: Report) -> None:
        """Take one report."""
        is_silent = report.seconds >= self._shown_seconds + SECONDS_OF_SILENCE
        if not self._redraw and self._shown == _state(report) and not is_silent:
            self._waiting = None
            return
        self._waiting = report
        if report.seconds >= self._next_seconds or self._is_news(report):
            self._show(report)

    def __enter__(self) -> ProgressWriter:
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is still waiting and end the line."""
        if self._waiting is not None:
            self._show(self._waiting)
        if self._redraw and self._drawn:
            self._write("\n")

    def _is_news(self, report: Report) -> bool:
        """Return whether the report names a new phase without figures, such as the solver that runs."""
        told = self._shown[:1] == (report.phase,)
        return not told and report.incumbent is None and report.bound is None

    def _show(self, report: Report) -> None:
        if self._redraw and self._drawn and self._shown[0] != report.phase:
            self._write("\n")
            self._drawn = 0
        self._waiting, self._shown = None, _state(report)
        self._shown_seconds, self._next_seconds = report.seconds, report.seconds + self._pause
        line = progress_line(report)
        self._write("\r" + pad(line, max(self._drawn, width(line))) if self._redraw else line + "\n")
        self._drawn = width(line)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._pause = float("inf")


def weight(value: float | None) -> str:
    """Return unserved work as text."""
    return number(value, 3)


def _state(report: Report) -> tuple[object, ...]:
    return report.phase, report.incumbent, report.bound


def _gap(report: Report) -> str:
    """Return the gap; beside a cost near zero it is in USD."""
    value, bound = report.incumbent, report.bound
    if report.phase != COST or value is None or bound is None or tells(value - bound, value):
        return percent(report.gap, 3)
    return f"{money(max(0.0, value - bound))} USD"


def progress_line(report: Report) -> str:
    """Return one report as a line, e.g. ``  3.2 s  cost: best 1,234.50, bound 1,230.00, gap 0.366 %``."""
    figure = weight if report.phase == UNSERVED_WORK else money
    figures = {
        "best": figure(report.incumbent),
        "bound": figure(report.bound),
        "gap": _gap(report),
    }
    known = ", ".join(f"{name} {figure}" for name, figure in figures.items() if figure != "-")
    if report.phase == COST and report.incumbent is None and known:
        known += IF_ALL
    return f"{report.seconds:7.1f} s  {clean(report.phase)}" + (f": {known}" if known else "")
