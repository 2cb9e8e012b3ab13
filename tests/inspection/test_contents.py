from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.archive import BytesSource, FileSource, Member
from hatch_mar.budget import FILES, Budget, Exhausted
from hatch_mar.errors import ReadError
from hatch_mar.inspection.contents import inspect_contents
from hatch_mar.weights.kind import Kind
from tests.budgets import enough_for


class TestInspectContents:
    def test_kind(self):
        """Bytes say what a member is, and each costs a file of the budget."""
        budget = enough_for(FILES, 1)
        member = Member("notes.txt", BytesSource(b"GGUF\3\0\0\0" + bytes(16)))

        assert inspect_contents(member, budget).kind is Kind.GGUF
        with pytest.raises(Exhausted, match="more files than a command reads"):
            inspect_contents(member, budget)

    def test_unreadable(self, tmp_path: Path):
        """A member that cannot be read is an error that names it."""
        member = Member("a\x1b", FileSource(tmp_path / "a"))

        with pytest.raises(ReadError, match=r"^Cannot read `a\\x1b`: No such file"):
            inspect_contents(member, Budget())
