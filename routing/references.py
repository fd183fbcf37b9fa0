"""References between elements: every id is unique, every name that is used exists.

The same checks serve parsed models and raw data, so a file with faults of shape still gets its faults of
reference reported in the same run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .errors import Fault, suggestion
from .faults import place

_ISO = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
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
    if not isinstance(links, Sequence) or isinstance(links, str):
        return data
    taken = Counter(link["id"] for link in links if isinstance(link, Mapping) and isinstance(link.get("id"), str))
    return {**data, "links": [_named(link, taken) for link in links]}


def _named(link: Any, taken: Counter[str]) -> Any:
    if not isinstance(link, Mapping) or "id" in link:
        return link
    base = f"{link.get('source')}--{link.get('target')}"
    name, number = base, 1
    while taken[name]:
        number += 1
        name = f"{base}#{number}"
    taken[name] += 1
    return {"id": name, **link}


def reference_faults(problem: Any) -> list[Fault]:
    """Return the faults of reference in ``problem``, a :class:`Problem` or the raw data of one."""
    return list(_References(problem).faults())


class _References:
    """Looks at the elements of a problem through accessors that never fail on malformed data."""

    def __init__(self, problem: Any) -> None:
        self.problem = problem
        self.ids = {key: _ids(_items(problem, key)) for key in _COLLECTIONS}
        self.nodes = {**self.ids["data_centers"], **self.ids["locations"]}
        self.groups = _get(problem, "groups") if isinstance(_get(problem, "groups"), Mapping) else {}
        periods = _get(problem, "periods")
        self.periods = 1 if periods is None else len(_items(problem, "periods"))

    def faults(self) -> Iterator[Fault]:
        yield from self._duplicates()
        yield from self._groups()
        yield from self._policies()
        yield from self._sites()
        yield from self._links()
        for index, workload in enumerate(_items(self.problem, "workloads")):
            yield from self._workload(("workloads", index), workload)
        yield from self._limits()

    def _fault(self, location: tuple[int | str, ...], message: str) -> Fault:
        return Fault(place(location, self.problem), message)

    def _unknown(self, location: tuple[int | str, ...], what: str, name: Any, known: Iterable[str]) -> Iterator[Fault]:
        known = known if isinstance(known, (Mapping, set)) else set(known)
        if isinstance(name, str) and name not in known:
            yield self._fault(location, f"unknown {what} {name!r}{suggestion(name, known)}")

    def _duplicates(self) -> Iterator[Fault]:
        for key, what in _COLLECTIONS.items():
            seen: dict[str, int] = {}
            for index, item in enumerate(_items(self.problem, key)):
                name = _get(item, "id")
                if isinstance(name, str) and seen.setdefault(name, index) != index:
                    yield self._fault((key, index), f"{what} id {name!r} is taken by {key}[{seen[name]}]; rename one")
        for name in self.ids["locations"].keys() & self.ids["data_centers"].keys():
            yield self._fault(
                ("locations", self.ids["locations"][name]), f"id {name!r} is also a data center; nodes share one namespace"
            )

    def _groups(self) -> Iterator[Fault]:
        for name, members in self.groups.items():
            if not _list(members):
                yield self._fault(("groups", name), "is empty; name at least one jurisdiction")
            for index, member in enumerate(_list(members)):
                yield from self._jurisdiction(("groups", name, index), member)
            if self._reaches_itself(name):
                yield self._fault(("groups", name), "contains itself, directly or through other groups")

    def _reaches_itself(self, name: str) -> bool:
        waiting, seen = list(_list(self.groups[name])), set()
        while waiting:
            member = waiting.pop()
            if member == name:
                return True
            if isinstance(member, str) and member in self.groups and member not in seen:
                seen.add(member)
                waiting.extend(_list(self.groups[member]))
        return False

    def _jurisdiction(self, location: tuple[int | str, ...], name: Any) -> Iterator[Fault]:
        if isinstance(name, str) and not _ISO.fullmatch(name) and name not in self.groups:
            hint = suggestion(name, self.groups) or "; use an ISO 3166 code such as 'DE' or 'CN-SH', or define the group"
            yield self._fault(location, f"unknown jurisdiction or group {name!r}{hint}")

    def _policies(self) -> Iterator[Fault]:
        for index, policy in enumerate(_items(self.problem, "policies")):
            for field in ("allow", "deny", "transit_allow", "transit_deny"):
                for at, name in enumerate(_list(_get(policy, field))):
                    yield from self._jurisdiction(("policies", index, field, at), name)

    def _sites(self) -> Iterator[Fault]:
        for index, site in enumerate(_items(self.problem, "data_centers")):
            for field in ("usd_per_kwh", "g_per_kwh"):
                yield from self._length(("data_centers", index, field), _get(site, field))
        for index, pool in enumerate(_items(self.problem, "pools")):
            at = ("pools", index)
            yield from self._unknown((*at, "data_center"), "data center", _get(pool, "data_center"), self.ids["data_centers"])
            yield from self._unknown((*at, "accelerator"), "accelerator", _get(pool, "accelerator"), self.ids["accelerators"])

    def _length(self, location: tuple[int | str, ...], values: Any) -> Iterator[Fault]:
        if isinstance(values, (list, tuple)) and len(values) != self.periods:
            yield self._fault(location, f"has {len(values)} values for {self.periods} periods; give one number or one per period")

    def _links(self) -> Iterator[Fault]:
        for index, link in enumerate(_items(self.problem, "links")):
            for end in ("source", "target"):
                yield from self._unknown(("links", index, end), "node", _get(link, end), self.nodes)

    def _workload(self, at: tuple[int | str, ...], workload: Any) -> Iterator[Fault]:
        yield from self._unknown((*at, "policy"), "policy", _get(workload, "policy"), self.ids["policies"])
        compute, dataset = _get(workload, "compute"), _get(workload, "dataset")
        for index, name in enumerate(_list(_get(compute, "accelerators"))):
            yield from self._unknown((*at, "compute", "accelerators", index), "accelerator", name, self.ids["accelerators"])
        for index, name in enumerate(_list(_get(dataset, "at"))):
            yield from self._unknown((*at, "dataset", "at", index), "node", name, self.nodes)
        yield from self._profiles(at, workload, "needs", ("accelerator", "count"))
        yield from self._profiles(at, workload, "serving", ("accelerator",))
        yield from self._demand(at, workload)

    def _profiles(self, at: tuple[int | str, ...], workload: Any, field: str, key: tuple[str, ...]) -> Iterator[Fault]:
        seen: dict[tuple[str, ...], int] = {}
        for index, profile in enumerate(_items(workload, field)):
            here = (*at, field, index)
            yield from self._unknown((*here, "accelerator"), "accelerator", _get(profile, "accelerator"), self.ids["accelerators"])
            mark = tuple(repr(_get(profile, name)) for name in key)
            if seen.setdefault(mark, index) != index:
                yield self._fault(here, f"repeats {field}[{seen[mark]}]: same {' and '.join(key)}; keep one")

    def _demand(self, at: tuple[int | str, ...], workload: Any) -> Iterator[Fault]:
        seen: dict[str, int] = {}
        for index, demand in enumerate(_items(workload, "demand")):
            here = (*at, "demand", index)
            name = _get(demand, "location")
            yield from self._unknown((*here, "location"), "location", name, self.nodes)
            yield from self._unknown((*here, "policy"), "policy", _get(demand, "policy"), self.ids["policies"])
            yield from self._length((*here, "requests_per_second"), _get(demand, "requests_per_second"))
            if isinstance(name, str) and seen.setdefault(name, index) != index:
                yield self._fault(here, f"location {name!r} is in demand[{seen[name]}] already; add the two up")

    def _limits(self) -> Iterator[Fault]:
        limits = _get(self.problem, "limits")
        share = _get(limits, "max_provider_share")
        providers = {_get(s, "provider") or _get(s, "id") for s in _items(self.problem, "data_centers")} - {None}
        for name in share if isinstance(share, Mapping) else ():
            if name != "*":
                yield from self._unknown(("limits", "max_provider_share", name), "provider", name, providers)
        for field in ("pinned", "forbidden"):
            for index, assignment in enumerate(_items(limits, field)):
                for key in ("workload", "data_center", "pool"):
                    known = self.ids[{"workload": "workloads", "data_center": "data_centers", "pool": "pools"}[key]]
                    name = _get(assignment, key)
                    yield from self._unknown(("limits", field, index, key), key.replace("_", " "), name, known)


def _get(element: Any, key: str) -> Any:
    return element.get(key) if isinstance(element, Mapping) else getattr(element, key, None)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _items(element: Any, key: str) -> Sequence[Any]:
    return _list(_get(element, key))


def _ids(items: Sequence[Any]) -> dict[str, int]:
    names = ((index, _get(item, "id")) for index, item in enumerate(items))
    return {name: index for index, name in names if isinstance(name, str)}
