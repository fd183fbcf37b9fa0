"""What a solution of :class:`Blocks` costs and by how much it breaks a rule, recomputed from the data."""

from __future__ import annotations

import numpy as np

from .blocks import Blocks, BlockSolution, Floats


def objective(blocks: Blocks, solution: BlockSolution) -> float:
    """Return the cost of everything taken, served, carried, opened and bought, and of what is left out."""
    resources, choices, divisions = blocks.resources, blocks.choices, blocks.divisions
    taken = solution.option >= 0
    value = float(choices.cost[solution.option[taken]].sum() + choices.left_out_cost[~taken].sum())
    value += float(divisions.cost @ solution.share + divisions.replica_cost @ solution.replicas)
    left = np.maximum(0.0, 1.0 - _served(blocks, solution))
    priced = np.isfinite(divisions.left_out_cost)
    value += float(divisions.left_out_cost[priced] @ left[priced])
    value += float(
        resources.activation_cost[solution.opened].sum() + resources.module_cost @ solution.modules
    )
    return value + float((solution.flow @ blocks.flows.cost).sum())


def usage(blocks: Blocks, solution: BlockSolution) -> Floats:
    """Return what is used of each resource (R)."""
    choices, divisions, flows = blocks.choices, blocks.divisions, blocks.flows
    chosen = np.zeros(len(choices.cost))
    chosen[solution.option[solution.option >= 0]] = 1.0
    used = choices.uses.T @ chosen + divisions.uses.T @ solution.share
    used = used + divisions.replica_uses.T @ solution.replicas
    carried = np.asarray(solution.flow.sum(axis=0)).ravel()
    return np.asarray(used + np.bincount(flows.resource, carried, len(blocks.resources)), dtype=float)


def violation(blocks: Blocks, solution: BlockSolution) -> float:
    """Return the largest violation of any rule, relative to the size of what is limited."""
    resources = blocks.resources
    used = usage(blocks, solution)
    room = resources.capacity + resources.module * solution.modules
    over = np.where(np.isfinite(room), used - room, 0.0) / np.maximum(
        1.0, np.where(np.isfinite(room), room, 1.0)
    )
    closed = np.where(solution.opened, 0.0, used + solution.modules)
    bought = np.maximum(solution.modules - resources.most_modules, -solution.modules)
    parts = [over, closed, bought, _wrong_options(blocks, solution), _wrong_shares(blocks, solution)]
    return float(max(part.max(initial=0.0) for part in [*parts, _wrong_flow(blocks, solution)]))


def _served(blocks: Blocks, solution: BlockSolution) -> Floats:
    """Return the share of each demand that is served (D)."""
    first = blocks.divisions.first
    total = np.concatenate([[0.0], np.cumsum(solution.share)])
    return np.asarray(total[first[1:]] - total[first[:-1]], dtype=float)


def _wrong_options(blocks: Blocks, solution: BlockSolution) -> Floats:
    first, option = blocks.choices.first, solution.option
    foreign = (option >= 0) & ((option < first[:-1]) | (option >= first[1:]))
    missing = (option < 0) & ~np.isfinite(blocks.choices.left_out_cost)
    return np.asarray(foreign | missing, dtype=float)


def _wrong_shares(blocks: Blocks, solution: BlockSolution) -> Floats:
    divisions = blocks.divisions
    served = _served(blocks, solution)
    short = np.where(np.isfinite(divisions.left_out_cost), 0.0, 1.0 - served)
    arcs = np.flatnonzero(divisions.slot >= 0)
    load = np.bincount(
        divisions.slot[arcs], (divisions.load * solution.share)[arcs], len(divisions.most_replicas)
    )
    whole = np.abs(solution.replicas - np.round(solution.replicas))
    over = np.maximum(solution.replicas - divisions.most_replicas, load - solution.replicas)
    return np.concatenate([short, served - 1.0, -solution.share, whole, over])


def _wrong_flow(blocks: Blocks, solution: BlockSolution) -> Floats:
    flows = blocks.flows
    if not len(flows):
        return np.zeros(0)
    flow = solution.flow.toarray()
    balance = np.zeros((len(flows), flows.nodes))
    row = np.arange(len(flows))
    np.add.at(balance, (row[:, None], flows.tail[None, :]), flow)
    np.subtract.at(balance, (row[:, None], flows.head[None, :]), flow)
    np.subtract.at(balance, (row, flows.origin), flows.amount)
    np.add.at(balance, (row, flows.destination), flows.amount)
    scale = np.maximum(1.0, flows.amount)[:, None]
    return np.concatenate([np.abs(balance / scale).ravel(), (-flow / scale).ravel()])
