"""computeroute: a planner for AI training and inference across regions, with proof."""

from __future__ import annotations


def __getattr__(name: str) -> str:
    """Return the version of the package as ``__version__``, read only when asked for."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("computeroute")
