"""One reader per family of instances; see :mod:`benchmarks.families` for what it has to offer."""
