"""The network of a problem as a networkx graph, and distances for those who build problems."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING, Any

from .errors import require
from .problem import Problem
from .sites import DataCenter, Link, Node

if TYPE_CHECKING:
    import networkx as nx

EARTH_RADIUS_KM = 6371.0088
"""Mean radius R1 of the Earth, km (IUGG; WGS 84)."""
LIGHT_KM_PER_MS = 299.792458
"""Speed of light in vacuum, km/ms (exact, by definition of the metre)."""
FIBER_GROUP_INDEX = 1.468
"""Group index of single-mode fibre (ITU-T G.652) at 1310 to 1550 nm, from its makers' data sheets."""


def build_graph(problem: Problem) -> nx.MultiDiGraph[str]:
    """Return the network with one edge per direction of each link, keyed by the link's id.

    Nodes carry ``kind`` (``data_center`` or ``location``), ``name``, ``jurisdiction``, ``transit``,
    ``latitude`` and ``longitude`` (None where unknown). Edges carry ``latency_ms`` (one way),
    ``bandwidth_gbps``, ``usable_gbps`` (less the reserve), ``usd_per_gb``, ``egress_usd_per_gb`` (what
    leaving the edge's tail costs over this link) and ``jurisdictions`` (those of the link itself).

    Raises
    ------
    InputError
        For anything but a problem.

    Examples
    --------
    >>> graph = build_graph(problem)  # doctest: +SKIP
    >>> networkx.shortest_path(graph, "berlin", "fra1", weight="latency_ms")  # doctest: +SKIP
    """
    import networkx as nx  # slow to import

    require("problem", problem, Problem, "a Problem, as topologies.load returns")
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=problem.name)
    for node in problem.nodes.values():
        graph.add_node(node.id, **_node_attributes(node))
    for link in problem.links:
        for tail, head in directions(link):
            graph.add_edge(tail, head, key=link.id, **_edge_attributes(problem, link, tail))
    return graph


def directions(link: Link) -> tuple[tuple[str, str], ...]:
    """Return the (tail, head) pairs in which ``link`` can be crossed."""
    forward = (link.source, link.target)
    return (forward,) if link.directed else (forward, (link.target, link.source))


def egress_usd_per_gb(problem: Problem, link: Link, tail: str) -> float:
    """Return what leaving ``tail`` over ``link`` costs, USD/GB: nothing unless ``tail`` is a data center."""
    site = problem.data_center.get(tail)
    if site is None:
        return 0.0
    return site.egress_usd_per_gb if link.egress_usd_per_gb is None else link.egress_usd_per_gb


def usable_gbps(link: Link) -> float:
    """Return the bandwidth of one direction of ``link`` less its reserve, Gbit/s."""
    return link.bandwidth_gbps * (1 - link.reserve_fraction)


def _node_attributes(node: Node) -> dict[str, Any]:
    return {
        "kind": "data_center" if isinstance(node, DataCenter) else "location",
        "name": node.name or node.id,
        "jurisdiction": node.jurisdiction,
        "transit": node.transit,
        "latitude": node.latitude,
        "longitude": node.longitude,
    }


def _edge_attributes(problem: Problem, link: Link, tail: str) -> dict[str, Any]:
    return {
        "latency_ms": link.latency_ms,
        "bandwidth_gbps": link.bandwidth_gbps,
        "usable_gbps": usable_gbps(link),
        "usd_per_gb": link.usd_per_gb,
        "egress_usd_per_gb": egress_usd_per_gb(problem, link, tail),
        "jurisdictions": link.jurisdictions,
    }


def great_circle_km(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    """Return the distance over a spherical Earth between two points given in degrees, km (haversine)."""
    north_a, north_b = radians(latitude_a), radians(latitude_b)
    rise, turn = sin((north_b - north_a) / 2), sin(radians(longitude_b - longitude_a) / 2)
    # Antipodes may exceed 1 by a rounding error.
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(rise**2 + cos(north_a) * cos(north_b) * turn**2)))


def distance_km(a: Node, b: Node) -> float | None:
    """Return the great-circle distance between two nodes, km; None where either has no coordinates."""
    if a.latitude is None or a.longitude is None or b.latitude is None or b.longitude is None:
        return None
    return great_circle_km(a.latitude, a.longitude, b.latitude, b.longitude)


def fiber_latency_ms(km: float, route_factor: float = 1.5) -> float:
    """Return the ONE-WAY latency of a fibre between points ``km`` apart, ms.

    Light takes 4.897 microseconds per km of single-mode fibre: the speed of light in vacuum over a group
    index of 1.468 (data sheets of ITU-T G.652 fibre). Equipment and queues are not counted.

    Parameters
    ----------
    km
        Distance as the crow flies.
    route_factor
        Length of the cable over that distance. 1 gives the physical floor; 1.5 is a planning assumption,
        because cables follow roads, rails and coasts.
    """
    return km * route_factor * FIBER_GROUP_INDEX / LIGHT_KM_PER_MS
