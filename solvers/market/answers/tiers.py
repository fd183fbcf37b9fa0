"""Answers of units where only so many replicas of a slot are cheap, as those within commitments are.

A slot with dearer replicas beyond its cheap ones answers as two slots.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...rates import Floats, Ints
from ..form.offers import Offer, Tiers
from ..form.units import Unit
from .serving import Answer, answer, priced, replicas_for


def tiered_answer(
    unit: Unit, offered: Offer, most: Floats, cutoff: Floats | None = None, *, swapping: bool = True
) -> Answer:
    """Return a cheap way to serve, see :func:`.serving.answer`, where replicas are offered in tiers.

    What it costs is told as if all replicas were of the first tier.
    """
    assert offered.tiers is not None
    within = np.minimum(offered.tiers.within, most)
    dear = np.flatnonzero((most > within).any(axis=0))
    both = np.concatenate([np.arange(most.shape[1]), dear])
    room = np.concatenate([within, (most - within)[:, dear]], axis=1)
    found = answer(
        _doubled(unit, both), _in_two(offered, offered.tiers, unit, dear), room, cutoff, swapping=swapping
    )
    flow = found.flow[:, :, : most.shape[1]].copy()
    flow[:, :, dear] += found.flow[:, :, most.shape[1] :]
    return priced(offered, flow, replicas_for(unit, flow.sum(axis=1)), found.unserved)


def _doubled(unit: Unit, slots: Ints) -> Unit:
    """Return a unit with some slots twice, as far as answers look at them: the throughput of each."""
    return replace(unit, rps=unit.rps[slots])


def _in_two(offered: Offer, tiers: Tiers, unit: Unit, dear: Ints) -> Offer:
    """Return an offer of all slots at the price of their first tier, then of some at that beyond."""
    both = np.concatenate([np.arange(len(unit.rps)), dear])
    arc, via = offered.arc[:, :, both], offered.via[:, :, both]
    replica = np.concatenate([offered.replica, tiers.beyond[:, dear]], axis=1)
    unit_cost = arc + (replica / unit.rps[both])[:, None, :]
    return Offer(arc, via, replica, unit_cost, offered.entering[both])
