"""The scenario without protection, whose difference to the problem as it is tells what protection costs."""

from __future__ import annotations

import pytest
from computeroute.routing import check
from computeroute.routing.errors import InputError
from computeroute.routing.scenario_book import scenario_book
from computeroute.routing.scenarios import scenario
from computeroute.solvers.sweep import solve_scenarios

from .admissible.test_survival import world

LINES = {"hybrid": 16, "unprotected": 4, "survive=link": 16, "survive=none": 4, "hybrid+survive=site": 16}


def test_scenarios_say_what_protection_costs() -> None:
    """Two sites that hold all, 4 x 1 + 4 x 3 USD, against the cheap one alone."""
    outcomes = solve_scenarios(world((8, 1), (8, 3)), [scenario(line) for line in LINES], time_limit=20)
    assert [each.plan.objective for each in outcomes if each.plan] == pytest.approx(list(LINES.values()))
    assert all(each.problem and each.plan and not check(each.problem, each.plan) for each in outcomes)


def test_a_scenario_file_protects_single_services() -> None:
    book = scenario_book({"scenarios": {"bare": [{"protect": {"survive": None, "workloads": ["chat"]}}]}})
    assert book["bare"].apply(world((8, 1), (8, 3))).services[0].survive is None


def test_an_unknown_loss_is_a_fault_with_a_suggestion() -> None:
    with pytest.raises(InputError, match="did you mean 'site'"):
        scenario("survive=sites")


def test_an_unknown_service_is_a_fault() -> None:
    book = scenario_book({"scenarios": {"bare": [{"protect": {"survive": None, "workloads": ["chad"]}}]}})
    with pytest.raises(InputError, match="did you mean 'chat'"):
        book["bare"].apply(world((8, 1)))


def test_a_service_at_one_site_cannot_be_made_to_survive_its_loss() -> None:
    with pytest.raises(InputError, match=r"survive=site.*max_sites"):
        scenario("survive=site").apply(world((8, 1), survive=None, max_sites=1))
