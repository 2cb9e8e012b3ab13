"""Files compared with lists of digests."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hatch_mar.archive.checksums import format_sums
from hatch_mar.errors import ReadError, ReleaseError
from hatch_mar.release.verification.digests import list_files, verify_digest

DATA = b"digits"
DIGEST, OTHER = hashlib.sha256(DATA).hexdigest(), hashlib.sha256(b"other").hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "dist" / "digits.mar"
    path.parent.mkdir()
    path.write_bytes(DATA)
    return path


def list_beside(file: Path, digests: dict[str, str], name: str = "SHA256SUMS") -> Path:
    path = file.with_name(name)
    path.write_text(format_sums(digests))
    return path


def fault(file: Path, sums: Path | None = None) -> str:
    with pytest.raises(ReleaseError) as error:
        verify_digest(file, sums)
    [line] = error.value.faults
    return line


class TestBeside:
    @pytest.mark.parametrize(
        "names", [["SHA256SUMS"], ["digits.mar.sha256"], ["digits.mar.sha256", "SHA256SUMS"]]
    )
    def test_same(self, names: list[str], file: Path):
        """The file has the digest of every list beside it."""
        lists = [list_beside(file, {file.name: DIGEST}, name) for name in names]
        read: list[int] = []

        assert verify_digest(file, advance=read.append) == (DIGEST, tuple(lists))
        assert sum(read) == len(DATA)

    def test_another_working_directory(self, file: Path, monkeypatch: pytest.MonkeyPatch):
        """Paths may be relative."""
        list_beside(file, {"./digits.mar": DIGEST})
        monkeypatch.chdir(file.parent)

        assert verify_digest(Path("digits.mar")).lists == (Path("SHA256SUMS"),)

    def test_only_one_has_it(self, file: Path):
        """A list of other files does not count."""
        list_beside(file, {"other.mar": OTHER})
        sidecar = list_beside(file, {file.name: DIGEST}, "digits.mar.sha256")

        assert verify_digest(file).lists == (sidecar,)

    def test_none(self, file: Path):
        """Without a list, nothing is verified, and the message says what would do."""
        assert fault(file) == (
            f"No digest of `{file}` is listed: there is neither `digits.mar.sha256` nor `SHA256SUMS` beside"
            " it; name a list with `--sums`, or compare it with a build: `--rebuild`"
        )

    def test_not_needed(self, file: Path):
        """Where there is other evidence, lists beside the file need not have it."""
        assert verify_digest(file, needed=False) == (DIGEST, ())
        list_beside(file, {"other.mar": OTHER})
        assert verify_digest(file, needed=False) == (DIGEST, ())
        list_beside(file, {file.name: OTHER})
        with pytest.raises(ReleaseError):
            verify_digest(file, needed=False)

    def test_changed(self, file: Path):
        """A changed byte is one line with both digests."""
        sums = list_beside(file, {file.name: OTHER})

        assert fault(file) == (
            f"`{file}` has SHA-256 `{DIGEST}`, but `{sums}` lists `{OTHER}`; get the file again, or"
            " rebuild it together with the list: `hatch-mar build --sums`"
        )

    def test_exchanged(self, file: Path):
        """Two files that have changed their names are found out."""
        sums = list_beside(file, {file.name: OTHER, "other.mar": DIGEST})

        assert fault(file) == (
            f"`{file}` has SHA-256 `{DIGEST}`, but `{sums}` lists `{OTHER}`, and these bytes as `other.mar`"
        )

    def test_renamed(self, file: Path):
        """A file that was renamed is called by the name that it had."""
        sums = list_beside(file, {"old.mar": DIGEST})

        assert fault(file) == (
            f"`{file}` with SHA-256 `{DIGEST}` is not listed in `{sums}`, which has these bytes as `old.mar`;"
            " rename the file"
        )

    def test_unlisted(self, file: Path):
        """A file that nobody has listed is not one of the release."""
        sums = list_beside(file, {"other.mar": OTHER, "sub/digits.mar": DIGEST[::-1]})

        assert fault(file).startswith(
            f"`{file}` with SHA-256 `{DIGEST}` is not listed in `{sums}`, nor are these bytes; "
        )

    def test_disagreeing(self, file: Path):
        """Two lists that disagree are a fault, even if one of them is right."""
        sums = list_beside(file, {file.name: OTHER})
        sidecar = list_beside(file, {file.name: DIGEST}, "digits.mar.sha256")

        assert fault(file) == (
            f"The lists disagree about `{file}`, whose SHA-256 is `{DIGEST}`: they have `{DIGEST}` in"
            f" `{sidecar}` and `{OTHER}` in `{sums}`; remove the wrong one"
        )

    def test_missing(self, file: Path):
        """A file that is gone is named with the digest that it had."""
        sums = list_beside(file, {file.name: DIGEST})
        file.unlink()

        assert fault(file) == (
            f"File not found: `{file}`, which `{sums}` lists with SHA-256 `{DIGEST}`; get the file again"
        )
        sums.unlink()
        assert fault(file) == f"File not found: `{file}`"

    def test_directory(self, file: Path):
        """A directory can only be compared with a build."""
        assert fault(file.parent) == (
            f"`{file.parent}` is a directory, which has no digest; name the files in it, or compare it"
            " with a build: `--rebuild`"
        )

    def test_other_form(self, file: Path):
        """What is not a list is an error that names it."""
        file.with_name("SHA256SUMS").write_text("<html>")

        with pytest.raises(
            ReadError, match=r"^Cannot read `.*SHA256SUMS`: it is not in the form of `sha256sum`"
        ):
            verify_digest(file)


class TestGiven:
    @pytest.mark.parametrize(
        ("sums", "name"),
        [
            ("SUMS", "dist/digits.mar"),
            ("SUMS", "digits.mar"),
            ("a/SUMS", "../dist/digits.mar"),
            ("a/SUMS", "b/digits.mar"),
        ],
    )
    def test_names(self, sums: str, name: str, file: Path, tmp_path: Path):
        """A file is listed under its path from the folder of the list, or under its base name."""
        path = tmp_path / sums
        path.parent.mkdir(exist_ok=True)
        path.write_text(format_sums({name: DIGEST}))

        assert verify_digest(file, path).lists == (path,)

    def test_path_before_name(self, file: Path, tmp_path: Path):
        """The path decides where another file has the same name."""
        path = tmp_path / "SUMS"
        path.write_text(format_sums({"dist/digits.mar": DIGEST, "other/digits.mar": OTHER}))

        assert verify_digest(file, path).sha256 == DIGEST

    def test_ambiguous(self, file: Path, tmp_path: Path):
        """A base name that several files have says nothing."""
        path = tmp_path / "SUMS"
        path.write_text(format_sums({"a/digits.mar": DIGEST, "b/digits.mar": OTHER}))

        assert fault(file, path) == (
            f"`{path}` lists several files named `digits.mar`; put the list into the folder where it was made"
        )

    def test_alone(self, file: Path, tmp_path: Path):
        """The lists beside the file do not count then, and the given one must have the file."""
        list_beside(file, {file.name: DIGEST})
        path = tmp_path / "SUMS"
        path.write_text(format_sums({"other.mar": OTHER}))

        assert "is not listed in" in fault(file, path)
        with pytest.raises(ReleaseError):
            verify_digest(file, path, needed=False)


class TestList:
    def test_all(self, file: Path):
        """What is listed, whether or not it is there, and archives that nobody has listed."""
        list_beside(file, {file.name: DIGEST, "gone.mar": OTHER})
        list_beside(file, {"own.whl": OTHER}, "own.whl.sha256")
        for name in ("new.mar", "new.war", "notes.txt"):
            file.with_name(name).touch()
        names = ["digits.mar", "gone.mar", "new.mar", "new.war", "own.whl"]

        assert list_files(file.parent) == [file.with_name(name) for name in names]

    def test_none(self, file: Path):
        """A folder without lists has nothing to verify."""
        with pytest.raises(
            ReleaseError, match=r"^`.*dist` has no digests, neither in `SHA256SUMS` nor in .* write it with"
        ):
            list_files(file.parent)
