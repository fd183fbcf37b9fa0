"""Copies of this process: what they tell, when none is made, and that nothing stays behind."""

from __future__ import annotations

import os
import signal
import threading
from typing import IO

import pytest
from computeroute.solvers.market import copies as module
from computeroute.solvers.market.copies import Copy, may_copy
from computeroute.solvers.processes import write_frame
from computeroute.solvers.programs.highs_calls import highs_has_threads
from computeroute.solvers.watch import Watch

copies = pytest.mark.skipif(not may_copy(), reason="this system makes no copies of processes")


def tell_two(stream: IO[bytes]) -> None:
    write_frame(stream, "one")
    write_frame(stream, "two")


@copies
def test_it_tells_what_it_finds_and_ends() -> None:
    copy: Copy[str] = Copy(tell_two)
    try:
        copy.wait_for_news(Watch(20.0).over)
        assert copy.heard is not None
        copy.wait_for(lambda told: told == "two", Watch(20.0).over)
        assert copy.heard == "two"
        assert copy.news() == "two" and copy.news() is None
        copy.wait_for(lambda _: False, Watch(20.0).over)
        assert not copy.running and not copy.is_lost
    finally:
        copy.close()
    with pytest.raises(ProcessLookupError):
        os.kill(copy._process, 0)


@copies
def test_one_that_fails_is_lost_but_for_what_it_told() -> None:
    def fail(stream: IO[bytes]) -> None:
        write_frame(stream, "one")
        os.kill(os.getpid(), signal.SIGKILL)

    copy: Copy[str] = Copy(fail)
    copy.wait_for(lambda _: False, Watch(20.0).over)
    copy.close()
    assert copy.heard == "one" and not copy.running and copy.is_lost


@copies
def test_it_is_ended_once_as_its_number_may_be_that_of_another_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy: Copy[str] = Copy(lambda _: signal.pause())
    copy.close()
    ended: list[int] = []
    monkeypatch.setattr(os, "kill", lambda number, _: ended.append(number))
    copy.close()
    assert ended == []


@copies
def test_none_is_made_beside_threads_of_ours_or_of_highs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not highs_has_threads(), "none of ours starts any"
    assert may_copy()
    gone = threading.Event()
    thread = threading.Thread(target=gone.wait)
    thread.start()
    assert not may_copy()
    gone.set()
    thread.join()
    monkeypatch.setattr(module, "highs_has_threads", lambda: True)
    assert not may_copy()
