"""Random problems of one service that is to survive losses, and their best plan by listing all replicas.

Replicas are the only cost, throughputs and requests are whole numbers, and what is served after a loss is
found by a maximum flow over shortest ways; no code of the solvers or of the verifier is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import inf
from random import Random
from typing import Any

import networkx as nx

Data = dict[str, Any]
Lost = tuple[str, Any]


def random_world(rng: Random) -> Data:
    """Return the plain data of a random problem."""
    sites = [f"s{index}" for index in range(rng.randint(2, 4))]
    people = [f"u{index}" for index in range(rng.randint(1, 3))]
    service: Data = {
        "kind": "inference",
        "id": "chat",
        "survive": rng.choice(["site", "link"]),
        "demand": [
            {"location": name, "requests_per_second": rng.randint(1, 6)}
            for name in rng.sample([*people, sites[0]], rng.randint(1, len(people)))
        ],
        "serving": [{"accelerator": "a", "requests_per_second": rng.choice([2, 3])}],
    }
    if rng.random() < 0.6:
        service["max_rtt_ms"] = rng.choice([6, 10, 16])
    return {
        "periods": [{"id": "t0", "hours": 1}],
        "accelerators": [{"id": "a", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 1000}],
        "data_centers": [
            {"id": name, "jurisdiction": "DE", "transit": rng.random() < 0.7} for name in sites
        ],
        "pools": [
            {"id": f"p-{name}", "data_center": name, "accelerator": "a", "count": rng.randint(1, 4),
             "usd_per_accelerator_hour": rng.randint(1, 5)}
            for name in sites
        ],
        "locations": [
            {"id": name, "jurisdiction": "DE", "transit": rng.random() < 0.5} for name in people
        ],
        "links": list(_links(rng, [*people, *sites])),
        "workloads": [service],
    }  # fmt: skip


def _links(rng: Random, nodes: list[str]) -> Iterator[Data]:
    for one, other in product(nodes, nodes):
        if one < other:
            for _ in range(rng.choice([0, 1, 1, 2])):
                latency_ms = rng.randint(1, 4)
                yield {"id": f"l{rng.random()}", "source": one, "target": other, "bandwidth_gbps": 10,
                       "latency_ms": latency_ms}  # fmt: skip


@dataclass
class Listing:
    """All ways to hold replicas of the one service of a problem."""

    data: Data

    def __post_init__(self) -> None:
        self.service = self.data["workloads"][0]
        self.demand = {each["location"]: each["requests_per_second"] for each in self.service["demand"]}
        self.rps = self.service["serving"][0]["requests_per_second"]
        self.through = {
            each["id"]
            for kind in ("data_centers", "locations")
            for each in self.data[kind]
            if each["transit"]
        }
        self.losses: list[Lost] = [("nothing", None)]
        if self.service["survive"] == "site":
            self.losses += [("site", site["id"]) for site in self.data["data_centers"]]
        else:
            self.losses += [("link", link["id"]) for link in self.data["links"]]
        self.reach = {loss: self._reach(loss) for loss in self.losses}

    def _reach(self, loss: Lost) -> dict[str, set[str]]:
        """Return the sites in reach of each location that is left."""
        users = [name for name in self.demand if loss != ("site", name)]
        return {name: {site for site in self._sites(loss) if self._near(loss, name, site)} for name in users}

    def _sites(self, loss: Lost) -> list[str]:
        return [site["id"] for site in self.data["data_centers"] if loss != ("site", site["id"])]

    def _near(self, loss: Lost, user: str, site: str) -> bool:
        graph = nx.Graph()
        graph.add_nodes_from([user, site])
        for link in self.data["links"]:
            ends = {link["source"], link["target"]}
            is_left = loss != ("link", link["id"]) and not (loss[0] == "site" and loss[1] in ends)
            if is_left and ends <= self.through | {user, site}:
                before = graph.get_edge_data(*ends, {"ms": inf})["ms"]
                graph.add_edge(*ends, ms=min(before, link["latency_ms"]))
        if not nx.has_path(graph, user, site):
            return False
        rtt_ms = 2 * nx.shortest_path_length(graph, user, site, weight="ms")
        return rtt_ms <= self.service.get("max_rtt_ms", inf)

    def barred(self) -> dict[str, str]:
        """Return who cannot be served, or not after a loss."""
        here = self.reach["nothing", None]
        exposed = {user for reach in self.reach.values() for user, sites in reach.items() if not sites}
        return {user: "survival" if here[user] else "route or latency" for user in exposed}

    def best(self, users: set[str]) -> float | None:
        """Return the least cost of replicas that serve all ``users`` after every loss, or None."""
        pools = self.data["pools"]
        found = [
            sum(n * pool["usd_per_accelerator_hour"] for n, pool in zip(held, pools, strict=True))
            for held in product(*(range(pool["count"] + 1) for pool in pools))
            if all(
                self._serves(dict(zip(self._sites(("", "")), held, strict=True)), users, loss)
                for loss in self.losses
            )
        ]
        return min(found, default=None)

    def _serves(self, held: dict[str, int], users: set[str], loss: Lost) -> bool:
        graph, reach = nx.DiGraph(), self.reach[loss]
        left = [user for user in reach if user in users]
        graph.add_nodes_from(["from", "to"])
        for user in left:
            graph.add_edge("from", ("user", user), capacity=self.demand[user])
            for site in reach[user]:
                graph.add_edge(("user", user), ("site", site))
                graph.add_edge(("site", site), "to", capacity=self.rps * held[site])
        flow: float = nx.maximum_flow_value(graph, "from", "to")
        return flow >= sum(self.demand[user] for user in left)
