"""How wide the ways of a dataset are, were they empty, and whether one is wide enough."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

from .check_admission import counts, hours, largest_gang
from .check_findings import exceeds
from .check_left_out_jobs import JobReasons
from .check_reach import Reach, Rules
from .problem import Problem
from .sites import Pool
from .workloads import Dataset


class Widest(Reach):
    """Widest ways to data centers, in usable Gbit/s of their narrowest link; each search is made once."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self._gbps: dict[tuple[str, Rules], dict[str, float]] = {}

    def gbps(self, origin: str, site: str, rules: Rules) -> float:
        """Return the usable bandwidth of the widest way from ``origin`` to the data center, 0 for no way."""
        if (site, rules) not in self._gbps:
            self._gbps[site, rules] = dict(self._widest(site, rules))
        return self._gbps[site, rules].get(origin, 0.0)

    def _widest(self, site: str, rules: Rules) -> Iterator[tuple[str, float]]:
        yield site, math.inf
        if not self._passes([self._problem.nodes[site].jurisdiction], rules):
            return
        done: set[str] = set()
        waiting = [(-math.inf, site)]
        while waiting:
            width, node = heapq.heappop(waiting)
            if node in done:
                continue
            done.add(node)
            yield node, -width
            if node == site or self._lets_through(node, rules):
                for other, link in self._backward.get(node, ()):
                    if other not in done and self._crossable(link, rules):
                        usable_gbps = link.bandwidth_gbps * (1 - link.reserve_fraction)
                        heapq.heappush(waiting, (max(width, -usable_gbps), other))


def too_narrow(reasons: JobReasons, widest: Widest) -> tuple[float, float] | None:
    """Return what the dataset of a job needs and the widest way has, Gbit/s, where no way will do.

    Of all the places that the job could have, were they empty, it is the one that lacks least in proportion.
    """
    dataset = reasons.job.dataset
    if dataset is None or not dataset.gb:
        return None
    best = None
    for pool, needed in _rates(reasons, dataset):
        usable = max(widest.gbps(copy, pool.data_center, reasons.rules) for copy in dataset.at)
        if usable == math.inf or not exceeds(needed, usable):
            return None
        if usable and (best is None or usable / needed > best[1] / best[0]):
            best = needed, usable
    return best


def _rates(reasons: JobReasons, dataset: Dataset) -> Iterator[tuple[Pool, float]]:
    """Yield each pool that may take a part of the job, and the Gbit/s at which the data is to come."""
    job, problem = reasons.job, reasons.problem
    for pool in reasons.permitted():
        for count in counts(job, pool.accelerator):
            for sites in range(1, job.max_sites + 1):
                running = hours(problem, job, [pool] * sites, count)
                if running and count % sites == 0 and count // sites <= largest_gang(pool):
                    window_hours = min(dataset.transfer_hours or running, running)
                    yield pool, dataset.gb / sites * 8 / (3600 * window_hours)
