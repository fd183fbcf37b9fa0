"""Where work runs before a plan, and what it costs to move from there."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from .base import Amount, Frozen, FrozenDict, Hours, Id, PositiveCount

Pools = Annotated[tuple[Id, ...], Field(min_length=1)]
Replicas = Annotated[dict[Id, PositiveCount], AfterValidator(FrozenDict), Field(min_length=1)]


class Present(Frozen):
    """Where work runs now. Work that is not named is new and pays nothing to begin.

    Names that the problem does not have are passed over: a pool that is gone, a workload that has ended.
    """

    jobs: Annotated[dict[Id, Pools], AfterValidator(FrozenDict)] = Field(default_factory=FrozenDict)
    """Pools that each training job holds. It stays if it is planned in just these, whenever it starts."""
    services: Annotated[dict[Id, Replicas], AfterValidator(FrozenDict)] = Field(default_factory=FrozenDict)
    """Most replicas that each service holds in each pool. It stays if it enters no further data center."""

    @property
    def pools(self) -> set[str]:
        """The pools that any of it holds."""
        held = (*self.jobs.values(), *self.services.values())
        return {pool for pools in held for pool in pools}


class Moving(Frozen):
    """Prices of moving work that ``present`` names, paid once."""

    usd_per_job: Amount = 0.0
    """For each training job that moves."""
    restart_hours: Hours = 0.0
    """Hours of training that a move loses, at what an hour of its accelerators costs in the new pools (as
    beyond the horizon: committed, spot or on-demand price, and mean energy)."""
    checkpoint_gb: Amount = 0.0
    """Carried from a present data center to each new one of a job, at the price of its route."""
    usd_per_site_entered: Amount = 0.0
    """For each data center that a service enters: replicas set up there, and drained where it was."""
