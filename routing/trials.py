"""Losses tried out: what each takes from a plan at once, what a re-plan recovers, and at what cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .damage import Damage
from .fewer_sites import FewerSites
from .losses import Failure
from .plan import Cost, Plan

KEPT = "not needed"
NOT_ASKED = "not asked for"
NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Trial:
    """One loss.

    Attributes
    ----------
    present
        The plan that suffers the loss.
    replan
        The plan without what is lost. Where the loss hits nothing it is the present one, which stays valid.
        None where none was asked for, or none was found.
    verdict
        How the re-plan ended: a status of plans, one of the words above, or an error.
    fewer_sites
        The services to which the loss leaves fewer sites than they ask for; the re-plan serves them by what
        is left.
    unprotected
        The best plan without a loss in which no service is to survive one, as in the re-plan. None where no
        service is, and where there is no re-plan.
    """

    failure: Failure
    damage: Damage
    present: Plan
    replan: Plan | None
    verdict: str
    fewer_sites: tuple[FewerSites, ...] = ()
    unprotected: Plan | None = None

    @property
    def unserved_after(self) -> float | None:
        """Weight of all work that the re-plan leaves out."""
        return self.replan.unserved if self.replan else None

    @property
    def recovered(self) -> float | None:
        """Weight of the work lost at once that the re-plan brings back.

        Below 0 where the re-plan gives up more than what was lost.
        """
        if self.unserved_after is None:
            return None
        return self.present.unserved + self.damage.unserved - self.unserved_after

    @property
    def extra_usd(self) -> float | None:
        """Cost of the re-plan less the present one, within the horizon, USD; moves that led here are past."""
        return _without_moves(self.replan.cost) - _without_moves(self.present.cost) if self.replan else None

    @property
    def extra_unprotected_usd(self) -> float | None:
        """Cost of the re-plan less that of the unprotected plan, within the horizon, USD.

        Neither has reserves for losses, so this is the price of the loss alone.
        """
        if not self.replan or not self.unprotected:
            return None
        return self.replan.cost.total_usd - self.unprotected.cost.total_usd

    @property
    def extra_in_all_usd(self) -> float | None:
        """The same with continuing jobs to their ends, USD."""
        if not self.replan:
            return None
        return _without_moves(self.replan.cost_in_all) - _without_moves(self.present.cost_in_all)


def _without_moves(cost: Cost) -> float:
    return cost.total_usd - cost.moving_usd


def ranked(trials: Iterable[Trial]) -> list[Trial]:
    """Return trials, the worst first.

    By weight lost at once, then weight left out by the re-plan, then requests and accelerators lost at once;
    what is equal keeps its order.
    """
    return sorted(trials, key=_rank)


def _rank(trial: Trial) -> tuple[float, ...]:
    damage = trial.damage
    after = trial.unserved_after or 0.0
    return -damage.unserved, -after, -damage.requests_per_second, -damage.accelerators
