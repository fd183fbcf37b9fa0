"""Writing is whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from computeroute.routing.errors import OutputError
from computeroute.topologies import write_text


def test_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_text(path, "Zürich 東京\n")
    assert path.read_bytes() == "Zürich 東京\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old and longer")
    path.chmod(0o640)
    write_text(str(path), "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    write_text(tmp_path / "link.json", "new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"


def test_a_name_as_long_as_names_may_be(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 250 + ".json")
    write_text(path, "new")
    assert path.read_text() == "new"


def test_a_device_stays_a_device() -> None:
    write_text(os.devnull, "gone")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "through")
    reader.join(5)
    assert got == ["through"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "it is a directory; name a file"),
        ("nowhere/plan.json", "there is no directory"),
        ("file/plan.json", "there is no directory"),
        ("x" * 300, "too long"),
        ("a\0b", "null"),
    ],
)
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").touch()
    path = os.path.join(tmp_path, name)  # noqa: PTH118  (keeps what a path would tidy away)
    with pytest.raises(OutputError, match=message) as caught:
        write_text(path, "text")
    assert str(caught.value).startswith(f"{path}: cannot be written: ".replace("\0", "\\x00"))
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_without_permission_the_old_file_stays(
    tmp_path: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")
    tmp_path.chmod(0o555)
    with as_nobody(), pytest.raises(OutputError, match="permission denied"):
        write_text(path, "new")
    tmp_path.chmod(0o777)
    assert path.read_text() == "old"


def test_a_write_protected_file_in_a_free_directory_is_respected(
    tmp_path: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    folder = tmp_path / "free"
    folder.mkdir()
    for parent in (tmp_path.parent.parent, tmp_path.parent, tmp_path, folder):
        parent.chmod(0o777)
    path = folder / "plan.json"
    path.write_text("old")
    path.chmod(0o444)
    with as_nobody(), pytest.raises(OutputError, match="permission denied"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(folder.iterdir()) == [path]


def test_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")
    with pytest.raises(OutputError, match="surrogates not allowed"):
        write_text(path, "half a character: \ud800")
    assert path.read_text() == "old"


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys\n"
        "from computeroute.routing.errors import OutputError\n"
        "from computeroute.topologies import write_text\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n    write_text(sys.argv[1], 'x' * 5000)\n"
        "except OutputError as error:\n    print(error)\n"
    )
    path = tmp_path / "plan.json"
    path.write_text("old")
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "cannot be written: File too large" in run.stdout
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_descriptor_is_written_on_where_it_is(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before, ")
    with log.open("a") as stream:
        write_text(f"/dev/fd/{stream.fileno()}", "after")
    assert log.read_text() == "before, after"
    assert list(tmp_path.iterdir()) == [log]


def test_a_pipe_without_a_name_is_written_to() -> None:
    inward, outward = os.pipe()
    write_text(f"/dev/fd/{outward}", "through")
    os.close(outward)
    with os.fdopen(inward) as stream:
        assert stream.read() == "through"
