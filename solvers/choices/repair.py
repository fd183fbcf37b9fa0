"""Repair: workloads leave overloaded resources for others that have room, where that costs least per unit.

Source: the primal heuristics that go with Lagrangian relaxation; M. L. Fisher, The Lagrangian relaxation
method for solving integer programming problems, Management Science 27 (1981) 1-18.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from ..blocks import Floats, Ints
from .ledger import Ledger, change_of
from .pricing import Pricing
from .problem import ChoiceProblem

ROUNDS = 10
MOST = 400_000
"""Moves that are looked at in a round."""
BLOCK = 5000
"""Moves of which those that no longer help are sorted out at once."""


def repaired(problem: ChoiceProblem, pricing: Pricing, options: Ints, option: Ints) -> Ints:
    """Return the assignment ``option`` (J) with less overload, none if that is easy to reach.

    Only moves that overload nothing are made: among ``options`` (ascending) as long as there are any, then
    to all options of the workloads on what is still overloaded.
    """
    option = option.copy()
    everywhere = False
    for _ in range(ROUNDS):
        workloads = _overloading(problem, option)
        if len(workloads) == 0:
            break
        concerned = np.zeros(len(problem), dtype=bool)
        concerned[workloads] = True
        targets = problem.options_of(workloads) if everywhere else options[concerned[problem.owner[options]]]
        if not _walk(problem, option, _cheapest_first(problem, pricing, option, targets)):
            if everywhere:
                break
            everywhere = True
    return option


def _overloading(problem: ChoiceProblem, option: Ints) -> Ints:
    """Return the workloads that take of an overloaded resource."""
    over = problem.overload(problem.used(option)) > 0
    if not over.any():
        return np.zeros(0, np.int64)
    held = csr_array(problem.uses[option])
    taking = over[held.indices] & (held.data > 0)
    return np.unique(np.repeat(np.arange(len(option)), np.diff(held.indptr))[taking])


def _cheapest_first(problem: ChoiceProblem, pricing: Pricing, option: Ints, targets: Ints) -> Ints:
    """Return the targets in the order of what they cost per unit of overload that they may relieve."""
    over = problem.overload(problem.used(option))
    held = csr_array(problem.uses[option])
    part = np.minimum(np.maximum(held.data, 0.0), over[held.indices])
    relief = np.bincount(np.repeat(np.arange(len(option)), np.diff(held.indptr)), part, len(option))
    owner = problem.owner[targets]
    score = (pricing.excess[targets] - pricing.excess[option[owner]]) / np.maximum(relief[owner], 1e-300)
    if len(targets) > MOST:
        first = np.argpartition(score, MOST)[:MOST]
        targets, score = targets[first], score[first]
    return np.asarray(targets[np.argsort(score, kind="stable")])


def _walk(problem: ChoiceProblem, option: Ints, targets: Ints) -> int:
    """Make the moves, in this order, that still relieve overload when their turn comes; return how many."""
    room = problem.capacity + problem.slack
    ledger = Ledger(problem.used(option), room, np.zeros(len(room)))
    made = 0
    for begin in range(0, len(targets), BLOCK):
        load = np.array(ledger.load)
        if not (load > room).any():
            break
        made += _walk_block(
            problem, option, _relieving(problem, option, targets[begin : begin + BLOCK], load - room), ledger
        )
    return made


def _relieving(problem: ChoiceProblem, option: Ints, targets: Ints, over: Floats) -> Ints:
    """Return the targets of moves that take from an overloaded resource and overload none further."""
    old = option[problem.owner[targets]]
    change = csr_array(problem.uses[targets] - problem.uses[old])
    row = np.repeat(np.arange(len(targets)), np.diff(change.indptr))
    helps, harms = np.zeros(len(targets), dtype=bool), np.zeros(len(targets), dtype=bool)
    helps[row[(change.data < 0) & (over[change.indices] > 0)]] = True
    harms[row[(change.data > 0) & (over[change.indices] + change.data > 0)]] = True
    return targets[helps & ~harms]


def _walk_block(problem: ChoiceProblem, option: Ints, targets: Ints, ledger: Ledger) -> int:
    made = 0
    for target, workload in zip(targets.tolist(), problem.owner[targets].tolist(), strict=True):
        change = change_of(problem.uses, int(option[workload]), target)
        if ledger.relieves(change):
            ledger.book(change)
            option[workload] = target
            made += 1
    return made
