"""Answers of units that keep within what links have left: round those that are full, or less over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...arrays import Bools
from ...rates import Floats, Ints
from ..answers.columns import Columns
from ..answers.placing import Placement
from ..answers.serving import Answer, replicas_for
from ..answers.standing import still_standing
from ..form.offers import Offer, rounding
from ..form.traffic import ArcTraffic
from ..form.units import Unit
from ..pricing.candidates import reply_columns, unit_reply
from .openings import Room

OfferTo = Callable[[Unit, Bools | None], Offer]
ROUNDS = 3
"""Times that an answer goes round directions that the one before would overload."""
FIT, TINY = 1 + 1e-9, 1e-12
"""How far traffic may pass what is left, as a part of it and in Gbit/s: rounding."""


def fitting_answer(
    placement: Placement, number: int, offer_to: OfferTo, most: Floats, *, swapping: bool = True
) -> Columns:
    """Return the columns of a unit's answer that overloads no link beside what others send.

    Where the cheapest one would, users go elsewhere; where that leaves more out, as many are served as the
    links have room for.

    Parameters
    ----------
    placement
        What the others do; the unit is out.
    number
        Of the unit.
    offer_to
        Tells what the unit is offered, past directions (D, T) that are closed.
    most
        Replicas (T, S) of every slot, at most.
    swapping
        Whether replicas make way for cheaper ones elsewhere, see :func:`.serving.answer`.
    """
    market, unit = placement.market, placement.market.units[number]
    offered, cutoff = offer_to(unit, None), placement.cutoff(unit)
    reply, via = unit_reply(unit, offered, most, cutoff, swapping=swapping), offered.via
    if market.traffic is None:
        return reply_columns(market, number, reply, via)
    room = Room.of(placement).traffic
    gbps = traffic_of(unit, market.traffic, reply, via)
    closed = gbps > room * FIT + TINY
    if closed.any():
        part = np.where(closed, room / np.maximum(gbps, TINY), 1.0)
        less = _less(unit, market.traffic, (reply, via), part), via
        when = np.arange(len(unit.demand)) if unit.is_whole else np.flatnonzero(closed.any(axis=0))
        other = _round(unit, market.traffic, offer_to, _Limits(room, closed, most, cutoff, when))
        reply, via = less if other is None else _better(unit, less, other, when)
    return reply_columns(market, number, reply, via)


@dataclass(frozen=True)
class _Limits:
    """What limits an answer in the periods ``when``; closed and room (D, T), the others as there."""

    room: Floats
    closed: Bools
    most: Floats
    cutoff: Floats
    when: Ints


def traffic_of(unit: Unit, traffic: ArcTraffic, reply: Answer, via: Ints) -> Floats:
    """Return the Gbit/s (D, T) that an answer puts on every direction."""
    at, user, slot = np.nonzero(reply.flow > 0)
    arcs = unit.arc_id[via[at, user, slot]]
    return traffic.total(arcs, at, reply.flow[at, user, slot], len(reply.flow))


def _round(unit: Unit, traffic: ArcTraffic, offer_to: OfferTo, limits: _Limits) -> tuple[Answer, Ints] | None:
    """Return an answer for some periods round closed directions, None where each overloads others."""
    when, closed = limits.when, limits.closed
    part = replace(unit, demand=unit.demand[when], weight=unit.weight[when])
    room = limits.room[:, when] * FIT + TINY
    for _ in range(ROUNDS):
        offered = offer_to(unit, closed).during(when)
        reply = unit_reply(part, offered, limits.most[when], limits.cutoff[when])
        over = traffic_of(part, traffic, reply, offered.via) > room
        if not over.any():
            return reply, offered.via
        closed = closed.copy()
        closed[:, when] |= over
    return None


def _less(unit: Unit, traffic: ArcTraffic, answered: tuple[Answer, Ints], part: Floats) -> Answer:
    """Return an answer with only a ``part`` (D, T), at most 1, of its requests over each direction."""
    reply, via = answered
    at, user, slot = np.nonzero(reply.flow > 0)
    row, direction, _ = traffic.crossings(unit.arc_id[via[at, user, slot]])
    kept = np.ones(len(at))
    np.minimum.at(kept, row, np.maximum(part, 0.0)[direction, at[row]])
    flow = reply.flow.copy()
    flow[at, user, slot] *= kept
    replicas = replicas_for(unit, flow.sum(axis=1)) if not unit.guards else reply.replicas
    if unit.min_sites > 1:
        replicas = still_standing(unit, reply.replicas, replicas)
    flow[np.broadcast_to(replicas[:, None, :] < 1, flow.shape)] = 0.0
    lost = (reply.flow - flow).sum(axis=2)
    return Answer(flow, replicas, reply.cost, reply.unserved + lost)


def _better(
    unit: Unit, one: tuple[Answer, Ints], other: tuple[Answer, Ints], when: Ints
) -> tuple[Answer, Ints]:
    """Return the answer, or in each of the periods ``when`` that of ``other``, that leaves less out."""
    if unit.is_whole:
        return min(other, one, key=lambda each: float(each[0].unserved.sum()))
    missed = one[0].unserved.sum(axis=1)
    scale = rounding(unit.demand.sum(axis=1))[when]
    place = np.flatnonzero(other[0].unserved.sum(axis=1) <= missed[when] + scale)
    names = ("flow", "replicas", "cost", "unserved")
    found = {name: getattr(one[0], name).copy() for name in names}
    for name in names:
        found[name][when[place]] = getattr(other[0], name)[place]
    via = one[1].copy()
    via[when[place]] = other[1][place]
    return Answer(**found), via
