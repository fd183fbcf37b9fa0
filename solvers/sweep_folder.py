"""A folder that keeps the plans of scenarios, so that a sweep that was cut off goes on from there."""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..routing.errors import InputError, OutputError
from ..routing.plan import Plan

LONGEST_NAME = 60


@dataclass(frozen=True)
class Folder:
    """Plans by scenario in one folder; ``key`` tells the options apart under which they were made."""

    path: Path
    key: str

    @classmethod
    def at(cls, path: str | os.PathLike[str], options: dict[str, Any]) -> Folder:
        """Return the folder, made where it is not there.

        Raises
        ------
        OutputError
            When it cannot be made or written.
        """
        folder = Path(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be made: {error.strerror or error}") from None
        if not os.access(folder, os.W_OK):
            raise OutputError(f"{folder}: cannot be written: permission denied")
        return cls(folder, _told(options))

    def of(self, options: dict[str, Any]) -> Folder:
        """Return the same folder for other options."""
        return replace(self, key=_told(options))

    def plan(self, name: str, digest: str) -> Plan | None:
        """Return the plan of a scenario whose problem has this digest, made under the same options."""
        try:
            kept = json.loads(self._file(name).read_bytes())
            if kept["options"] != self.key or kept["plan"]["problem_digest"] != digest:
                return None
            return Plan.parse(kept["plan"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError, InputError):
            return None

    def keep(self, name: str, plan: Plan | None) -> None:
        """Keep a plan unless it was cut off; a file is there as a whole or not at all.

        Raises
        ------
        OutputError
            When it cannot be written.
        """
        if not plan or plan.stopped_by == "cancel":
            return
        file = self._file(name)
        draft = file.with_suffix(".part")
        document = {"scenario": name, "options": self.key, "plan": plan.model_dump(mode="json")}
        try:
            draft.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False), encoding="utf-8")
            draft.replace(file)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise OutputError(f"{file}: cannot be written: {error.strerror or error}") from None

    def _file(self, name: str) -> Path:
        plain = re.sub(r"[^A-Za-z0-9.=*+-]+", "-", name).replace("*", "x").strip("-.")[:LONGEST_NAME]
        return self.path / f"{plain}.{hashlib.sha256(name.encode()).hexdigest()[:10]}.json"


def _told(options: dict[str, Any]) -> str:
    """Return options as text; which plan the search begins with says nothing of what was asked for."""
    left_out = ("progress", "cancel", "similar_plan")
    told = {name: value for name, value in options.items() if name not in left_out}
    return json.dumps(told, sort_keys=True, default=repr)
