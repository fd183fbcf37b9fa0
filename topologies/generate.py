"""Complete problems of any size, made up between real metropolitan areas.

What is drawn and how stands in docs/samples.md; what is measured, published or assumed in SOURCES.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..routing.consistency import MOST_ENTRIES
from ..routing.errors import InputError
from ..routing.problem import SCHEMA_VERSION, Problem
from .catalog import fill_in
from .generate_capacity import fit
from .generate_jobs import draw_jobs
from .generate_links import connect
from .generate_reach import rules
from .generate_services import draw_services
from .generate_shapes import Element, Periods
from .generate_world import draw_world

MOST = {"sites": 2_000, "services": 100_000, "jobs": 500_000, "periods": 1_000, "locations": 2_000}
LEAST = {"sites": 1, "services": 0, "jobs": 0, "periods": 1, "locations": 1}
LEAST_TIGHTNESS, MOST_TIGHTNESS = 0.001, 10.0
NEAR = 0.9
"""Share of the tightness wanted from which on it counts as reached."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What to generate; see :func:`generate`."""

    sites: int
    services: int
    jobs: int
    periods: int
    locations: int
    seed: int
    tightness: float

    @property
    def name(self) -> str:
        """Name of the problem; locations are in its description only."""
        size = f"{self.sites}x{self.services}x{self.jobs}x{self.periods}"
        return f"generated-{size}-s{self.seed}-t{self.tightness:g}"

    def check(self) -> None:
        """Raise InputError with everything that cannot be generated."""
        faults = [fault for name in MOST for fault in self._range(name)]
        if self.services + self.jobs == 0:
            faults.append("services and jobs are both 0: there would be nothing to plan")
        if not isinstance(self.seed, int) or self.seed < 0:
            faults.append(f"seed must be a whole number from 0, not {self.seed!r}")
        if not LEAST_TIGHTNESS <= self.tightness <= MOST_TIGHTNESS:
            limits = f"at least {LEAST_TIGHTNESS:g} and at most {MOST_TIGHTNESS:g}"
            faults.append(f"tightness must be {limits}, not {self.tightness:g}")
        entries = self.services * self.locations * self.periods
        if not faults and entries > MOST_ENTRIES:
            faults.append(
                f"services x locations x periods is {entries:,}; at most {MOST_ENTRIES:,} can be planned"
            )
        if faults:
            raise InputError(faults)

    def _range(self, name: str) -> list[str]:
        value, least, most = getattr(self, name), LEAST[name], MOST[name]
        if isinstance(value, int) and least <= value <= most:
            return []
        return [f"{name} must be a whole number from {least} to {most:,}, not {value!r}"]

    def random(self, part: int) -> np.random.Generator:
        """Return the random numbers of one part, so that more jobs do not move the sites."""
        return np.random.default_rng([self.seed, part])


def generate(
    *,
    sites: int,
    services: int,
    jobs: int,
    periods: int,
    locations: int | None = None,
    seed: int = 0,
    tightness: float = 0.7,
) -> Problem:
    """Return a generated problem.

    The same arguments give the same problem on every platform: drawn with NumPy's PCG64, and all figures are
    rounded to a few digits, far above the differences of floating-point libraries.

    Parameters
    ----------
    sites, services, jobs, periods
        How many there are of each. Up to 24 periods divide one day; more are of one hour each.
    locations
        Metropolitan areas with users; without it one per site, at most 200.
    seed
        Of the random numbers, from 0.
    tightness
        Work over capacity in the fullest hour, modules that may be bought included. 0.3 is loose; from about
        0.9 on little may be left out; above 1 no plan can place everything, unless the work is so little that
        single accelerators are too much for it.

    Raises
    ------
    InputError
        When an argument is out of its range.
    """
    recipe = Recipe(
        sites=sites,
        services=services,
        jobs=jobs,
        periods=periods,
        locations=min(sites, 200) if locations is None else locations,
        seed=seed,
        tightness=tightness,
    )
    return Problem.parse(generate_data(recipe))


def generate_text(recipe: Recipe, say: Say = lambda _: None) -> str:
    """Return the file of a generated problem, found sound, one element per line."""
    data = generate_data(recipe, say)
    Problem.parse(data)
    parts = [f"{json.dumps(key)}:{_lines(value)}" for key, value in data.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, list):
        return "[\n" + ",\n".join(map(_compact, value)) + "\n]"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def generate_data(recipe: Recipe, say: Say = lambda _: None) -> Element:
    """Return the plain data of the file, and ``say`` where it is not as tight as wanted.

    Raises InputError when an argument is out of its range.
    """
    recipe.check()
    periods = Periods(recipe.periods)
    world = draw_world(recipe.random(1), recipe.sites, recipe.locations, periods)
    network = connect(recipe.random(2), world)
    reach = rules(recipe.random(3), world, network)
    jobs = draw_jobs(recipe.random(4), recipe.jobs, reach, periods)
    services = draw_services(recipe.random(5), recipe.services, reach, periods)
    fitted = fit(recipe.random(6), world, jobs, services, recipe.tightness)
    if fitted.tightness < NEAR * recipe.tightness:
        say(
            f"tightness {recipe.tightness:g} is not reached, but {fitted.tightness:.2g}: "
            "the work is too little for one accelerator in each pool"
        )
    traffic_gbps = fitted.jobs.traffic_gbps() + fitted.services.traffic_gbps()
    data = {
        "schema_version": SCHEMA_VERSION,
        "name": recipe.name,
        "description": _description(recipe, fitted.least_share),
        "objective": {"usd_per_tco2e": 80, "usd_per_ms_request": 1e-7},
        "policies": reach.policies,
        "periods": periods.elements(),
        "data_centers": world.sites,
        "pools": fitted.pools,
        "locations": world.locations,
        "links": network.elements(traffic_gbps, recipe.tightness),
        "workloads": [*fitted.jobs.elements(), *fitted.services.elements()],
    }
    return fill_in(data)


def _description(recipe: Recipe, least_share: float) -> str:
    return (
        f"Generated: {recipe.sites} sites, {recipe.services} services, {recipe.jobs} jobs, {recipe.periods} "
        f"periods, {recipe.locations} locations, seed {recipe.seed}, tightness {recipe.tightness:g} "
        f"(work takes at least {least_share:.3f} of all accelerators). "
        "The metropolitan areas are real, everything else is made up."
    )
