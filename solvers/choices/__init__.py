"""Workloads that each take one of several options (generalised assignment and its kin), by decomposition."""

from .solve import solve_choices

__all__ = ["solve_choices"]
