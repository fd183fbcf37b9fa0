"""Random small problems, each from a seed: families that aim at one thing, and mixtures of all."""

from __future__ import annotations

from random import Random
from typing import Any

from .draw import FAMILIES, Data
from .draw_places import Places
from .draw_work import Work


def family(seed: int) -> str:
    """Return the name of the family of a seed."""
    return list(FAMILIES)[seed % len(FAMILIES)]


def random_problem(seed: int) -> Data:
    """Return the plain data of a problem."""
    return _World(Random(seed), family(seed)).problem(f"{family(seed)}-{seed}")


class _World(Places, Work):
    """A problem of one family."""

    def problem(self, name: str) -> Data:
        pools, sites = self._pools(), [self._site(site) for site in self.sites]
        jobs = [self._job(f"j{n}") for n in range(self.rng.randint(1, 4 if "jobs" in self.aims else 2))]
        if "services" in self.aims and self.chance(0.6):
            jobs = []
        low = 0 if "jobs" in self.aims else 1
        services = [
            self._service(f"s{n}") for n in range(self.rng.randint(low, 3 if "services" in self.aims else 2))
        ]
        if not jobs and not services:
            jobs = [self._job("j0")]
        work = [*jobs, *services]
        return {
            "name": name,
            "groups": {"EUX": ["DE", "FR"]},
            "policies": [
                {"id": "eu", "allow": ["EUX"]},
                {"id": "eu-all", "allow": ["EUX"], "transit_allow": ["EUX"]},
                {"id": "no-cn", "deny": ["CN"], "transit_deny": ["CN"]},
                {"id": "not-via-us", "transit_deny": ["US"]},
                {"id": "not-via-shanghai", "transit_deny": ["CN-SH"], "deny": ["CN-GZ"]},
            ],
            "periods": self.periods,
            "accelerators": [
                {"id": "A", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 700},
                {"id": "B", "peak_tflops": 400, "memory_gb": 40, "tdp_w": 300},
            ],
            "data_centers": sites,
            "pools": pools,
            "locations": [self._location(name) for name in (*self.people, *self.hubs)],
            "links": self._links(),
            "workloads": work,
            "objective": self._objective(),
            "limits": self._limits(work, pools, sites),
            **(self._present(jobs, services, pools) if self.aim("moves") else {}),
        }

    def _objective(self) -> Data:
        weights = [0, 0.01, 1, 100] if self.aim("weights") else [1]
        return {
            "money_weight": self.rng.choice(weights),
            "usd_per_tco2e": self.rng.choice([0, 0, 100, 2000]),
            "usd_per_ms_request": self.rng.choice([0, 0, 1e-7, 1e-5] if self.aim("weights") else [0, 1e-7]),
            "carbon_beyond_horizon": self.chance(0.7),
        }

    def _limits(self, work: list[Data], pools: list[Data], sites: list[Data]) -> Data:
        rng, limits = self.rng, dict[str, Any]()
        if self.aim("budget"):
            limits["budget_usd"] = rng.choice([20, 60, 150, 400])
        if self.aim("carbon"):
            limits["carbon_cap_tco2e"] = rng.choice([0.001, 0.004, 0.012, 0.03])
        if self.aim("shares"):
            providers = [site.get("provider", site["id"]) for site in sites]
            limits["max_provider_share"] = {rng.choice(["*", "*", *providers]): rng.choice([0.4, 0.5, 0.75])}
        if self.aim("moves"):
            limits["max_moves"] = rng.choice([0, 1, 2])
        for key in ("pinned", "forbidden"):
            if self.aim("pins"):
                pool = rng.choice(pools)
                place = rng.choice([{"pool": pool["id"]}, {"data_center": pool["data_center"]}])
                limits[key] = [{"workload": rng.choice(work)["id"], **place}]
        return limits

    def _present(self, jobs: list[Data], services: list[Data], pools: list[Data]) -> Data:
        rng, names = self.rng, [*(pool["id"] for pool in pools), "gone"]
        present = {
            "jobs": {job["id"]: rng.sample(names, rng.choice([1, 1, 2])) for job in jobs if self.chance(0.7)},
            "services": {
                s["id"]: {rng.choice(names): rng.randint(1, 3)} for s in services if self.chance(0.8)
            },
        }
        moving = {
            "usd_per_job": rng.choice([0, 5, 50]),
            "restart_hours": rng.choice([0, 0.5]),
            "checkpoint_gb": rng.choice([0, 200]),
            "usd_per_site_entered": rng.choice([0, 3, 40]),
        }
        return {"present": present, "moving": moving}
