"""Demands served from sites that must be opened: prices, choice of the open set, transport."""
