"""Findings about the names in the manifest, of the members and of the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.formats.reader import read
from hatch_mar.archive.manifest import WORKFLOW_MANIFEST_NAME, Manifest
from hatch_mar.checks.archive_names import check
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS
from hatch_mar.text import escape, quote
from tests.archives import MANIFEST, needs_posix
from tests.checks import subject
from tests.checks.faults import NAMES, Fault
from tests.checks.unpacking import check_unpacking

IN_ORDER: Mapping[str, Any] = {"model": {"modelName": "m", "modelVersion": "1"}}
NOWHERE: Mapping[str, str] = {}
PLACE = "m.mar/MAR-INF/MANIFEST.json"


def found(
    *names: str,
    document: Mapping[str, Any] = IN_ORDER,
    file_name: str = "m.mar",
    root: Path | None = None,
    origins: Mapping[str, str] = NOWHERE,
) -> list[str]:
    """What is found in an archive of these members, or of that manifest, or of that file name."""
    members = tuple(Member(name, BytesSource(b"")) for name in names)
    archive = Archive(Manifest(document), members)
    return [str(finding) for finding in check(Subject(archive, file_name, origins, root=root))]


def of_model(**model: object) -> list[str]:
    return found("h.py", document={"model": {"modelName": "m", **model}})


class TestFaults:
    @needs_posix
    @pytest.mark.parametrize("fault", NAMES.values(), ids=NAMES)
    def test_fault(self, fault: Fault, tmp_path: Path) -> None:
        """Names that TorchServe fails on are found, with the rest of the archive in order."""
        path = fault.write(tmp_path)

        assert [*check_unpacking(path, deep=True)] == []
        with read(path) as archive:
            assert [str(finding) for finding in check(Subject(archive, path.name))] == [fault.found]


class TestManifest:
    def test_in_order(self) -> None:
        """A manifest as archivers write it is fine."""
        assert [*check(subject({"h.py": "", "deep/er/h.py": ""}))] == []

    @pytest.mark.parametrize("model", [None, [], "m", 1])
    def test_no_object(self, model: object) -> None:
        """If `model` is not an object, TorchServe exits or refuses the archive."""
        assert found(document={"model": model}) == [
            (
                f"{PLACE}: MAR101 `model` in the manifest is not an object;"
                " make it an object, with `modelName`, `modelVersion` and `handler`"
            )
        ]

    @pytest.mark.parametrize("key", ["handler", "envelope", "requirementsFile", "configFile", "description"])
    @pytest.mark.parametrize("value", [[], {}])
    def test_no_text(self, key: str, value: object) -> None:
        """Java does not accept an array or an object as a string."""
        assert of_model(**{key: value}) == [
            f"{PLACE}: MAR103 `model.{key}` in the manifest is not a string; make it a string"
        ]

    def test_other_keys(self) -> None:
        """Keys that Java does not know may have any value, and numbers pass for strings."""
        assert of_model(extensions=[], modelVersion=1.1, modelFile={}) == []
        assert found(document={"createdOn": 5, "more": [], "model": {"modelName": 5}}) == []

    @pytest.mark.parametrize("name", [None, ""])
    def test_no_name(self, name: str | None) -> None:
        """Without a name, TorchServe uses the file's name, or refuses the registration."""
        assert of_model(modelName=name) == [
            f"{PLACE}: MAR104 The manifest has no model name; add `modelName` to its `model`"
        ]

    def test_unreachable_model(self) -> None:
        """TorchServe's REST API splits a path at its slashes before it decodes it."""
        assert of_model(modelName="a/b") == [
            f"{PLACE}: MAR105 Model name `a/b` has a `/`; give the model a name without `/`"
        ]

    @pytest.mark.parametrize("name", ["a b", "a?b", "é", "..", "a%2Fb", "all", "1a", "a\nb"])
    def test_reachable_models(self, name: str) -> None:
        """All other names can be requested, if they are quoted."""
        assert of_model(modelName=name) == []

    def test_unreachable_version(self) -> None:
        """A version with a slash cannot be requested either."""
        assert of_model(modelVersion="1/2") == [
            f"{PLACE}: MAR106 Version `1/2` has a `/`; give the model a version without `/`"
        ]

    @pytest.mark.parametrize("version", ["", "1.0.0-rc.1+cpu", "..", "1 2", None])
    def test_reachable_versions(self, version: str | None) -> None:
        """All other versions can be requested, and the version may be missing."""
        assert of_model(modelVersion=version) == []

    def test_envelope(self) -> None:
        """The server's configuration decides the envelope."""
        assert of_model(envelope="kserve") == [
            (
                f"{PLACE}: MAR107 TorchServe overwrites the envelope `kserve`;"
                " set `service_envelope` in the server's `config.properties`"
            )
        ]

    def test_origins(self) -> None:
        """A value is found where it was configured."""
        origins = {"version": "Field `tool.mar.version`"}

        assert found(document={"model": {"modelName": "m", "modelVersion": "/"}}, origins=origins) == [
            "Field `tool.mar.version`: MAR106 Version `/` has a `/`; give the model a version without `/`"
        ]

    def test_workflow(self) -> None:
        """The manifest of a workflow is not checked."""
        archive = Archive(Manifest({"workflow": {}}, WORKFLOW_MANIFEST_NAME), ())

        assert [*check(Subject(archive, "w.war"))] == []


class TestMembers:
    def test_in_order(self) -> None:
        """Names that TorchServe unpacks to where they say are fine."""
        names = ("a/b", "a/c/d", "a.b", "a-b/c", "é" * 127, "MAR-INF/more.txt", "...", "a/..b", " ")

        assert found(*names) == []

    @pytest.mark.parametrize(
        ("name", "fault"),
        [
            ("..", "has a `..` in its path"),
            ("a/..", "has a `..` in its path"),
            ("a\0b", "has a null character in its name"),
            ("", "has no name of its own"),
            ("x" * 256, "has a name of 256 bytes, where Linux allows 255"),
            (f"a/{'x' * 256}/b", "has a name of 256 bytes, where Linux allows 255"),
        ],
    )
    def test_unpackable(self, name: str, fault: str) -> None:
        """Names that cannot be unpacked are found."""
        assert found(name) == [escape(f"m.mar/{name}: MAR111 Member {quote(name)} {fault}; rename it")]

    @pytest.mark.parametrize(
        ("name", "fault"),
        [
            ("./a", "must not have empty, `.` or `..` parts"),
            ("a//b", "must not have empty, `.` or `..` parts"),
            ("a\\b", "must not have backslashes or control characters"),
            ("C:a", "must be relative to the archive's root"),
        ],
    )
    def test_misplaced(self, name: str, fault: str) -> None:
        """Names of files that are unpacked to another place are found."""
        assert found(name) == [
            f"m.mar/{name}: MAR114 Member `{name}` {fault}; name it by its path in the archive"
        ]

    def test_folders(self) -> None:
        """A name that another one only begins with is not its folder."""
        assert found("a", "a.b", "a-b/c", "b/a", "ab") == []
        assert [text[:15] for text in found("a", "a!", "a/b/c", "b/c", "b/c/d")] == [
            "m.mar/a: MAR113",
            "m.mar/b/c: MAR1",
        ]

    def test_many(self) -> None:
        """Only so many findings of one kind are shown."""
        assert len(found(*(f"{number}/.." for number in range(100)))) == MOST_FINDINGS


class TestFile:
    @pytest.mark.parametrize("name", ["m.mar", "resnet-1.0.mar", "m", "m.tar.gz", ".m."])
    def test_in_order(self, name: str) -> None:
        """Single dots are fine."""
        assert found("h.py", file_name=name) == []

    @pytest.mark.parametrize(
        ("origins", "place"),
        [
            ({}, "a..b.mar"),
            ({"model-name": "there"}, "there"),
            (
                {"model-name": "", "archive-name": "Field `tool.mar.archive-name`"},
                "Field `tool.mar.archive-name`",
            ),
        ],
    )
    def test_dots(self, origins: dict[str, str], place: str) -> None:
        """Two dots in a row are shown where the name is set."""
        assert found("h.py", file_name="a..b.mar", origins=origins) == [
            (f"{place}: MAR121 The file name `a..b.mar` has two dots in a row; remove one of the dots")
        ]

    def test_lonely_manifest(self, tmp_path: Path) -> None:
        """A directory that would contain only the manifest is found before it is built."""
        origins = {"archive-format": "Field `tool.mar.archive-format`"}

        assert found(file_name="m-1.0", root=tmp_path, origins=origins) == [
            (
                "Field `tool.mar.archive-format`: MAR122 `m-1.0` contains only the manifest;"
                " choose another `archive-format`, or add a file"
            )
        ]
        assert found("h.py", file_name="m-1.0", root=tmp_path) == []
        assert found(file_name="m.mar", root=tmp_path) == []
        assert found(file_name="m.tar.gz", root=tmp_path) == []

    def test_manifest_alone(self) -> None:
        """Of a folder on disk `container` knows whether there is something else in it."""
        assert [*check(Subject(Archive(MANIFEST, ()), "m"))] == []
