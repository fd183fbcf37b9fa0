"""Data residency: which jurisdictions may process data and which may see it pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field, field_validator

from .base import Frozen, Id, refuse_sets

JurisdictionOrGroup = Annotated[str, Field(strict=True, min_length=1, max_length=200)]


class DataPolicy(Frozen):
    """Where data may be processed (at rest) and where it may pass (in transit).

    Each list holds ISO 3166 codes or names of groups. A country code covers its subdivisions:
    ``CN`` covers ``CN-SH``, while ``CN-SH`` does not cover ``CN``. An absent ``allow`` permits
    everywhere; ``deny`` wins over ``allow``. Transit rules bind every link, every node passed
    and the data center reached; the origin, where the data already is, is exempt.
    """

    id: Id
    allow: tuple[JurisdictionOrGroup, ...] | None = Field(default=None, min_length=1)
    deny: tuple[JurisdictionOrGroup, ...] = ()
    transit_allow: tuple[JurisdictionOrGroup, ...] | None = Field(default=None, min_length=1)
    transit_deny: tuple[JurisdictionOrGroup, ...] = ()

    _no_sets = field_validator("allow", "deny", "transit_allow", "transit_deny", mode="before")(refuse_sets)


def covers(code: str, jurisdiction: str) -> bool:
    """Return whether ``code`` is ``jurisdiction`` or the country that it belongs to."""
    return jurisdiction == code or jurisdiction.startswith(code + "-")


def expand(names: Iterable[str], groups: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Return the ISO codes meant by ``names``: groups, and groups within groups, are opened."""
    codes: set[str] = set()
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in groups and name not in seen:
            seen.add(name)
            waiting.extend(groups[name])
        elif name not in groups:
            codes.add(name)
    return frozenset(codes)


class Residency:
    """A :class:`DataPolicy` with its groups opened; answers what is permitted.

    Two policies with the same answers compare equal, so it serves as the key of a policy class.
    """

    __slots__ = ("_key",)

    def __init__(self, policy: DataPolicy | None, groups: Mapping[str, tuple[str, ...]]) -> None:
        policy = policy or DataPolicy(id="none")
        allow, transit = policy.allow, policy.transit_allow
        self._key = (
            None if allow is None else expand(allow, groups),
            expand(policy.deny, groups),
            None if transit is None else expand(transit, groups),
            expand(policy.transit_deny, groups),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Residency) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def may_process(self, jurisdiction: str) -> bool:
        """Return whether data may be processed in ``jurisdiction``."""
        return _permitted(jurisdiction, self._key[0], self._key[1])

    def may_pass(self, jurisdiction: str) -> bool:
        """Return whether data may pass through ``jurisdiction``."""
        return _permitted(jurisdiction, self._key[2], self._key[3])


def _permitted(jurisdiction: str, allow: frozenset[str] | None, deny: frozenset[str]) -> bool:
    if any(covers(code, jurisdiction) for code in deny):
        return False
    return allow is None or any(covers(code, jurisdiction) for code in allow)
