from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hatch_mar.archive.filesystem.regular import (
    open_input,
    read_bytes,
    read_text,
)
from tests.archives import needs_posix


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


@pytest.fixture(params=["pipe", "socket", "device"])
def special(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is no regular file, at a path."""
    if os.name != "posix":
        pytest.skip("Windows has no such files")
    path = tmp_path / "special"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "socket":
        monkeypatch.chdir(tmp_path)  # the path of a socket must be short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    else:
        return Path(os.devnull)
    return path


@pytest.fixture
def link(path: Path) -> Path:
    path.write_bytes(b"another's")
    link = path.with_name("link")
    link.symlink_to(path)
    return link


class TestOpenInput:
    def test_special(self, special: Path):
        """What is not a regular file is refused at once, with the path."""
        with pytest.raises(OSError, match="not a regular file") as caught:
            open_input(special)
        assert caught.value.filename == str(special)

    @needs_posix
    def test_link(self, link: Path):
        """A link is followed."""
        with open_input(link) as file:
            assert file.read() == b"another's"

    def test_missing(self, path: Path):
        """A file that does not exist is an error of the system."""
        with pytest.raises(FileNotFoundError):
            open_input(path)


class TestRead:
    def test_text(self, path: Path):
        """A text's lines end as Python has it; bytes are as they are."""
        path.write_bytes("é\r\n".encode())

        assert read_text(path) == "é\n"
        assert read_bytes(path) == "é\r\n".encode()

    def test_not_text(self, path: Path):
        """What is not UTF-8 is an error."""
        path.write_bytes(b"\xff")
        with pytest.raises(UnicodeDecodeError):
            read_text(path)

    def test_special(self, special: Path):
        """What is not a regular file is refused at once."""
        for read in (read_text, read_bytes):
            with pytest.raises(OSError, match="not a regular file"):
                read(special)
