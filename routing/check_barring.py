"""What the tests of left-out work share: the problem, ways and limits that they ask about."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .check_admission import Pins
from .check_alone import Alone
from .check_reach import Reach, Rules
from .check_survival import Losses
from .policies import Residency
from .problem import Problem
from .sites import Pool

OPEN = Rules()
LIMITS = ("power", "carbon", "budget")
PoolTest = Callable[[Pool], bool]


class Barring:
    """Everything that may bar work, of one problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.pins = Pins(problem)
        self.reach = Reach(problem)
        self.alone = Alone(problem)
        self.losses = Losses(problem)
        self.shortest_hours = min(problem.durations_hours)
        self._processing: dict[Residency | None, frozenset[str]] = {}

    def at_rest(self, rules: Rules) -> PoolTest:
        """Return the test of residency at rest."""
        policy = rules.policy
        if policy not in self._processing:
            self._processing[policy] = frozenset(
                site.id
                for site in self.problem.data_centers
                if policy is None or policy.may_process(site.jurisdiction)
            )
        sites = self._processing[policy]
        return lambda pool: pool.data_center in sites


def left_by(tests: Iterable[tuple[str, PoolTest]], pools: list[Pool]) -> tuple[list[Pool], str]:
    """Return the pools that pass all tests, or none and the first test that left none."""
    for reason, test in tests:
        pools = [pool for pool in pools if test(pool)]
        if not pools:
            return [], reason
    return pools, ""
