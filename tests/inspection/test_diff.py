from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from hatch_mar.archive.archive import Archive, BytesSource, Member, Source
from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.manifest import Manifest
from hatch_mar.errors import ReadError
from hatch_mar.inspection.diff import Difference, compare, flatten
from tests.archives import MANIFEST, PACKING, archive_of, files

OLD = archive_of({"gone": b"1", "same": b"2", "edited": b"3", "grown": b"4"})
NEW = archive_of({"new": b"12", "same": b"2", "edited": b"5", "grown": b"44"})


def write_archive(path: Path, archive: Archive, form: str = "default") -> Path:
    FORMATS[form].write(archive, path.with_name(path.name + FORMATS[form].suffix), PACKING)
    return path.with_name(path.name + FORMATS[form].suffix)


def differences(directory: Path, one: Archive, other: Archive) -> list[Difference]:
    return compare(write_archive(directory / "one", one), write_archive(directory / "other", other))


class TestCompare:
    def test_members(self, tmp_path: Path):
        """Members are added, removed or changed, in the order of their names."""
        assert differences(tmp_path, OLD, NEW) == [
            Difference("member", "edited", "changed", 1, 1),
            Difference("member", "gone", "removed", 1, None),
            Difference("member", "grown", "changed", 1, 2),
            Difference("member", "new", "added", None, 2),
        ]

    def test_manifest(self, tmp_path: Path):
        """So are the manifest's values, which come before all members."""
        one = Archive(Manifest({"model": {"a": 1, "b": {"c": [1]}}, "runtime": "python"}), ())
        other = Archive(Manifest({"model": {"b": {"c": [2]}}, "runtime": "python", "new": None}), OLD.members)

        assert differences(tmp_path, one, other) == [
            Difference("manifest", "model.a", "removed", 1, None),
            Difference("manifest", "model.b.c", "changed", [1], [2]),
            Difference("manifest", "new", "added", None, None),
            *(Difference("member", name, "added", None, 1) for name in ("edited", "gone", "grown", "same")),
        ]

    @pytest.mark.parametrize(("one", "other"), list(itertools.product(FORMATS, repeat=2)))
    def test_containers(self, one: str, other: str, tmp_path: Path):
        """The format does not matter."""
        (tmp_path / "other").mkdir()
        a, b = (
            write_archive(tmp_path / "digits", OLD, one),
            write_archive(tmp_path / "other" / "digits", OLD, other),
        )

        assert compare(a, b) == []

    @given(files, files)
    def test_any(
        self, tmp_path_factory: pytest.TempPathFactory, one: dict[str, bytes], other: dict[str, bytes]
    ):
        """There is a difference for each name whose bytes are not the same, and no other."""
        expected = {name for name in {*one, *other} if one.get(name) != other.get(name)}
        found = differences(tmp_path_factory.mktemp("any"), archive_of(one), archive_of(other))

        assert {difference.name for difference in found} == expected
        assert len(found) == len(expected)

    @given(files)
    def test_backwards(self, tmp_path_factory: pytest.TempPathFactory, members: dict[str, bytes]):
        """In the other direction, what was added was removed."""
        directory = tmp_path_factory.mktemp("backwards")
        a, b = write_archive(directory / "one", archive_of(members)), write_archive(directory / "other", NEW)
        turned = {"added": "removed", "removed": "added", "changed": "changed"}

        assert compare(b, a) == [
            replace(found, change=turned[found.change], before=found.after, after=found.before)
            for found in compare(a, b)
        ]

    def test_twice(self, tmp_path: Path):
        """Of two members with one name the last counts, as in TorchServe."""
        twice = Archive(MANIFEST, (Member("a", BytesSource(b"1")), Member("a", BytesSource(b"2"))))

        assert differences(tmp_path, twice, archive_of({"a": b"2"})) == []

    def test_sizes_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Members whose sizes differ are not read."""

        def sha256(source: Source) -> bytes:
            pytest.fail(f"`{source}` was read")

        monkeypatch.setattr("hatch_mar.inspection.diff.sha256", sha256)

        assert len(differences(tmp_path, archive_of({"a": b"1"}), archive_of({"a": b"22"}))) == 1

    def test_not_an_archive(self, tmp_path: Path):
        """The error names the one that is not an archive."""
        path = write_archive(tmp_path / "one", OLD)
        other = tmp_path / "other.mar"
        other.write_bytes(b"0")
        for pair in ((path, other), (other, path)):
            with pytest.raises(ReadError) as error:
                compare(*pair)

            assert str(error.value).startswith(f"{other}: MAR801 ")


class TestDifference:
    @pytest.mark.parametrize(
        ("difference", "expected"),
        [
            (Difference("member", "a", "added", None, 2), "+ member a: 2 bytes"),
            (Difference("member", "a", "removed", 1, None), "- member a: 1 byte"),
            (Difference("member", "a", "changed", 1, 2), "~ member a: 1 byte -> 2 bytes"),
            (Difference("member", "a", "changed", 3 << 20, 7 << 30), "~ member a: 3.0 MiB -> 7.0 GiB"),
            (
                Difference("member", "a", "changed", 1048576, 1048577),
                "~ member a: 1,048,576 -> 1,048,577 bytes",
            ),
            (Difference("member", "a", "changed", 1536, 1536), "~ member a: 1.5 KiB, with other content"),
            (Difference("manifest", "model.a", "changed", "x", None), "~ manifest model.a: x -> None"),
        ],
    )
    def test_line(self, difference: Difference, expected: str):
        """A line says what was there and what is there now."""
        assert difference.line() == expected

    def test_to_json(self):
        """As JSON, a difference is an object."""
        assert vars(Difference("member", "a", "added", None, 2)) == {
            "what": "member",
            "name": "a",
            "change": "added",
            "before": None,
            "after": 2,
        }


class TestFlatten:
    @pytest.mark.parametrize(
        ("document", "expected"),
        [
            ({}, {}),
            ({"a": 1, "b": {"c": 2, "d": {"e": 3}}}, {"a": 1, "b.c": 2, "b.d.e": 3}),
            ({"a": {}, "b": [{"c": 1}]}, {"b": [{"c": 1}]}),
        ],
    )
    def test_values(self, document: dict[str, object], expected: dict[str, object]):
        """Every value has its dotted key."""
        assert flatten(document) == expected
