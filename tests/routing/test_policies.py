"""Data residency: country codes, groups, at rest and in transit."""

from __future__ import annotations

import itertools

import pytest
from computeroute.routing.policies import DataPolicy, Residency, covers, expand
from hypothesis import given
from hypothesis import strategies as st

GROUPS = {"DACH": ("DE", "AT", "CH"), "WEST": ("DACH", "FR"), "LOOP": ("LOOP", "ES")}
CODES = ["DE", "DE-BE", "AT", "FR", "CN", "CN-SH", "CN-S", "ES"]


@pytest.mark.parametrize(
    ("code", "jurisdiction", "expected"),
    [
        ("CN", "CN-SH", True),
        ("CN-SH", "CN", False),
        ("CN", "CN", True),
        ("CN-S", "CN-SH", False),
        ("DE", "FR", False),
    ],
)
def test_a_country_covers_its_subdivisions(code: str, jurisdiction: str, expected: bool) -> None:
    assert covers(code, jurisdiction) is expected


def test_groups_open_into_codes_and_each_once() -> None:
    assert expand(["WEST", "DE", "CN-SH"], GROUPS) == {"DE", "AT", "CH", "FR", "CN-SH"}
    assert expand(["LOOP"], GROUPS) == {"ES"}
    assert expand([], GROUPS) == frozenset()


def test_no_policy_permits_everything() -> None:
    residency = Residency(None, GROUPS)
    assert all(residency.may_process(code) and residency.may_pass(code) for code in CODES)


def test_at_rest_and_in_transit_are_apart() -> None:
    residency = Residency(DataPolicy(id="p", allow=("DE",), transit_deny=("DE",)), GROUPS)
    assert (residency.may_process("DE-BE"), residency.may_process("FR")) == (True, False)
    assert (residency.may_pass("DE-BE"), residency.may_pass("FR")) == (False, True)


def test_deny_wins_over_allow() -> None:
    residency = Residency(
        DataPolicy(id="p", allow=("WEST",), deny=("DE",), transit_allow=("CN",), transit_deny=("CN-SH",)),
        GROUPS,
    )
    assert [code for code in CODES if residency.may_process(code)] == ["AT", "FR"]
    assert [code for code in CODES if residency.may_pass(code)] == ["CN", "CN-S"]


def test_policies_that_permit_the_same_are_one_class() -> None:
    one = Residency(DataPolicy(id="a", allow=("DACH",)), GROUPS)
    two = Residency(DataPolicy(id="b", allow=("CH", "DE", "AT", "DE")), GROUPS)
    other = Residency(DataPolicy(id="c", allow=("CH", "DE")), GROUPS)
    assert one == two
    assert len({one, two, other}) == 2
    assert one != "DACH"


_names = st.lists(st.sampled_from([*CODES, "DACH", "WEST"]), max_size=4).map(tuple)


@given(allow=st.none() | _names.filter(bool), deny=_names)
def test_residency_is_what_the_rules_say(allow: tuple[str, ...] | None, deny: tuple[str, ...]) -> None:
    """Against the definition, written out without groups: every name stands for the codes that it means."""
    meant = {"DACH": ["DE", "AT", "CH"], "WEST": ["DE", "AT", "CH", "FR"]}
    opened = {name: meant.get(name, [name]) for name in itertools.chain(allow or (), deny)}
    residency = Residency(
        DataPolicy(id="p", allow=allow, deny=deny, transit_allow=allow, transit_deny=deny), GROUPS
    )
    for code in CODES:
        country = code.split("-")[0]
        inside = allow is None or any({code, country} & set(opened[name]) for name in allow)
        outside = any({code, country} & set(opened[name]) for name in deny)
        assert residency.may_process(code) is residency.may_pass(code) is (inside and not outside)
