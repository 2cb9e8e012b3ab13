"""What a weights file is, whether it would load, and what loading it would import: without torch.

Nothing of the file runs, no more of it is read than its table of contents and its
pickles, and no input makes this use more than a bounded amount of memory.
"""

from __future__ import annotations

from hatch_mar.weights.detect import inspect, inspect_path
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.pickles.allowlist import WEIGHTS_ONLY_GLOBALS
from hatch_mar.weights.report import Weights

__all__ = ["WEIGHTS_ONLY_GLOBALS", "Kind", "Weights", "inspect", "inspect_path"]
