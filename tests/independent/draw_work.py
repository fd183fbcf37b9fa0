"""Random jobs and services."""

from __future__ import annotations

from .draw import Data, Draw


class Work(Draw):
    """Draws what has to run."""

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
            job["compute"] = {"pflop_days": rng.choice([0.1, 0.3, 0.9]), "utilization": 0.4,
                              "counts": rng.choice([[1, 2], [2, 4], [6]])}  # fmt: skip
            if self.chance(0.4):
                job["compute"]["accelerators"] = [rng.choice("AB")]
        else:
            job["needs"] = self._needs()
        if self.chance(0.6):
            job["dataset"] = self._dataset()
        if self.aim("several-sites"):
            job["max_sites"] = rng.choice([2, 2, 3])
            job["multi_site"] = {
                "min_bandwidth_gbps": rng.choice([0.005, 0.01, 0.04]),
                "max_rtt_ms": rng.choice([10, 40, 200]),
                "efficiency": rng.choice([1, 0.9, 0.8]),
            }
        if self.aim("pausing"):
            job["interruptible"] = True
        if self.chance(0.1):
            job["memory_gb_per_accelerator"] = rng.choice([40, 60])
        return job | self._window()

    def _dataset(self) -> Data:
        places = self.rng.sample([*self.sites, *self.people], self.rng.choice([1, 1, 2]))
        time = {"transfer_hours": self.rng.choice([0.5, 1, 2, 5])} if self.chance(0.5) else {}
        return {"at": places, "gb": self.rng.choice([10, 40, 100, 300]), **time}

    def _window(self) -> Data:
        window = {}
        if self.chance(0.25):
            window["earliest_start_hours"] = round(self.rng.choice([0.1, 0.3, 0.5]) * self.horizon, 3)
        if self.chance(0.25):
            window["deadline_hours"] = window.get("earliest_start_hours", 0) + self.rng.choice(
                [1.5, 3, 7, 15]
            )
        return window

    def _needs(self) -> list[Data]:
        longest = 1.6 if self.aim("continuing") else 0.8
        kinds = self.rng.sample(["A", "B", "A2"], self.rng.choice([1, 2, 2]))
        counts = {"A": [1, 2, 4], "B": [2, 4, 6], "A2": [3, 6, 8]}
        if self.chance(0.05):
            return [{"accelerator": "A", "count": 2, "hours": self.horizon}]
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
        rates = self.each(0.1 * peak, peak, 1)
        if self.chance(0.1):
            rates = [self.rng.choice([0, peak]) for _ in self.periods]
        return {"location": place, "requests_per_second": rates,
                **(self._policy() if self.chance(0.3) else {})}  # fmt: skip

    def _serving(self, kind: str) -> Data:
        return {
            "accelerator": kind,
            "requests_per_second": self.rng.choice([1.5, 4, 10]),
            "accelerators_per_replica": self.rng.choice([1, 1, 2]),
            "service_ms": self.rng.choice([0, 20, 30]),
        }
