"""Tables as text, CSV and records."""

from __future__ import annotations

import csv
import io
import json

from computeroute.routing import tables
from computeroute.routing.tables import Table, money_column, number_column, remark_column, text_column
from computeroute.routing.text import width

COLUMNS = (
    text_column("data_center"),
    number_column("count"),
    money_column("cost_usd", "USD"),
    text_column("open"),
)


def table(*rows: list[object]) -> Table:
    return Table("sites", "Sites", COLUMNS, rows)


def test_text_aligns_names_left_and_numbers_right() -> None:
    shown = tables.to_text(table(["上海", 1200, 3.5, True], ["fra", None, 0.0001, False]), 80, 10)
    assert shown.split("\n") == [
        "Sites",
        "data center  count     USD  open",
        "-----------  -----  ------  ----",
        "上海         1,200    3.50  yes",
        "fra                 0.0001  no",
    ]


def test_text_without_a_title_begins_with_the_headings() -> None:
    assert tables.to_text(Table("x", "", [text_column("a")], [["b"]]), 80, 10) == "a\n-\nb"


def test_text_shows_ranges_lists_and_nothing() -> None:
    shown = tables.to_text(table([("a", "b"), "2-5", None, None]), 80, 10)
    assert shown.split("\n")[-1] == "a, b           2-5"


def test_long_names_give_way_and_numbers_stay() -> None:
    shown = tables.to_text(table(["数" * 60, 10**9, 1e8, True]), 60, 10).split("\n")
    assert max(map(width, shown[1:])) <= 60
    assert "…" in shown[3]
    assert "100,000,000.00" in shown[3]


def test_a_table_of_numbers_may_be_wider_than_asked() -> None:
    numbers = Table("n", "", [number_column("a"), number_column("b")], [[10**9, 10**9]] * 2)
    assert "1,000,000,000  1,000,000,000" in tables.to_text(numbers, 10, 5)


def test_narrow_names_are_not_cut_further() -> None:
    shown = tables.to_text(
        Table("n", "", [text_column("a"), text_column("b")], [["x" * 30, "y" * 30]] * 2), 5, 5
    )
    assert shown.split("\n")[-1] == "xxxxxxxxxxxxxxx…  yyyyy…"


def wide(first: str = "fra") -> Table:
    """Return 3 + 2 + 11 + 2 + 5 + 2 + 5 = 30 columns; with its heading on two lines the second takes 6."""
    columns = (
        text_column("site"),
        number_column("rtt", "mean rtt ms", 1),
        tables.as_spare(number_column("gap", "gap %", 1)),
        tables.as_spare(text_column("kind")),
    )
    return Table("wide", "Wide", columns, [[first, 12.5, 0.1, "cloud"], ["par", 8, 0, "edge"]])


def test_headings_are_folded_before_columns_go() -> None:
    assert tables.to_text(wide(), 31, 10).split("\n")[1] == "site  mean rtt ms  gap %  kind"
    assert tables.to_text(wide(), 26, 10).split("\n") == [
        "Wide",
        "        mean",
        "site  rtt ms  gap %  kind",
        "----  ------  -----  -----",
        "fra     12.5    0.1  cloud",
        "par      8.0    0.0  edge",
    ]


def test_spare_columns_go_one_by_one_from_the_right() -> None:
    assert tables.to_text(wide(), 25, 10).split("\n")[1:] == [
        "site  mean rtt ms  gap %",
        "----  -----------  -----",
        "fra          12.5    0.1",
        "par           8.0    0.0",
        "not shown for want of",
        "room: kind (use --format",
        "json or csv)",
    ]
    shown = tables.to_text(wide(), 18, 10)
    assert shown.split("\n")[1] == "site  mean rtt ms"
    assert "room: gap %, kind" in " ".join(shown.split())
    assert tables.to_csv(wide()).startswith("site,rtt,gap,kind\n")
    assert set(wide().records()[0]) == {"site", "rtt", "gap", "kind"}


def test_what_is_most_spare_goes_first() -> None:
    columns = (
        text_column("site"),
        tables.as_spare(text_column("kind"), 2),
        number_column("rtt"),
        tables.as_spare(number_column("gap")),
        tables.as_spare(number_column("use"), 2),
    )
    table = Table("t", "", columns, [["fra", "cloud", 12, 1, 50]])
    headings = [tables.to_text(table, room, 10).split("\n")[0].split() for room in (21, 15, 10)]
    assert headings == [["site", "kind", "rtt", "gap"], ["site", "rtt", "gap"], ["site", "rtt"]]


def test_names_are_cut_only_where_nothing_else_gives_way() -> None:
    # 20 of the name + 6 + 2 = 28: the spare columns would be needed below that; text is cut from there on.
    shown = tables.to_text(wide("x" * 40), 28, 10).split("\n")
    assert shown[4] == "x" * 19 + "…    12.5"
    assert tables.to_text(wide("x" * 40), 25, 10).split("\n")[4] == "x" * 16 + "…    12.5"


def test_names_that_would_look_alike_are_cut_in_the_middle() -> None:
    names = ["service 'chat', period 'day'", "service 'chat', period 'night'", "job 'of a long name'"]
    shown = tables.to_text(Table("names", "", [text_column("name")], [[name] for name in names]), 18, 9)
    assert shown.split("\n")[2:] == ["service…iod 'day'", "service…d 'night'", "job 'of a long na…"]


def test_a_single_row_that_is_too_wide_has_its_cells_below_each_other() -> None:
    columns = [text_column("problem_name"), text_column("problem_digest"), number_column("gap", digits=3)]
    rows = [["the name of a problem", "sha256:0123456789abcdef", 0.25]]
    shown = tables.to_text(Table("summary", "summary", columns, rows), 44, 9)
    expected = [
        "problem name    the name of a problem",
        "problem digest  sha256:0123456789abcdef",
        "gap             0.250",
    ]
    assert shown.split("\n") == ["summary", *expected]
    assert "…" in tables.to_text(Table("summary", "summary", columns, rows * 2), 44, 9)
    assert len(tables.to_text(Table("summary", "summary", columns, rows), 60, 9).split("\n")) == 4


def test_long_titles_go_on_below() -> None:
    titled = Table("n", "What stops at once", [text_column("a")], [["b"]])
    assert tables.to_text(titled, 12, 5).split("\n")[:2] == ["What stops", "at once"]


def test_many_rows_are_counted() -> None:
    shown = tables.to_text(table(*([f"s{k}", k, 0, True] for k in range(1500))), 80, 3)
    assert shown.split("\n")[-1] == "... and 1,497 more (use --format json or csv)"
    assert len(shown.split("\n")) == 7


def test_names_cannot_steer_the_terminal() -> None:
    shown = tables.to_text(table(["\x1b[2Jfra\n1", "\x1b[2J1", 1.0, False]), 80, 10)
    assert "\x1b" not in shown
    assert "fra 1" in shown
    assert "  fra" in tables.to_text(table(["  fra", 1, 1.0, False]), 80, 10)


def test_empty_columns_are_left_out_of_text() -> None:
    assert tables.to_text(table(["fra", None, None, True]), 80, 10).split("\n")[1] == "data center  open"
    assert "count" in tables.to_text(table(), 80, 10)


def test_plain_tables_never_cut_numbers() -> None:
    rows: list[list[object]] = [["y" * 99, True, 10**9, 1.5], ["", False, None, 1]]
    plain = tables.plain_table("two_words", ["name", "on", "n", "x"], rows)
    shown = tables.to_text(plain, 40, 10).split("\n")
    assert shown[0] == "two words"
    assert shown[3].split()[1:] == ["yes", "1,000,000,000", "1.500"]


def test_csv_disarms_formulas_and_leaves_numbers() -> None:
    text = tables.to_csv(table(["=HYPERLINK(1)", -5, -1.25e-7, True], [("@a", "b"), 0, None, False]))
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["data_center", "count", "cost_usd", "open"]
    assert rows[1] == ["'=HYPERLINK(1)", "-5", "-1.25e-07", "true"]
    assert rows[2] == ["'@a > b", "0", "", "false"]


def test_csv_numbers_survive_exactly() -> None:
    text = tables.to_csv(tables.plain_table("n", ["x"], [[0.1 + 0.2]]))
    assert float(text.split("\n")[1]) == 0.1 + 0.2


def test_records_and_json() -> None:
    rows = table(["fra", 1, 2.0, True]).records()
    assert rows == [{"data_center": "fra", "count": 1, "cost_usd": 2.0, "open": True}]
    assert json.loads(tables.to_json(rows)) == rows


def test_facts_align_labels() -> None:
    assert tables.facts([("a", "1"), ("long", "2\x07")]) == "a     1\nlong  2"
    assert tables.facts([]) == ""
    assert tables.facts([("a", "one two"), ("long", "one two three")], 13) == (
        "a     one two\nlong  one two\n      three"
    )


def test_sentences_go_on_below_where_they_are_too_long() -> None:
    columns = (text_column("work"), number_column("hours"), remark_column("detail"))
    rows = [["finetune", 7, "no pool is near enough to its data"], ["chat", 3, ""], ["one", 1, "x" * 20]]
    assert tables.to_text(Table("left", "Left out", columns, rows), 31, 10).split("\n") == [
        "Left out",
        "work      hours  detail",
        "--------  -----  --------------",
        "finetune      7  no pool is",
        "                 near enough to",
        "                 its data",
        "chat          3",
        "one           1  xxxxxxxxxxxxx…",
    ]


def test_percentages_that_say_nothing_are_cut_for_people_only() -> None:
    shown = Table("x", "", [tables.percent_column("gap", "gap %", 2)], [[1.5], [None], [8.64e10], [-8.64e10]])
    assert [line.strip() for line in tables.to_text(shown, 80, 10).splitlines()[2:]] == [
        "1.50", "", ">10,000", "<-10,000",
    ]  # fmt: skip
    assert tables.to_csv(shown).splitlines()[1:] == ["1.5", '""', "86400000000.0", "-86400000000.0"]
