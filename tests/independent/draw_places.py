"""Random sites, pools, locations and links."""

from __future__ import annotations

from .draw import PLACES, WIDE, Data, Draw


class Places(Draw):
    """Draws where work can run, and the network."""

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
