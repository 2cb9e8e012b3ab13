from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hatch_mar.archive.filesystem.regular import (
    open_input,
    open_lock,
    open_own,
    read_bytes,
    read_text,
    write_new,
)
from tests.archives import needs_posix, tree


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


class TestOpenOwn:
    def test_special(self, special: Path):
        """What is not a regular file is refused at once."""
        with pytest.raises(OSError, match="not a regular file"):
            open_own(special)

    @needs_posix
    def test_link(self, link: Path):
        """A link is not followed."""
        with pytest.raises(OSError, match="symbolic links"):
            open_own(link)

    def test_read(self, path: Path):
        """A regular file can be read."""
        path.write_bytes(b"data")
        with open_own(path) as file:
            assert file.read() == b"data"


class TestOpenLock:
    def test_special(self, special: Path):
        """What is not a regular file is refused at once."""
        with pytest.raises(OSError, match="not a regular file"):
            open_lock(special)

    @needs_posix
    @pytest.mark.parametrize("target", ["file", "missing"])
    def test_link(self, target: str, link: Path):
        """A link is not followed, and what it leads to is neither changed nor made."""
        link.unlink()
        link.symlink_to(target)
        with pytest.raises(OSError, match="symbolic links"):
            open_lock(link)

        assert sorted(os.listdir(link.parent)) == ["file", "link"]
        assert (link.parent / "file").read_bytes() == b"another's"

    def test_made(self, path: Path):
        """The file is made if there is none, and otherwise is as it was."""
        open_lock(path).close()
        path.write_bytes(b"data")
        open_lock(path).close()

        assert path.read_bytes() == b"data"


class TestWriteNew:
    @needs_posix
    @pytest.mark.parametrize("how", [Path.symlink_to, os.link], ids=["link", "hard link"])
    @pytest.mark.parametrize("is_there", [True, False])
    def test_link(self, is_there: bool, how: object, path: Path, tmp_path: Path):
        """Where there is a link, a file takes its place, and what it led to is as it was."""
        other = tmp_path / "other"
        other.write_bytes(b"another's")
        if how is os.link:
            os.link(other, path)
        else:
            path.symlink_to(other if is_there else tmp_path / "missing")
        write_new(path, b"ours")

        assert tree(tmp_path) == {"file": b"ours", "other": b"another's"}

    @needs_posix
    def test_pipe(self, path: Path):
        """A pipe is replaced, and nobody is waited for."""
        os.mkfifo(path)
        write_new(path, b"ours")

        assert path.read_bytes() == b"ours"

    def test_directory(self, path: Path):
        """A directory is an error, and stays."""
        path.mkdir()
        with pytest.raises(OSError):  # noqa: PT011  (another one on each system)
            write_new(path, b"ours")

        assert path.is_dir()


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
