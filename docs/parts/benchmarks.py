"""What the benchmarks measured."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results.md"


def show_results() -> str:
    """The table that `benchmarks/run.py` has written."""
    return "\n".join(re.findall(r"^\|.*", RESULTS.read_text(encoding="utf-8"), re.M))
