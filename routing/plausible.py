"""Figures that are allowed but lie so far off that their unit is likely to be another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .check_admission import available
from .check_resources import kilowatts
from .errors import Fault
from .faults import place
from .problem import Problem
from .text import number, percent

POWERED = 0.5
"""Part of the accelerators of a site that its power limit runs where that is not likely to be a mistake."""


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
    UsualRange("pools", "usd_per_accelerator_hour", "USD/h", 200.0, "a price per month, or of a machine"),
    UsualRange("links", "latency_ms", "ms one way", 1_000.0, "in microseconds", 0.0005, "in s"),
    UsualRange("links", "bandwidth_gbps", "Gbit/s", 500_000.0, "in Mbit/s", 0.001, "in Tbit/s"),
)


def implausible(problem: Problem) -> Iterator[Fault]:
    """Yield figures whose unit is likely to be another one, by place; those alike are told once."""
    for usual in USUAL:
        yield from _beyond(problem, usual)
    yield from _short_of_power(problem)


def _beyond(problem: Problem, usual: UsualRange) -> Iterator[Fault]:
    """Tell of the first entry of a list that is beyond a range, and of how many more are."""
    entries: Sequence[Any] = getattr(problem, usual.list_name)
    told = [(index, remark) for index, each in enumerate(entries) if (remark := _remark(usual, each))]
    if told:
        index, remark = told[0]
        more = f" ({len(told) - 1} more like it)" if len(told) > 1 else ""
        yield Fault(place((usual.list_name, index, usual.field), problem), remark + more)


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
