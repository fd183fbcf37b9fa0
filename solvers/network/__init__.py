"""Flows over networks: routing at the least cost or utilisation, and which links to open for it."""
