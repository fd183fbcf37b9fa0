"""Workloads that each take one of several options (generalised assignment and its kin), by decomposition."""
