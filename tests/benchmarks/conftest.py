"""Makes ``benchmarks``, which is not installed, importable as it is from the root of the repository."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
