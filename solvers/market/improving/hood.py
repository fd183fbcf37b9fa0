"""The program of some blocks that are placed anew while all others stay: what they may do, and purchases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, csr_array, hstack, vstack

from ...programs.program import Program
from ...rates import Floats, Ints
from ..answers.placing import Placed, Placement


@dataclass(frozen=True)
class Hood:
    """Choices of blocks as columns, sorted by their ``owner``, then purchases that concern them."""

    program: Program
    owner: Ints
    choices: list[Placed]
    bought: Ints
    known: Floats

    @classmethod
    def of(cls, placement: Placement, owner: Ints, choices: list[Placed], others: Floats) -> Hood:
        """Return the program of choosing once for every owner, beside a load (R,) of all others."""
        rules = placement.market.rules
        uses = _stacked(choices, len(rules.capacity))
        rows = np.unique(uses.indices)
        widening = csc_array(rules.widening)[:, rows]
        bought = np.unique(widening.tocoo().row)
        is_module = bought < len(rules.module_pool)
        lower = np.zeros(len(bought))
        lower[is_module] = placement.fewest_modules(bought[is_module], others)
        blocks, place = np.unique(owner, return_inverse=True)
        program = Program(
            cost=np.concatenate([np.array([each.cost for each in choices]), rules.widening_cost[bought]]),
            lower=np.concatenate([np.zeros(len(owner)), lower]),
            upper=np.concatenate([np.ones(len(owner)), np.maximum(lower, rules.widening_most[bought])]),
            integer=np.concatenate([np.ones(len(owner), dtype=bool), is_module]),
            matrix=_matrix(place, uses, rows, csr_array(widening)[bought]),
            row_lower=np.concatenate([np.ones(len(blocks)), np.full(len(rows), -np.inf)]),
            row_upper=np.concatenate([np.ones(len(blocks)), (rules.capacity - others)[rows]]),
        )
        return cls(program, owner, choices, bought, placement.modules)

    def chosen(self, x: Floats) -> dict[int, Placed]:
        """Return what every block does."""
        taken = np.flatnonzero(x[: len(self.owner)] > 0.5).tolist()
        return {int(self.owner[place]): self.choices[place] for place in taken}

    def modules(self, x: Floats) -> Floats:
        """Return the modules bought in all."""
        found = self.known.copy()
        mine = self.bought < len(found)
        found[self.bought[mine]] = np.round(x[len(self.owner) :][mine])
        return found


def load_of(placed: Iterable[Placed], size: int) -> Floats:
    """Return the load (R,) of some blocks together."""
    load = np.zeros(size)
    for each in placed:
        load[each.rows] += each.amounts
    return load


def _matrix(block: Ints, uses: csr_array, rows: Ints, widening: csr_array) -> csr_array:
    """Return the rows of a neighbourhood: one choice per block, then the shared ``rows``."""
    places, count = len(block), int(block.max(initial=-1)) + 1
    place = csr_array((np.ones(places), (block, np.arange(places))), shape=(count, places))
    shared = csr_array(csc_array(uses.T.tocsr())[rows])
    above = hstack([place, csr_array((count, widening.shape[0]))])
    return csr_array(vstack([above, hstack([shared, widening.T])], format="csr"))


def _stacked(choices: list[Placed], width: int) -> csr_array:
    pointers = np.cumsum([0, *(len(each.rows) for each in choices)])
    data = np.concatenate([each.amounts for each in choices])
    rows = np.concatenate([each.rows for each in choices])
    return csr_array((data, rows, pointers), shape=(len(choices), width))
