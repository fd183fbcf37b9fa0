"""Problems from files: readers, atomic writer, packaged samples and catalogs."""

from __future__ import annotations

from .catalog import accelerators
from .futures import load_scenarios
from .reading import load, read, schema
from .samples import Sample, sample_text, samples
from .writing import write_text

__all__ = [
    "Sample",
    "accelerators",
    "load",
    "load_scenarios",
    "read",
    "sample_text",
    "samples",
    "schema",
    "write_text",
]
