"""Files of network design and traffic engineering: read, solved, written and checked again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from computeroute.solvers.network.solve import solve_network

from benchmarks.alternatives import solve_whole_file
from benchmarks.families import BadFileError, Limits, WrongSolutionError, family
from benchmarks.known import read_known
from benchmarks.single import solve_file

PUBLISHED = Path(__file__).parents[3] / "shared" / "benchmarks"

# Two ways from 1 to 4: over 2 (2 per unit, opening 20), over 3 (6 per unit, opening 2); 4 units: 26 over 3.
DESIGN = """MULTIGEN.DAT:
 4 4 1
 1 2 1 9 10 1 1
 2 4 1 9 10 1 2
 1 3 3 9 1 1 3
 3 4 3 9 1 1 4
 1 4 4
"""
BEST = {"open": [2, 3], "flow": [[0, 2, 4.0], [0, 3, 4.0]]}

# 20 from 0 to 2, directly (10) or over 1 (30): half of each.
GRAPH = """NODES 3
label x y
a 0 0
b 1 0
c 2 0

EDGES 3
label src dest weight bw delay
e0 0 2 1 10 5
e1 0 1 1 30 5
e2 1 2 1 30 5
"""
DEMANDS = "DEMANDS 1\nlabel src dest bw\nd0 0 2 20\n"


def design_file(folder: Path, text: str = DESIGN) -> Path:
    path = folder / "tiny.dow"
    path.write_text(text)
    return path


def traffic_file(folder: Path, layout: str) -> Path:
    """Write the same instance in one of the layouts; the file to be solved is returned."""
    if layout in {"graph", "demands"}:
        (folder / "Net.graph").write_text(GRAPH)
        (folder / "Net.0001.demands").write_text(DEMANDS)
        return folder / ("Net.graph" if layout == "graph" else "Net.0001.demands")
    nodes = [{"id": node} for node in range(3)]
    links = [(0, 2, 10), (0, 1, 30), (1, 2, 30)]
    listed = [{"source": a, "target": b, "capacity": c} for a, b, c in links]
    (folder / "GEANT.json").write_text(json.dumps({"nodes": nodes, "links": listed}))
    (folder / "tunnels.txt").write_text("0 2:0-2,0-1-2\n2 0:2-0\n")
    (folder / "5.hist").write_text("0 0 2 0 0 0 0 0 0\n0 0 20 0 0 0 0 0 0\n")
    return folder / "5.hist"


def ring_file(folder: Path, **changes: Any) -> Path:
    """Write a ring of 3 as in SNDlib, 4 from x to y: 2 each way round."""
    data: dict[str, Any] = {
        "graph": {"demands": {"x": {"y": 4}}},
        "nodes": [{"id": "x"}, {"id": "y"}, {"id": "z"}],
        "edges": [{"source": a, "target": b} for a, b in ("xy", "yz", "zx")],
    }
    path = folder / "ring.json"
    path.write_text(json.dumps(data | changes))
    return path


def test_a_design_is_read_solved_and_checked(tmp_path: Path) -> None:
    path, cmnd = design_file(tmp_path), family("cmnd")
    blocks, context = cmnd.read(path, None)
    result = solve_network(blocks, time_limit=5)
    assert result.solution is not None
    solution = json.loads(json.dumps(cmnd.to_solution(result.solution, context)))
    assert solution == BEST
    assert cmnd.check(path, None, solution) == pytest.approx(26) == pytest.approx(result.objective)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"open": [2]}, "arc 3 is used but not open"),
        ({"open": None}, "'open' is not a list"),
        ({"open": [4]}, "'open' is not a list of numbers from 0 to 3"),
        ({"flow": None}, "'flow' is not a list of rows of 3"),
        ({"flow": [[0, 2]]}, "'flow' is not a list of rows of 3"),
        ({"flow": [[0, 2, 4], [0, 2.5, 4]]}, "beyond 3 in place 1"),
        ({"flow": [[1, 2, 4]]}, "beyond 0 in place 0"),
        ({"flow": [[0, 2, -4]]}, "negative"),
        ({"flow": [[0, 2, 4.0], [0, 3, float("nan")]]}, "negative"),
        ({"flow": [[0, 2, 4.0]]}, "commodity 0 is off by"),
        ({"flow": []}, "commodity 0 is off by"),
    ],
)
def test_wrong_designs_are_seen(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(WrongSolutionError, match=message):
        family("cmnd").check(design_file(tmp_path), None, BEST | change)


def test_too_much_on_an_arc_is_seen(tmp_path: Path) -> None:
    path = design_file(tmp_path, DESIGN.replace(" 1 4 4\n", " 1 4 12\n"))
    with pytest.raises(WrongSolutionError, match="arc 2 carries 12, its capacity is 9"):
        family("cmnd").check(path, None, {"open": [2, 3], "flow": [[0, 2, 12], [0, 3, 12]]})


def test_arcs_open_for_nothing_are_paid_for(tmp_path: Path) -> None:
    assert family("cmnd").check(design_file(tmp_path), None, BEST | {"open": [0, 2, 3]}) == 36


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title", "the sizes"),
        ("title\n4 4 1\n1 2 x", "could not convert"),
        ("title\n4 4 1\n1 2 3", "the arcs"),
        (DESIGN.replace(" 1 4 4\n", ""), "the commodities"),
        (DESIGN + " 1 4 4\n", "where its sizes make"),
        (DESIGN.replace(" 1 4 4\n", " 1 5 4\n"), "a node that there is not among 4"),
        (DESIGN.replace(" 1 3 3", " 0 3 3"), "a node that there is not among 4"),
    ],
)
def test_malformed_designs_are_named(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadFileError, match=rf"tiny\.dow: .*{message}"):
        family("cmnd").read(design_file(tmp_path, text), None)


@pytest.mark.parametrize(
    ("layout", "instance", "best"),
    [
        ("demands", None, 0.5),
        ("demands", "Net.0001", 0.5),
        ("graph", "Net.0001", 0.5),
        ("hist", "geant-5/1", 0.5),
        ("hist", None, 0.05),
    ],
)
def test_traffic_is_read_solved_and_checked(
    layout: str, instance: str | None, best: float, tmp_path: Path
) -> None:
    path, te = traffic_file(tmp_path, layout), family("te")
    blocks, context = te.read(path, instance)
    assert te.solve is not None
    result = te.solve(blocks, context, Limits(seconds=5))
    assert result.objective == pytest.approx(best) == pytest.approx(result.bound)
    assert result.solution is not None
    solution = json.loads(json.dumps(te.to_solution(result.solution, context)))
    assert te.check(path, instance, solution) == pytest.approx(best)
    assert te.program is not None
    assert te.program(blocks, context).program.row_lower.shape[0] > 0


def test_links_of_sndlib_have_both_directions_and_capacity_1(tmp_path: Path) -> None:
    path, te = ring_file(tmp_path), family("te")
    blocks, context = te.read(path, "sndlib-ring")
    assert len(blocks.flows.tail) == 6
    assert te.solve is not None
    assert te.solve(blocks, context, Limits()).objective == pytest.approx(2)


@pytest.mark.parametrize(
    ("layout", "solution", "message"),
    [
        ("demands", {"flow": [[0, 0, 19.0]]}, "commodity 0 is off by"),
        ("hist", {"share": [[0, 0.5]]}, "demand 0 is not served whole"),
        ("hist", {"share": [[2, 1.0]]}, "beyond 1 in place 0"),
        ("hist", {}, "'share' is not a list"),
    ],
)
def test_wrong_routings_are_seen(layout: str, solution: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(WrongSolutionError, match=message):
        family("te").check(traffic_file(tmp_path, layout), None, solution)


def test_use_of_a_link_without_capacity_is_seen(tmp_path: Path) -> None:
    path = traffic_file(tmp_path, "demands")
    (tmp_path / "Net.graph").write_text(GRAPH.replace(" 10 5", " 0 5"))
    with pytest.raises(WrongSolutionError, match="without capacity"):
        family("te").check(path, None, {"flow": [[0, 0, 20.0]]})
    blocks, context = family("te").read(path, None)
    assert family("te").solve(blocks, context, Limits()).objective == pytest.approx(20 / 30)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("Net.graph", "NODES 3\nlabel x y\na 0 0\nb 0 0\nc 0 0\n", "no line EDGES"),
        ("Net.graph", GRAPH.replace("e1 0 1", "e1 0 x"), "no table EDGES"),
        ("Net.graph", GRAPH.replace("EDGES 3", "EDGES 4"), "4 lines of EDGES expected, 3 found"),
        ("Net.graph", GRAPH.replace("EDGES 3", "EDGES 2"), "2 lines of EDGES expected, 3 found"),
        ("Net.graph", GRAPH.replace("NODES 3", "NODES 7"), "7 lines of NODES expected, 3 found"),
        ("Net.0001.demands", DEMANDS.replace("DEMANDS ", "DEMANDS 1"), "lines of DEMANDS expected"),
        ("Net.0001.demands", DEMANDS.replace("d0 0 2", "d0 0 7"), "a node that there is not among 3"),
        ("Net.graph", GRAPH.replace("e1 0 1", "e1 0.5 1"), "nodes must be whole numbers"),
        ("Net.0001.demands", DEMANDS.replace("d0 0 2", "d0 0 1.5"), "nodes must be whole numbers"),
        ("Net.0001.demands", "DEMANDS", "no line DEMANDS"),
    ],
)
def test_malformed_traffic_is_named(file: str, text: str, message: str, tmp_path: Path) -> None:
    path = traffic_file(tmp_path, "demands")
    (tmp_path / file).write_text(text)
    with pytest.raises(BadFileError, match=message):
        family("te").read(path, None)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("GEANT.json", "{", "GEANT.json"),
        ("GEANT.json", "{}", "does not fit"),
        ("5.hist", "1 2 3\n", "does not fit"),
        ("tunnels.txt", "0 1:0-1\n", "has no path"),
        ("tunnels.txt", "0 2:0-9-2\n", "does not fit"),
        ("tunnels.txt", "0 2:0-2,0-1\n2 0:2-0\n", "a path of 0 2 does not join them"),
        ("tunnels.txt", "0 2:0\n2 0:2-0\n", "a path of 0 2 does not join them"),
        ("tunnels.txt", "0 2:0-2\n0 2:0-1-2\n2 0:2-0\n", "0 2 is there twice"),
    ],
)
def test_malformed_matrices_are_named(file: str, text: str, message: str, tmp_path: Path) -> None:
    path = traffic_file(tmp_path, "hist")
    (tmp_path / file).write_text(text)
    with pytest.raises(BadFileError, match=message):
        family("te").read(path, None)


def test_a_path_that_uses_a_link_twice_loads_it_twice(tmp_path: Path) -> None:
    """2 go 0-1-0-1-2, over the link of 30 from 0 to 1 twice: 4/30 there, 2/30 from 1 to 2."""
    path, te = traffic_file(tmp_path, "hist"), family("te")
    network = json.loads((tmp_path / "GEANT.json").read_text())
    network["links"].append({"source": 1, "target": 0, "capacity": 30})
    (tmp_path / "GEANT.json").write_text(json.dumps(network))
    (tmp_path / "tunnels.txt").write_text("0 2:0-1-0-1-2\n")
    assert te.check(path, None, {"share": [[0, 1.0]]}) == pytest.approx(4 / 30)


@pytest.mark.parametrize("amount", ["5", True])
def test_amounts_of_a_network_are_numbers(amount: Any, tmp_path: Path) -> None:
    with pytest.raises(BadFileError, match="is no number"):
        family("te").read(ring_file(tmp_path, graph={"demands": {"x": {"y": amount}}}), None)


def test_names_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    te = family("te")
    with pytest.raises(BadFileError, match="the instance names the demands"):
        te.read(traffic_file(tmp_path, "graph"), None)
    with pytest.raises(BadFileError, match="has no line 2"):
        te.read(traffic_file(tmp_path, "hist"), "geant-5/2")
    with pytest.raises(BadFileError, match="neither"):
        te.read(design_file(tmp_path), None)
    with pytest.raises(BadFileError, match="not a network with demands"):
        te.read(ring_file(tmp_path, nodes=[]), None)
    with pytest.raises(OSError, match="missing"):
        te.read(tmp_path / "missing.demands", None)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="published instances are not here")
@pytest.mark.parametrize("name", ["Abilene.0000", "Nsfnet.0002", "sndlib-polska", "sndlib-france"])
def test_published_utilisations_are_reached(name: str) -> None:
    [known] = [row for row in read_known(PUBLISHED, name) if row.instance == name]
    te = family("te")
    blocks, context = te.read(known.path, name)
    assert te.solve is not None
    result = te.solve(blocks, context, Limits())
    assert result.objective == pytest.approx(known.best, rel=2e-6)
    assert result.gap == pytest.approx(0, abs=1e-6)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="published instances are not here")
def test_published_matrices_are_reached_on_every_line() -> None:
    path, te = PUBLISHED / "te" / "figret_geant" / "5.hist", family("te")
    best = np.array(path.with_suffix(".opt").read_text().split(), dtype=float)
    assert te.solve is not None
    for line in (0, 7, 15):
        blocks, context = te.read(path, f"geant-5/{line}")
        assert te.solve(blocks, context, Limits()).objective == pytest.approx(best[line], rel=1e-9)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="published instances are not here")
@pytest.mark.parametrize("name", ["r01.5", "r04.1", "c25_100_10_V_L_5", "r02.9"])
def test_published_designs_are_neither_undercut_nor_passed(name: str) -> None:
    [known] = [row for row in read_known(PUBLISHED, name) if row.instance == name]
    cmnd = family("cmnd")
    blocks, context = cmnd.read(known.path, name)
    result = solve_network(blocks, time_limit=10, gap_limit=1e-6)
    assert known.best is not None
    assert result.infeasible == np.isinf(known.best)
    if result.solution is not None:
        value = cmnd.check(known.path, name, cmnd.to_solution(result.solution, context))
        assert value >= known.best * (1 - 1e-9)
        assert result.bound <= known.best * (1 + 1e-9)
        assert value <= known.best * 1.001


@pytest.mark.parametrize("solver", ["highs", "cp-sat"])
def test_traffic_as_one_program_has_the_same_optimum(solver: str, tmp_path: Path) -> None:
    path = ring_file(tmp_path)
    ours, _ = solve_file("te", path, None, Limits(seconds=20))
    whole = solve_whole_file("te", path, None, Limits(seconds=20), solver)
    assert ours.objective is not None
    assert whole.objective == pytest.approx(ours.objective, rel=1e-3)
    assert whole.bound is not None
    assert whole.bound <= ours.objective * (1 + 1e-9)


@pytest.mark.parametrize("solver", ["ours", "highs"])
def test_paths_over_links_without_capacity_are_not_taken(solver: str, tmp_path: Path) -> None:
    # 2 from 0 to 2: the link between has capacity 0, so all goes by 1, over links of 30.
    path = traffic_file(tmp_path, "hist")
    network = (tmp_path / "GEANT.json").read_text().replace('"capacity": 10', '"capacity": 0')
    (tmp_path / "GEANT.json").write_text(network)
    limits = Limits(seconds=5.0)
    if solver == "ours":
        found, _ = solve_file("te", path, None, limits)
    else:
        found = solve_whole_file("te", path, None, limits, solver)
    assert found.feasible
    assert found.objective == pytest.approx(2 / 30)


def test_a_line_without_demand_has_a_solution(tmp_path: Path) -> None:
    path = traffic_file(tmp_path, "hist")
    path.write_text("0 0 0 0 0 0 0 0 0\n")
    found, solution = solve_file("te", path, None, Limits(seconds=5.0))
    assert (found.status, found.objective, solution) == ("optimal", 0.0, {"share": []})


@pytest.mark.parametrize("amount", [4e9, 4e-6])
def test_amounts_of_any_size_are_carried(amount: float, tmp_path: Path) -> None:
    other = amount / 2e9 if amount > 1 else amount
    scaled = f"title\n2 1 2\n1 2 3 {4 * amount} 5 0 0\n1 2 {amount}\n1 2 {other}\n"
    found, _ = solve_file("cmnd", design_file(tmp_path, scaled), None, Limits(seconds=5.0))
    assert (found.status, found.feasible) == ("optimal", True)
    assert found.objective == pytest.approx(5 + 3 * (amount + other))


def test_nothing_is_no_solution_however_little_is_wanted(tmp_path: Path) -> None:
    file = design_file(tmp_path, "title\n2 1 1\n1 2 3 9 5 0 0\n1 2 1e-7\n")
    with pytest.raises(WrongSolutionError, match="commodity 0 is off"):
        family("cmnd").check(file, None, {"open": [], "flow": []})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nodes": [{"id": "x"}, {"id": "y"}, {"id": "y"}]}, "two nodes have the same id"),
        ({"graph": {"demands": {"x": {"y": float("nan")}}}}, "amounts must be"),
        ({"graph": {"demands": {"x": {"y": -1}}}}, "amounts must be numbers of at least 0, not -1"),
    ],
)
def test_networks_that_cannot_be_are_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(BadFileError, match=message):
        family("te").read(ring_file(tmp_path, **change), None)


def test_a_line_is_named_by_its_number(tmp_path: Path) -> None:
    with pytest.raises(BadFileError, match="names no line"):
        family("te").read(traffic_file(tmp_path, "hist"), "geant-5/1x")
