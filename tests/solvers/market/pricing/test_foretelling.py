"""Prices of small samples hold for the whole where no few workloads decide, and are not used elsewhere."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.pricing import foretelling
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.foretelling import Foretold, foretold, is_foretold, steps_take_long
from computeroute.solvers.market.pricing.penalty import penalty_of
from computeroute.solvers.market.pricing.prices import Seeker
from computeroute.solvers.market.solve import market_of
from computeroute.solvers.watch import Watch
from computeroute.topologies.generate import generate


@cache
def alike() -> Market:
    """Return a market of many jobs none of which decides alone."""
    return market_of(generate(sites=12, services=0, jobs=600, periods=2, locations=4, seed=1))


@pytest.mark.no_cover
def test_prices_of_a_sample_go_most_of_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foretelling, "FAR", np.inf)
    market = replace(alike(), closes=False)
    penalty = penalty_of(market)
    known = foretold(market, penalty, Watch(60.0))
    assert known is not None
    first, best = Seeker.begin(market, penalty), Seeker.begin(market, penalty)
    best.run(Watch(30.0))
    proven = appraise(market, known.told.prices, penalty).complete
    way = best.told.complete - first.told.complete
    assert first.told.complete + 0.4 * way < proven < best.told.complete + 1e-3 * way


@pytest.mark.no_cover
def test_prices_of_a_sample_are_not_used_where_few_workloads_decide() -> None:
    # What the sample proves at its prices is more than a tenth from what they prove of the whole.
    market = market_of(generate(sites=20, services=120, jobs=600, periods=3, locations=10, seed=1))
    assert foretold(market, penalty_of(market), Watch(60.0)) is None


def test_a_market_of_few_blocks_has_no_samples() -> None:
    market = market_of(generate(sites=6, services=5, jobs=20, periods=2, locations=5, seed=1))
    assert foretold(market, penalty_of(market), Watch(60.0)) is None
    assert steps_take_long(market, 1e-6) and not is_foretold(market, 1e-6)


def test_steps_on_many_services_are_long_however_small_these_are(monkeypatch: pytest.MonkeyPatch) -> None:
    market = market_of(generate(sites=4, services=40, jobs=0, periods=2, locations=3, seed=1))
    seconds = 0.9 * foretelling.UNIT * len(market.units) / foretelling.SIZE
    assert steps_take_long(market, seconds)
    monkeypatch.setattr(foretelling, "UNIT", 0)
    assert not steps_take_long(market, seconds)


@pytest.mark.no_cover
def test_steps_are_long_or_short_by_the_time_there_is() -> None:
    market = market_of(generate(sites=3, services=0, jobs=2100, periods=2, locations=3, seed=1))
    assert is_foretold(market, 1e-3)
    assert not is_foretold(market, 1e6)


@pytest.mark.no_cover
def test_samples_are_given_up_where_prices_still_move_far(monkeypatch: pytest.MonkeyPatch) -> None:
    market = alike()
    monkeypatch.setattr(foretelling, "FAR", 0.0)
    assert foretold(market, penalty_of(market), Watch(60.0)) is None


def test_what_is_told_without_pieces_is_told_of_a_market_that_counts_them() -> None:
    market = alike()
    plain = replace(market, rules=market.rules.uncounted())
    assert len(plain.rules.capacity) < len(market.rules.capacity)
    seeker = Seeker.begin(plain, penalty_of(plain))
    seeker.step()
    told = Foretold.of(seeker).of_rows(len(market.rules.capacity))
    assert len(told.natural) == len(told.prices)
    known = Seeker.begin(market, seeker.penalty, told.prices).apart.complete
    assert known == pytest.approx(seeker.apart.complete)
