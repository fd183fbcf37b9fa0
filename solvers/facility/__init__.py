"""Facility location: which sites to open, and which of them serves whom."""
