from __future__ import annotations

import os
import shutil
import stat
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.manifest import Manifest
from hatch_mar.archive.packager import unchanged
from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.archive.packager.owner import Owner, read_owner
from hatch_mar.build.plan import Planned, load_configs, plan_project
from hatch_mar.errors import CheckError, ConfigError, HatchMarError, PackError
from hatch_mar.finding import Finding
from hatch_mar.project import remote_files
from hatch_mar.project.remote_files import digest_of
from tests.archives import INSTANT, SomeProject, needs_posix, tree
from tests.build import LEAST, names_in, planned


class TestLoad:
    def test_defaults(self, project: Path):
        """The name and the version are the project's."""
        [config] = load_configs(SomeProject(project, {"tool": {"mar": LEAST}}))

        assert (config.name, config.version) == ("digits", "1.0")

    @pytest.mark.parametrize("pyproject", [{}, {"tool": {}}])
    def test_missing(self, pyproject: dict[str, Any], project: Path):
        """If the table is missing, the message says what to write."""
        with pytest.raises(ConfigError, match=r"^Table `tool\.mar` is missing; "):
            load_configs(SomeProject(project, pyproject))


class TestPlan:
    def test_nothing_written(self, project: Path):
        """Planning writes nothing."""
        before = tree(project)
        planned(project, LEAST)

        assert before == tree(project)

    def test_all_faults(self, project: Path):
        """The faults of all archives are reported at once, and a shared one once."""
        table = LEAST | {
            "extra-files": ["missing.json"],
            "archives": [{"model-file": "a.py"}, {"model-name": "other", "model-file": "b.py"}],
        }
        with pytest.raises(HatchMarError) as error:
            planned(project, table)

        assert error.value.faults == (
            "Field `tool.mar.archives[0].model-file`: file not found: `a.py` [MAR021]",
            "Field `tool.mar.extra-files`: file not found: `missing.json` [MAR021]",
            "Field `tool.mar.archives[1].model-file`: file not found: `b.py` [MAR021]",
        )

    def test_shared_fault(self, project: Path):
        """A fault of a file that several archives have is one fault, of all of them."""
        (project / "requirements.txt").write_text("foo bar\n")
        archives = [{"model-name": "a"}, {"model-name": "b"}]
        with pytest.raises(CheckError) as error:
            planned(project, LEAST | {"requirements-file": "requirements.txt", "archives": archives})

        [finding] = error.value.causes
        assert isinstance(finding, Finding)
        assert (finding.code, finding.archives) == ("MAR604", ("a", "b"))

    def test_paths(self, project: Path):
        """Each archive goes to the build directory or to its export path."""
        other = {"archive-format": "tgz", "export-path": "store"}
        expected = [project / "dist" / "digits.mar", project / "store" / "digits.tar.gz"]

        assert [one.path for one in planned(project, LEAST | {"archives": [{}, other]})] == expected

    @pytest.mark.parametrize("export_path", ["dist", "./dist/", "store/../dist"])
    def test_clash_with_the_build_directory(self, export_path: str, project: Path):
        """Two archives with the same path are an error."""
        with pytest.raises(HatchMarError):
            planned(project, LEAST | {"archives": [{}, {"export-path": export_path}]})


class TestOwner:
    """An archive belongs to the project that builds it."""

    def plan(self, root: Path, name: str | None, output: Path) -> Planned:
        pyproject = {"tool": {"mar": LEAST}} | ({"project": {"name": name}} if name else {})
        [one] = plan_project(SomeProject(root, pyproject), output)
        return one

    @pytest.mark.parametrize(("name", "expected"), [("digits", "digits"), (None, "")])
    def test_recorded(self, name: str | None, expected: str, project: Path, tmp_path: Path):
        """Its name is the one in `pyproject.toml`, if there is one."""
        one = self.plan(project, name, tmp_path)
        one.build()

        assert read_owner(one.path) == Owner(expected, project)

    def test_poetry(self, project: Path, tmp_path: Path):
        """Poetry has a name of its own."""
        tables = {"tool": {"mar": LEAST, "poetry": {"name": "digits"}}}
        [one] = plan_project(SomeProject(project, tables), tmp_path)

        assert one.owner == Owner("digits", project)

    def test_unnamed(self, project: Path, tmp_path: Path):
        """Projects without a name are two if they are in two places, whatever these are called."""
        out = tmp_path / "out"
        self.plan(project, None, out).build()
        self.plan(project, None, out).build()
        other = shutil.copytree(project, tmp_path / "other" / project.name)

        with pytest.raises(CheckError) as error:
            self.plan(other, None, out)
        assert f"it belongs to the project in `{project}`" in str(error.value)

    def test_planned(self, project: Path, tmp_path: Path):
        """Another project that would replace it is stopped before anything is built."""
        self.plan(project, "aa", tmp_path / "out").build()
        other = shutil.copytree(project, tmp_path / "bb")

        with pytest.raises(CheckError) as error:
            self.plan(other, "bb", tmp_path / "out")
        assert [finding.code for finding in error.value.findings] == ["MAR030"]

    def test_built(self, project: Path, tmp_path: Path):
        """If both were planned before either was built, the second is stopped when it is built."""
        other = shutil.copytree(project, tmp_path / "bb")
        one, second = self.plan(project, "aa", tmp_path / "out"), self.plan(other, "bb", tmp_path / "out")
        one.build()
        before = tree(tmp_path / "out")

        with pytest.raises(PackError, match=r"it belongs to project `aa` \(.*, and project `bb` \("):
            second.build()
        assert before == tree(tmp_path / "out")


@needs_posix
class TestMode:
    @pytest.mark.parametrize("umask", [0o022, 0o077], ids=oct)
    def test_default(self, umask: int, project: Path):
        """An archive has the mode that hatchling's wheels have, whatever the umask."""
        before = os.umask(umask)
        try:
            artifact = planned(project, LEAST)[0].build()
        finally:
            os.umask(before)

        assert stat.S_IMODE(artifact.path.stat().st_mode) == 0o644

    def test_given(self, project: Path):
        """Another backend's wheel may have another."""
        artifact = planned(project, LEAST)[0].build(mode=0o600)

        assert stat.S_IMODE(artifact.path.stat().st_mode) == 0o600


class TestBuild:
    @pytest.mark.parametrize("form", ["default", "zip-store", "tgz", "no-archive"])
    def test_format(self, form: str, project: Path):
        """An archive is written in its format."""
        [one] = planned(project, LEAST | {"archive-format": form, "model-file": "model.py"})
        artifact = one.build()

        assert one.path == artifact.path
        assert names_in(one.path) == {"MAR-INF/MANIFEST.json", "handler.py", "model.py"}

    def test_workflow(self, project: Path):
        """A workflow is a zip with a manifest of its own."""
        (project / "spec.yaml").write_text("models: {}\ndag: {handle: []}\n")
        workflow = {"workflow-name": "dogs", "spec-file": "spec.yaml", "handler": "handler.py"}
        [one] = planned(project, {"workflows": [workflow]})
        artifact = one.build()

        assert artifact.path == project / "dist" / "dogs.war"
        with zipfile.ZipFile(artifact.path) as file:
            assert file.namelist() == ["WAR-INF/MANIFEST.json", "handler.py", "spec.yaml"]

    def test_instant(self, project: Path):
        """The instant of the build is the manifest's and the members'."""
        [one] = planned(project, LEAST)
        with zipfile.ZipFile(one.build().path) as file:
            dates = {info.date_time for info in file.infolist()}
            manifest = Manifest.from_json(file.read("MAR-INF/MANIFEST.json"))

        assert manifest.document["createdOn"] == "02/02/2020 00:00:00"
        assert dates == {(2020, 2, 2, 0, 0, 0)}

    @pytest.mark.parametrize(("root", "expected"), [(None, "digits"), (".", "."), ("v{version}", "v1.0")])
    def test_folder_of_a_tgz(self, root: str | None, expected: str, project: Path):
        """A `tgz` has all its members in the folder that is asked for."""
        table = LEAST | {"archive-format": "tgz"} | ({"archive-root": root} if root else {})
        [one] = planned(project, table)
        with tarfile.open(one.build().path) as file:
            assert file.getnames() == [f"{expected}/MAR-INF/MANIFEST.json", f"{expected}/handler.py"]

    @pytest.mark.parametrize(
        ("settings", "method"),
        [
            ({}, zipfile.ZIP_STORED),
            ({"compression": "deflate"}, zipfile.ZIP_DEFLATED),
            ({"compression": "deflate", "archive-format": "zip-store"}, zipfile.ZIP_STORED),
        ],
    )
    def test_compression(self, settings: dict[str, str], method: int, project: Path):
        """Members are compressed as asked, and never with `zip-store`."""
        [one] = planned(project, LEAST | settings | {"model-file": "model.py"})
        with zipfile.ZipFile(one.build().path) as file:
            assert {info.compress_type for info in file.infolist()} == {method}

    def test_read_when_written(self, project: Path):
        """What is packed is what a file holds when the archive is written."""
        [one] = planned(project, LEAST | {"model-file": "model.py"})
        (project / "model.py").write_bytes(b"later")
        with zipfile.ZipFile(one.build().path) as file:
            assert file.read("model.py") == b"later"

    def test_again(self, project: Path):
        """A second build writes nothing."""
        table = LEAST | {"serialized-file": "weights/model.pth"}

        assert [planned(project, table)[0].build().unchanged for _ in range(2)] == [False, True]

    def test_force(self, project: Path):
        """Without force, a different archive is kept."""
        planned(project, LEAST)[0].build()
        before = tree(project / "dist")

        with pytest.raises(HatchMarError, match=r"^File already exists and differs: "):
            planned(project, LEAST | {"force": False, "version": "2"})[0].build()
        assert before == tree(project / "dist")


class TestRemoteFiles:
    TABLE = LEAST | {"serialized-file": "weights/model.pth"}

    def plan(self, project: Path, digest: str, **settings: Any) -> list[Planned]:
        remote_file = {"path": "weights/model.pth", "url": "https://a.b/c", "sha256": digest}
        return planned(project, self.TABLE | {"remote-files": [remote_file]} | settings)

    def test_right(self, project: Path):
        """A file with its digest is packed."""
        [one] = self.plan(project, digest_of(project / "weights/model.pth"))

        assert one.build().path.is_file()

    @pytest.mark.parametrize("data", [b"<!DOCTYPE html>\n", b"version https://git-lfs.github.com/spec/v1\n"])
    def test_wrong(self, data: bytes, project: Path):
        """Of a file with another digest, nothing else is said."""
        (project / "weights/model.pth").write_bytes(data)
        with pytest.raises(CheckError) as error:
            self.plan(project, "0" * 64, archives=[{"model-name": "a"}, {"model-name": "b"}])

        assert [finding.code for finding in error.value.findings] == ["MAR037"]

    def test_changed(self, project: Path):
        """A file that changes after the archive was planned does not get into it."""
        file = project / "weights/model.pth"
        [one] = self.plan(project, digest_of(file))
        file.write_bytes(b"other")

        with pytest.raises(HatchMarError, match=r"\[MAR037\]$"):
            one.build()
        assert not one.path.exists()

    def test_not_planned(self, project: Path):
        """Only what the archives take that are to be built must be there."""
        table = self.TABLE | {
            "remote-files": [{"path": "a.pth", "url": "https://a.b/c", "sha256": "0" * 64}],
            "archives": [{"model-name": "a", "serialized-file": "a.pth"}, {"model-name": "b"}],
        }
        [one] = plan_project(SomeProject(project, {"tool": {"mar": table}}), project / "dist", ["b"])

        assert one.config.name == "b"


class TestRemembered:
    """An archive whose inputs and configuration are as before is not packed again."""

    @pytest.fixture(autouse=True)
    def _no_slack(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Files that a test has just made count as old."""
        monkeypatch.setattr(unchanged, "COARSE", -(1 << 62))
        monkeypatch.setattr(unchanged, "FINE", -(1 << 62))

    BASE = LEAST | {"serialized-file": "weights/model.pth", "compression": "deflate"}

    def built(self, project: Path, table: dict[str, Any]) -> tuple[Artifact, int]:
        """An archive, and how many bytes were read for it."""
        [one] = planned(project, table)
        read: list[int] = []
        return one.build(read.append), sum(read)

    def test_same(self, project: Path):
        """If nothing has changed, nothing is read."""
        self.built(project, self.BASE)
        artifact, read = self.built(project, self.BASE)

        assert (artifact.unchanged, read) == (True, 0)

    def test_remote_files(self, project: Path):
        """Another digest counts if the archive takes the file."""

        def remote(path: str, digest: str) -> dict[str, str]:
            return {"path": path, "url": "https://a.b/c", "sha256": digest}

        own = remote("weights/model.pth", digest_of(project / "weights/model.pth"))
        self.built(project, self.BASE | {"remote-files": [own, remote("b", "0" * 64)]})
        artifact, read = self.built(project, self.BASE | {"remote-files": [own, remote("b", "1" * 64)]})

        assert (artifact.unchanged, read) == (True, 0)
        with pytest.raises(CheckError, match=r"\[MAR037\]$"):
            self.built(project, self.BASE | {"remote-files": [own | {"sha256": "2" * 64}]})

    @pytest.mark.parametrize(
        "change",
        [
            {"archive-format": "zip-store"},
            {"compression": "store"},
            {"version": "2.0"},
            {"handler": "handler.py:handle"},
            {"model-file": "model.py"},
            {"extra-files": ["index_to_name.json"]},
            {"runtime": "python3"},
            {"requirements-file": "requirements.txt"},
            {"config-file": "model-config.yaml"},
            {"config": {"minWorkers": 2}},
            {"force-include": {"model.py": "a/b.py"}},
            {"packages": ["weights"]},
            {"exclude": ["*.txt"]},
            {"ignore": ["MAR901"]},
            {"force": False},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_setting(self, change: dict[str, Any], project: Path):
        """With any key of the configuration changed, the archive is what a new build would give."""
        if next(iter(change)) == "ignore":
            change = {"ignore": ["MAR901"]}
        self.built(project, self.BASE)
        if change.get("force", True):
            artifact, _ = self.built(project, self.BASE | change)
        else:
            artifact = planned(project, self.BASE | change)[0].build()
        fresh = planned(project, self.BASE | change, "fresh")[0].build()

        assert tree(fresh.path) == tree(artifact.path)
        assert artifact.path.parent.name == "dist"

    def test_digest(self, project: Path, monkeypatch: pytest.MonkeyPatch):
        """If nothing has changed, the digest of a remote file is not compared; another one is."""
        name = "weights/model.pth"
        remote_file = {"path": name, "url": "https://a.b/c", "sha256": digest_of(project / name)}
        self.built(project, self.BASE | {"remote-files": [remote_file]})
        compared: list[Path] = []
        monkeypatch.setattr(remote_files, "digest_of", lambda file, _: compared.append(file))
        artifact, read = self.built(project, self.BASE | {"remote-files": [remote_file]})

        assert (artifact.unchanged, read, compared) == (True, 0, [])
        with pytest.raises(CheckError):
            planned(project, self.BASE | {"remote-files": [remote_file | {"sha256": "0" * 64}]})
        assert compared == [project / name]

    def test_archive_root(self, project: Path):
        """The same holds for another folder in a `tgz`."""
        table = self.BASE | {"archive-format": "tgz"}
        self.built(project, table)
        artifact, _ = self.built(project, table | {"archive-root": "."})

        assert not artifact.unchanged

    def test_instant(self, project: Path):
        """The same holds for another date."""
        [one] = planned(project, self.BASE)
        one.build()

        assert not replace(one, instant=INSTANT.replace(year=2021)).build().unchanged
