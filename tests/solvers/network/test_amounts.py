"""Amounts and costs that are very large or far apart, and programs with many columns."""

from __future__ import annotations

import pytest
from computeroute.solvers.network import linear
from computeroute.solvers.network.routing import minimise_utilisation, solve_routing
from computeroute.solvers.network.solve import solve_network

from .cases import DIAMOND, blocks_of


def test_utilisation_of_links_counted_in_bits_per_second() -> None:
    # 947.906e9 from 0 to 1 over links of 684.180e9, and over 2 of 55.532e9
    links = [(0, 1, 684_180e6), (1, 2, 897_213e6), (2, 0, 578_292e6), (2, 1, 55_532e6), (0, 2, 912_623e6)]
    arcs = [(tail, head, 0, capacity, 0) for tail, head, capacity in links]
    found = minimise_utilisation(blocks_of(arcs, [(0, 1, 131_441e6), (0, 1, 816_465e6)]))
    assert found.objective == pytest.approx(947_906 / (684_180 + 55_532))
    assert found.bound == pytest.approx(found.objective, rel=1e-9)


def test_openings_and_amounts_that_are_both_very_large() -> None:
    """1 to 0 directly opens 429,595; over 3 it opens 410,411 and 10,212, which is less."""
    arcs = [
        (4, 3, 1.023e-5, 339_968_585_663.8437, 269_343e6),
        (1, 0, 3.475e-5, 449_588_100_727.42377, 429_595e6),
        (0, 1, 1.327e-5, 546_226_309_855.68866, 603_838e6),
        (4, 3, 4.162e-5, 418_137_809_926.6368, 506_901e6),
        (3, 0, 3.148e-5, 611_997_488_313.7327, 10_212e6),
        (4, 2, 2.103e-5, 337_603_290_377.7516, 445_786e6),
        (3, 2, 7.99e-6, 491_834_143_242.1033, 464_008e6),
        (1, 3, 1.896e-5, 389_196_582_789.8276, 410_411e6),
    ]
    wanted = [(4, 2, 176_129e6), (1, 0, 122_089e6), (4, 3, 289_648e6)]
    found = solve_network(blocks_of(arcs, wanted), time_limit=10)
    opened = 269_343e6 + 445_786e6 + 410_411e6 + 10_212e6
    carried = 2.103e-5 * 176_129e6 + (1.896e-5 + 3.148e-5) * 122_089e6 + 1.023e-5 * 289_648e6
    assert found.objective == pytest.approx(opened + carried, rel=1e-9)
    assert found.bound == pytest.approx(found.objective, rel=1e-8)


def test_highs_decides_where_glop_finds_its_own_answer_imprecise() -> None:
    """2.2e-6 of 7.1e-5 leaves no way from 2 to 3 but the one whose opening is far beyond all other costs."""
    arcs = [
        (3, 1, 2.181e-05, 0.000107, 0.0),
        (1, 2, 3.105e-05, 6e-05, 23.9883),
        (3, 2, 6.6e-06, 0.000117, 0.955),
        (1, 3, 4.56e-06, 0.00011, 5.0119),
        (1, 2, 1.558e-05, 4.3e-05, 112.2018),
        (2, 3, 5.7e-06, 7.1e-05, 39810.7171),
        (3, 2, 2.301e-05, 6.5e-05, 0.0),
    ]
    wanted = [(3, 1, 3.5e-07), (1, 3, 1.837e-05), (2, 1, 4.786e-05)]
    found = solve_network(blocks_of(arcs, wanted), time_limit=10)
    assert found.objective == pytest.approx(39_810.7171 + 5.0119, rel=1e-6)


def test_programs_of_many_columns_go_to_highs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("GLOP was asked")

    monkeypatch.setattr(linear, "_by_glop", refuse)
    free = blocks_of([(*arc[:4], 0.0) for arc in DIAMOND], [(0, 3, 12)])
    with pytest.raises(AssertionError, match="GLOP"):
        solve_routing(free)
    monkeypatch.setattr(linear, "GLOP_COLUMNS", 3)
    assert solve_routing(free).objective == pytest.approx(9 * 2 + 3 * 6)
