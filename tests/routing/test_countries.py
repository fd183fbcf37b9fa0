"""Codes of countries: those assigned, those left to users, and no others."""

from __future__ import annotations

import pytest
from computeroute.routing.countries import ASSIGNED, is_country
from computeroute.topologies.catalog import groups, metros


def test_there_are_as_many_as_the_standard_has() -> None:
    assert len(ASSIGNED) == 249


@pytest.mark.parametrize("code", ["DE", "GB", "QA", "ZW", "XK", "QM", "QZ", "AA", "ZZ"])
def test_assigned_codes_and_those_of_users_are_codes(code: str) -> None:
    assert is_country(code)


@pytest.mark.parametrize("code", ["UK", "EN", "SP", "JA", "QB", "QL", "AB", "ZX"])
def test_others_are_none(code: str) -> None:
    assert not is_country(code)


def test_all_that_the_catalogs_name_are_codes() -> None:
    known = groups()
    members = {member for each in known.values() for member in each if member not in known}
    countries, _ = metros()
    assert all(is_country(code[:2]) for code in members | set(countries))
