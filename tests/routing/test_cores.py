"""Threads of array sums: one, unless the user says otherwise, and for started processes only where asked."""

from __future__ import annotations

import os

import pytest
from computeroute.routing.cores import THREADS, array_sums_on_one_core, keep_array_sums_on_one_core


def test_what_the_user_says_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS[0], "3")
    monkeypatch.delenv(THREADS[1], raising=False)
    with array_sums_on_one_core():
        assert [os.environ[name] for name in THREADS] == ["3", "1"]
    assert os.environ[THREADS[0]] == "3"
    assert THREADS[1] not in os.environ
    keep_array_sums_on_one_core()
    assert [os.environ[name] for name in THREADS] == ["3", "1"]


def test_nothing_stays_set_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OSError, match="no process"), array_sums_on_one_core():
        raise OSError("no process")
    assert not any(name in os.environ for name in THREADS)
