"""The tree of errors: what they hold, how they print, and that they cross process boundaries."""

from __future__ import annotations

import pickle
import time

import pytest
from computeroute.routing.errors import (
    Fault,
    InputError,
    MissingExtraError,
    NoPlanError,
    OutputError,
    RouteError,
    SolverError,
    UnknownNameError,
    key_suggestion,
    printable,
    quoted,
    suggestion,
)

EVERY = [
    InputError(["one"], "f.json"),
    InputError([Fault("pools[0]", "is odd", ("pools", 0)), "two"]),
    UnknownNameError("sample", "two-sitez", ["two-sites", "multicloud"]),
    OutputError("disk full"),
    MissingExtraError("pandas", "pandas"),
    SolverError("it broke"),
    NoPlanError("a budget of nothing"),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling(error: RouteError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), back.exit_code) == (type(error), str(error), error.exit_code)
    assert getattr(back, "faults", None) == getattr(error, "faults", None)


def test_exit_codes() -> None:
    assert [error.exit_code for error in EVERY] == [2, 2, 2, 2, 2, 3, 1]
    assert all(isinstance(error, RouteError) for error in EVERY)


def test_one_fault_is_one_line() -> None:
    assert str(InputError([Fault("pools[0] 'a'.count", "is required")], "f.json")) == (
        "f.json: pools[0] 'a'.count: is required"
    )
    assert str(InputError(["is empty"])) == "is empty"


def test_several_faults_are_counted_and_listed() -> None:
    assert str(InputError(["a", Fault("here", "b")], "f.json")) == "f.json: 2 faults\n  a\n  here: b"


def test_very_many_faults_are_cut() -> None:
    error = InputError([f"fault {number}" for number in range(12_345)])
    lines = str(error).splitlines()
    assert (lines[0], len(lines), lines[-1]) == ("12,345 faults", 52, "  ... and 12,295 more")
    assert len(error.faults) == 12_345
    assert error.summary(limit=1).splitlines()[-1] == "  ... and 12,344 more"


def test_a_source_cannot_write_to_the_terminal() -> None:
    assert str(InputError(["is empty"], "\x1b[31m.json")) == "\\x1b[31m.json: is empty"


def test_the_path_of_a_fault_does_not_tell_it_apart() -> None:
    assert Fault("a", "b", ("a",)) == Fault("a", "b")


def test_an_unknown_name_suggests_and_lists() -> None:
    assert str(EVERY[2]) == (
        "unknown sample 'two-sitez'; did you mean 'two-sites'? (known: two-sites, multicloud)"
    )
    assert str(UnknownNameError("sample", "x", [])) == "unknown sample 'x' (known: none)"


def test_a_missing_extra_says_how_to_get_it() -> None:
    assert str(EVERY[4]) == "this needs pandas: pip install 'computeroute[pandas]'"


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("fra2", ["fra1", "par1"], "; did you mean 'fra1'?"),
        ("FRA1", ["fra1"], "; did you mean 'fra1'?"),
        ("zzz", ["fra1"], ""),
        ("a", [], ""),
        (5, ["55"], "; did you mean '55'?"),
        ("x" * 1000, ["x" * 1000], ""),
    ],
)
def test_suggestions(name: object, known: list[str], expected: str) -> None:
    assert suggestion(name, known) == expected


def test_suggestions_do_not_stall_on_long_names() -> None:
    begin = time.perf_counter()
    suggestion("a" * 200, ["ab" * 100_000] * 50)
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "'a'"),
        ("a\n\x1b[0m", r"'a\n\x1b[0m'"),
        ("x" * 100, repr("x" * 57 + "...")),
        (12, "12"),
        (2.5, "2.5"),
        (10**100, "a number of that many digits"),
        (list(range(100)), str(list(range(100)))[:57] + "..."),
    ],
)
def test_quoted(value: object, expected: str) -> None:
    assert quoted(value) == expected


def test_a_number_too_long_to_print_is_quoted() -> None:
    assert quoted(-(10**5000)) == "a number of that many digits"


def test_printable() -> None:
    assert printable("Zürich 東京") == "Zürich 東京"
    assert printable("a\nb\u202e") == r"a\nb\u202e"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("transit", "'transit_allow' or 'transit_deny'"),
        ("transit_dney", "'transit_deny'"),
        ("spot_price", "'spot_usd_per_accelerator_hour'"),
        ("price", "'usd_per_accelerator_hour' or 'spot_usd_per_accelerator_hour'"),
        ("Power", "'max_power_kw'"),
        ("module", "'module_accelerators'"),
        ("counts", "'count'"),
    ],
)
def test_keys_are_told_by_their_words_where_they_are_no_typing_errors(key: str, meant: str) -> None:
    """The nearest by letters may be the opposite of what is meant, as is ``transit_deny``."""
    known = [
        "count",
        "max_modules",
        "max_power_kw",
        "module_accelerators",
        "spot_count",
        "spot_usd_per_accelerator_hour",
        "transit_allow",
        "transit_deny",
        "usd_per_accelerator_hour",
    ]
    assert key_suggestion(key, known) == f"; did you mean {meant}?"


@pytest.mark.parametrize("key", ["", "xyz", 5, "_", "a" * 1000])
def test_a_key_like_no_other_has_no_suggestion(key: object) -> None:
    assert key_suggestion(key, ["count", "max_modules"]) == ""
