from __future__ import annotations

import os

import pytest

from hatch_mar.archive.formats.copy import cores


class TestCores:
    @pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux pins a process to cores")
    def test_pinned(self):
        """They are those of the process, not of the machine: a container may have few."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, [min(before)])
        try:
            assert cores() == 1
        finally:
            os.sched_setaffinity(0, before)
