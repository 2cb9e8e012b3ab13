from __future__ import annotations

import os

import pytest
from hypothesis import given

from hatch_mar.names import fold_name, name_fault, name_from_disk, name_on_disk, windows_fault
from tests.archives import names, needs_posix


class TestNameFault:
    @pytest.mark.parametrize(
        "name",
        ["a", "a/b", ".hidden", "a b", "a..b", "...", "é/ü", "mar-info/x", "aux", "a/MAR-INF/x"],
    )
    def test_none(self, name: str):
        """Ordinary names have no fault."""
        assert name_fault(name) is None

    @pytest.mark.parametrize("name", ["", "/", "/etc/passwd", "C:", "C:/model.py"])
    def test_absolute(self, name: str):
        """A name must not be empty or absolute."""
        assert name_fault(name) == "must be relative to the archive's root"

    @pytest.mark.parametrize("name", ["..", "../a", "a/../b", "./a", "a//b", "a/", "a/."])
    def test_parts(self, name: str):
        """A name must not have parts that lead up, or that can be left out."""
        assert name_fault(name) == "must not have empty, `.` or `..` parts"

    @pytest.mark.parametrize("name", ["a\\b", "a\nb", "a\0b", "a\x1fb"])
    def test_characters(self, name: str):
        """A name must not have backslashes, or control characters that break a listing."""
        assert name_fault(name) == "must not have backslashes or control characters"

    @pytest.mark.parametrize("name", ["MAR-INF", "MAR-INF/MANIFEST.json", "mar-inf/x", "WAR-INF/x"])
    def test_reserved(self, name: str):
        """The manifest's folder is reserved, whatever its case."""
        folder = name.partition("/")[0]

        assert name_fault(name) == f"is in `{folder}`, which is reserved for the manifest"

    def test_not_unicode(self):
        """A name of Linux that is not UTF-8 is refused."""
        assert name_fault("weights-\udcff") == "must be valid Unicode, since zips have no other names"


class TestWindowsFault:
    @pytest.mark.parametrize("name", ["a", "a/b.c", ".hidden", "a b", "é", "auxiliary/com", "com10"])
    def test_none(self, name: str):
        """Most names can be unpacked anywhere."""
        assert windows_fault(name) is None

    @pytest.mark.parametrize("name", ["aux", "a/NUL/b", "con.txt", "Com1.tar.gz", "lpt9 .x"])
    def test_device(self, name: str):
        """The names of Windows devices are faults, with any suffix and in any folder."""
        assert str(windows_fault(name)).startswith("cannot be unpacked on Windows, where `")
        assert str(windows_fault(name)).endswith("` is a device")

    @pytest.mark.parametrize("name", ["a.", "a ", "a./b", "..."])
    def test_end(self, name: str):
        """Windows removes dots and spaces at the end."""
        part = name.partition("/")[0]
        expected = f"cannot be unpacked on Windows, where `{part}` may not end in a dot or space"

        assert windows_fault(name) == expected

    @pytest.mark.parametrize("character", '<>:"|?*')
    def test_character(self, character: str):
        """Windows has no files with these characters."""
        expected = f'cannot be unpacked on Windows, where `b{character}c` may not have any of `<>:"|?*`'

        assert windows_fault(f"a/b{character}c") == expected


class TestFoldName:
    @pytest.mark.parametrize(
        ("one", "other"),
        [("Model.py", "model.py"), ("e\u0301", "\u00e9"), ("\u00c9", "e\u0301"), ("straße", "STRASSE")],
    )
    def test_same(self, one: str, other: str):
        """Names that macOS or Windows take for the same are equal."""
        assert fold_name(one) == fold_name(other)

    @pytest.mark.parametrize(("one", "other"), [("a", "b"), ("a/b", "a.b"), ("é", "e")])
    def test_different(self, one: str, other: str):
        """Other names are different."""
        assert fold_name(one) != fold_name(other)

    @given(names)
    def test_stable(self, name: str):
        """Folding a folded name, or one in another case, gives the same."""
        assert fold_name(name) == fold_name(name.casefold())


@needs_posix
class TestNameOnDisk:
    @given(names)
    def test_back(self, name: str):
        """A name comes back from the disk as it was, whatever the locale."""
        assert name_from_disk(name_on_disk(name)) == name

    @pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
    def test_locale(self, encoding: str, monkeypatch: pytest.MonkeyPatch):
        """A name's bytes on disk are UTF-8."""
        monkeypatch.setattr(os, "fsencode", lambda name: name.encode(encoding, "surrogateescape"))
        monkeypatch.setattr(os, "fsdecode", lambda name: name.decode(encoding, "surrogateescape"))
        read = b"\xc3\xa9".decode(encoding, "surrogateescape")

        assert name_from_disk(read) == "\u00e9"
        assert read == name_on_disk("\u00e9")
