"""Work in threads: as many as cores may be counted on."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from random import Random

import pytest
from computeroute.routing import Problem
from computeroute.solvers import Options
from computeroute.solvers.market.form import market as markets
from computeroute.solvers.market.form.threads import each
from computeroute.solvers.market.solve import market_of, search_of

from ...small_worlds import random_world


@pytest.mark.parametrize(("cores", "most"), [(1, 1), (2, 2), (16, 4)])
def test_threads_are_no_more_than_cores_nor_than_help(cores: int, most: int) -> None:
    together, meeting = set(), threading.Barrier(most)

    def noted(item: int) -> int:
        meeting.wait(10.0)  # Comes back only if so many items are worked on at once.
        together.add(threading.get_ident())
        return 2 * item

    assert each(noted, range(4 * most), cores) == [2 * item for item in range(4 * most)]
    assert len(together) == most
    assert (threading.get_ident() in together) == (cores == 1)


def test_a_single_item_takes_no_thread() -> None:
    assert each(lambda _: threading.get_ident(), [0], 2) == [threading.get_ident()]


@pytest.mark.no_cover
def test_what_is_found_is_the_same_on_one_core_and_on_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markets, "LARGE_UNITS", 0)
    problem = Problem.parse(random_world(Random(4)))
    bounds = []
    for cores in (1, 2):
        market = market_of(problem, Options(cores=cores))
        assert market.units and market.cores_for_units == cores
        assert replace(market, closes=False).cores_for_units == cores
        search = search_of(market, Options(cores=cores, time_limit=20.0), time.monotonic(), 20.0)
        search.run(rounds=1)
        assert search.best is not None
        bounds.append((search.complete, search.best.value()))
    assert bounds[0] == bounds[1]
