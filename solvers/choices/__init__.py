"""Workloads that take one of several options under shared capacities: prices, restricted programs, local search."""
