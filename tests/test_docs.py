"""What the documentation shows really happens, what it names exists, and its links lead somewhere."""

from __future__ import annotations

import contextlib
import re
import runpy
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from computeroute.cli import main
from computeroute.solvers.model import cuts
from computeroute.solvers.model.constraints import CONSTRAINTS
from computeroute.topologies import load, sample_text

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "topologies" / "SOURCES.md"])
RUN = ("README.md", "docs/quickstart.md")
ALSO_RUN = (
    "docs/cloud-or-own.md",
    "docs/embedding.md",
    "docs/failures.md",
    "docs/frontier.md",
    "docs/futures-replan.md",
    "docs/scenarios.md",
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ELISION = "..."
TIMEOUT_S = 60


@dataclass(frozen=True)
class Step:
    """One thing that a page does, and what it shows for it; in order of the page."""

    kind: str
    code: str
    shown: str


def text_of(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str | Path) -> list[tuple[str, str]]:
    return BLOCK.findall(text_of(name))


def steps(name: str) -> list[Step]:
    found, page = [], blocks(name)
    for (kind, code), (next_kind, after) in zip(page, [*page[1:], ("", "")], strict=True):
        if kind == "console":
            for command in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
                line, _, shown = command.partition("\n")
                found.append(Step("command", line, shown))
        elif kind == "python":
            found.append(Step("python", code, after if next_kind == "text" else ""))
        elif match := re.match(r"# (\S+\.\w+)\n", code):
            found.append(Step("file", code, match[1]))
    return found


def run(step: Step, folder: Path) -> str:
    """Do a step in a folder: a command in this process, which saves a second each, code in one of its own."""
    if step.kind == "command":
        program, *rest = shlex.split(step.code)
        assert program == "route"
        with contextlib.chdir(folder):
            result = CliRunner().invoke(main, rest, prog_name=program)
        assert result.exit_code in (0, 1, 2), result.output
        return result.stdout or (result.stderr if result.exit_code else "")
    done = subprocess.run(
        [sys.executable, "-c", step.code],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def matches(shown: str, output: str) -> bool:
    """Return whether the output is as shown; a line of dots stands for any lines, times and versions vary."""
    parts = [
        ".*" if line == ELISION else re.escape(line) + r"\n"
        for line in without_what_varies(shown).splitlines()
    ]
    return re.fullmatch("".join(parts), without_what_varies(output), flags=re.DOTALL) is not None


def without_what_varies(text: str) -> str:
    lines = (line.rstrip() for line in text.splitlines())
    known = "\n".join(re.sub(r"(ortools|highspy) [\d.]+|in [\d.]+ s$", "*", line) for line in lines)
    return known + "\n" if known else ""


@pytest.mark.no_cover
@pytest.mark.parametrize("name", (*RUN, *ALSO_RUN))
def test_what_a_page_shows_happens(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    (tmp_path / "topology.json").write_text(sample_text("two-sites"), encoding="utf-8")
    todo = steps(name)
    assert len(todo) >= 2
    for step in todo:
        if step.kind == "file":
            (tmp_path / step.shown).write_text(step.code, encoding="utf-8")
            continue
        output = run(step, tmp_path)
        assert matches(step.shown, output), f"{step.code}\n{output}"


def test_output_that_differs_is_noticed() -> None:
    assert matches("a\n...\nd in 3.20 s\n", "a\nb\nc\nd in 1.0 s\n")
    assert not matches("a\nb\n", "a\nc\n")
    assert not matches("a\n", "a\nb\n")
    assert not matches("", "a\n")


@pytest.mark.parametrize("name", RUN)
def test_plans_shown_are_of_the_samples_as_they_are(name: str) -> None:
    shown = re.findall(r"^plan for +(\S+) \((sha256:\w+)\)$", text_of(name), flags=re.MULTILINE)
    assert shown
    for sample, digest in shown:
        assert load(sample).digest.startswith(digest)


def _sections(title: str) -> dict[str, str]:
    _, _, rest = text_of("docs/formulation.md").partition(f"\n## {title}\n")
    part = re.split(r"^## ", rest, flags=re.MULTILINE)[0]
    names_and_texts = re.split(r"^### (\w+)$", part, flags=re.MULTILINE)[1:]
    return dict(zip(names_and_texts[::2], names_and_texts[1::2], strict=True))


def test_every_constraint_has_its_section_with_an_equation() -> None:
    sections = _sections("Constraints")
    assert list(sections) == [constraint.__name__ for constraint in CONSTRAINTS]
    assert all(re.search(r"```text\n[^`]*=", section) for section in sections.values())


def test_every_cut_has_its_section() -> None:
    public = [
        name
        for name, value in vars(cuts).items()
        if callable(value) and value.__module__ == cuts.__name__ and not name.startswith("_")
    ]
    assert list(_sections("Cuts")) == public


def test_the_page_of_the_file_is_up_to_date() -> None:
    builder: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "build_file_format.py"))
    page = text_of("docs/file-format.md")
    assert builder["page"](page) == page, "run: python docs/build_file_format.py"


def test_the_workloads_shown_as_csv_can_be_read(tmp_path: Path) -> None:
    [table] = [code for kind, code in blocks("docs/file-format.md") if kind == "csv"]
    (tmp_path / "jobs.csv").write_text(table, encoding="utf-8")
    added = {job.id for job in load("two-sites", tmp_path / "jobs.csv").jobs}
    assert added == {"finetune", "tune-a", "tune-b"}


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", page.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        assert not anchor or anchor in _anchors(other), target


def test_the_index_names_every_page() -> None:
    linked = set(re.findall(r"\(([\w-]+\.md)\)", text_of("docs/index.md")))
    assert linked >= {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
