"""Figures that are allowed but lie so far off that another unit, or another figure, is likely to be meant."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .check_admission import available
from .check_resources import kilowatts
from .errors import Fault
from .faults import place
from .graph import LIGHT_KM_PER_MS, distance_km
from .problem import Problem
from .sites import Pool
from .text import number, percent

POWERED = 0.5
"""Part of the accelerators of a site that its power limit runs where that is not likely to be a mistake."""

MOST_USD, LEAST_MS = 200.0, 0.0005
MOST_USD_PER_GB, LEAST_MEMORY_GB = 0.2, 8.0
"""Price on demand of an accelerator-hour, by memory, of accelerators with at least so much of it: the list
prices in ``topologies/SOURCES.md`` (aws-accelerators, gcp-accelerators) are at most 0.18."""
MOST_ELSEWHERE, CHEAP_USD_PER_GB = 3.5, 0.05
"""Price over the least of the same provider and type, of those that are not cheap: regions of one provider in
the samples differ by less than 1.8."""
ROUNDING_KM = 20.0
"""Distance that is left out of account, as coordinates may be those of a town."""


@dataclass(frozen=True)
class UsualRange:
    """The range (most, and least above 0) of a field in what is built today, its unit, and what may be meant.

    The ranges are wide: prices and carbon of the samples are at least twice away from their ends.
    """

    list_name: str
    field: str
    unit: str
    most: float = float("inf")
    if_more: str = ""
    least: float = 0.0
    if_less: str = ""

    def remark(self, value: float) -> str:
        """Return what is to be said of a value, nothing where it is in the range."""
        if value > self.most:
            meant = self.if_more
        elif 0 < value < self.least:
            meant = self.if_less
        else:
            return ""
        return f"{value:g} {self.unit}: is it meant, or is it {meant}?"


USUAL = (
    UsualRange("data_centers", "usd_per_kwh", "USD/kWh", 2.0, "a price per MWh, or in cents"),
    UsualRange("data_centers", "g_per_kwh", "gCO2e/kWh", 2500.0, "in mg", 1.0, "in kg"),
    UsualRange("data_centers", "egress_usd_per_gb", "USD/GB", 2.0, "a price per TB, or in cents"),
    UsualRange("accelerators", "tdp_w", "W", 20_000.0, "the power of a rack", 1.0, "in kW"),
    UsualRange("accelerators", "memory_gb", "GB", 5_000.0, "in MB", 1.0, "in TB"),
    UsualRange("pools", "usd_per_accelerator_hour", "USD/h", MOST_USD, "a price per month, or of a machine"),
    UsualRange("links", "latency_ms", "ms one way", 1_000.0, "in microseconds", LEAST_MS, "in s"),
    UsualRange("links", "bandwidth_gbps", "Gbit/s", 500_000.0, "in Mbit/s", 0.001, "in Tbit/s"),
)


def implausible(problem: Problem) -> Iterator[Fault]:
    """Yield figures that are likely to be meant otherwise, by place; those alike are told once."""
    for usual in USUAL:
        yield from _once(_beyond(problem, usual))
    yield from _once(_of_machines(problem))
    for what in ("committed", "spot"):
        yield from _once(_dearer_than_on_demand(problem, what))
    yield from _once(_faster_than_light(problem))
    yield from _short_of_power(problem)


def _once(found: Iterable[Fault]) -> Iterator[Fault]:
    """Tell of the first of what is alike, and of how many more there are."""
    alike = list(found)
    more = f" ({len(alike) - 1} more like it)" if len(alike) > 1 else ""
    yield from (replace(first, message=first.message + more) for first in alike[:1])


def _beyond(problem: Problem, usual: UsualRange) -> Iterator[Fault]:
    """Tell of the entries of a list that are beyond a range."""
    entries: Sequence[Any] = getattr(problem, usual.list_name)
    for index, each in enumerate(entries):
        if remark := _remark(usual, each):
            yield Fault(place((usual.list_name, index, usual.field), problem), remark)


def _of_machines(problem: Problem) -> Iterator[Fault]:
    """Tell of prices that are likely to be those of machines with several accelerators."""
    least = _least_prices(problem)
    for index, pool in enumerate(problem.pools):
        usd, gb = pool.usd_per_accelerator_hour, problem.accelerator[pool.accelerator].memory_gb
        usual = least.get(_seller(problem, pool), usd)
        if usd > max(MOST_ELSEWHERE * usual, CHEAP_USD_PER_GB * gb):
            why = f"its provider asks for {usual:g} elsewhere"
        elif gb >= LEAST_MEMORY_GB and MOST_USD_PER_GB * gb < usd <= MOST_USD:
            why = f"dear for an accelerator of {gb:g} GB"
        else:
            continue
        message = f"{usd:g} USD/h, {why}: is it meant, or is it the price of a machine with several?"
        yield Fault(place(("pools", index, "usd_per_accelerator_hour"), problem), message)


def _least_prices(problem: Problem) -> dict[tuple[str, str], float]:
    """Return the least price on demand above 0 of each provider and type."""
    least: dict[tuple[str, str], float] = {}
    for pool in problem.pools:
        if pool.usd_per_accelerator_hour > 0:
            seller = _seller(problem, pool)
            least[seller] = min(pool.usd_per_accelerator_hour, least.get(seller, math.inf))
    return least


def _seller(problem: Problem, pool: Pool) -> tuple[str, str]:
    return problem.data_center[pool.data_center].provider_id, pool.accelerator


def _dearer_than_on_demand(problem: Problem, what: str) -> Iterator[Fault]:
    """Tell of committed, or spot, prices above the price on demand, which nobody would agree to."""
    field = f"{what}_usd_per_accelerator_hour"
    for index, pool in enumerate(problem.pools):
        usd, on_demand = getattr(pool, field), pool.usd_per_accelerator_hour
        if usd is None or usd <= on_demand or _is_paid_as_a_whole(problem, pool):
            continue
        message = f"{usd:g} USD/h is above the price on demand, {on_demand:g}: are the two exchanged?"
        yield Fault(place(("pools", index, field), problem), message)


def _is_paid_as_a_whole(problem: Problem, pool: Pool) -> bool:
    """Return whether it is own capacity, all of it committed: what use costs besides may well be less."""
    own = problem.data_center[pool.data_center].kind != "cloud" or not pool.usd_per_accelerator_hour
    return own and pool.committed_count >= pool.count


def _faster_than_light(problem: Problem) -> Iterator[Fault]:
    """Tell of links that no signal can cross so fast, where both ends have coordinates."""
    for index, link in enumerate(problem.links):
        km = distance_km(problem.nodes[link.source], problem.nodes[link.target])
        if km is None or 0 < link.latency_ms < LEAST_MS:
            continue
        if km - ROUNDING_KM > link.latency_ms * LIGHT_KM_PER_MS:
            message = (
                f"{link.latency_ms:g} ms one way for {number(km)} km: light takes"
                f" {number(km / LIGHT_KM_PER_MS, 2)} ms, and half as much again in fibre"
            )
            yield Fault(place(("links", index, "latency_ms"), problem), message)


def _remark(usual: UsualRange, entry: Any) -> str:
    value = getattr(entry, usual.field)
    values = value if isinstance(value, tuple) else (value,)
    ends: tuple[Callable[..., float], ...] = (max, min)
    return next((remark for end in ends if (remark := usual.remark(end(values)))), "")


def _short_of_power(problem: Problem) -> Iterator[Fault]:
    """Tell of sites whose power limit runs less than a good part of their accelerators."""
    drawn: dict[str, float] = {}
    for pool in problem.pools:
        kw = available(pool, 0) * kilowatts(problem, pool)
        drawn[pool.data_center] = drawn.get(pool.data_center, 0.0) + kw
    for index, site in enumerate(problem.data_centers):
        kw = drawn.get(site.id, 0.0)
        if site.max_power_kw is not None and site.max_power_kw < POWERED * kw:
            share = percent(site.max_power_kw / kw)
            yield Fault(
                place(("data_centers", index, "max_power_kw"), problem),
                f"{site.max_power_kw:g} kW run {share} of its accelerators, which draw"
                f" {number(kw, 1)} kW: is it meant, or is it in MW?",
            )
