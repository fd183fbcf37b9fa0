"""Flows over networks: routing at the least cost or utilisation, and which links to open for it."""

from .routing import minimise_utilisation, solve_routing, utilisation_program
from .solve import solve_network

__all__ = ["minimise_utilisation", "solve_network", "solve_routing", "utilisation_program"]
