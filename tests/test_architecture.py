"""Imports run one way, nothing heavy is imported by the command line, and the parts stay small."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

pytestmark = pytest.mark.no_cover  # sources are read here, hardly any of them run

ROOT = Path(__file__).parents[1]
FOLDERS = ("routing", "topologies", "solvers")
COMMANDS = tuple(sorted(path.stem for path in ROOT.glob("cli_*.py")))
MAY_IMPORT = {
    "routing": {"routing"},
    "topologies": {"topologies", "routing"},
    "solvers": {"solvers", "routing"},
    "cli": {*COMMANDS, *FOLDERS},
    "cli_options": {*FOLDERS},
    "cli_start": {"cli"},
    **{name: {"cli_options", *FOLDERS} for name in COMMANDS if name not in ("cli_options", "cli_start")},
}
LAYERS = (
    ("programs", "admissible", "model", "searching", "accounts"),
    ("market.form", "market.answers", "market.pricing", "market.plans", "market.improving", "market"),
)
"""Folders of solvers, each of which uses none of those after it."""
FINDERS = ("paths", "trips", "dijkstra", "labels", "lanes", "alternatives", "fans", "trip_table")
HEAVY = ("ortools", "highspy", "scipy", "numpy", "networkx", "pandas", "pydantic", "yaml")
MODULES = {
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): ast.parse(path.read_bytes())
    for path in [
        *ROOT.glob("cli*.py"),
        *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")),
    ]
}


def imports(module: str, tree: ast.AST) -> Iterator[str]:
    """Yield the modules of ours that ``tree``, within ``module``, imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = module.split(".")[: -node.level]
            yield from _named(".".join([*parts, *([node.module] if node.module else [])]), node)


def _named(base: str, node: ast.ImportFrom) -> Iterator[str]:
    for alias in node.names:
        inner = f"{base}.{alias.name}".lstrip(".")
        yield inner if inner in MODULES else base if base in MODULES else f"{base}.__init__"


def at_import(tree: ast.Module) -> ast.Module:
    """Return what of a module runs when it is imported."""
    statements = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return ast.Module(body=list(statements), type_ignores=[])


def functions() -> Iterator[tuple[str, int]]:
    """Yield every function with its lines, docstring excluded."""
    for module, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                has_docstring = ast.get_docstring(node) is not None
                begin = node.body[0].end_lineno if has_docstring else node.lineno
                yield f"{module}.{node.name}", (node.end_lineno or 0) - (begin or 0) + 1


def test_imports_run_one_way() -> None:
    for module, tree in MODULES.items():
        folder, *found = (_part(name) for name in (module, *imports(module, tree)))
        assert set(found) <= MAY_IMPORT[folder], module


def _part(module: str) -> str:
    """Return the folder of a module, or the module itself where it is in none."""
    return module.partition(".")[0]


def test_the_package_imports_itself_relatively() -> None:
    for module, tree in MODULES.items():
        names = {
            alias.name if isinstance(node, ast.Import) else node.module or ""
            for node in ast.walk(tree)
            if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level)
            for alias in node.names
        }
        absolute = {name.partition(".")[0] for name in names} & {"computeroute", "cli", *COMMANDS, *FOLDERS}
        assert not absolute, module


def test_there_are_no_cycles() -> None:
    graph = {module: set(imports(module, at_import(tree))) - {module} for module, tree in MODULES.items()}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(MODULES)


@pytest.mark.parametrize(
    ("layer", "higher"),
    [(name, names[number + 1 :]) for names in LAYERS for number, name in enumerate(names)],
)
def test_solvers_are_built_in_layers(layer: str, higher: tuple[str, ...]) -> None:
    mine = {module: tree for module, tree in MODULES.items() if module.startswith(f"solvers.{layer}.")}
    assert mine
    for module, tree in mine.items():
        used = [name for name in imports(module, at_import(tree)) if _layer(name) in higher]
        assert not used, module


def _layer(module: str) -> str:
    """Return the folder of a module within that of the solvers."""
    return module.removeprefix("solvers.").rpartition(".")[0]


def test_solvers_use_nothing_of_the_verifier_but_its_verdict() -> None:
    for module, tree in MODULES.items():
        if module.startswith("solvers"):
            used = {name for name in imports(module, tree) if "check" in name or "verifier" in name}
            assert used <= {"routing.verifier"}, module


def test_the_verifier_uses_nothing_that_finds_routes() -> None:
    finders = {f"routing.{name}" for name in FINDERS}
    for module in ("verifier", *(name.removeprefix("routing.") for name in MODULES if "check_" in name)):
        assert not finders & set(imports(f"routing.{module}", MODULES[f"routing.{module}"])), module


def _run(code: str, folder: Path) -> str:
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return run.stdout.strip()


@pytest.mark.parametrize("module", ["computeroute.cli", "computeroute.solvers.options"])
def test_nothing_heavy_is_imported_before_it_is_needed(module: str, tmp_path: Path) -> None:
    heavy = HEAVY if module.endswith("cli") else ("ortools", "highspy", "scipy", "networkx", "pandas")
    code = f"import sys, {module}; print(*sorted(set({heavy!r}) & set(sys.modules)))"
    assert _run(code, tmp_path) == ""


def test_there_is_one_name_to_import(tmp_path: Path) -> None:
    names = ("cli", *COMMANDS, *FOLDERS)
    code = f"from importlib.util import find_spec; print(*[n for n in {names!r} if find_spec(n)])"
    assert _run(code, tmp_path) == ""


def test_every_folder_is_packaged() -> None:
    """The root is the package, so that setuptools finds none by itself."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {module.rpartition(".")[0] for module in MODULES} - {""}
    names = {f"computeroute.{folder}": folder.replace(".", "/") for folder in folders} | {"computeroute": "."}
    assert told["package-dir"] == names
    assert sorted(told["packages"]) == sorted(names)


def test_functions_are_short() -> None:
    lengths = dict(functions())
    assert statistics.median(lengths.values()) < 8
    long = [name for name, lines in lengths.items() if lines > 30]
    assert len(long) <= 0.03 * len(lengths), long
    assert max(lengths.values()) <= 60, max(lengths, key=lengths.__getitem__)


def test_files_are_short() -> None:
    lines = {
        name: max(getattr(node, "end_lineno", 0) for node in tree.body) for name, tree in MODULES.items()
    }
    assert statistics.median(lines.values()) < 150
    assert sum(count > 320 for count in lines.values()) <= 0.05 * len(lines)
    assert max(lines.values()) <= 450
