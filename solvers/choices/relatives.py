"""Which resources are searched together: those whose workloads would rather, or may well, be at the others.

Source: relatedness in P. Shaw, Using constraint programming and local search methods to solve vehicle routing
problems, Principles and Practice of Constraint Programming (1998).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from ..blocks import Floats, Ints
from .pricing import Pricing
from .problem import ChoiceProblem
from .shifts import Assignment

NOISE = 0.5
"""By how much the next resource may be less related than the most related one."""


@dataclass(frozen=True)
class Relatives:
    """Who would take what instead, at prices.

    Attributes
    ----------
    wanted
        (J, R) whether the cheapest option of a workload takes of a resource.
    near
        (J, R) how many of its options in the core do.
    """

    problem: ChoiceProblem
    pricing: Pricing
    wanted: csr_array
    near: csr_array

    @classmethod
    def of(cls, problem: ChoiceProblem, pricing: Pricing, core: Ints) -> Relatives:
        """Return the relatives by the options of a ``core``."""
        wanted = np.flatnonzero(pricing.excess <= 0)
        return cls(problem, pricing, _reached(problem, wanted), _reached(problem, core))

    def drawn(self, best: Assignment, among: Ints, rng: np.random.Generator) -> Iterator[int]:
        """Yield the resources ``among``: one where something is lost, then its relatives."""
        now = csr_array(self.problem.uses[best.option])
        now.data = np.ones(len(now.data))
        link = np.asarray((now.T @ self.near).todense())[np.ix_(among, among)]
        link = link + link.T
        loss = self._loss(best, now)[among]
        chance = loss / loss.sum() if loss.sum() > 0 else None
        following = int(rng.choice(len(among), p=chance))
        score, waiting = np.zeros(len(among)), np.ones(len(among), dtype=bool)
        for _ in range(len(among)):
            yield int(among[following])
            waiting[following] = False
            score += link[following]
            lured = (score + 1e-3) * rng.uniform(1 - NOISE, 1.0, len(score))
            following = int(np.where(waiting, lured, -1.0).argmax())

    def _loss(self, best: Assignment, now: csr_array) -> Floats:
        """Return what is lost at each resource (R): by room left, by who is there, and who is not."""
        problem, pricing = self.problem, self.pricing
        lost = pricing.excess[best.option]
        idle = pricing.prices * np.maximum(0.0, problem.capacity - best.load)
        return np.asarray(idle + now.T @ lost + self.wanted.T @ lost)


def _reached(problem: ChoiceProblem, options: Ints) -> csr_array:
    """Return (J, R) how many of some options of each workload take of each resource."""
    uses = csr_array(problem.uses[options])
    taken = csr_array((np.ones(len(uses.data)), uses.indices, uses.indptr), shape=uses.shape)
    owner = csr_array(
        (np.ones(len(options)), (problem.owner[options], np.arange(len(options)))),
        shape=(len(problem), len(options)),
    )
    return csr_array(owner @ taken)
