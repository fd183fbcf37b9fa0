"""Facility location: which sites to open, and which of them serves whom."""

from .solve import solve_facility

__all__ = ["solve_facility"]
