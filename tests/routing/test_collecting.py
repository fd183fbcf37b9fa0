"""Garbage is not looked for while many objects are made, and is again afterwards."""

from __future__ import annotations

import gc

import pytest
from computeroute.routing.collecting import collection_paused


def test_it_is_paused_and_goes_on_also_after_an_error() -> None:
    assert gc.isenabled()
    with pytest.raises(ValueError, match="meanwhile"), collection_paused():
        assert not gc.isenabled()
        with collection_paused():
            pass
        assert not gc.isenabled(), "the inner one leaves it as it was"
        raise ValueError("meanwhile")
    assert gc.isenabled()


def test_who_has_turned_it_off_keeps_it_off() -> None:
    gc.disable()
    try:
        with collection_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
