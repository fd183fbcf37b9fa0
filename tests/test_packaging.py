"""The wheel holds the package with its data and nothing else, and works where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "__init__.py",
    *(path.name for path in sorted(ROOT.glob("cli*.py"))),
    "py.typed",
)
FOLDERS = ("routing", "solvers", "topologies")
LARGEST_BYTES = 1_000_000
"""Of a file of the project: what is generated for measurements has no place in it."""
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")


def _pip(*arguments: str | Path) -> None:
    done = subprocess.run([*PIP, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a wheel built from a copy of the sources, so that nothing is left behind in them."""
    copy = tmp_path_factory.mktemp("sources")
    for part in PARTS:
        shutil.copy(ROOT / part, copy)
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "tests").mkdir()
    (copy / "tests" / "test_nothing.py").touch()
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", copy / "out", copy)
    [built] = (copy / "out").glob("computeroute-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    _pip("install", "--no-deps", "--no-index", "--target", target, wheel)
    return target


def _run(installed: Path, folder: Path, *arguments: str) -> str:
    # Coverage is measured of the sources, not of copies of them.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    environment = {**inherited, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.no_cover
def test_everything_of_the_package_is_in_the_wheel_and_nothing_else(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {f"computeroute/{name}" for name in PARTS[3:]}
    for folder in FOLDERS:
        files = (path for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".json", ".md"})
        wanted |= {f"computeroute/{path.relative_to(ROOT).as_posix()}" for path in files}
    assert held == wanted


def test_the_license_and_the_command_are_in_the_wheel(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel)
    texts = {Path(name).name: held.read(name).decode() for name in held.namelist() if ".dist-info/" in name}
    assert "Apache License" in texts["LICENSE"]
    assert "route = computeroute.cli_start:main" in texts["entry_points.txt"]
    assert "License-Expression: Apache-2.0" in texts["METADATA"]


def test_it_is_imported_from_where_it_is_installed(installed: Path, tmp_path: Path) -> None:
    code = "import computeroute.routing, computeroute.solvers; print(computeroute.__file__)"
    assert Path(_run(installed, tmp_path, "-c", code).strip()).is_relative_to(installed)


def test_it_plans_a_sample_where_it_is_installed(installed: Path, tmp_path: Path) -> None:
    listed = _run(installed, tmp_path, "-m", "computeroute.cli", "samples", "--format", "csv")
    assert "two-sites" in listed
    _run(
        installed, tmp_path, "-m", "computeroute.cli", "plan", "two-sites", "--output", "plan.json", "--quiet"
    )
    found = _run(installed, tmp_path, "-m", "computeroute.cli", "verify", "two-sites", "plan.json")
    assert found.startswith("all ")
    assert "checks hold" in found


def test_no_file_of_the_project_is_large() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("no clone")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    large = [path.name for path in files if path.exists() and path.stat().st_size > LARGEST_BYTES]
    assert ROOT / "pyproject.toml" in files and large == []
