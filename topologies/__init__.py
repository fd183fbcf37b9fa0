"""Problems from files: readers, atomic writer, packaged samples and catalogs."""

from __future__ import annotations

from .catalog import accelerators
from .futures import load_scenarios
from .reading import from_data, load, read, schema
from .samples import Sample, sample_text, samples
from .writing import write_text

__all__ = [
    "Sample",
    "accelerators",
    "from_data",
    "load",
    "load_scenarios",
    "read",
    "sample_text",
    "samples",
    "schema",
    "write_text",
]
