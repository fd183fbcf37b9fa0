"""Every malformed input is refused with its message, by ``load`` and by the commands."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from computeroute.cli import main
from computeroute.routing.errors import InputError
from computeroute.topologies import load

from .cases import base, cases, write_changed, write_document

Files = tuple[Path, Path | None]


def _second(case: dict[str, Any], folder: Path) -> Files:
    topology = folder / "topology.json"
    topology.write_text(json.dumps(base()), encoding="utf-8")
    second = folder / f"second{case['suffix']}"
    second.write_text(case["text"], encoding="utf-8")
    return topology, second


def _all() -> Iterator[Any]:
    writers: dict[str, Callable[[dict[str, Any], Path], Files]] = {
        "documents": lambda case, folder: (write_document(case, folder), None),
        "values": lambda case, folder: (write_changed(case, folder), None),
        "references": lambda case, folder: (write_changed(case, folder), None),
        "seconds": _second,
    }
    for name, write in writers.items():
        for case in cases(name):
            yield pytest.param(case, write, id=f"{name}: {case['name']}")


ALL = list(_all())


def test_there_are_many_cases_and_each_has_a_name_of_its_own() -> None:
    names = [case.id for case in ALL]
    assert len(set(names)) == len(names) > 200


def test_the_base_is_sound(tmp_path: Path) -> None:
    path = write_changed({}, tmp_path)
    assert load(path).name == "base of the malformed cases"


@pytest.mark.parametrize(("case", "write"), ALL)
def test_load_says_what_is_wrong(case: dict[str, Any], write: Callable[..., Files], tmp_path: Path) -> None:
    topology, second = write(case, tmp_path)
    with pytest.raises(InputError) as caught:
        load(topology, second)
    said = str(caught.value)
    assert [part for part in case["says"] if part not in said] == [], said
    assert said.startswith(str(second or topology)), said
    assert not _jargon(said)


@pytest.mark.parametrize(("case", "write"), ALL)
def test_validate_ends_with_2_and_says_it_once(
    case: dict[str, Any], write: Callable[..., Files], tmp_path: Path
) -> None:
    topology, second = write(case, tmp_path)
    result = CliRunner().invoke(main, ["validate", str(topology), *(("-w", str(second)) if second else ())])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert case["says"][0] in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("case", "write"), ALL[::10])
def test_plan_writes_nothing(case: dict[str, Any], write: Callable[..., Files], tmp_path: Path) -> None:
    topology, second = write(case, tmp_path)
    output = tmp_path / "plan.json"
    arguments = ["plan", str(topology), "-o", str(output), *(("-w", str(second)) if second else ())]
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    assert not output.exists()


def test_a_directory_is_named(tmp_path: Path) -> None:
    _refused(str(tmp_path), "is a directory; name a file in it")


def test_a_missing_file_is_named_with_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "topology.json").touch()
    missing = str(tmp_path / "topolgy.json")
    _refused(missing, "no such file, nor a sample of that name; did you mean 'topology.json'?")


def test_an_unreadable_file_is_named(
    tmp_path: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    path = write_changed({}, tmp_path)
    path.chmod(0)
    with as_nobody():
        _refused(str(path), "cannot be read: permission denied")


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    path.touch()
    os.truncate(path, 2**40)
    begin = time.perf_counter()
    _refused(str(path), "is larger than 1024 MiB")
    assert time.perf_counter() - begin < 5


def test_an_output_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = write_changed({}, tmp_path)
    result = CliRunner().invoke(main, ["schema", "-o", str(tmp_path / "nowhere" / "schema.json")])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no directory" in result.stderr
    result = CliRunner().invoke(main, ["validate", str(path), "-o", str(tmp_path)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "directory" in result.stderr


def _refused(name: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(name)
    assert str(caught.value) == f"{name}: {message}" or message in str(caught.value)
    result = CliRunner().invoke(main, ["validate", name])
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def _jargon(text: str) -> list[str]:
    """Return the words that belong to the libraries behind, not to the file."""
    words = ("pydantic", "constrained", "tuple", "Input should", "after validation", "dictionary", "NoneType")
    return [word for word in (*words, "Value error", sys.prefix) if word in text]


@pytest.mark.no_cover
def test_damaged_files_are_read_or_refused_but_never_crash(tmp_path: Path) -> None:
    """Five hundred files with bytes cut out, put in, repeated or broken off, from a fixed seed."""
    random = Random(2026)
    table = "id,accelerator,count,hours,location,requests_per_second\na,h100,1,2,,\nb,h100,,,berlin,1|2\n"
    sound = {".json": json.dumps(base()), ".yaml": yaml.safe_dump(base()), ".csv": table}
    topology = write_changed({}, tmp_path)
    for suffix in random.choices(list(sound), k=500):
        path = tmp_path / f"damaged{suffix}"
        path.write_bytes(_damaged(sound[suffix].encode(), random))
        try:
            load(topology, path) if suffix == ".csv" else load(path)
        except InputError as error:
            assert all(line.isprintable() for line in str(error).splitlines())
            assert not _jargon(str(error))


def _damaged(data: bytes, random: Random) -> bytes:
    pieces = (
        b'{}[],:"\n-',
        b"&a *a",
        b"!!x ",
        b"NaN",
        b"\xff",
        b"\x00",
        rb"\ud800",
        b"|;\t",
        b"<<: ",
        b"'",
        b"9" * 50,
    )
    for _ in range(random.randint(1, 6)):
        begin, length = random.randrange(len(data) + 1), random.randint(1, 40)
        other = random.choice((*pieces, data[begin - length : begin], b""))
        data = data[:begin] + other + data[begin + random.choice((0, 0, length, len(data))) :]
    return data
