"""Archives with a fault each: what the checks say, and what TorchServe's own code does.

tests/checks/test_archive_file.py and tests/checks/test_archive_names.py hold the checks to the one,
tests/e2e/test_unpacking.py TorchServe to the other.
"""

from __future__ import annotations

from tests.checks.faults.fault import Fault, Tree
from tests.checks.faults.names import FOLDERS, NAMES
from tests.checks.faults.tars import TARS
from tests.checks.faults.zips import ZIPS

__all__ = ["FOLDERS", "NAMES", "TARS", "ZIPS", "Fault", "Tree"]
