"""Which limit of the whole plan keeps left-out work from the places that have room for it, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from ...routing.errors import quoted
from ...routing.text import money, number
from ...routing.trip_table import of_trips
from ..admissible.moving import sites_held
from ..admissible.pools import Flags
from ..rates import Floats, Ints
from .accounting import World, pool_users
from .in_use import accelerators_held
from .limits_used import LimitsUsed
from .solution import Decisions

Told = Callable[[Flags], str]
"""What is told of some of the ways."""
ROUNDING = 1e-9
"""Part by which what is needed may pass what is left."""


class Needs(NamedTuple):
    """The least that left-out work needs in each of N ways that it could be placed.

    ``pools`` (N, K) are those that it would hold, -1 for none, ``hours`` (N, K) the accelerator-hours in
    each, ``accelerators`` (N,) how many in each; ``moved`` (N,) whether it would move. ``periods`` are those
    in which it could hold them.
    """

    pools: Ints
    accelerators: Ints
    hours: Floats
    usd: Floats
    tco2e: Floats
    moved: Flags
    periods: Ints


class Binding:
    """What limits over the whole plan leave to work that the plan leaves out."""

    def __init__(self, variables: World, decisions: Decisions, used: LimitsUsed) -> None:
        self.variables, self.decisions, self.used = variables, decisions, used
        self.rates, self.problem = variables.rates, variables.problem
        self._cheapest, self._cleanest = self.rates.energy_usd.min(axis=1), self.rates.tco2e.min(axis=1)

    def told(self, needs: Needs, has_room: Flags) -> str:
        """Tell of the first limit that none of the ways keeps, of those with room where there are some."""
        left = has_room if has_room.any() else np.ones(len(has_room), dtype=bool)
        where = " where there is room" if has_room.any() and not has_room.all() else ""
        for name, kept, words in self._limits(needs):
            if not (left & kept).any():
                return f"{name} keeps it out: {words(left)}{where}"
            left = left & kept
        return ""

    def job_needs(self, options: Ints) -> Needs:
        """Return what some options of one job need."""
        table, rates = self.variables.jobs.table, self.rates
        pools, each = table.pools[options], table.accelerators[options]
        job = self.problem.jobs[int(table.job[options[0]])]
        within = np.minimum(table.hours[options], rates.horizon - job.earliest_start_hours)
        held = np.where(pools >= 0, (each * within)[:, None], 0.0)
        paid = np.maximum(held - self._idle_hours[pools], 0.0) * rates.compute_usd[pools]
        spot = np.where(table.spot[options][:, None], held * rates.spot_usd[pools], paid)
        gb = job.dataset.gb / (pools >= 0).sum(axis=1) if job.dataset else np.zeros(len(options))
        carried = of_trips(self.variables.jobs.trips.out_usd_per_gb, table.routes[options], 0.0).sum(axis=1)
        usd = np.where(pools >= 0, spot, 0.0).sum(axis=1) + gb * carried
        usd += (held * self._cheapest[pools]).sum(axis=1)
        tco2e = (held * self._cleanest[pools]).sum(axis=1)
        moved = options[table.moved[options]]
        usd[table.moved[options]] += table.moving_usd[moved].sum(axis=1) + table.checkpoint_usd[moved]
        return Needs(pools, each, held, usd, tco2e, table.moved[options], np.arange(rates.periods))

    def demand_needs(self, row: int, arcs: Ints) -> Needs:
        """Return what all that is left out of a demand needs on each of some arcs."""
        services, rates, unserved = self.variables.services, self.rates, self.decisions.unserved[row]
        slots = services.arc_slot[arcs]
        pools, each = services.slot_pool[slots], services.slot_accelerators[slots]
        more = np.maximum(unserved - self._spare_rps[slots] * (unserved > 0), 0.0)
        replicas = np.ceil(more / services.slot_rps[slots][:, None] - ROUNDING)
        held = replicas * each[:, None] * rates.durations
        hours = held.sum(axis=1)
        usd = np.maximum(hours - self._idle_hours[pools], 0.0) * rates.compute_usd[pools]
        usd += (held * rates.energy_usd[pools]).sum(axis=1)
        usd += services.arc_money[arcs] * float(unserved @ rates.durations) * 3600
        tco2e = (held * rates.tco2e[pools]).sum(axis=1)
        service = self.problem.services[int(services.slot_service[slots[0]])]
        at = sites_held(self.problem, service.id)
        sites = [self.problem.pools[pool].data_center for pool in pools.tolist()]
        moved = np.array([at is not None and site not in at for site in sites], dtype=bool)
        most = (replicas.max(axis=1) * each).astype(np.int64)
        lacking = np.flatnonzero(unserved > 0)
        return Needs(pools[:, None], most, hours[:, None], usd, tco2e, moved, lacking)

    def _limits(self, needs: Needs) -> Iterator[tuple[str, Flags, Told]]:
        """Yield each limit, which ways keep it, and what is told of the ways that do not."""
        limits = self.problem.limits
        for name, limit, used, asked, unit in (
            ("budget_usd", limits.budget_usd, self.used.money_usd, needs.usd, "USD"),
            ("carbon_cap_tco2e", limits.carbon_cap_tco2e, self.used.tco2e, needs.tco2e, "tCO2e"),
        ):
            if limit is not None:
                kept = asked <= (limit - used) + ROUNDING * max(1.0, limit)
                yield name, kept, partial(_amounts, limit, used, asked, unit)
        if limits.max_moves is not None:
            left = limits.max_moves - self.used.moves
            told = f"{self.used.moves} of {limits.max_moves} used, and one more needed"
            yield "max_moves", ~needs.moved | (left > 0), lambda _: told
        if limits.max_provider_share:
            yield self._shares(needs)
        if any(site.max_power_kw is not None for site in self.problem.data_centers):
            yield self._power(needs)

    def _shares(self, needs: Needs) -> tuple[str, Flags, Told]:
        shares = self.problem.limits.max_provider_share
        names = [site.provider_id for site in self.problem.data_centers]
        provider = np.array([names[site] for site in self.rates.site])
        hours, added = self._hours.sum(axis=1), np.where(needs.pools >= 0, needs.hours, 0.0)
        total, kept, told = hours.sum(), np.ones(len(needs.usd), dtype=bool), {}
        for name in dict.fromkeys(names):
            share, held = shares.get(name, shares.get("*", 1.0)), hours[provider == name].sum()
            more = np.where(provider[needs.pools] == name, added, 0.0).sum(axis=1)
            over = held + more - share * (total + added.sum(axis=1)) > ROUNDING * max(1.0, total)
            kept &= ~(over & (more > 0))
            told[name] = f"{quoted(name)} has {number(held)} of all {number(total)} accelerator-hours, "
            told[name] += f"{share:.0%} are permitted"

        def words(left: Flags) -> str:
            first = int(np.flatnonzero(left)[np.argmin(added[left].sum(axis=1))])
            asked = f", and {number(added[first].sum())} more needed"
            return told[str(provider[needs.pools[first, 0]])] + asked

        return "max_provider_share", kept, words

    def _power(self, needs: Needs) -> tuple[str, Flags, Told]:
        """Judge by what sites draw on average: work that may begin later may find more, or less."""
        rates, sites = self.rates, self.problem.data_centers
        lengths, drawn = rates.durations[needs.periods], np.zeros(len(sites))
        held = self._held[:, needs.periods] @ lengths / lengths.sum()
        np.add.at(drawn, rates.site, held * rates.kw)
        most = np.array([np.inf if site.max_power_kw is None else site.max_power_kw for site in sites])
        site = rates.site[needs.pools]
        asked = needs.accelerators[:, None] * rates.kw[needs.pools]
        over = (needs.pools >= 0) & (drawn[site] + asked > most[site] * (1 + ROUNDING))

        def words(left: Flags) -> str:
            ways = np.flatnonzero(left)
            first = int(ways[np.argmin(np.where(over, asked, 0.0).sum(axis=1)[ways])])
            at = int(np.argmax(over[first]))
            name, here = quoted(sites[site[first, at]].id), site[first, at]
            used, kw = f"{number(drawn[here], 1)} of {number(most[here], 1)} kW", number(asked[first, at], 1)
            return f"{name} draws {used} on average, and {kw} more are needed"

        return "max_power_kw", np.asarray(~over.any(axis=1)), words

    @cached_property
    def _held(self) -> Floats:
        return accelerators_held(self.variables, self.decisions)

    @cached_property
    def _hours(self) -> Floats:
        """(P, T) accelerator-hours that are used."""
        hours = np.zeros((len(self.problem.pools), self.rates.periods))
        for user in pool_users(self.variables, self.decisions):
            hours[user.pool] += user.hours
        return hours

    @cached_property
    def _spare_rps(self) -> Floats:
        """(S, T) requests/s that replicas could answer more."""
        services, decisions = self.variables.services, self.decisions
        spare = decisions.replicas * services.slot_rps[:, None]
        np.add.at(spare, (services.arc_slot[decisions.flow_arc], decisions.flow_period), -decisions.flow_rps)
        return np.asarray(np.maximum(spare, 0.0))

    @cached_property
    def _idle_hours(self) -> Floats:
        """(P,) committed accelerator-hours that nothing uses, those on spot not told apart."""
        committed = self.rates.committed_count[:, None] * self.rates.durations
        return np.asarray(np.maximum(committed - self._hours, 0.0).sum(axis=1))


def _amounts(limit: float, used: float, asked: Floats, unit: str, left: Flags) -> str:
    """Tell of a limit in money or carbon."""
    shown = money if unit == "USD" else _tonnes
    least = shown(float(asked[left].min()))
    spent = f"{shown(used)} of {shown(limit)} {unit} used, {shown(limit - used)} left"
    return f"{spent}, and at least {least} needed"


def _tonnes(tco2e: float) -> str:
    return f"{tco2e:.3g}" if tco2e < 1 else number(tco2e, 3)
