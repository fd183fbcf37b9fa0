"""Training jobs of a generated problem: heavy-tailed sizes, deadlines, datasets with an origin."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .catalog import accelerators
from .generate_reach import TYPES, Reach
from .generate_shapes import Bools, Element, Floats, Ints, Periods, plain, power_of_two, significant
from .generate_world import OWNERS, REFERENCE, speeds

MOST_ACCELERATORS = 4096
PRETRAINING_SHARE = 0.05
MOST_GBPS = 20.0
"""No dataset is to come faster: every link is wide enough for a few of them."""
MOST_GB = 200_000.0
UTILIZATION = 0.4
MOST_SHARE_OF_A_POOL, POOLS_TO_CHOOSE_FROM = 0.6, 3
"""No cluster takes more of the largest pools that admit it, so many where there are."""
MOST_HOURS = 200_000.0
"""On the slowest type that a job can use: what would take longer where all pools are small takes so long."""
PRIORITIES = (1, 1, 1, 2, 5)
PETAFLOPS = 1e-3
"""Of one TFLOP/s."""


@dataclass(frozen=True)
class Traits:
    """What of a job has no bearing on its load; each array has one entry per job (J), ``origin`` two."""

    owner: Ints
    priority: Ints
    as_compute: Bools
    interruptible: Bools
    deadline_slack: Floats
    origin: Floats
    copies: Ints
    spans: Bools


@dataclass(frozen=True)
class Jobs:
    """Jobs (J) before and after they are fitted to the pools.

    Attributes
    ----------
    rule
        Residency class of each (J).
    types
        Accelerator types that each can use (J, types).
    count, hours
        Accelerators, and hours on reference accelerators (J).
    start_hours, gb
        Earliest start; size of the dataset, 0 for none (J).
    traits
        The rest.
    reach, periods
        What they were drawn for.
    """

    rule: Ints
    types: Bools
    count: Ints
    hours: Floats
    start_hours: Floats
    gb: Floats
    traits: Traits
    reach: Reach
    periods: Periods

    def __len__(self) -> int:
        return len(self.rule)

    def load(self) -> Floats:
        """Return the reference accelerator-hours that each takes at least within the horizon (J)."""
        left = self.periods.horizon_hours - self.start_hours
        return np.asarray(self.count * self.hours * np.minimum(1.0, left / self._longest()))

    def rate(self) -> Floats:
        """Return the reference accelerators of each if its load is spread over the time it has (J)."""
        left = self.periods.horizon_hours - self.start_hours
        slack = self.traits.deadline_slack
        window = np.where(slack > 0, np.minimum(left, slack * self._longest()), left)
        return np.asarray(self.load() / window)

    def _longest(self) -> Floats:
        return np.asarray(self.hours / self._slowest())

    def _slowest(self) -> Floats:
        """Return the speed of the slowest type that each can use, relative to reference accelerators (J)."""
        return np.asarray(np.where(self.types, type_speeds(), np.inf).min(axis=1, initial=np.inf))

    def traffic_gbps(self) -> float:
        """Return the mean traffic of all datasets over the horizon."""
        return float(self.gb.sum() * 8 / 3600 / self.periods.horizon_hours)

    def fitted(self, large: Ints) -> Jobs:
        """Return the jobs with clusters that the large pools of each class and type (C, types) hold.

        Halving the cluster doubles the hours, so the work stays the same, up to a limit.
        """
        room = np.where(self.types, large[self.rule], 0).max(axis=1, initial=0)
        count = np.minimum(self.count, powers_within(room * MOST_SHARE_OF_A_POOL))
        hours = np.minimum(self.hours * self.count / count, MOST_HOURS * self._slowest())
        return replace(self, count=count, hours=hours)

    def elements(self) -> list[Element]:
        """Return the jobs of the file."""
        inside = [np.flatnonzero(nodes) for nodes in self.reach.inside]
        end = np.ceil(10 * (self.start_hours + self._longest() * self.traits.deadline_slack)) / 10
        return [self._element(at, inside[self.rule[at]], float(end[at])) for at in range(len(self))]

    def _element(self, at: int, inside: Ints, deadline_hours: float) -> Element:
        traits = self.traits
        job: Element = {"kind": "training", "id": f"job-{at + 1}", "owner": OWNERS[traits.owner[at]]}
        job |= self.reach.policy(int(self.rule[at]))
        job |= {"priority": PRIORITIES[traits.priority[at]]} if traits.priority[at] > 2 else {}
        job |= self._compute(at) if traits.as_compute[at] else self._needs(at)
        job |= self._dataset(at, inside) if self.gb[at] > 0 else {}
        job |= {"earliest_start_hours": plain(self.start_hours[at])} if self.start_hours[at] > 0 else {}
        if traits.deadline_slack[at] > 0:
            job |= {"deadline_hours": plain(deadline_hours)}
        if traits.spans[at] and self.count[at] >= 64:
            limits = {"min_bandwidth_gbps": 10, "max_rtt_ms": 30, "efficiency": 0.9}
            job |= {"max_sites": 2, "multi_site": limits}
        return job | ({"interruptible": True} if traits.interruptible[at] else {})

    def _needs(self, at: int) -> Element:
        kinds = np.flatnonzero(self.types[at])
        hours = significant(self.hours[at] / type_speeds()[kinds])
        needs = zip(kinds.tolist(), hours, strict=True)
        return {
            "needs": [{"accelerator": TYPES[k], "count": int(self.count[at]), "hours": h} for k, h in needs]
        }

    def _compute(self, at: int) -> Element:
        peak = accelerators()[REFERENCE]["peak_tflops"] * PETAFLOPS
        amount = significant(self.count[at] * self.hours[at] / 24 * peak * UTILIZATION)
        count = int(self.count[at])
        element = {"pflop_days": amount, "utilization": UTILIZATION, "counts": [count, 2 * count]}
        return {"compute": element | {"accelerators": [TYPES[k] for k in np.flatnonzero(self.types[at])]}}

    def _dataset(self, at: int, inside: Ints) -> Element:
        nodes = self.reach.network.nodes
        picked = (self.traits.origin[at] * len(inside)).astype(int)[: self.traits.copies[at]]
        least = self.gb[at] * 8 / 3600 / MOST_GBPS
        hours = max(1.0, float(np.ceil(2 * least)))
        streamed = self.hours[at] > 2 * hours
        names = list(dict.fromkeys(nodes[inside[pick]] for pick in picked.tolist()))
        dataset = {"at": names, "gb": significant(self.gb[at])}
        return {"dataset": dataset | ({} if streamed else {"transfer_hours": plain(hours)})}


def type_speeds() -> Floats:
    """Return the speed of each accelerator type relative to the reference."""
    known = speeds()
    return np.array([known[name] for name in TYPES])


def powers_within(values: Floats) -> Ints:
    """Return the largest power of two within each value, at least 1."""
    return np.asarray(2 ** np.floor(np.log2(np.maximum(values, 1.0))), dtype=np.int64)


def draw_jobs(rng: np.random.Generator, number: int, reach: Reach, periods: Periods) -> Jobs:
    """Draw jobs: mostly small and short, some of hundreds of accelerators or weeks."""
    great = rng.random(number) < PRETRAINING_SHARE
    count = rng.lognormal(np.log(8), 1.4, number) * np.where(great, 8, 1)
    hours = rng.lognormal(np.log(4), 0.9, number) * np.where(great, 30, 1)
    start = rng.uniform(0, 0.7 * periods.horizon_hours, number) * (rng.random(number) < 0.35)
    rule = rng.choice(len(reach.share), number, p=reach.share)
    gb = rng.lognormal(np.log(400), 1.8, number) * (rng.random(number) < 0.7)
    hours = np.maximum(np.round(hours, 2), 0.25)
    return Jobs(
        rule=rule,
        types=_types(rng, rule, reach),
        count=np.minimum(power_of_two(count), MOST_ACCELERATORS),
        hours=hours,
        start_hours=np.round(start, 1),
        gb=np.minimum(gb, _most_gb(hours)),
        traits=_traits(rng, number),
        reach=reach,
        periods=periods,
    )


def _most_gb(hours: Floats) -> Floats:
    """Return the largest dataset that comes, not too fast, while a job runs that takes ``hours``.

    It may run on the fastest type, and on twice as many accelerators.
    """
    shortest = hours / (2 * type_speeds().max())
    return np.asarray(np.minimum(MOST_GBPS * 3600 / 8 * shortest, MOST_GB))


def _traits(rng: np.random.Generator, number: int) -> Traits:
    return Traits(
        owner=rng.integers(len(OWNERS), size=number),
        priority=rng.integers(len(PRIORITIES), size=number),
        as_compute=rng.random(number) < 0.4,
        interruptible=rng.random(number) < 0.35,
        deadline_slack=rng.uniform(1.4, 4.0, number) * (rng.random(number) < 0.45),
        origin=rng.random((number, 2)),
        copies=1 + (rng.random(number) < 0.2),
        spans=rng.random(number) < 0.03,
    )


def _types(rng: np.random.Generator, rule: Ints, reach: Reach) -> Bools:
    """Draw one to three accelerator types that the class has, common ones more often."""
    share = np.stack([reach.holds[sites].sum(axis=0) for sites in reach.at_rest])
    key = rng.exponential(1.0, (len(rule), len(TYPES))) / np.maximum(share[rule], 1e-12)
    place = np.argsort(np.argsort(key, axis=1), axis=1)
    return np.asarray((place < rng.integers(1, 4, len(rule))[:, None]) & (share[rule] > 0))
