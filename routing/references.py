"""References between elements: every id is unique, every name that is used exists.

The same checks serve parsed models and raw data, so a file with faults of shape still gets its faults of
reference reported in the same run.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from unicodedata import normalize

from .consistency import Findings, consistency_faults
from .countries import is_country
from .errors import Fault, quoted, suggestion
from .raw import get, items, mapping, sequence, text

_ISO = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_NOT_ISO = {
    "EL": "; did you mean 'GR'?",
    "EN": "; did you mean 'GB'?",
    "JA": "; did you mean 'JP'?",
    "SP": "; did you mean 'ES'?",
    "UK": "; did you mean 'GB'?",
    "EU": "; it is a group of countries and has to be defined in 'groups'",
}
_NO_PLACE = {**_NOT_ISO, "EU": "; it is a group of countries, and a place is in one of them"}
"""Look like ISO codes of countries and are none: as codes they would match nothing."""
_RESERVED = frozenset({"(all)", "(idle)", "(network)", "*"})
"""Stand for something else in plans and limits."""
_FEW = 5
"""Names that are all listed where none is near the unknown one."""
_MOST_SUGGESTIONS = 200
_COLLECTIONS = {
    "policies": "policy",
    "periods": "period",
    "accelerators": "accelerator",
    "data_centers": "data center",
    "pools": "pool",
    "locations": "location",
    "links": "link",
    "workloads": "workload",
}


def name_links(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``data`` with an id on every link: ``source--target``, ``#2`` ... for parallel ones."""
    links = data.get("links")
    if not isinstance(links, list | tuple):
        return data
    taken = Counter(name for name in (text(link, "id") for link in links) if name is not None)
    return {**data, "links": [_named(link, taken) for link in links]}


def _named(link: Any, taken: Counter[str]) -> Any:
    if not isinstance(link, Mapping) or "id" in link:
        return link
    base = f"{text(link, 'source')}--{text(link, 'target')}"
    name, number = base, 1
    while taken[name]:
        number += 1
        name = f"{base}#{number}"
    taken[name] += 1
    return {"id": name, **link}


def reference_faults(problem: Any) -> list[Fault]:
    """Return the faults of reference in ``problem``, a :class:`Problem` or the raw data of one."""
    return [*_References(problem).faults(), *consistency_faults(problem)]


class _References(Findings):
    def __init__(self, problem: Any) -> None:
        super().__init__(problem)
        self.ids = {key: _ids(items(problem, key)) for key in _COLLECTIONS}
        self.nodes = {**self.ids["data_centers"], **self.ids["locations"]}
        self.groups = mapping(problem, "groups")
        self.suggestions = 0

    def faults(self) -> Iterator[Fault]:
        for key, what in _COLLECTIONS.items():
            yield from self._duplicates(key, what)
        for name, index in self.ids["locations"].items():
            if name in self.ids["data_centers"]:
                message = f"id {quoted(name)} is also a data center; nodes share one namespace"
                yield self.fault(("locations", index), message)
        yield from self._reserved()
        yield from self._groups()
        yield from self._policies()
        yield from self._places()
        yield from self._pools()
        yield from self._links()
        for index, workload in enumerate(items(self.problem, "workloads")):
            yield from self._workload(("workloads", index), workload)
        yield from self._limits()

    def _unknown(
        self, at: tuple[int | str, ...], what: str, name: Any, known: Mapping[str, Any] | None = None
    ) -> Iterator[Fault]:
        known = self.ids[_COLLECTION_OF[what]] if known is None else known
        if isinstance(name, str) and name not in known:
            hint = self._suggestion(name, known)
            if what != "accelerator":  # a catalog may know more of them than the file
                hint = hint or _all_of(known)
            yield self.fault(at, f"unknown {what} {quoted(name)}{hint}")

    def _suggestion(self, name: str, known: Iterable[str]) -> str:
        """Suggest, up to a number of times: beyond it nobody reads on, and the search takes its time."""
        self.suggestions += 1
        return suggestion(name, known) if self.suggestions <= _MOST_SUGGESTIONS else ""

    def _duplicates(self, key: str, what: str) -> Iterator[Fault]:
        seen: dict[str, tuple[int, str]] = {}
        for index, item in enumerate(items(self.problem, key)):
            name = text(item, "id")
            if name is None:
                continue
            first, spelt = seen.setdefault(name if name.isascii() else normalize("NFC", name), (index, name))
            if first != index:
                how = "" if spelt == name else ", written with other Unicode characters"
                message = f"{what} id {quoted(name)} is taken by {key}[{first}]{how}; rename one"
                yield self.fault((key, index), message)

    def _reserved(self) -> Iterator[Fault]:
        owners = (("data_centers", "owner"), ("workloads", "owner"))
        for key, field in (("data_centers", "provider"), *owners, *_ID_FIELDS):
            for index, item in enumerate(items(self.problem, key)):
                if text(item, field) in _RESERVED:
                    yield self.fault(
                        (key, index, field), f"{quoted(get(item, field))} is reserved; choose another"
                    )

    def _groups(self) -> Iterator[Fault]:
        endless = self._endless()
        for name, members in self.groups.items():
            if isinstance(members, list | tuple) and not members:
                yield self.fault(("groups", name), "is empty; name at least one jurisdiction")
            for index, member in enumerate(sequence(members)):
                yield from self._jurisdiction(("groups", name, index), member)
            if name in endless and self._reaches_itself(name):
                yield self.fault(("groups", name), "contains itself, directly or through other groups")

    def _endless(self) -> set[str]:
        """Return the groups from which some way through groups does not end."""
        inner, outer = dict[str, int](), defaultdict[str, list[str]](list)
        for name, members in self.groups.items():
            within = {each for each in sequence(members) if isinstance(each, str) and each in self.groups}
            inner[name] = len(within)
            for each in within:
                outer[each].append(name)
        ended = [name for name, count in inner.items() if count == 0]
        while ended:
            for name in outer[ended.pop()]:
                inner[name] -= 1
                if inner[name] == 0:
                    ended.append(name)
        return {name for name, count in inner.items() if count}

    def _reaches_itself(self, name: str) -> bool:
        seen: set[str] = set()
        waiting = list(sequence(self.groups[name]))
        while waiting:
            member = waiting.pop()
            if member == name:
                return True
            if isinstance(member, str) and member in self.groups and member not in seen:
                seen.add(member)
                waiting.extend(sequence(self.groups[member]))
        return False

    def _jurisdiction(self, at: tuple[int | str, ...], name: Any) -> Iterator[Fault]:
        if not isinstance(name, str) or name in self.groups or _is_code(name):
            return
        right = name.upper().replace("_", "-")
        near = f"; did you mean {right!r}?" if _is_code(right) else self._suggestion(name, self.groups)
        hint = near or "; use an ISO 3166 code such as 'DE' or 'CN-SH', or define the group"
        yield self.fault(at, f"unknown jurisdiction or group {quoted(name)}{_NOT_ISO.get(name, hint)}")

    def _places(self) -> Iterator[Fault]:
        for key in ("data_centers", "locations"):
            for index, node in enumerate(items(self.problem, key)):
                yield from self._code((key, index, "jurisdiction"), get(node, "jurisdiction"))
        for index, link in enumerate(items(self.problem, "links")):
            for at, code in enumerate(items(link, "jurisdictions")):
                yield from self._code(("links", index, "jurisdictions", at), code)

    def _code(self, at: tuple[int | str, ...], code: Any) -> Iterator[Fault]:
        if isinstance(code, str) and _ISO.fullmatch(code) and not is_country(code[:2]):
            hint = _NO_PLACE.get(code, "; codes of your own are AA, QM to QZ, XA to XZ and ZZ")
            yield self.fault(at, f"{code!r} is not an ISO 3166 code{hint}")

    def _policies(self) -> Iterator[Fault]:
        for index, policy in enumerate(items(self.problem, "policies")):
            for field in ("allow", "deny", "transit_allow", "transit_deny"):
                for at, name in enumerate(items(policy, field)):
                    yield from self._jurisdiction(("policies", index, field, at), name)

    def _pools(self) -> Iterator[Fault]:
        for index, pool in enumerate(items(self.problem, "pools")):
            at = ("pools", index)
            yield from self._unknown((*at, "data_center"), "data center", get(pool, "data_center"))
            yield from self._unknown((*at, "accelerator"), "accelerator", get(pool, "accelerator"))

    def _links(self) -> Iterator[Fault]:
        for index, link in enumerate(items(self.problem, "links")):
            for end in ("source", "target"):
                yield from self._unknown(("links", index, end), "node", get(link, end), self.nodes)

    def _workload(self, at: tuple[int | str, ...], workload: Any) -> Iterator[Fault]:
        yield from self._unknown((*at, "policy"), "policy", get(workload, "policy"))
        for index, name in enumerate(items(get(workload, "compute"), "accelerators")):
            yield from self._unknown((*at, "compute", "accelerators", index), "accelerator", name)
        for index, name in enumerate(items(get(workload, "dataset"), "at")):
            yield from self._unknown((*at, "dataset", "at", index), "node", name, self.nodes)
        for field in ("needs", "serving"):
            for index, profile in enumerate(items(workload, field)):
                here = (*at, field, index, "accelerator")
                yield from self._unknown(here, "accelerator", get(profile, "accelerator"))
        for index, demand in enumerate(items(workload, "demand")):
            here = (*at, "demand", index)
            yield from self._unknown((*here, "location"), "location", get(demand, "location"), self.nodes)
            yield from self._unknown((*here, "policy"), "policy", get(demand, "policy"))

    def _limits(self) -> Iterator[Fault]:
        limits = get(self.problem, "limits")
        sites = items(self.problem, "data_centers")
        providers = dict.fromkeys(
            name for name in (text(s, "provider") or text(s, "id") for s in sites) if name
        )
        for name in mapping(limits, "max_provider_share"):
            if name != "*":
                yield from self._unknown(("limits", "max_provider_share", name), "provider", name, providers)
        for field in ("pinned", "forbidden"):
            for index, assignment in enumerate(items(limits, field)):
                for what in ("workload", "data center", "pool"):
                    key = what.replace(" ", "_")
                    yield from self._unknown(("limits", field, index, key), what, get(assignment, key))


_COLLECTION_OF = {what: key for key, what in _COLLECTIONS.items()}
_ID_FIELDS = tuple((key, "id") for key in ("data_centers", "workloads"))


def _is_code(name: str) -> bool:
    return bool(_ISO.fullmatch(name)) and is_country(name[:2])


def _ids(elements: Sequence[Any]) -> dict[str, int]:
    names = ((index, text(item, "id")) for index, item in enumerate(elements))
    return {name: index for index, name in names if name is not None}


def _all_of(known: Mapping[str, Any]) -> str:
    """Return what there is to choose from where that is little, else nothing."""
    if not known:
        return "; the file defines none"
    names = ", ".join(map(quoted, known))
    return f"; the file has {names}" if len(known) <= _FEW else ""
