"""Prices of the shared rows: how they are sought, and what they prove of all plans."""
