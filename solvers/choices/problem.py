"""Choices in the one form that every step here works on.

Leaving a workload out becomes one more of its options, and the modules of a resource become workloads of
their own with two options, none or some of them, so that what follows sees nothing but "take exactly one".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from ..blocks import Blocks, BlockSolution, Floats, Ints, Resources
from ..packs import counted
from ..programs.program import usual_unit

FIT, LESS_THAN_ONE = 1e-9, 0.5
"""Relative excess over a capacity that counts as rounding, and the most that does where uses are whole."""
CHUNK = 300_000
"""Options that are priced at once: memory is touched once, and temporary arrays stay small."""
MOST_COUNTED = 2_000_000
"""Uses up to which it is seen what they are whole multiples of."""
SMALLEST, LARGEST = 1e-6, 1e12
"""Uses that solvers of programs cope with as they are."""


@dataclass(frozen=True)
class ChoiceProblem:
    """Take exactly one option of each workload (J) within the capacities (R) at the least cost.

    Attributes
    ----------
    first
        Options of workload j are ``first[j]:first[j + 1]`` (J + 1).
    owner
        Workload of each option (O).
    cost, uses
        Of each option (O), and what it takes of each resource (O, R); modules take a negative amount.
    capacity
        Of each resource (R), all finite.
    source
        Index of each option in the choices that it came from; -1 where it leaves its workload out or buys
        modules (or none).
    workloads
        Number of true workloads; the rest buy modules.
    module_of, module_count
        Resource of the blocks that each of the rest expands, and by how many modules.
    """

    first: Ints
    owner: NDArray[np.int32]
    cost: Floats
    uses: csr_array
    capacity: Floats
    source: NDArray[Any]
    workloads: int
    module_of: Ints
    module_count: Ints

    def __len__(self) -> int:
        return len(self.first) - 1

    @property
    def sizes(self) -> Ints:
        """Number of options of each workload (J)."""
        return np.diff(self.first)

    @cached_property
    def slack(self) -> Floats:
        """What counts as rounding of each capacity (R), where that is nothing of what is taken of it."""
        size = np.abs(self.capacity)
        none = np.flatnonzero(size == 0)
        if len(none) and len(self.cost):
            size[none] = abs(self.uses[:, none]).max(axis=0).toarray().ravel()
        slack = np.asarray(FIT * size)
        if slack.max(initial=0.0) > LESS_THAN_ONE and (self.uses.data == np.round(self.uses.data)).all():
            return np.minimum(slack, LESS_THAN_ONE)
        return slack

    def lacks_room(self) -> bool:
        """Return whether some resource has less than nothing in any case; every workload has an option."""
        for short in np.flatnonzero(self.capacity < 0).tolist():
            taken = self.uses[:, [short]].toarray().ravel()
            least = float(np.minimum.reduceat(taken, self.first[:-1]).sum())
            if least > self.capacity[short] + self.slack[short]:
                return True
        return False

    def used(self, option: Ints) -> Floats:
        """Return what the options together take of each resource (R)."""
        entry = spans(self.uses.indptr, option)
        return np.asarray(np.bincount(self.uses.indices[entry], self.uses.data[entry], len(self.capacity)))

    def overload(self, load: Floats) -> Floats:
        """Return by how much each load exceeds its capacity, rounding forgiven (R)."""
        over = load - self.capacity
        return np.where(over > self.slack, over, 0.0)

    def chunks(self) -> Iterator[tuple[slice, slice]]:
        """Yield workloads and their options in parts that fit into the caches of a processor."""
        ends = np.searchsorted(self.first, np.arange(CHUNK, self.first[-1] + CHUNK, CHUNK), side="right") - 1
        begin = 0
        for end in np.minimum(np.maximum.accumulate(ends), len(self)).tolist():
            if end > begin:
                yield slice(begin, end), slice(int(self.first[begin]), int(self.first[end]))
                begin = end
        if begin < len(self):
            yield slice(begin, len(self)), slice(int(self.first[begin]), int(self.first[-1]))

    def priced(self, options: slice, prices: Floats) -> Floats:
        """Return the reduced costs of consecutive options at ``prices`` (R), without copying their uses."""
        uses = self.uses
        begins = uses.indptr[options.start : options.stop + 1]
        entries = slice(int(begins[0]), int(begins[-1]))
        parts = (uses.data[entries], uses.indices[entries], begins - begins[0])
        part = csr_array(parts, shape=(len(begins) - 1, uses.shape[1]))
        return np.asarray(self.cost[options] + part @ prices, dtype=float)

    def options_of(self, workloads: Ints) -> Ints:
        """Return all options of some workloads."""
        return spans(self.first, workloads)


def spans(first: Ints, groups: Ints) -> Ints:
    """Return the members ``first[g]:first[g + 1]`` of all groups, one after the other."""
    sizes = first[groups + 1] - first[groups]
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.asarray(np.repeat(first[groups], sizes) + within, dtype=np.int64)


def choice_problem(blocks: Blocks) -> ChoiceProblem:
    """Return the problem of the choices of ``blocks``; a workload that cannot be placed has no options."""
    choices, resources = blocks.choices, blocks.resources
    owner = np.repeat(np.arange(len(choices), dtype=np.int32), np.diff(choices.first))
    cost, uses = choices.cost, choices.uses
    source = np.arange(len(cost), dtype=np.int32)
    keep = _possible(uses, resources)
    if not keep.all():
        owner, cost, uses, source = owner[keep], cost[keep], csr_array(uses[keep]), source[keep]
    out = np.flatnonzero(np.isfinite(choices.left_out_cost))
    of, count = _module_bits(resources)
    if len(out) or len(of):
        extra = [_leave_out(out, choices.left_out_cost, len(resources))]
        extra.append(_buy(of, count, len(choices), resources))
        owner, cost, uses, source = _merged([(owner, cost, uses, source), *extra])
    limited = np.flatnonzero(np.isfinite(resources.capacity))
    if len(limited) < len(resources):
        uses = csr_array(uses[:, limited])
    first = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(choices) + len(of)))])
    uses, capacity = _counted(uses, resources.capacity[limited])
    return ChoiceProblem(first, owner, cost, uses, capacity, source, len(choices), of, count)


def _counted(uses: csr_array, capacity: Floats) -> tuple[csr_array, Floats]:
    """Return uses and capacities in whole units, but of large problems: no knapsack is packed full there."""
    uses, capacity = _of_usual_size(uses, capacity)
    if uses.nnz > MOST_COUNTED:
        return uses, capacity
    units, room = counted(uses.data, capacity)
    return csr_array((units, uses.indices, uses.indptr), shape=uses.shape), room


def _of_usual_size(uses: csr_array, capacity: Floats) -> tuple[csr_array, Floats]:
    """Return uses and capacities in units that solvers of programs cope with, none of them rounded."""
    parts = (np.abs(uses.data[begin : begin + CHUNK]) for begin in range(0, uses.nnz, CHUNK))
    ends = [end for part in parts for end in (part.min(initial=np.inf, where=part > 0), part.max())]
    sizes = np.array([end for end in ends if 0 < end < np.inf])
    if not len(sizes) or (sizes.min() >= SMALLEST and sizes.max() <= LARGEST):
        return uses, capacity
    unit = 2.0 ** np.round(np.log2(usual_unit(sizes)))
    return csr_array(uses / unit), capacity / unit


_Part = tuple[NDArray[Any], Floats, csr_array, NDArray[Any]]


def _possible(uses: csr_array, resources: Resources) -> NDArray[np.bool_]:
    """Return the mask of the options that would fit if nothing else were there."""
    room = resources.capacity + resources.module * resources.most_modules
    room = room + FIT * np.abs(room)
    keep = np.ones(uses.shape[0], dtype=bool)
    for begin in range(0, uses.nnz, CHUNK):
        part = slice(begin, begin + CHUNK)
        bad = begin + np.flatnonzero(uses.data[part] > room[uses.indices[part]])
        keep[np.searchsorted(uses.indptr, bad, side="right") - 1] = False
    return keep


def _module_bits(resources: Resources) -> tuple[Ints, Ints]:
    """Return resources and counts (1, 2, 4, ...) whose sums reach every number that may be bought."""
    of: list[int] = []
    count: list[int] = []
    for resource in np.flatnonzero((resources.most_modules > 0) & np.isfinite(resources.capacity)).tolist():
        left, bit = int(resources.most_modules[resource]), 1
        while left > 0:
            of.append(resource)
            count.append(min(bit, left))
            left -= count[-1]
            bit *= 2
    return np.array(of, dtype=np.int64), np.array(count, dtype=np.int64)


def _leave_out(out: Ints, cost: Floats, resources: int) -> _Part:
    return out.astype(np.int32), cost[out], csr_array((len(out), resources)), np.full(len(out), -1, np.int32)


def _buy(of: Ints, count: Ints, begin: int, resources: Resources) -> _Part:
    """Return the two options of each bit: none, or so many modules."""
    bits = len(of)
    owner = np.repeat(begin + np.arange(bits, dtype=np.int32), 2)
    cost = np.column_stack([np.zeros(bits), resources.module_cost[of] * count]).ravel()
    bought = (-resources.module[of] * count, (2 * np.arange(bits) + 1, of))
    return owner, cost, csr_array(bought, shape=(2 * bits, len(resources))), np.full(2 * bits, -1, np.int32)


def _merged(parts: list[_Part]) -> _Part:
    owner, cost, source = (np.concatenate([part[place] for part in parts]) for place in (0, 1, 3))
    uses = csr_array(vstack([part[2] for part in parts], format="csr"))
    order = np.argsort(owner, kind="stable")
    return owner[order], cost[order], csr_array(uses[order]), source[order]


def block_solution(blocks: Blocks, problem: ChoiceProblem, option: Ints) -> BlockSolution:
    """Return the solution of ``blocks`` in which each workload of ``problem`` takes that option."""
    count = len(blocks.resources)
    modules = np.zeros(count)
    last = option[problem.workloads :] > problem.first[problem.workloads : -1]
    np.add.at(modules, problem.module_of, np.where(last, problem.module_count, 0))
    return BlockSolution(
        option=problem.source[option[: problem.workloads]].astype(np.int64),
        share=np.zeros(0),
        replicas=np.zeros(0),
        opened=np.ones(count, dtype=bool),
        modules=modules,
        flow=csr_array((0, len(blocks.flows.tail))),
    )
