"""Published instances through the solvers of this repository: ``python -m benchmarks --help``."""
