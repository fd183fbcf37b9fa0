"""List prices of accelerators at AWS and GCP, per accelerator and hour."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from common import HOURS_PER_MONTH, Element, Row, rows

AWS_TYPES = {
    "h200": "p5en.48xlarge", "h100": "p5.48xlarge", "a100-80": "p4de.24xlarge", "a100-40": "p4d.24xlarge",
    "l40s": "g6e.48xlarge", "l4": "g6.48xlarge", "a10g": "g5.48xlarge", "t4": "g4dn.12xlarge",
}  # fmt: skip
"""Instance type whose price stands for the accelerator: the largest of its family."""
GCP_TYPES = {
    "h100": "a3-highgpu-8g", "a100-80": "a2-ultragpu-8g", "a100-40": "a2-highgpu-8g", "l4": "g2-standard-96",
}  # fmt: skip


class Offer(NamedTuple):
    """Prices in USD per accelerator and hour; None where the source has none."""

    on_demand: float
    committed: float | None
    spot: float | None

    def pool(self, count: int, committed_share: float, spot_share: float) -> Element:
        """Return the price fields of a pool of ``count`` accelerators."""
        fields: Element = {"usd_per_accelerator_hour": self.on_demand}
        if self.spot:
            fields |= {"spot_usd_per_accelerator_hour": self.spot, "spot_count": int(count * spot_share)}
        committed = int(count * committed_share) // 8 * 8
        if self.committed and committed:
            fields |= {"committed_count": committed, "committed_usd_per_accelerator_hour": self.committed}
        return fields


def offer(data: Path, provider: str, region: str, accelerator: str) -> Offer | None:
    """Return the list prices in a region, or None where the accelerator is not sold there."""
    types, read = (AWS_TYPES, _aws) if provider == "aws" else (GCP_TYPES, _gcp)
    row = _table(data, provider).get((region, types.get(accelerator, "")))
    return read(row) if row else None


@cache
def _table(data: Path, provider: str) -> dict[tuple[str, str], Row]:
    name = "aws_accelerators_2026-01.csv" if provider == "aws" else "gcp_accelerators_2026-06.csv"
    return {(row["region"], row["instance_type"]): row for row in rows(data / "prices" / name)}


def _aws(row: Row) -> Offer:
    return _offer(row, row["on_demand_per_hour"], row["reserved_per_hour"], 1.0, "")


def _gcp(row: Row) -> Offer:
    monthly = row["commit_1y_usd_per_month"]
    return _offer(row, row["on_demand_usd_per_hour"], monthly, HOURS_PER_MONTH, row["spot_usd_per_hour"])


def _offer(row: Row, on_demand: str, committed: str, committed_hours: float, spot: str) -> Offer:
    cards = float(row["accelerator_count"])
    reserved = round(float(committed) / committed_hours / cards, 4) if committed else None
    return Offer(
        round(float(on_demand) / cards, 4), reserved, round(float(spot) / cards, 4) if spot else None
    )
