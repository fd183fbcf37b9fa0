"""The domain: problem, graph, paths under residency and latency, plan, verifier."""

from __future__ import annotations
