"""A `.tar.gz`, of which TorchServe reads the first gzip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hatch_mar.checks.container import stream, tgz_container
from tests.checks.containers import bomb, gz, header, tar, write
from tests.memory import bounded

MOST_MEMORY = 64 << 20


def check(path: Path) -> list[str]:
    return [finding.code for finding in tgz_container.check(path)]


class TestGzips:
    def test_damaged_second_gzip(self, tmp_path: Path) -> None:
        """A second gzip counts even if it is damaged."""
        assert check(write(tmp_path / "m.tar.gz", gz(tar()) + gz(b"")[:12])) == ["MAR822"]

    def test_garbage_after_it(self, tmp_path: Path) -> None:
        """Nobody reads other bytes after the gzip."""
        assert check(write(tmp_path / "m.tar.gz", gz(tar()) + b"\0" * 512)) == []


def pax(record: bytes) -> bytes:
    """An extended header of this record, and a member."""
    return header("x", b"x", len(record)) + record + bytes(-len(record) % 512) + header("m/x", b"0", 1)


HOSTILE: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "bomb": ("MAR806", lambda: gz(b"")[:10] + bomb(500)),
    "long name": ("MAR803", lambda: gz(header("x", b"L", 1 << 30))),
    "extended header of 1 GiB": ("MAR803", lambda: gz(header("x", b"x", 1 << 30))),
    "member of 8 GiB": ("MAR802", lambda: gz(header("m/x", b"0", (8 << 30) - 1))),
    "huge size in an extended header": (
        "MAR802",
        lambda: gz(pax(b"30 size=99999999999999999999\n\0")),
    ),
}
"""Files that claim much, with the code that is found."""


class TestBounds:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile(self, name: str, tmp_path: Path) -> None:
        """Whatever a file claims, it takes little memory and is read no further than a limit."""
        code, data = HOSTILE[name]
        path = write(tmp_path / "m.tar.gz", data())

        with bounded(MOST_MEMORY):
            assert check(path)[-1] == code

    def test_most_members(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """More members than are allowed are refused, and take little memory."""
        most = 20_000
        monkeypatch.setattr(stream, "MOST_ENTRIES", most)
        path = write(tmp_path / "m.tar.gz", gz(header("m/", b"5", 0) * (most + 1)))

        with bounded(MOST_MEMORY * most // 200_000):
            assert check(path) == ["MAR806"]
