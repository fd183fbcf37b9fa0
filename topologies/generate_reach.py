"""Residency classes of a generated problem, and what each of them leaves within reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from ..routing.policies import DataPolicy, Residency
from .catalog import groups
from .generate_links import Network
from .generate_shapes import Bools, Element, Floats
from .generate_world import USD_PER_HOUR, World

TYPES = tuple(USD_PER_HOUR)
UNRULED_SHARE = 1.2
"""How often work has no policy, relative to all policies together where all sites are open to them."""
POLICIES: tuple[tuple[float, Element], ...] = (
    (1.0, {"id": "eea-residency", "allow": ["EEA"]}),
    (0.6, {"id": "eu-strict", "allow": ["EU"], "transit_allow": ["EEA", "CH", "GB"]}),
    (0.3, {"id": "germany-only", "allow": ["DE"], "transit_allow": ["EU"]}),
    (0.4, {"id": "uk-and-eea", "allow": ["GB", "EEA"], "transit_deny": ["US", "CN"]}),
    (1.0, {"id": "us-only", "allow": ["US"], "transit_allow": ["US", "CA"]}),
    (0.8, {"id": "china-only", "allow": ["CN"], "transit_allow": ["CN"]}),
    (0.6, {"id": "india-only", "allow": ["IN"], "transit_allow": ["IN"]}),
    (0.5, {"id": "japan-residency", "allow": ["JP"]}),
    (0.4, {"id": "gulf-residency", "allow": ["AE", "BH", "OM", "QA", "SA"]}),
    (1.0, {"id": "not-china", "deny": ["CN", "HK"], "transit_deny": ["CN"]}),
)
"""How often each is used where all sites are open to it, and the policy."""


@dataclass(frozen=True)
class Reach:
    """What each residency class permits; class 0 is work without a policy.

    There are C classes, S sites, L locations, and N nodes.

    Attributes
    ----------
    policies
        Elements of the file, of classes 1 and on.
    share
        How often each class is drawn; the classes add up to 1 (C).
    at_rest
        Sites that may process its data and that its data can reach (C, S).
    inside
        Nodes between which its data may travel (C, N).
    rtt_ms
        Network round trip of each location and site, infinite where barred (C, L, S).
    holds
        Relative size of each site's pools of each type (S, types).
    world, network
        What it was found for.
    """

    policies: list[Element]
    share: Floats
    at_rest: Bools
    inside: Bools
    rtt_ms: Floats
    holds: Floats
    world: World
    network: Network

    def policy(self, index: int) -> Element:
        """Return the field of a workload of that class."""
        return {"policy": self.policies[index - 1]["id"]} if index else {}


def rules(rng: np.random.Generator, world: World, network: Network) -> Reach:
    """Return the residency classes under which there is at least one site."""
    holds = np.zeros((len(world.sites), len(TYPES)))
    kind = np.array([TYPES.index(name) for name in world.pool_type])
    np.add.at(holds, (world.pool_site, kind), world.pool_share)
    candidates = [(UNRULED_SHARE, None), *POLICIES]
    found = [(weight, policy, *_class(world, network, holds, policy)) for weight, policy in candidates]
    kept = [row for row in found if row[2].any()]
    open_share = np.array([holds[row[2]].sum() / holds.sum() for row in kept])
    weight = np.array([row[0] for row in kept]) * np.sqrt(open_share) * rng.uniform(0.7, 1.3, len(kept))
    return Reach(
        policies=[row[1] for row in kept if row[1] is not None],
        share=weight / weight.sum(),
        at_rest=np.array([row[2] for row in kept]),
        inside=np.array([row[3] for row in kept]),
        rtt_ms=np.array([row[4] for row in kept]),
        holds=holds,
        world=world,
        network=network,
    )


def _class(
    world: World, network: Network, holds: Floats, policy: Element | None
) -> tuple[Bools, Bools, Floats]:
    """Return sites, nodes and round trips of one class: of its component with most accelerators."""
    residency = Residency(
        DataPolicy(**policy) if policy else None, {k: tuple(v) for k, v in groups().items()}
    )
    may_pass = np.array([residency.may_pass(code) for code in network.jurisdiction])
    graph = _graph(network, may_pass, residency)
    sites = len(world.sites)
    may_process = np.array([residency.may_process(code) for code in network.jurisdiction[:sites]])
    _, component = connected_components(graph, directed=False)
    size = np.bincount(
        component[:sites], holds.sum(axis=1) * (may_process & may_pass[:sites]), component.max() + 1
    )
    inside = may_pass & (component == size.argmax())
    from_locations = np.arange(sites, len(network.nodes))
    rtt = 2 * dijkstra(graph, directed=False, indices=from_locations)[:, :sites]
    rtt[~inside[sites:]] = np.inf
    rtt[:, ~inside[:sites]] = np.inf
    return may_process & inside[:sites], inside, np.round(rtt, 4)


def _graph(network: Network, may_pass: Bools, residency: Residency) -> csr_array:
    """Return one-way latencies over the links that the rules permit."""
    open_link = np.array([all(map(residency.may_pass, codes)) for codes in network.passes], dtype=bool)
    open_link &= may_pass[network.source] & may_pass[network.target]
    ends = network.source[open_link], network.target[open_link]
    size = len(network.nodes)
    return csr_array((network.latency_ms[open_link], ends), shape=(size, size))
