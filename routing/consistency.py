"""What must hold between the parts of a problem besides references: lengths, repeats, horizon, size.

Of raw data also what does not fit within one element; parsed ones have refused it themselves.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from .errors import Fault, quoted
from .faults import place
from .misfits import misfits
from .raw import get, items, number, text

MOST_ENTRIES = 20_000_000
"""Bound of what a plan of the problem may list: demand, pools and links, each times the periods."""
MOST_REPLICAS = 10**9
"""For the demand of one location in one period."""
_LISTS_WITHOUT_REPEATS = (("compute", "counts"), ("compute", "accelerators"), ("dataset", "at"))


class Findings:
    """Makes faults of places in one problem, parsed or raw."""

    def __init__(self, problem: Any) -> None:
        self.problem = problem

    def fault(self, at: tuple[int | str, ...], message: str) -> Fault:
        """Return a fault at the place with those keys and indices."""
        return Fault(place(at, self.problem), message, at)


def consistency_faults(problem: Any) -> list[Fault]:
    """Return what does not fit together in ``problem``, a :class:`Problem` or the raw data of one."""
    return list(_Consistency(problem).faults())


class _Consistency(Findings):
    def __init__(self, problem: Any) -> None:
        super().__init__(problem)
        given = get(problem, "periods") is not None
        self.periods = len(items(problem, "periods")) if given else 1
        hours = (number(p, "hours", 0.0) * number(p, "weight", 1.0) for p in items(problem, "periods"))
        self.horizon_hours = sum(hours) if given else 24.0

    def faults(self) -> Iterator[Fault]:
        for index, site in enumerate(items(self.problem, "data_centers")):
            for field in ("usd_per_kwh", "g_per_kwh"):
                yield from self._length(("data_centers", index, field), get(site, field))
        for index, workload in enumerate(items(self.problem, "workloads")):
            at = ("workloads", index)
            yield from self._start(at, workload)
            yield from self._least_sites(at, workload)
            yield from self._repeated_profiles(at, workload, "needs", ("accelerator", "count"))
            yield from self._repeated_profiles(at, workload, "serving", ("accelerator",))
            yield from self._demand(at, workload)
            yield from self._throughput(at, workload)
            for holder, field in _LISTS_WITHOUT_REPEATS:
                yield from self._repeated_members((*at, holder, field), items(get(workload, holder), field))
        yield from itertools.starmap(self.fault, misfits(self.problem))
        yield from self._size()

    def _length(self, at: tuple[int | str, ...], values: Any) -> Iterator[Fault]:
        if isinstance(values, list | tuple) and len(values) != self.periods:
            have, want = _counted(len(values), "value"), _counted(self.periods, "period")
            yield self.fault(at, f"has {have} for {want}; give one number or one per period")

    def _start(self, at: tuple[int | str, ...], workload: Any) -> Iterator[Fault]:
        start = number(workload, "earliest_start_hours", 0.0)
        if 0 < self.horizon_hours <= start:
            message = f"{start:g} is not before the end of the horizon, {self.horizon_hours:g} hours"
            yield self.fault((*at, "earliest_start_hours"), message)

    def _least_sites(self, at: tuple[int | str, ...], workload: Any) -> Iterator[Fault]:
        least, sites = number(workload, "min_sites", 1.0), len(items(self.problem, "data_centers"))
        if 0 < sites < least:
            message = f"{least:g} is more than the {_counted(sites, 'data center')} of the file"
            yield self.fault((*at, "min_sites"), message)

    def _repeated_profiles(
        self, at: tuple[int | str, ...], workload: Any, field: str, keys: tuple[str, ...]
    ) -> Iterator[Fault]:
        seen: dict[tuple[Any, ...], int] = {}
        for index, profile in enumerate(items(workload, field)):
            mark = tuple(text(profile, key) or number(profile, key, 0.0) for key in keys)
            if all(mark) and seen.setdefault(mark, index) != index:
                message = f"repeats {field}[{seen[mark]}]: same {' and '.join(keys)}; keep one"
                yield self.fault((*at, field, index), message)

    def _repeated_members(self, at: tuple[int | str, ...], members: Any) -> Iterator[Fault]:
        seen: set[Any] = set()
        for index, member in enumerate(members):
            if isinstance(member, str | int) and member in seen:
                yield self.fault((*at, index), f"{quoted(member)} is given twice")
            elif isinstance(member, str | int):
                seen.add(member)

    def _demand(self, at: tuple[int | str, ...], workload: Any) -> Iterator[Fault]:
        seen: dict[str, int] = {}
        for index, demand in enumerate(items(workload, "demand")):
            here, name = (*at, "demand", index), text(demand, "location")
            yield from self._length((*here, "requests_per_second"), get(demand, "requests_per_second"))
            if name is not None and seen.setdefault(name, index) != index:
                message = f"location {quoted(name)} is in demand[{seen[name]}] already; add the two up"
                yield self.fault(here, message)

    def _throughput(self, at: tuple[int | str, ...], workload: Any) -> Iterator[Fault]:
        """Tell of ways to serve so slow that no number of replicas is enough."""
        most, where = max(map(_peak, items(workload, "demand")), default=(0.0, ""))
        used = number(workload, "target_utilization", 1.0)
        for index, way in enumerate(items(workload, "serving")):
            each = number(way, "requests_per_second", 0.0)
            if 0 < each * used * MOST_REPLICAS < most:
                message = (
                    f"{each:g} is too little: the {most:g} requests/s at {quoted(where)} would need "
                    f"{most / each / used:.3g} replicas, and at most {MOST_REPLICAS:,} can be planned; "
                    "is one of the two in another unit?"
                )
                yield self.fault((*at, "serving", index, "requests_per_second"), message)

    def _size(self) -> Iterator[Fault]:
        demand = sum(len(items(workload, "demand")) for workload in items(self.problem, "workloads"))
        counts = {
            "demands of services at locations": demand,
            "pools": len(items(self.problem, "pools")),
            "links": len(items(self.problem, "links")),
        }
        for what, count in counts.items():
            if count * self.periods > MOST_ENTRIES:
                yield self.fault((), _too_large(count, what, self.periods))


def _peak(demand: Any) -> tuple[float, str]:
    """Return the most requests/s of a demand in a period, and where they come from."""
    rates = get(demand, "requests_per_second")
    given = rates if isinstance(rates, list | tuple) else [rates]
    most = max((number({"rate": rate}, "rate", 0.0) for rate in given), default=0.0)
    return most, text(demand, "location") or ""


def _too_large(count: int, what: str, periods: int) -> str:
    return (
        f"{count:,} {what} over {periods:,} periods make {count * periods:,} entries, and at most "
        f"{MOST_ENTRIES:,} can be planned; merge some, or use fewer periods, each with a weight"
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
