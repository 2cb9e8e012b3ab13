"""How much of an archive is read."""

from __future__ import annotations

import gzip
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.formats.limits import inflate
from hatch_mar.archive.formats.unpacking import Stopped
from hatch_mar.budget import Budget
from tests.checks.containers import deflated


class TestInflate:
    @given(st.binary(max_size=2000), st.binary(max_size=20))
    def test_any(self, data: bytes, after: bytes) -> None:
        """The stream's bytes are given, and the file's position ends up after it."""
        file = BytesIO(deflated(data) + after)

        assert b"".join(inflate(file, -15, 2000, "It", Budget())) == data
        assert file.read() == after

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (deflated(b"x" * 100)[:-1], "MAR802"),
            (b"", "MAR802"),
            (b"\xff", "MAR803"),
            (deflated(b"x" * 101), "MAR806"),
        ],
        ids=["cut off", "empty", "damaged", "too large"],
    )
    def test_stopped(self, data: bytes, code: str) -> None:
        with pytest.raises(Stopped) as stopped:
            list(inflate(BytesIO(data), -15, 100, "It", Budget()))

        assert stopped.value.rule.code == code

    def test_checksum(self) -> None:
        """The window of a gzip checks its checksum too."""
        data = bytearray(gzip.compress(b"x" * 100))
        data[-8] ^= 1

        with pytest.raises(Stopped, match=r"^It is damaged: .* incorrect data check$"):
            list(inflate(BytesIO(bytes(data)), 31, 100, "It", Budget()))
