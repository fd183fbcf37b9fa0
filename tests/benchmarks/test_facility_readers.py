import json
from pathlib import Path

import numpy as np
import pytest
from computeroute.solvers.facility.solve import solve_facility

from benchmarks.families import BadFileError, Limits, WrongSolutionError, family
from benchmarks.readers.facility_layouts import read_sheet
from benchmarks.single import solve_file

PUBLISHED = Path(__file__).parents[3] / "shared" / "benchmarks" / "sscflp"

# two sites, three customers: capacities 9, 7; opening costs 10, 12; demands 3, 4, 5; costs by site
CAPACITY, OPENING, DEMAND = [9, 7], [10, 12], [3, 4, 5]
COST = [[6, 8, 20], [9, 12, 5]]
# serving all from both: 0 and 1 from site 0, 2 from site 1: 10 + 12 + 6 + 8 + 5
OPTIMUM = 41
PLAN = {"open": [0, 1], "serve": [[0, 0, 1.0], [1, 0, 1.0], [2, 1, 1.0]]}


def drawn_tables(seed):
    """Return tables of about the proportions of published instances (20 sites, 60 customers)."""
    rng = np.random.default_rng(seed)
    demand = rng.integers(10, 50, 60)
    capacity = rng.integers(200, 400, 20)
    opening = rng.integers(500, 1500, 20)
    distance = np.hypot(*(rng.uniform(0, 100, (2, 20, 1)) - rng.uniform(0, 100, (2, 1, 60))))
    return capacity, opening, demand, np.round(distance * rng.uniform(0.5, 1.5), 2)


def write(path, layout, tables):
    capacity, opening, demand, cost = (np.asarray(table, float) for table in tables)
    pairs = np.stack([capacity, opening], axis=1).ravel()
    sites, customers = cost.shape
    parts = {
        "orlib": [sites, customers, *pairs, *np.vstack([demand, cost]).T.ravel()],
        "paired": [sites, customers, *pairs, *demand, *cost.ravel()],
        "by unit": [sites, customers, *demand, *capacity, *opening, *(cost / demand).ravel()],
        "customers first": [customers, sites, *cost.T.ravel(), *demand, *opening, *capacity],
    }[layout]
    path.write_text(" ".join(f"{part:.12g}" for part in parts) + "\n\x1a")
    return path


LAYOUTS = ("orlib", "paired", "by unit", "customers first")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("seed", range(5))
def test_a_layout_is_known_by_what_it_holds(tmp_path, layout, seed):
    tables = drawn_tables(seed)
    sheet = read_sheet(write(tmp_path / "x", layout, tables), None)
    for found, table in zip((sheet.capacity, sheet.opening, sheet.demand, sheet.cost), tables, strict=True):
        assert np.allclose(found, table)


def test_names_decide_where_the_content_does_not(tmp_path):
    # sizes alone do not tell these apart: all numbers are alike
    tables = [np.full(2, 9), np.full(2, 9), np.full(3, 3), np.full((2, 3), 3)]
    path = write(tmp_path / "x", "paired", tables)
    assert np.allclose(read_sheet(path, "holmberg-p1").demand, 3)
    path = write(tmp_path / "x", "by unit", [*tables[:3], np.full((2, 3), 9)])
    assert np.allclose(read_sheet(path, "i300_1").cost, 9)


def test_a_layout_in_doubt_is_told_unless_a_name_tells_it(tmp_path, capsys):
    tables = [np.full(2, 9), np.full(2, 9), np.full(3, 3), np.full((2, 3), 3)]
    (tmp_path / "holmberg").mkdir()
    family("cflp").read(write(tmp_path / "holmberg" / "x", "paired", tables), None)
    assert capsys.readouterr().err == ""
    family("cflp").read(write(tmp_path / "x", "paired", tables), None)
    assert "but may be like" in capsys.readouterr().err
    family("cflp").read(write(tmp_path / "x", "paired", drawn_tables(0)), None)
    assert capsys.readouterr().err == ""


@pytest.fixture
def tiny(tmp_path):
    (tmp_path / "holmberg").mkdir()
    return write(tmp_path / "holmberg" / "p1", "paired", (CAPACITY, OPENING, DEMAND, COST))


@pytest.mark.parametrize(
    ("name", "instance", "optimum"),
    [
        ("sscflp", None, 41),
        ("cflp", "p1-ss", 41),
        # one site alone: 10 + 6 + 8 + 20 = 44, 12 + 26 = 38
        ("ufl", None, 38),
        ("cflp", "p1-ufl", 38),
        # each from its cheaper site, which fits: nothing is gained by dividing
        ("cflp", None, 41),
    ],
)
def test_variants_and_their_optima(tiny, name, instance, optimum):
    reader = family(name)
    blocks, context = reader.read(tiny, instance)
    result = solve_facility(blocks, time_limit=20, gap_limit=1e-9, seed=0)
    solution = json.loads(json.dumps(reader.to_solution(result.solution, context)))
    assert result.objective == pytest.approx(optimum)
    assert reader.check(tiny, instance, solution) == pytest.approx(optimum)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"open": [0, 1]}, "form"),
        ({**PLAN, "open": [0, 2]}, "no site 2"),
        ({**PLAN, "open": [0]}, "site 1 serves but is not open"),
        ({**PLAN, "serve": PLAN["serve"][:2]}, "0 of customer 2"),
        ({**PLAN, "serve": [*PLAN["serve"], [2, 0, 1.0]]}, "2 of customer 2"),
        ({**PLAN, "serve": [*PLAN["serve"], [3, 0, 1.0]]}, "no customer 3"),
        ({**PLAN, "serve": [*PLAN["serve"][:2], [2, 1, 1.5], [2, 0, -0.5]]}, "-0.5"),
        ({**PLAN, "serve": [[i, 0, 1.0] for i in range(3)]}, "serves 12, more than its 9"),
        ({**PLAN, "serve": [*PLAN["serve"][:2], [2, 1, 0.8], [2, 0, 0.2]]}, "several sites"),
    ],
)
def test_the_check_refuses_wrong_solutions(tiny, plan, message):
    check = family("sscflp").check
    assert check(tiny, None, PLAN) == OPTIMUM
    with pytest.raises(WrongSolutionError, match=message):
        check(tiny, None, plan)


def test_divided_service_passes_where_it_may(tiny):
    divided = {**PLAN, "serve": [*PLAN["serve"][:2], [2, 1, 0.8], [2, 0, 0.2]]}
    assert family("cflp").check(tiny, None, divided) == pytest.approx(OPTIMUM + 0.2 * 15)


def test_a_capacity_in_the_instance_name(tmp_path):
    path = tmp_path / "capa.txt"
    rows = " ".join(f"{DEMAND[i]} {COST[0][i]} {COST[1][i]}" for i in range(3))
    path.write_text(f"2 3 capacity 10. capacity 12. {rows}")
    for instance in ("capa-9", "capa-9-ss"):
        blocks, _ = family("cflp").read(path, instance)
        assert blocks.resources.capacity.tolist() == [9, 9]
    assert np.isinf(family("ufl").read(path, None)[0].resources.capacity).all()
    for instance in ("capa", "capa--9"):
        with pytest.raises(BadFileError, match="capa-8000"):
            family("cflp").read(path, instance)


@pytest.mark.parametrize("text", ["", "2", "2 x", "2 3 1 1", "0 3 1 1 1", "2.5 3 1", "1 1 5 -5 1 1"])
def test_what_fits_no_layout_is_refused(tmp_path, text):
    path = tmp_path / "x"
    path.write_text(text)
    with pytest.raises(BadFileError, match="x: "):
        family("sscflp").read(path, None)


@pytest.mark.skipif(not PUBLISHED.exists(), reason="published instances are not here")
@pytest.mark.parametrize("folder", ["holmberg", "yang", "delmaire", "tb"])
def test_published_files_make_sense_when_read(folder, tmp_path):
    for path in sorted((PUBLISHED / folder).iterdir()):
        copy = tmp_path / "x"  # without the names that hint at the layout
        copy.write_bytes(path.read_bytes())
        sheet, blind = read_sheet(path, None), read_sheet(copy, None)
        assert sheet.capacity.sum() >= sheet.demand.sum()
        assert sheet.demand.max() <= sheet.capacity.max()
        assert (sheet.demand == blind.demand).all()
        assert (sheet.cost == blind.cost).all()


# 10,010.2501 is asked of as much: the first customer alone is at the third site. 1 + 19 open the two, the
# third customer costs 7.25, the last 0.0001.
BY_UNIT = """3 5
0.0001 3 7.25 10000 0.0001
0 10010.2501 0.0001
9 1 19
0.0001 10000 10000 1 3
0 0 1 0 1
0 1 1 1 10000
"""
# 10,000.0002 is asked of as much, at two sites: 17 opens the first, which serves the large one for 1.
PAIRED = """3 3
10000.0 17
0.0002 0
0 14
10000.0 0.0001 0.0001
1 3 2
4 4 4
11 11 13
"""


@pytest.mark.parametrize(
    ("name", "folder", "text", "least"),
    [("sscflp", "avella", BY_UNIT, 27.2501), ("cflp", "holmberg", PAIRED, 23.00000006)],
)
def test_what_fits_to_the_last_unit_is_found(tmp_path, name, folder, text, least):
    file = tmp_path / folder / "exact.txt"
    file.parent.mkdir()
    file.write_text(text)
    found, _ = solve_file(name, file, None, Limits(seconds=20.0))
    assert found.feasible and found.objective == pytest.approx(least, rel=1e-9)
    assert found.bound == pytest.approx(least, rel=1e-9)
