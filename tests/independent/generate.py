"""Random small problems, each from a seed: families that aim at one thing, and mixtures of all."""

from __future__ import annotations

from random import Random
from typing import Any

Data = dict[str, Any]
PLACES = ("DE", "DE", "FR", "US", "CN-SH", "CN-GZ")
WIDE = 100_000.0
FAMILIES: dict[str, set[str]] = {
    "plain": set(),
    "tight": {"tight", "cyclic"},
    "several-sites": {"tight", "cyclic", "several-sites", "jobs"},
    "several-wide": {"several-sites", "cyclic", "jobs", "policies"},
    "survival": {"survival", "cyclic", "services"},
    "survival-shares": {"survival", "shares", "spread"},
    "shares": {"shares", "commitments"},
    "weights": {"weights", "cyclic", "services"},
    "negative": {"negative", "commitments", "services"},
    "pausing": {"pausing", "commitments", "periods", "jobs"},
    "pausing-tight": {"pausing", "tight", "periods", "jobs", "cyclic"},
    "expansion": {"expansion", "budget"},
    "moves": {"moves", "spread"},
    "spread": {"spread", "services", "periods", "negative"},
    "limits": {"budget", "carbon", "power", "pins"},
    "directed": {"directed", "cyclic", "tight", "policies", "survival"},
    "continuing": {"continuing", "commitments", "jobs", "weights"},
    "everything": {
        "tight", "cyclic", "several-sites", "survival", "shares", "weights", "negative", "pausing", "commitments",
        "expansion", "budget", "moves", "spread", "carbon", "power", "pins", "directed", "policies", "continuing",
    },
}  # fmt: skip


def family(seed: int) -> str:
    """Return the name of the family of a seed."""
    return list(FAMILIES)[seed % len(FAMILIES)]


def random_problem(seed: int) -> Data:
    """Return the plain data of a problem."""
    return _World(Random(seed), family(seed)).problem(f"{family(seed)}-{seed}")


class _World:
    def __init__(self, rng: Random, name: str) -> None:
        self.rng, self.aims = rng, FAMILIES[name]
        self.often = 0.35 if name == "everything" else 0.75
        self.sites = [f"d{n}" for n in range(rng.randint(2, 5 if self.aim("cyclic") else 4))]
        self.people = [f"u{n}" for n in range(rng.randint(1, 2))]
        self.hubs = [f"h{n}" for n in range(rng.choice([0, 0, 1, 2]))]
        count = rng.randint(2, 4) if "periods" in self.aims else rng.randint(1, 3)
        self.periods = [
            {"id": f"t{n}", "hours": rng.choice([1, 2, 4, 6]), "weight": rng.choice([1, 1, 1, 2, 0.5])}
            for n in range(count)
        ]
        self.horizon = sum(period["hours"] * period["weight"] for period in self.periods)

    def aim(self, name: str) -> bool:
        """Return whether a thing is to be there: often where it is aimed at, else hardly ever."""
        return self.rng.random() < (self.often if name in self.aims else 0.08)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def each(self, low: float, high: float, digits: int = 3) -> Any:
        """Return one number, or one per period."""
        series = [round(self.rng.uniform(low, high), digits) for _ in self.periods]
        return self.rng.choice([series, series[0]])

    def problem(self, name: str) -> Data:
        pools = self._pools()
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
            "data_centers": [self._site(site) for site in self.sites],
            "pools": pools,
            "locations": [self._location(name) for name in (*self.people, *self.hubs)],
            "links": self._links(),
            "workloads": work,
            "objective": self._objective(),
            "limits": self._limits(work, pools),
            **(self._present(jobs, services, pools) if self.aim("moves") else {}),
        }

    def _site(self, name: str) -> Data:
        low = -0.6 if self.aim("negative") else 0
        site: Data = {
            "id": name,
            "jurisdiction": self.rng.choice(PLACES),
            "kind": self.rng.choice(["cloud", "on_prem", "colo"]),
            "transit": not self.chance(0.15),
            "pue": self.rng.choice([1, 1.2, 1.5]),
            "usd_per_kwh": self.each(low, 0.4),
            "g_per_kwh": self.each(0, 600, 0),
            "egress_usd_per_gb": self.rng.choice([0, 0.02, 0.09]),
        }
        if self.chance(0.6):
            site["provider"] = self.rng.choice(["pa", "pb"])
        if self.aim("power"):
            site["max_power_kw"] = self.rng.choice([1.5, 3, 6])
        return site

    def _location(self, name: str) -> Data:
        return {"id": name, "jurisdiction": self.rng.choice(PLACES), "transit": not self.chance(0.2)}

    def _links(self) -> list[Data]:
        """Return a random tree over all nodes, and further links, parallel ones among them."""
        nodes = [*self.sites, *self.people, *self.hubs]
        self.rng.shuffle(nodes)
        pairs = [(node, self.rng.choice(nodes[:at])) for at, node in enumerate(nodes) if at]
        more = self.rng.randint(2, 5) if self.aim("cyclic") else self.rng.randint(0, 2)
        pairs += [tuple(self.rng.sample(nodes, 2)) for _ in range(more)]
        self.rng.shuffle(pairs)
        return [self._link(*pair) for pair in pairs[: 9 if len(nodes) > 6 else 10]]

    def _link(self, source: str, target: str) -> Data:
        narrow = [0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2] if self.aim("tight") else [0.5, WIDE, WIDE, WIDE]
        link: Data = {
            "source": source,
            "target": target,
            "bandwidth_gbps": self.rng.choice(narrow),
            "latency_ms": self.rng.choice([1, 2, 5, 10, 20, 40]),
            "usd_per_gb": self.rng.choice([0, 0, 0.01, 0.02, 0.05]),
        }
        if self.chance(0.2):
            link["egress_usd_per_gb"] = self.rng.choice([0, 0.01, 0.12])
        if self.chance(0.15):
            link["reserve_fraction"] = self.rng.choice([0.2, 0.5])
        if self.aim("directed") and self.chance(0.5):
            link["directed"] = True
        if self.aim("policies") and self.chance(0.4):
            link["jurisdictions"] = [self.rng.choice(PLACES)]
        return link

    def _pools(self) -> list[Data]:
        kinds = self.rng.choice(["A", "AB", "AAB"])
        pools = [self._pool(f"p{n}", site, self.rng.choice(kinds)) for n, site in enumerate(self.sites)]
        if self.chance(0.4):
            pools.append(self._pool("q", self.rng.choice(self.sites), self.rng.choice(kinds)))
        return pools

    def _pool(self, name: str, site: str, kind: str) -> Data:
        rng, count = self.rng, self.rng.choice([2, 3, 4, 6, 8, 12])
        pool: Data = {
            "id": name,
            "data_center": site,
            "accelerator": kind,
            "count": count,
            "usd_per_accelerator_hour": round(rng.uniform(0.3, 4), 2),
        }
        if self.aim("commitments"):
            pool |= {
                "committed_count": rng.randint(1, count),
                "committed_usd_per_accelerator_hour": rng.choice([0.2, 1.1]),
            }
        if self.aim("pausing"):
            pool["spot_usd_per_accelerator_hour"] = round(rng.uniform(0.1, 3), 2)
            if self.chance(0.4):
                pool["spot_count"] = rng.choice([1, 2, 4])
        if self.aim("expansion"):
            pool["count"] = rng.choice([1, 2, count]) if "committed_count" not in pool else count
            pool["expansion"] = {
                "module_accelerators": rng.choice([1, 2, 4]),
                "capital_usd_per_module": rng.choice([5_000, 20_000, 100_000]),
                "lifetime_years": rng.choice([3, 5]),
                "discount_rate": rng.choice([0, 0.08]),
                "max_modules": rng.choice([1, 2, 3]),
                "space_usd_per_kw_year": rng.choice([0, 300]),
                "staff_usd_per_kw_year": rng.choice([0, 100]),
            }
        if self.chance(0.2):
            pool["max_gang"] = rng.choice([2, 3, 4])
        if self.chance(0.3):
            pool["scaling"] = [
                {"accelerators": 2, "efficiency": 0.95},
                {"accelerators": 8, "efficiency": 0.7},
            ]
        if self.chance(0.2):
            pool["reserve_fraction"] = rng.choice([0.1, 0.25, 0.5])
        if self.chance(0.3):
            pool["power_utilization"] = rng.choice([0.8, 1.2])
        if self.chance(0.3):
            pool["energy_included"] = self.chance(0.5)
        return pool

    def _policy(self) -> Data:
        if not self.aim("policies") and not self.chance(0.15):
            return {}
        return {"policy": self.rng.choice(["eu", "eu-all", "no-cn", "not-via-us", "not-via-shanghai"])}

    def _job(self, name: str) -> Data:
        rng = self.rng
        job: Data = {
            "kind": "training",
            "id": name,
            "priority": rng.choice([0.5, 1, 1, 2, 3.7]),
            **self._policy(),
        }
        if self.chance(0.3):
            job["compute"] = {"pflop_days": rng.choice([0.1, 0.3, 0.9]), "utilization": rng.choice([0.3, 0.45]),
                              "counts": rng.choice([[1, 2], [2, 4], [6]])}  # fmt: skip
            if self.chance(0.4):
                job["compute"]["accelerators"] = [rng.choice("AB")]
        else:
            job["needs"] = self._needs()
        if self.chance(0.6):
            job["dataset"] = {"at": rng.sample([*self.sites, *self.people], rng.choice([1, 1, 2])),
                              "gb": rng.choice([10, 40, 100, 300])}  # fmt: skip
            if self.chance(0.5):
                job["dataset"]["transfer_hours"] = rng.choice([0.5, 1, 2, 5])
        if self.aim("several-sites"):
            job["max_sites"] = rng.choice([2, 2, 3])
            job["multi_site"] = {"min_bandwidth_gbps": rng.choice([0.005, 0.01, 0.04]),
                                 "max_rtt_ms": rng.choice([10, 40, 200]), "efficiency": rng.choice([1, 0.9, 0.8])}  # fmt: skip
        if self.aim("pausing"):
            job["interruptible"] = True
        if self.chance(0.25):
            job["earliest_start_hours"] = round(rng.choice([0.1, 0.3, 0.5]) * self.horizon, 3)
        if self.chance(0.25):
            job["deadline_hours"] = job.get("earliest_start_hours", 0) + rng.choice([1.5, 3, 7, 15])
        if self.chance(0.1):
            job["memory_gb_per_accelerator"] = rng.choice([40, 60])
        return job

    def _needs(self) -> list[Data]:
        longest = 1.6 if self.aim("continuing") else 0.8
        kinds = self.rng.sample(["A", "B", "A2"], self.rng.choice([1, 2, 2]))
        counts = {"A": [1, 2, 4], "B": [2, 4, 6], "A2": [3, 6, 8]}
        return [
            {"accelerator": kind[0], "count": self.rng.choice(counts[kind]),
             "hours": round(self.rng.uniform(0.1, longest) * self.horizon, 1) or 0.5}
            for kind in kinds
        ]  # fmt: skip

    def _service(self, name: str) -> Data:
        rng = self.rng
        at = rng.sample([*self.people, *self.people, *self.sites], rng.randint(1, 3))
        service: Data = {
            "kind": "inference",
            "id": name,
            "priority": rng.choice([0.2, 1, 1, 2, 5]),
            **self._policy(),
            "request_kb": rng.choice([0, 1, 50, 500]),
            "response_kb": rng.choice([0, 20, 200, 1000]),
            "target_utilization": rng.choice([1, 0.75, 0.6]),
            "demand": [self._demand(place) for place in dict.fromkeys(at)],
            "serving": [self._serving(kind) for kind in rng.choice(["A", "AB", "AB", "B"])],
        }
        if self.chance(0.4):
            service["max_rtt_ms"] = rng.choice([10, 30, 60, 120])
        if self.chance(0.3):
            service["max_latency_ms"] = rng.choice([40, 90, 150])
        if self.aim("survival"):
            service["survive"] = rng.choice(["site", "link"])
        if self.aim("spread"):
            service["min_sites"] = rng.choice([1, 2, 2])
            if self.chance(0.5):
                service["max_sites"] = rng.choice([2, 3])
        elif service.get("survive") != "site" and self.chance(0.15):
            service["max_sites"] = 1
        return service

    def _demand(self, place: str) -> Data:
        peak = self.rng.choice([1, 4, 10, 20])
        return {"location": place, "requests_per_second": self.each(0.1 * peak, peak, 1),
                **(self._policy() if self.chance(0.3) else {})}  # fmt: skip

    def _serving(self, kind: str) -> Data:
        return {
            "accelerator": kind,
            "requests_per_second": self.rng.choice([1.5, 4, 10]),
            "accelerators_per_replica": self.rng.choice([1, 1, 2]),
            "service_ms": self.rng.choice([0, 20, 30]),
        }

    def _objective(self) -> Data:
        weights = [0, 0.01, 1, 100] if self.aim("weights") else [1]
        return {
            "money_weight": self.rng.choice(weights),
            "usd_per_tco2e": self.rng.choice([0, 0, 100, 2000]),
            "usd_per_ms_request": self.rng.choice([0, 0, 1e-7, 1e-5] if self.aim("weights") else [0, 1e-7]),
            "carbon_beyond_horizon": self.chance(0.7),
        }

    def _limits(self, work: list[Data], pools: list[Data]) -> Data:
        rng, limits = self.rng, dict[str, Any]()
        if self.aim("budget"):
            limits["budget_usd"] = rng.choice([20, 60, 150, 400])
        if self.aim("carbon"):
            limits["carbon_cap_tco2e"] = rng.choice([0.001, 0.004, 0.02])
        if self.aim("shares"):
            limits["max_provider_share"] = {rng.choice(["*", "*"]): rng.choice([0.4, 0.5, 0.75])}
        for key in ("pinned", "forbidden"):
            if self.aim("pins"):
                pool = rng.choice(pools)
                place = rng.choice([{"pool": pool["id"]}, {"data_center": pool["data_center"]}])
                limits[key] = [{"workload": rng.choice(work)["id"], **place}]
        return limits

    def _present(self, jobs: list[Data], services: list[Data], pools: list[Data]) -> Data:
        rng, names = self.rng, [pool["id"] for pool in pools]
        present = {
            "jobs": {job["id"]: rng.sample(names, rng.choice([1, 1, 2])) for job in jobs if self.chance(0.7)},
            "services": {
                s["id"]: {rng.choice(names): rng.randint(1, 3)} for s in services if self.chance(0.8)
            },
        }
        self.moving = {
            "usd_per_job": rng.choice([0, 5, 50]),
            "restart_hours": rng.choice([0, 0.5]),
            "checkpoint_gb": rng.choice([0, 200]),
            "usd_per_site_entered": rng.choice([0, 3, 40]),
        }
        return {"present": present, "moving": self.moving}
