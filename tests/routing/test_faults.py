"""Faults are told by place, in the words of the file, whatever the file holds."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from computeroute.routing.errors import Fault, InputError
from computeroute.routing.faults import element_name, from_validation, place
from computeroute.routing.problem import Problem
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

BASE = json.loads((Path(__file__).parents[1] / "malformed" / "base.json").read_text(encoding="utf-8"))


def faults_of(data: Any) -> list[Fault]:
    with pytest.raises(InputError) as caught:
        Problem.parse(data)
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ""),
        (("name",), "name"),
        (("workloads", 2, "demand", 0, "location"), "workloads[2] 'chat'.demand[0] 'berlin'.location"),
        (("limits", "max_provider_share", "Ali Baba"), "limits.max_provider_share['Ali Baba']"),
        (("limits", "max_provider_share", "*"), "limits.max_provider_share.*"),
        (("pools", 99, "id"), "pools[99].id"),
        (("name", 0), "name[0]"),
        (("links", 0), "links[0]"),
        (("a\nb",), "['a\\nb']"),
        (("x" * 100,), f"['{'x' * 57}...']"),
    ],
)
def test_places(path: tuple[int | str, ...], expected: str) -> None:
    assert place(path, BASE) == expected


def test_places_in_models_are_those_of_the_file() -> None:
    problem = Problem.parse(BASE)
    assert place(("workloads", 2, "demand", 0, "location"), problem) == place(
        ("workloads", 2, "demand", 0, "location"), BASE
    )


def test_names_of_elements() -> None:
    assert element_name({"id": "a", "location": "b"}) == "a"
    assert element_name({"id": 5, "location": "b"}) == "b"
    assert element_name({"id": ""}) is None
    assert element_name(7) is None


def test_faults_carry_their_path() -> None:
    fault = faults_of({**BASE, "pools": [{**BASE["pools"][0], "count": -1}]})[0]
    assert fault.path == ("pools", 0, "count")


def test_links_are_named_in_faults_even_without_an_id(world: dict[str, Any]) -> None:
    world["links"][0]["latency_ms"] = -1
    assert faults_of(world)[0].place == "links[0] 'berlin--fra1'.latency_ms"


def test_a_list_with_bad_members_is_not_called_empty(world: dict[str, Any]) -> None:
    del world["pools"][0]["count"], world["pools"][1]["count"]
    assert [str(fault) for fault in faults_of(world)] == [
        "pools[0] 'fra-h100'.count: is required",
        "pools[1] 'par-h100'.count: is required",
    ]


@pytest.mark.parametrize(
    "value", ["x", None, {}, True, -1e9, [0.1, "x"], [0.1, None], [[1], 2], float("inf")]
)
def test_a_number_or_list_gives_one_fault(world: dict[str, Any], value: Any) -> None:
    world["data_centers"][0]["usd_per_kwh"] = value
    assert len(faults_of(world)) == 1


def test_a_key_called_as_a_kind_is_a_key(world: dict[str, Any]) -> None:
    world["workloads"][0]["training"] = 1
    assert faults_of(world)[0].place == "workloads[0] 'tune'.training"


@pytest.mark.parametrize("data", [None, 5, "x", [], [{}]])
def test_a_problem_is_an_object(data: Any) -> None:
    assert "is an object" in faults_of(data)[0].message


def test_keys_that_are_no_texts_are_told(world: dict[str, Any]) -> None:
    faults = faults_of({**world, "groups": {1: ["DE"]}})
    assert str(faults[0]) == "groups[1]: must be a text, got 1"
    assert any("every key must be a text" in fault.message for fault in faults_of({**world, 5: 1}))


class _Awkward:
    def __repr__(self) -> str:
        raise ValueError

    def __eq__(self, _: object) -> bool:
        raise ValueError

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("pools", (item for item in (1,)), "pools[0]: must be an object, got 1"),
        ("pools", {1}, "pools[0]: must be an object, got 1"),
        ("pools", _Awkward(), "pools: must be a list, got an object of type _Awkward"),
        ("groups", {"eu": _Awkward()}, "groups.eu: must be a list, got an object of type _Awkward"),
        ("schema_version", _Awkward(), "schema_version: version <_Awkward instance"),
        ("name", b"abc", "name: must be a text, got an object of type bytes"),
        ("links", _Awkward, "links: must be a list, got an object of type type"),
    ],
)
def test_objects_that_no_file_holds_are_told(world: dict[str, Any], key: str, value: Any, said: str) -> None:
    assert any(str(fault).startswith(said) for fault in faults_of({**world, key: value}))


def test_a_word_that_is_something_else_is_told(world: dict[str, Any]) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value, got in ((deep, "got a list"), (10**5000, "not one of that many digits")):
        world["data_centers"][0]["kind"] = value
        assert f"must be 'cloud', 'on_prem', 'colo' or 'edge', {got}" in str(faults_of(world)[0])


def test_what_holds_itself_is_told(world: dict[str, Any]) -> None:
    ring: list[Any] = []
    ring.append(ring)
    assert [str(fault) for fault in faults_of({**world, "links": ring})] == [
        "links[0]: must be an object, got a list"
    ]


def test_half_characters_are_told(world: dict[str, Any]) -> None:
    world["pools"][0]["name"] = "x"
    world["data_centers"][0]["name"] = "\ud800"
    faults = [str(fault) for fault in faults_of(world)]
    assert "data_centers[0] 'fra1'.name: holds half of a character (a lone surrogate)" in faults
    "".join(faults).encode()


def test_fields_that_do_not_fit_are_told_beside_faults_of_other_fields() -> None:
    data = copy.deepcopy(BASE)
    pool, job, service = data["pools"][0], data["workloads"][0], data["workloads"][2]
    pool.update(count=4, committed_count=5, reserve_fraction=2)
    pool.pop("committed_usd_per_accelerator_hour", None)
    job.update(earliest_start_hours=3, deadline_hours=2, priority=-1, max_sites=2)
    service.update(min_sites=2, max_sites=1, survive="site", target_utilization=7)
    data["links"][0].update(target=data["links"][0]["source"], latency_ms="near")
    data["limits"] = {"pinned": [{"workload": 5, "pool": "fra-h100", "data_center": "fra1"}]}
    told = sorted(f"{fault.place.split(' ')[0]}: {fault.message}" for fault in faults_of(data))
    wanted = (
        "pools[0]: committed_count 5 exceeds count 4; committed_count needs "
        "committed_usd_per_accelerator_hour",
        "workloads[0]: 'max_sites' above 1 and 'multi_site' go together; deadline_hours 2 is not after "
        "earliest_start_hours 3",
        "workloads[2]: max_sites 1 is below min_sites 2; survive 'site' needs max_sites of 2 or more: "
        "one site is lost with all it holds",
        "links[0]: joins 'berlin' to itself; remove it or correct an end",
        "limits.pinned[0]: give exactly one of 'data_center' and 'pool'",
    )
    assert not set(wanted) - set(told)
    assert len(told) == 2 * len(wanted)


def test_a_name_without_end_is_cut_short_where_both_ends_have_it() -> None:
    data = copy.deepcopy(BASE)
    data["links"][0].update(source="x" * 100_000, target="x" * 100_000)
    told = [fault.message for fault in faults_of(data) if "to itself" in fault.message]
    assert len(told) == 1 and len(told[0]) < 300


@pytest.mark.parametrize(
    ("at", "change"),
    [
        (("pools", 0), {"committed_count": 10**6}),
        (("pools", 0), {"spot_count": 1, "spot_usd_per_accelerator_hour": None}),
        (("workloads", 0), {"deadline_hours": 1, "earliest_start_hours": 2}),
        (("workloads", 2), {"min_sites": 2, "max_sites": 1}),
        (("links", 0), {"target": "berlin", "source": "berlin"}),
        (("limits",), {"forbidden": [{"workload": "chat"}]}),
    ],
)
def test_a_misfit_is_told_once(at: tuple[str | int, ...], change: dict[str, Any]) -> None:
    data = copy.deepcopy(BASE)
    element: Any = data
    for step in at:
        element = element.setdefault(step, {}) if isinstance(step, str) else element[step]
    element.update(change)
    assert len(faults_of(data)) == 1


def test_other_models_are_served_with_or_without_their_type() -> None:
    class Small(BaseModel):
        count: int = 1

    with pytest.raises(ValidationError) as caught:
        Small.model_validate({"count": "x", "count2": 5})
    for model in (Small, None):
        assert [str(f) for f in from_validation(caught.value, {"count": "x"}, model)] == [
            "count: must be a whole number, got 'x'"
        ]


def test_a_message_without_a_saying_is_passed_on() -> None:
    class Odd(BaseModel):
        when: __import__("datetime").date  # type: ignore[name-defined]

    with pytest.raises(ValidationError) as caught:
        Odd.model_validate({"when": "x"})
    [fault] = from_validation(caught.value, {"when": "x"}, Odd)
    assert str(fault).startswith("when: should be a valid date")
    assert str(fault).endswith(", got 'x'")


def _places(data: Any, path: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    below = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in below:
        yield (*path, key)
        yield from _places(value, (*path, key))


_numbers = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 1e308, -0.0, 10**17])
_json = st.recursive(
    st.none() | st.booleans() | _numbers | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_JARGON = ("pydantic", "Input should", "after validation", "constrained", "tuple", "NoneType", "dictionary")


@pytest.mark.no_cover
@settings(max_examples=200, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.sampled_from(list(_places(BASE))), _json, st.booleans()), min_size=1, max_size=3
    )
)
def test_whatever_a_file_holds_it_is_parsed_or_refused(changes: list[tuple[Any, Any, bool]]) -> None:
    data = copy.deepcopy(BASE)
    for path, value, add in changes:
        _put(data, path, value, add)
    try:
        problem = Problem.parse(data)
    except InputError as error:
        said = str(error)
        assert all(line.isprintable() for line in said.splitlines())
        assert not [word for word in _JARGON if word in said]
    else:
        assert Problem.parse(json.loads(json.dumps(problem.model_dump(mode="json")))) == problem


def _put(data: Any, path: tuple[int | str, ...], value: Any, add: bool) -> None:
    for step in path[:-1]:
        if not isinstance(data, dict | list) or (isinstance(data, list) and step not in range(len(data))):
            return
        data = data.get(step) if isinstance(data, dict) else data[step]
    if isinstance(data, list):
        data[: 0 if add else 1] = [value]
    elif isinstance(data, dict):
        data["extra" if add else path[-1]] = value
