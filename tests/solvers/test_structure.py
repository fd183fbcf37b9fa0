"""What is measured of a problem, and the solver that follows from it."""

from __future__ import annotations

import time
from random import Random
from typing import Any

import numpy as np
import pytest
from computeroute.routing import Problem
from computeroute.routing.paths import PathFinder
from computeroute.solvers import structure
from computeroute.solvers.exact import build_variables
from computeroute.solvers.market.answers.columns import joined
from computeroute.solvers.market.form.market import Market
from computeroute.solvers.market.opening import plain_market
from computeroute.solvers.market.pricing.appraisal import appraise
from computeroute.solvers.market.pricing.candidates import job_columns, service_columns
from computeroute.solvers.structure import (
    Structure,
    beyond_alone,
    choose,
    measure,
    meeting_blocks,
    model_columns,
)
from computeroute.topologies import from_data, load
from computeroute.topologies.generate import generate

from .model.test_constraints import job, service, world
from .model.test_uses import two_sites
from .small_worlds import random_world

SAMPLES = ("two-sites", "east-data-west-compute", "multicloud", "europe-hybrid")


def market_of(problem: Problem) -> Market:
    return plain_market(problem, PathFinder(problem))


def measured(data: dict[str, Any]) -> Structure:
    return measure(market_of(Problem.parse(data)))


# Problem, limits that could bind, blocks that meet there: a service is two blocks, one for each period.
CASES: dict[str, tuple[dict[str, Any], int, int]] = {
    "room for all": (world(job("one", 4, 4), job("two", 4, 4)), 0, 0),
    "two jobs want the pool near in both periods": (world(job("one", 8, 4), job("two", 8, 4)), 2, 2),
    "a job that cannot be there meets nobody": (
        world(job("one", 8, 4), job("two", 8, 4), job("apart", 1, 4, policy="far"),
              policies=[{"id": "far", "allow": ["FR"]}]), 2, 2),
    "a job that may pause runs in one period of two": (
        world(job("one", 8, 2), job("two", 8, 2, interruptible=True)), 1, 2),
    "use beyond commitments has its price": (world(job("one", 2, 4), job("two", 2, 4), near={
        "committed_count": 3, "committed_usd_per_accelerator_hour": 0.5}), 2, 2),
    "what one job has beyond commitments it pays alone": (world(job("one", 4, 4), near={
        "committed_count": 2, "committed_usd_per_accelerator_hour": 0.5}), 0, 0),
    "modules have theirs": (world(job("one", 8, 4), job("two", 4, 4), near={"expansion": {
        "module_accelerators": 4, "max_modules": 1, "capital_usd_per_module": 9,
        "lifetime_years": 1}}), 2, 2),
    "a service and a job": (world(service(75), job("one", 4, 4)), 2, 3),
    "a budget": (world(job("one", 4, 2), job("two", 4, 2), limits={"budget_usd": 15}), 1, 2),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_limits_that_could_bind_and_blocks_that_meet_there(case: str) -> None:
    data, contested, meeting = CASES[case]
    found = measured(data)
    assert (found.contested, found.meeting) == (contested, meeting)


@pytest.mark.parametrize("seed", range(12))
def test_blocks_with_a_column_that_uses_such_a_limit_meet_there(seed: int) -> None:
    market = market_of(Problem.parse(random_world(Random(seed))))
    rows = np.zeros(len(market.rules.capacity), dtype=bool)
    rows[np.random.default_rng(seed).permutation(len(rows))[:3]] = True
    told = appraise(market, np.zeros(len(rows)), 1.0)
    columns = joined([job_columns(market, told, 1000), service_columns(market, told)])
    used = abs(columns.goods @ market.rules.use)[:, np.flatnonzero(rows)].sum(axis=1) > 0
    assert meeting_blocks(market, rows)[columns.block[used]].all()


@pytest.mark.no_cover
@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_go_to_the_exact_search_and_that_is_told_at_once(sample: str) -> None:
    market = market_of(load(sample))
    began = time.monotonic()
    found = measure(market)
    assert time.monotonic() - began < 2, "tenths, on a machine with nothing else to do"
    assert choose(found).solver == "highs"
    assert found == measure(market)


def test_columns_are_about_those_of_the_model() -> None:
    for sample in ("two-sites", "east-data-west-compute"):
        problem = load(sample)
        columns = build_variables(problem).columns.count
        assert 0.8 * columns <= model_columns(market_of(problem)) <= columns


@pytest.mark.no_cover
def test_many_blocks_that_meet_in_many_limits_go_to_the_decomposition() -> None:
    problem = generate(sites=20, services=40, jobs=100, periods=24, locations=20, seed=3, tightness=0.7)
    choice = choose(measure(market_of(problem)))
    assert choice.solver == "decomposition"
    assert "shared limits could bind" in str(choice)


def test_a_model_too_large_to_build_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure, "MOST_COLUMNS", 1)
    monkeypatch.setattr(structure, "contested_rows", lambda _: pytest.fail("looked at"))
    found = measured(world(job("one", 8, 4), job("two", 8, 4)))
    assert found.contested is None
    assert choose(found).solver == "decomposition"


def test_the_reason_has_the_figures() -> None:
    said = [str(choose(each)) for each in (Structure(20, 5, 1, 1), Structure(1, 1, 0, 0), Structure(9**9, 7))]
    assert said == [
        "auto: highs (20 columns, 1 shared limit could bind, 1 of 5 blocks meet there)",
        "auto: decomposition (1 column, no shared limit could bind)",
        "auto: decomposition (387,420,489 columns, 1,500,000 at most are tried as one model)",
    ]


def test_a_small_model_is_exact_however_tangled() -> None:
    assert choose(Structure(12_000, 9_000, 9_000, 9_000)).solver == "highs"
    assert choose(Structure(12_001, 9_000, 9_000, 9_000)).solver == "decomposition"


@pytest.mark.parametrize(
    ("columns", "periods", "contested", "solver"),
    [
        (72_000, 12, 10, "highs"),
        (72_001, 12, 10, "decomposition"),
        (72_000, 12, 11, "decomposition"),
        (120_000, 48, 10, "highs"),
        (120_001, 48, 10, "decomposition"),
    ],
)
def test_small_periods_are_exact_where_few_blocks_meet(
    columns: int, periods: int, contested: int, solver: str
) -> None:
    assert choose(Structure(columns, 20_000, contested, 16_000, periods)).solver == solver


def test_shares_of_what_is_used_are_exact_where_periods_are_large_too() -> None:
    assert choose(Structure(60_000, 900, 90, 270, 8)).solver == "decomposition"
    assert choose(Structure(60_000, 900, 90, 270, 8, has_shares=True)).solver == "highs"
    limited = world(job("one", 8, 4), job("two", 8, 4), limits={"max_provider_share": {"*": 0.5}})
    assert measured(limited).has_shares
    assert not measured(world(job("one", 8, 4), job("two", 8, 4))).has_shares


def test_a_job_that_no_link_of_its_routes_bears_meets_a_limit() -> None:
    """A link bears either share of a dataset alone, but not both, and the job runs on two sites only."""
    assert not beyond_alone(market_of(from_data(two_sites(0.02)))).any()
    data = two_sites(0.015)
    assert beyond_alone(market_of(from_data(data))).tolist() == [True]
    found = measured(data)
    assert (found.contested, found.meeting) == (1, 1)
    assert choose(found).solver == "highs"
