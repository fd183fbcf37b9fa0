"""Flows over a network: routing under capacity, and fixed-charge design."""
