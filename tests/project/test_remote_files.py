"""What a build needs of remote files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.errors import LayoutError, PackError
from hatch_mar.project import remote_files
from hatch_mar.project.config.models import RemoteFile
from hatch_mar.project.remote_files import advise_fetch, digest_of, refuse_differing
from tests.archives import MANIFEST, UnreadableSource, needs_posix

RIGHT, WRONG = hashlib.sha256(b"right").hexdigest(), hashlib.sha256(b"wrong").hexdigest()
DIGITS = RemoteFile("weights/digits.pth", "https://a.b/digits.pth", RIGHT)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "weights").mkdir()
    return tmp_path


def archive_of(*paths: Path) -> Archive:
    return Archive(MANIFEST, [Member(path.name, FileSource(path)) for path in paths])


class TestAdvise:
    OTHER = RemoteFile("weights/other.pth", "https://a.b/other.pth", RIGHT)

    @pytest.mark.parametrize(
        ("path", "command"),
        [
            ("weights/digits.pth", "hatch-mar fetch weights/digits.pth"),
            ("./weights//other.pth", "hatch-mar fetch weights/other.pth"),
            ("weights/../weights/other.pth", "hatch-mar fetch weights/other.pth"),
            ("weights", "hatch-mar fetch"),
        ],
    )
    def test_declared(self, path: str, command: str, root: Path):
        """The command names one file; a folder with several needs them all."""
        assert advise_fetch(root / path, root, [DIGITS, self.OTHER]) == f"run `{command}`"

    @pytest.mark.parametrize("path", ["weights/digits", "digits.pth", "weights/digits.pth/a"])
    def test_other(self, path: str, root: Path):
        """Of other files nothing is said."""
        assert advise_fetch(root / path, root, [DIGITS, self.OTHER]) is None

    def test_spaces(self, root: Path):
        """A path is quoted for the shell."""
        file = DIGITS._replace(path="my weights.pth")

        assert advise_fetch(root / file.path, root, [file]) == "run `hatch-mar fetch 'my weights.pth'`"

    @needs_posix
    def test_link(self, root: Path):
        """A broken link may lead to one."""
        (root / "w.pth").symlink_to("weights/digits.pth")

        assert advise_fetch(root / "w.pth", root, [DIGITS]) == "run `hatch-mar fetch weights/digits.pth`"


class TestDiffering:
    def test_right(self, root: Path):
        """A file with its digest is no fault."""
        (root / DIGITS.path).write_bytes(b"right")

        refuse_differing([DIGITS], archive_of(root / DIGITS.path), root)

    def test_wrong(self, root: Path):
        """Both digests are shown, and the key of the declared one."""
        (root / DIGITS.path).write_bytes(b"wrong")
        other = DIGITS._replace(path="other.pth")
        with pytest.raises(LayoutError) as error:
            refuse_differing([other, DIGITS], archive_of(root / DIGITS.path), root)

        assert str(error.value) == (
            f"Field `tool.mar.remote-files[1].sha256` is `{RIGHT}`, but `weights/digits.pth` has `{WRONG}`;"
            " run `hatch-mar fetch weights/digits.pth` to replace it; or, if your file is right,"
            " upload it and run `hatch-mar fetch --lock weights/digits.pth` [MAR037]"
        )

    def test_not_taken(self, root: Path):
        """A file that the archive does not take is not read."""
        (root / DIGITS.path).write_bytes(b"wrong")
        (root / "handler.py").touch()

        refuse_differing([DIGITS], archive_of(root / "handler.py"), root)

    @pytest.mark.parametrize("make_name", [os.link, os.symlink], ids=["hard", "soft"])
    @needs_posix
    def test_link(self, make_name, root: Path):
        """Whatever its name, it is the same file."""
        (root / DIGITS.path).write_bytes(b"wrong")
        make_name(root / DIGITS.path, root / "w.pth")

        with pytest.raises(LayoutError, match=r"\[MAR037\]$"):
            refuse_differing([DIGITS], archive_of(root / "w.pth"), root)

    @pytest.mark.parametrize(("name", "is_taken"), [("weights/digits.pth", True), ("digits.py", False)])
    def test_wheel(self, name: str, is_taken: bool, root: Path):
        """What comes with a wheel is a file of the project that ends in the same names."""
        file = DIGITS._replace(path=f"src/{DIGITS.path}")
        (root / "src" / "weights").mkdir(parents=True)
        (root / file.path).write_bytes(b"wrong")
        archive = Archive(MANIFEST, [Member(name, UnreadableSource(OSError()))])

        if is_taken:
            with pytest.raises(LayoutError):
                refuse_differing([file], archive, root)
        else:
            refuse_differing([file], archive, root)


class TestDigest:
    def test_once(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        """A file is read once, until it changes."""
        monkeypatch.setattr(remote_files, "COARSE", -(1 << 62))
        read: list[int] = []
        file = root / "a"
        file.write_bytes(b"right")

        assert [digest_of(file, read.append) for _ in range(2)] == [RIGHT, RIGHT]
        assert read == [5]
        (root / "b").write_bytes(b"wrong")
        (root / "b").replace(file)
        assert digest_of(file, read.append) == WRONG

    def test_new(self, root: Path):
        """One that changed a moment ago may change again without another time, and is read again."""
        read: list[int] = []
        (root / "a").write_bytes(b"right")
        for _ in range(2):
            digest_of(root / "a", read.append)

        assert read == [5, 5]

    def test_growing(self, root: Path):
        """A file that is written while it is read has no digest."""
        file = root / "a"
        file.write_bytes(b"right")

        def grow(_: int) -> None:
            with file.open("ab") as stream:
                stream.write(b"more")

        with pytest.raises(PackError, match=r"^File changed while it was packed"):
            digest_of(file, grow)
