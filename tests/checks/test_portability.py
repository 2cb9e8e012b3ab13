"""Findings about names that some consumers cannot use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, FileSource, Member
from hatch_mar.build.plan import examine, load_configs
from hatch_mar.checks import check as check_all
from hatch_mar.checks.portability import check
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Place
from hatch_mar.project.pyproject import PyProject
from hatch_mar.torchserve.consumers import KSERVE, SAGEMAKER, TORCHSERVE, VERTEX, WINDOWS
from tests.archives import INSTANT, MANIFEST

NOWHERE: Mapping[str, Place] = {}


def found(
    *names: str,
    file_name: str = "m.mar",
    origins: Mapping[str, Place] = NOWHERE,
    consumer: str = TORCHSERVE,
    layout: str = "flat",
) -> list[str]:
    """What one consumer of an archive with these members is told."""
    members = tuple(Member(name, BytesSource(b"")) for name in names)
    subject = Subject(Archive(MANIFEST, members), file_name, origins, layouts=[layout])
    return [str(finding) for finding in check(subject) if finding.rule.applies_to([consumer])]


class TestInOrder:
    def test_names(self) -> None:
        """Names in ASCII that differ by more than case are fine."""
        assert found("h.py", "H/h.py", "a b.txt", "deep/er/CONSOLE.txt", ".hidden", "x" * 200) == []

    def test_example(self) -> None:
        """The example project is fine."""
        project = PyProject(Path(__file__).parents[2] / "example_project")
        findings = [
            finding for config in load_configs(project) for finding in examine(config, project, INSTANT)[1]
        ]

        assert [finding for finding in findings if finding.code.startswith(("MAR1", "MAR8", "MAR9"))] == []


class TestKServe:
    @pytest.mark.parametrize("name", ["m.mar", "resnet_1-0.mar", "m", "resnet-1.0"])
    def test_seen(self, name: str) -> None:
        """KServe sees folders, and files whose only suffix is `.mar`."""
        assert found(file_name=name, consumer=KSERVE) == []

    def test_dots(self) -> None:
        """KServe does not find a `.mar` with further dots."""
        assert found(file_name="resnet-1.0.mar", consumer=KSERVE) == [
            (
                "resnet-1.0.mar: MAR901 KServe does not find `resnet-1.0.mar`, whose name has more than one"
                " dot; for KServe, set `archive-name` to a name without dots, or publish it with the layout"
                " `kserve`"
            )
        ]

    @pytest.mark.parametrize("name", ["m.tar.gz", "m.tgz"])
    def test_tar(self, name: str) -> None:
        """KServe does not find another file either; the finding is at the key that names it."""
        origins = {"archive-name": "Field `tool.mar.archive-name`"}

        assert found(file_name=name, origins=origins, consumer=KSERVE) == [
            (
                f"Field `tool.mar.archive-name`: MAR901 KServe does not find `{name}`, which is not a `.mar`;"
                " for KServe, set `archive-format` to `default`"
            )
        ]

    def test_layout(self) -> None:
        """Dots do not matter if the layout gives another name; what the layout refuses does."""
        assert found(file_name="resnet-1.0.mar", consumer=KSERVE, layout="kserve") == []
        assert found(file_name="resnet-1.0.mar", consumer=KSERVE, layout="vertex") != []
        assert found(file_name="m.tar.gz", consumer=KSERVE, layout="kserve") != []


class TestVertex:
    @pytest.mark.parametrize("name", ["model.mar", "flow.war"])
    def test_seen(self, name: str) -> None:
        assert found(file_name=name, consumer=VERTEX) == []

    @pytest.mark.parametrize("name", ["digits.mar", "model.tar.gz", "model"])
    def test_other(self, name: str) -> None:
        """Its containers look for one name."""
        assert found(file_name=name, consumer=VERTEX) == [
            (
                f"{name}: MAR905 Vertex AI serves `model.mar`, not `{name}`;"
                " set `archive-name` to `model`, and `archive-format` to `default`,"
                " or publish it with the layout `vertex`"
            )
        ]

    def test_layout(self) -> None:
        """A name does not matter if the layout gives another one; what the layout refuses does."""
        assert found(file_name="digits.mar", consumer=VERTEX, layout="vertex") == []
        assert found(file_name="digits.mar", consumer=VERTEX, layout="kserve") != []
        assert found(file_name="model.tar.gz", consumer=VERTEX, layout="vertex") != []


class TestSageMaker:
    @pytest.mark.parametrize("name", ["m.tar.gz", "m-1.0.tar.gz", "m"])
    def test_unpacked(self, name: str) -> None:
        assert found(file_name=name, consumer=SAGEMAKER) == []

    def test_mar(self) -> None:
        assert found(file_name="m.mar", consumer=SAGEMAKER) == [
            (
                "m.mar: MAR906 SageMaker does not unpack `m.mar`, which is not a `.tar.gz`;"
                " set `archive-format` to `tgz`, or publish it with the layout `sagemaker`"
            )
        ]

    def test_layout(self) -> None:
        """The layout packs a `.mar` as SageMaker needs it."""
        assert found(file_name="m.mar", consumer=SAGEMAKER, layout="sagemaker") == []
        assert found(file_name="m.mar", consumer=SAGEMAKER, layout="vertex") != []


class TestConsumers:
    @pytest.mark.parametrize("name", ["resnet-1.0.mar", "m.tar.gz", "m"])
    def test_torchserve(self, name: str) -> None:
        """Who serves with TorchServe alone is told nothing of others."""
        assert found("a", "A", "aux.json", file_name=name) == []

    def test_declared(self) -> None:
        """Of all checks, those of the declared consumers speak."""
        archive = Archive(MANIFEST, (Member("aux.json", BytesSource(b"")),))
        declared = Subject(archive, "a.b.mar", consumers=(KSERVE, WINDOWS))
        codes = {finding.code for finding in check_all(declared)}

        assert {code for code in codes if code.startswith("MAR9")} == {"MAR901", "MAR904"}


class TestAscii:
    def test_members(self) -> None:
        """A JVM without a locale cannot write files with other names."""
        assert found("a", "modèle.txt") == [
            (
                "m.mar/modèle.txt: MAR902 Member `modèle.txt` is not ASCII;"
                " rename it, or set `LC_ALL=C.UTF-8` where TorchServe runs"
            )
        ]

    def test_many(self) -> None:
        """Many names are one finding."""
        assert found("à", "è", "ù") == [
            (
                "m.mar/à: MAR902 Member `à` is not ASCII, nor are 2 others;"
                " rename it, or set `LC_ALL=C.UTF-8` where TorchServe runs"
            )
        ]

    def test_file_name(self) -> None:
        """Nor can it read an archive with such a name."""
        assert found(file_name="modèle.mar") == [
            (
                "modèle.mar: MAR902 The file name `modèle.mar` is not ASCII;"
                " rename it, or set `LC_ALL=C.UTF-8` where TorchServe runs"
            )
        ]


class TestCase:
    def test_case(self, tmp_path: Path) -> None:
        """On some file systems one file replaces the other; the finding is at the file."""
        members = tuple(Member(name, FileSource(tmp_path / "src" / name)) for name in ("README", "Readme"))
        subject = Subject(Archive(MANIFEST, members), "m.mar", root=tmp_path)

        assert [str(finding) for finding in check(subject) if finding.rule.consumer == WINDOWS] == [
            "src/Readme: MAR903 Members `README` and `Readme` differ only by case; rename one of them"
        ]

    def test_duplicates(self) -> None:
        """Two members with the same name are found by `archive_names`."""
        assert found("a", "a", consumer=WINDOWS) == []


class TestWindows:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("data/aux.json", "where `aux.json` is a device"),
            ("end.", "where `end.` may not end in a dot or space"),
            ("what?", 'where `what?` may not have any of `<>:"|?*`'),
        ],
    )
    def test_windows(self, name: str, reason: str) -> None:
        """Windows reserves some names and characters."""
        assert found(name, consumer=WINDOWS) == [
            f"m.mar/{name}: MAR904 Member `{name}` cannot be unpacked on Windows, {reason}; rename it"
        ]

    def test_unsafe(self) -> None:
        """Names that no archive may have are found by `archive_names`."""
        assert found("a/..", "a\\b?", consumer=WINDOWS) == []
