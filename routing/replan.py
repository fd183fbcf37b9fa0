"""Planning on from a plan: what is there at present, and what a new plan changes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from .check_admission import Pins
from .errors import InputError
from .faults import from_validation
from .plan import LeftOut, Plan, ServicePlan
from .present import Moving, Present
from .problem import Problem
from .room import Room, is_too_small
from .workloads import TrainingJob

Action = Literal["move", "add", "drop", "wait", "keep"]
Places = tuple[str, ...]
ENDED = "is not in the topology any more"
COSTS = "cost or limits"
"""Why work moves though there is room where it was: limits are deadlines, power, budgets and the like."""
ACTIONS: tuple[Action, ...] = ("move", "add", "drop", "wait", "keep")
"""In the order of change sets: ``wait`` is new work that is left out."""


@dataclass(frozen=True, slots=True)
class WorkloadChange:
    """What a plan changes for one workload.

    Attributes
    ----------
    before, after
        Where it is at present and in the plan: pools, those of services with their most replicas.
    moving_usd, cost_usd
        What the plan pays for its move, and for all of it in the horizon.
    """

    action: Action
    workload: str
    kind: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    moving_usd: float
    cost_usd: float
    why: str


def present_of(plan: Plan) -> Present:
    """Return where ``plan`` has everything: pools of jobs, most replicas of services.

    Raises
    ------
    InputError
        When the plan is none (status infeasible or unknown). One that leaves all out is a present of nothing.
    """
    if not plan:
        status = f"its status is {plan.status!r}"
        raise InputError([f"the plan to go on from is none ({status}); plan the old topology again"])
    jobs = {entry.job: tuple(place.pool for place in entry.placements) for entry in plan.jobs}
    services = {entry.service: _most_replicas(entry) for entry in plan.services}
    standing = {name: replicas for name, replicas in services.items() if replicas}
    data = {"jobs": jobs, "services": standing}
    try:
        return Present.model_validate(data)
    except ValidationError as error:
        raise InputError(from_validation(error, data, Present), "the plan to go on from") from None


def _most_replicas(entry: ServicePlan) -> dict[str, int]:
    most: dict[str, int] = {}
    for replica in entry.replicas:
        if replica.replicas > 0:
            most[replica.pool] = max(replica.replicas, most.get(replica.pool, 0))
    return most


def going_on(problem: Problem, plan: Plan, max_moves: int | None = None, **prices: float | None) -> Problem:
    """Return ``problem`` with the places of ``plan`` as its present.

    Parameters
    ----------
    max_moves
        How many workloads may move; as ``problem`` has it where None.
    **prices
        Fields of :class:`Moving`; as ``problem`` has them where None.

    Raises
    ------
    InputError
        For a price out of its range, or a plan that holds no work.
    """
    given = {name: price for name, price in prices.items() if price is not None}
    moving = problem.moving.replace(**given)
    limits = problem.limits if max_moves is None else problem.limits.replace(max_moves=max_moves)
    return problem.replace(present=present_of(plan), moving=moving, limits=limits)


def free_to_move(problem: Problem) -> Problem:
    """Return ``problem`` with nothing to keep: any number of workloads may move, at no cost."""
    limits = problem.limits.replace(max_moves=None)
    return problem.replace(present=Present(), moving=Moving(), limits=limits)


def workload_changes(problem: Problem, plan: Plan) -> list[WorkloadChange]:
    """Return what ``plan`` changes of the present of ``problem``: what moves first, what stays last."""
    found = list(_Changes(problem, plan).all())
    return sorted(found, key=lambda change: ACTIONS.index(change.action))


class _Changes:
    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem, self.plan = problem, plan
        self.costs = plan.breakdown.by_workload
        self.jobs = {entry.job: entry for entry in plan.jobs}
        self.services = {entry.service: _most_replicas(entry) for entry in plan.services}
        self.left_out: dict[str, LeftOut] = {}
        for entry in plan.left_out:
            self.left_out.setdefault(entry.workload, entry)
        self.pins, self.room = Pins(problem), Room(problem, plan)

    def all(self) -> Iterator[WorkloadChange]:
        present = self.problem.present
        for workload in self.problem.workloads:
            if isinstance(workload, TrainingJob):
                yield self._job(workload, present.jobs.get(workload.id, ()))
            else:
                yield self._service(workload.id, dict(present.services.get(workload.id, {})))
        known = {workload.id for workload in self.problem.workloads}
        for name, pools in present.jobs.items():
            if name not in known:
                yield self._change("drop", name, "training", held=pools, why=ENDED)
        for name, replicas in present.services.items():
            if name not in known:
                yield self._change("drop", name, "inference", held=_counted(replicas), why=ENDED)

    def _change(
        self, action: Action, name: str, kind: str, *, held: Places, here: Places = (), why: str = ""
    ) -> WorkloadChange:
        cost = self.costs.get(name)
        moving_usd, cost_usd = (cost.moving_usd, cost.total_usd) if cost else (0.0, 0.0)
        return WorkloadChange(action, name, kind, held, here, moving_usd, cost_usd, why)

    def _job(self, job: TrainingJob, held: tuple[str, ...]) -> WorkloadChange:
        entry = self.jobs.get(job.id)
        after = tuple(place.pool for place in entry.placements) if entry else ()
        if not after:
            return self._without_place(job.id, "training", held)
        if not held:
            return self._change("add", job.id, "training", held=held, here=after)
        if set(held) == set(after):
            return self._change("keep", job.id, "training", held=held, here=after)
        return self._change("move", job.id, "training", held=held, here=after, why=self._why(job, held))

    def _service(self, name: str, held: dict[str, int]) -> WorkloadChange:
        here = self.services.get(name, {})
        places: dict[str, Any] = {"held": _counted(held), "here": _counted(here)}
        if not here:
            return self._without_place(name, "inference", places["held"])
        if not held:
            return self._change("add", name, "inference", **places, why=self._unserved(name))
        was, now = self._sites(held), self._sites(here)
        entered, left = sorted(now - was), sorted(was - now)
        words = [self._gone(held), _named("enters", entered), _named("leaves", left), self._unserved(name)]
        why = "; ".join(filter(None, words))
        return self._change("move" if entered else "keep", name, "inference", **places, why=why)

    def _without_place(self, name: str, kind: str, held: Places) -> WorkloadChange:
        entry = self.left_out.get(name)
        why = f"{entry.reason}: {entry.detail}" if entry else "nobody asks for it"
        return self._change("drop" if held else "wait", name, kind, held=held, why=why)

    def _unserved(self, name: str) -> str:
        entry = self.left_out.get(name)
        return f"in part left out ({entry.reason})" if entry else ""

    def _sites(self, pools: Iterable[str]) -> set[str]:
        known = self.problem.pool
        return {known[name].data_center for name in pools if name in known}

    def _gone(self, pools: Iterable[str]) -> str:
        return _named("gone:", sorted(name for name in pools if not self._stands(name)))

    def _stands(self, name: str) -> bool:
        """Return whether there is a pool of that name, and not all of it is taken away."""
        pool = self.problem.pool.get(name)
        return pool is not None and not pool.is_lost

    def _why(self, job: TrainingJob, held: tuple[str, ...]) -> str:
        """Return what speaks against the present place, the first thing found; else it is the cost."""
        gone = self._gone(held)
        barred = [name for name in held if not gone and self._bars(job, name)]
        if gone or barred:
            return gone or _named("barred, or too small for it:", barred)
        left = sorted({*held} - {place.pool for place in self.jobs[job.id].placements})
        full = [name for name in left if not self.room.holds(job, self.problem.pool[name])]
        return _named("full of other work:", full) if full else COSTS

    def _bars(self, job: TrainingJob, name: str) -> bool:
        """Return whether residency, pins or the size of a pool bar a job that is alone."""
        pool = self.problem.pool[name]
        site = self.problem.data_center[pool.data_center]
        may = self.problem.residency(job.policy).may_process(site.jurisdiction)
        return not may or not self.pins.permit(job.id, pool) or is_too_small(self.problem, job, pool)


def _counted(replicas: Any) -> tuple[str, ...]:
    return tuple(f"{pool} x{count}" for pool, count in sorted(replicas.items()))


def _named(what: str, names: list[str]) -> str:
    return f"{what} {', '.join(names)}" if names else ""
