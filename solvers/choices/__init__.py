"""Workloads that take one of several options: prices, restricted programs, local search."""
