from __future__ import annotations

import os

import pytest

from hatch_mar.archive.filesystem.short_names import LONGEST, shorten_name


class TestShortenName:
    @pytest.mark.parametrize("name", ["digits.mar", "é" * (LONGEST // 2), "a" * LONGEST])
    def test_short(self, name: str):
        """A name that is short enough is left as it is."""
        assert shorten_name(name) == name

    @pytest.mark.parametrize("name", ["a" * (LONGEST + 1), "é" * 127, "a" + "é" * 127, "a" * 254 + "\udcff"])
    def test_long(self, name: str):
        """What a long name becomes begins like it, and is a name of any file system."""
        found = shorten_name(name)

        assert name.startswith(found.rpartition("-")[0])
        assert len(os.fsencode(found)) <= LONGEST

    def test_different(self):
        """Names that only differ at their ends still differ."""
        assert len({shorten_name("a" * 200 + end) for end in ("", "a", "b", ".mar", ".tar.gz")}) == 5
