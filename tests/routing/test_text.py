"""Text for terminals and spreadsheets."""

from __future__ import annotations

import json

import pytest
from computeroute.routing import text
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07name", "name"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("\x1bcreset", "reset"),
        ("end\x1b", "end"),
        ("a\r\n\tb", "a b"),
        ("bell\x07 nul\x00 c1\x9b2J", "bell nul c12J"),
        ("safe\u202egpj.exe", "safegpj.exe"),
        ("zero\u200bwidth", "zerowidth"),
        ("line separator", "line separator"),
        ("\u200cمی\u200cخواهم"[1:], "می\u200cخواهم"),
        ("上海", "上海"),
    ],
)
def test_clean_leaves_nothing_that_steers_a_terminal(given_text: str, expected: str) -> None:
    assert text.clean(given_text) == expected


@given(st.text(alphabet=st.characters(), max_size=40))
def test_cleaned_text_is_one_line_without_controls(given_text: str) -> None:
    cleaned = text.clean(given_text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in cleaned)
    assert len(cleaned.splitlines()) <= 1


def test_clean_lines_keeps_lines_and_indents() -> None:
    assert text.clean_lines("2 faults\n  a\x1b[2J\n  b\tc") == "2 faults\n  a\n  b c"


@pytest.mark.parametrize(
    "formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1", "＋1", "－1", "＠x"]
)
def test_guarded_disarms_formulas(formula: str) -> None:
    cell = text.guarded(formula)
    assert cell.startswith("'")
    assert "\t" not in cell
    assert "\r" not in cell


def test_guarded_keeps_other_text_and_drops_controls() -> None:
    assert text.guarded("fra-h100 = best") == "fra-h100 = best"
    assert text.guarded("a\x1b[31mb\x07") == "ab"
    assert text.guarded("safe\u202egpj\x9b2J.exe\u200b") == "safegpj2J.exe"
    assert text.guarded("\u2066=1+1\u2069") == "'=1+1"


def test_json_keeps_what_steers_a_terminal_as_escapes() -> None:
    told = {"上海 a\x9b2J\x7f": "b\u202e\u200b می\u200cخواهم\n"}
    shown = text.escaped(json.dumps(told, ensure_ascii=False, indent=2))
    assert json.loads(shown) == told
    assert shown == '{\n  "上海 a\\u009b2J\\u007f": "b\\u202e\\u200b می\u200cخواهم\\n"\n}'
    assert text.escaped('{"a\x7f": 1}') == '{"a\\u007f": 1}'


@pytest.mark.parametrize(
    ("shown", "columns"),
    [("abc", 3), ("上海-1", 6), ("ｆｕｌｌ", 8), ("ｶﾅ", 2), ("é", 1), ("می\u200cخواهم", 7), ("", 0)],
)
def test_width_counts_wide_characters_twice_and_marks_not_at_all(shown: str, columns: int) -> None:
    assert text.width(shown) == columns


@pytest.mark.parametrize(
    ("shown", "columns", "expected"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("上海数据中心", 7, "上海数…"),
        ("上海数据中心", 6, "上海…"),
        ("ab cd", 4, "ab…"),
    ],
)
def test_shorten_never_exceeds_the_columns(shown: str, columns: int, expected: str) -> None:
    assert text.shorten(shown, columns) == expected
    assert text.width(expected) <= columns


@given(st.text(max_size=30), st.integers(min_value=4, max_value=20))
def test_cutting_amid_never_exceeds_the_columns_and_keeps_an_end(shown: str, columns: int) -> None:
    short = text.shorten_amid(shown, columns)
    assert text.width(short) <= columns
    assert short == shown if text.width(shown) <= columns else text.ELLIPSIS in short


def test_pad_aligns_by_columns_not_characters() -> None:
    assert text.pad("上海", 6) == "上海  "
    assert text.pad("上海", 6, right=True) == "  上海"


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (None, 2, "-"),
        (1234567.891, 2, "1,234,567.89"),
        (0.0, 2, "0.00"),
        (-0.0, 0, "0"),
        (1e-12, 2, "0.00"),
        (0.00012345, 2, "0.00012"),
        (-0.00012345, 2, "-0.00012"),
        (0.005, 2, "0.01"),
        (1e8, 0, "100,000,000"),
    ],
)
def test_number(value: float | None, digits: int, expected: str) -> None:
    assert text.number(value, digits) == expected


def test_shares_ranges_and_plurals() -> None:
    assert text.percent(0.0123) == "1.2 %"
    assert text.percent(None) == "-"
    assert text.percent(0.0000042, 3) == "0.00042 %"
    assert text.money(2.5) == "2.50"
    assert (text.span(2, 2), text.span(2, 5)) == ("2", "2-5")
    assert text.plural(1, "job") == "1 job"
    assert text.plural(2000, "job") == "2,000 jobs"
    assert text.plural(2, "policy") == "2 policies"


@pytest.mark.parametrize("hidden", ["\x1b[0m=1+1", "\x07=1+1", " \x1b[31m@SUM(1)", "\x1b]0;t\x07-1"])
def test_guarded_disarms_formulas_behind_what_does_not_show(hidden: str) -> None:
    assert text.guarded(hidden).startswith("'")


@pytest.mark.parametrize(
    ("more", "base", "told"),
    [
        (5.0, 100.0, "5.00 %"),
        (5.0, -100.0, "5.00 %"),
        (10_000.0, 100.0, "10,000.00 %"),
        (10_001.0, 100.0, "10,001.00 USD"),
        (86.4, 1e-7, "86.40 USD"),
        (0.0, 0.0, "0.00 USD"),
        (1e-9, 100.0, "0.00 %"),
    ],
)
def test_differences_beside_next_to_nothing_are_in_usd(more: float, base: float, told: str) -> None:
    assert text.difference(more, base) == told
