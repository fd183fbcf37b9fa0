"""The sizes that a training job could take, and how long it would run at each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...routing.workloads import Compute, Need, TrainingJob
from ..rates import Floats, Ints
from .pools import Flags, Pools, numbers


@dataclass(frozen=True)
class Shapes:
    """The S sizes that a job could take, in the order of the file.

    Attributes
    ----------
    count
        (S,) accelerators in all.
    hours
        (K, S) duration by kind of pool, NaN where the kind does not offer the size.
    """

    count: Ints
    hours: Floats


def job_shapes(pools: Pools, job: TrainingJob) -> Shapes:
    """Return the (accelerators, hours) that ``job`` could take of each kind of pool, whatever its size."""
    if job.needs is not None:
        return _stated_shapes(pools, job.needs)
    assert job.compute is not None
    return _computed_shapes(pools, job.compute)


def _stated_shapes(pools: Pools, needs: tuple[Need, ...]) -> Shapes:
    hours = np.full((len(pools.kinds), len(needs)), np.nan)
    for index, need in enumerate(needs):
        hours[pools.kind_accelerator == pools.types[need.accelerator], index] = need.hours
    return Shapes(numbers(need.count for need in needs), hours)


def _computed_shapes(pools: Pools, compute: Compute) -> Shapes:
    peak_pflops = np.array([entry.peak_tflops for entry in pools.problem.accelerators]) / 1000
    work = compute.pflop_days * 24 / (peak_pflops[pools.kind_accelerator] * compute.utilization)
    hours = np.stack([work / (count * pools.efficiency(count)) for count in compute.counts], axis=1)
    if compute.accelerators is not None:
        usable = [pools.types[name] for name in compute.accelerators]
        hours[~np.isin(pools.kind_accelerator, usable)] = np.nan
    return Shapes(numbers(compute.counts), hours)


def fits(pools: Pools, shapes: Shapes, sites: int) -> Flags:
    """Return (P, S) which pools can be one of so many sites of a job of that size."""
    offered: Flags = ~np.isnan(shapes.hours)[pools.kind]
    even: Flags = (shapes.count % sites == 0) & (shapes.count // sites <= pools.gang[:, None])
    return offered & even
