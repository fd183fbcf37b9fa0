"""The sample problems that come with the package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from ..routing.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Sample:
    """A packaged sample problem.

    Attributes
    ----------
    name
        What ``load`` and the command line know it by, e.g. ``two-sites``.
    title
        One line: the ``name`` of the problem.
    description
        What it shows.
    path
        The file.
    """

    name: str
    title: str
    description: str
    path: Traversable

    def text(self) -> str:
        """Return the file's text."""
        return self.path.read_text(encoding="utf-8")


def samples() -> list[Sample]:
    """Return the packaged samples, by name."""
    return [_sample(name, path) for name, path in sorted(_paths().items())]


def sample_names() -> tuple[str, ...]:
    """Return the names of the packaged samples."""
    return tuple(sorted(_paths()))


def sample_path(name: str) -> Traversable:
    """Return the file of a sample.

    Raises
    ------
    UnknownNameError
        When there is no sample of that name.
    """
    paths = _paths()
    if name not in paths:
        raise UnknownNameError("sample", name, sorted(paths))
    return paths[name]


def sample_text(name: str) -> str:
    """Return the JSON text of a sample; raises :class:`UnknownNameError` for an unknown name."""
    return sample_path(name).read_text(encoding="utf-8")


def _paths() -> dict[str, Traversable]:
    folder = files(__package__) / "samples"
    return {path.name.removesuffix(".json"): path for path in folder.iterdir() if path.name.endswith(".json")}


def _sample(name: str, path: Traversable) -> Sample:
    head: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Sample(name, head.get("name", name), head.get("description", ""), path)
