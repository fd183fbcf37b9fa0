"""What draws random problems: their aims, and the dice."""

from __future__ import annotations

from random import Random
from typing import Any

Data = dict[str, Any]
PLACES = ("DE", "DE", "FR", "US", "CN-SH", "CN-GZ")
WIDE = 100_000.0
FAMILIES: dict[str, set[str]] = {
    "plain": set(),
    "tight": {"tight", "cyclic"},
    "several-sites": {"tight", "cyclic", "several-sites", "jobs"},
    "several-wide": {"several-sites", "cyclic", "jobs", "policies"},
    "survival": {"survival", "cyclic", "services"},
    "survival-shares": {"survival", "shares", "spread"},
    "shares": {"shares", "commitments"},
    "weights": {"weights", "cyclic", "services"},
    "negative": {"negative", "commitments", "services"},
    "pausing": {"pausing", "commitments", "periods", "jobs"},
    "pausing-tight": {"pausing", "tight", "periods", "jobs", "cyclic"},
    "expansion": {"expansion", "budget"},
    "moves": {"moves", "spread"},
    "spread": {"spread", "services", "periods", "negative"},
    "limits": {"budget", "carbon", "power", "pins"},
    "directed": {"directed", "cyclic", "tight", "policies", "survival"},
    "continuing": {"continuing", "commitments", "jobs", "weights"},
}
FAMILIES["everything"] = set[str]().union(*FAMILIES.values()) - {"jobs", "services", "periods"}


class Draw:
    """Names of what a problem has, and how often it has what."""

    def __init__(self, rng: Random, name: str) -> None:
        self.rng, self.aims = rng, FAMILIES[name]
        self.often = 0.35 if name == "everything" else 0.75
        self.sites = [f"d{n}" for n in range(rng.randint(2, 5 if self.aim("cyclic") else 4))]
        self.people = [f"u{n}" for n in range(rng.randint(1, 2))]
        self.hubs = [f"h{n}" for n in range(rng.choice([0, 0, 1, 2]))]
        count = rng.randint(2, 4) if "periods" in self.aims else rng.randint(1, 3)
        self.periods = [
            {"id": f"t{n}", "hours": rng.choice([1, 2, 4, 6]), "weight": rng.choice([1, 1, 1, 2, 0.5])}
            for n in range(count)
        ]
        self.horizon = sum(period["hours"] * period["weight"] for period in self.periods)

    def aim(self, name: str) -> bool:
        """Return whether a thing is to be there: often where it is aimed at, else hardly ever."""
        return self.rng.random() < (self.often if name in self.aims else 0.08)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def each(self, low: float, high: float, digits: int = 3) -> Any:
        """Return one number, or one per period."""
        series = [round(self.rng.uniform(low, high), digits) for _ in self.periods]
        return self.rng.choice([series, series[0]])
