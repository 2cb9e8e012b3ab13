from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.build.clean import remove_archives
from hatch_mar.build.plan import plan_project
from hatch_mar.errors import ConfigError, PackError
from tests.archives import SomeProject, needs_posix
from tests.build import LEAST, write_archive

BESIDE = LEAST | {"archive-name": "{model-name}-{version}"}
VERSIONED = BESIDE | {"export-path": "dist"}
ALL_FORMATS = pytest.mark.parametrize("form", FORMATS)


def built(root: Path, table: dict[str, Any], *names: str, project: str = "digits") -> None:
    for planned in plan_project(project_of(root, table, project), root / "dist", names):
        planned.build()


def cleaned(root: Path, table: dict[str, Any], *names: str, project: str = "digits") -> set[str]:
    """What is in `dist` when it has been cleaned."""
    remove_archives(project_of(root, table, project), root / "dist", names)
    return set(os.listdir(root / "dist"))


def project_of(root: Path, table: dict[str, Any], name: str) -> SomeProject:
    return SomeProject(root, {"project": {"name": name}, "tool": {"mar": table}})


class TestRemoveArchives:
    @ALL_FORMATS
    def test_older(self, form: str, project: Path):
        """Archives of the model are removed under every version, and their records with them."""
        for version in ("1.0", "1.0.1", "2024-05.dev1"):
            built(project, VERSIONED | {"archive-format": form, "version": version})

        assert cleaned(project, VERSIONED | {"archive-format": form, "version": "3"}) == set()

    @ALL_FORMATS
    def test_another_model(self, form: str, project: Path):
        """An archive whose manifest has another name stays, whatever its own name."""
        suffix = FORMATS[form].suffix
        path = project / "dist" / f"digits-1.0{suffix}"
        write_archive(path, {"modelName": "letters", "modelVersion": "1.0"})

        assert cleaned(project, VERSIONED | {"archive-format": form}) == {path.name}

    @ALL_FORMATS
    def test_another_name(self, form: str, project: Path):
        """An archive that the configuration cannot name stays, whatever its manifest says."""
        suffix = FORMATS[form].suffix
        names = {f"{name}{suffix}" for name in ("digits", "digits-", "my-digits-1.0", "Digits-1.0")}
        for name in names:
            write_archive(project / "dist" / name, {"modelName": "digits"})

        assert cleaned(project, VERSIONED | {"archive-format": form}) == names

    @ALL_FORMATS
    def test_no_archive(self, form: str, project: Path):
        """What cannot be read as an archive stays, even in the archive's own place."""
        suffix = FORMATS[form].suffix
        names = {f"digits-{version}{suffix}" for version in ("0.9", "1.0")}
        (project / "dist").mkdir()
        for name in names:
            (project / "dist" / name).write_bytes(b"notes")

        assert cleaned(project, VERSIONED | {"archive-format": form}) == names

    @ALL_FORMATS
    def test_other_format(self, form: str, project: Path):
        """An archive of another format stays."""
        for other in FORMATS:
            if FORMATS[other].suffix != FORMATS[form].suffix:
                built(project, VERSIONED | {"archive-format": other})
        before = set(os.listdir(project / "dist"))

        assert cleaned(project, VERSIONED | {"archive-format": form}) == before

    def test_wrong_kind(self, project: Path):
        """So does a directory in the place of a file."""
        built(project, LEAST | {"archive-format": "no-archive"})
        (project / "dist" / "digits").rename(project / "dist" / "digits.mar")

        assert cleaned(project, LEAST) == {"digits.mar", ".hatch"}

    def test_with_files_of_others(self, project: Path):
        """One in which somebody has put a file stays, which is an error when all others are removed."""
        built(project, LEAST)
        built(project, LEAST | {"archive-format": "no-archive"})
        (project / "dist" / "digits" / "notes.txt").touch()
        one, other = ({"archive-format": each} | LEAST for each in ("no-archive", "default"))
        with pytest.raises(PackError, match=r"no build wrote `notes.txt` in it"):
            cleaned(project, {"archives": [one, other]})

        assert set(os.listdir(project / "dist")) == {"digits", ".hatch"}

    def test_another_version_in_the_name(self, project: Path):
        """An archive that another entry of the table named stays, though its name looks the same."""
        large = LEAST | {"archive-name": "{model-name}-large-{version}"}
        built(project, large)

        assert cleaned(project, VERSIONED) == {"digits-large-1.0.mar", ".hatch"}
        assert cleaned(project, large) == set()

    @pytest.mark.parametrize(
        "template", ["{version}", "v{version}.{model-name}", "{version}+{version}", "a+b"]
    )
    def test_template(self, template: str, project: Path):
        """Whatever the template, an older archive is found by it."""
        table = LEAST | {"archive-name": template}
        built(project, table)

        assert cleaned(project, table | ({"version": "2.0"} if "{version}" in template else {})) == set()

    def test_all_archives(self, project: Path):
        """All archives of the table are removed, wherever they were written."""
        table = LEAST | {"archives": [{}, {"model-name": "b", "export-path": "store"}]}
        built(project, table)

        assert cleaned(project, table) == set()
        assert os.listdir(project / "store") == []

    def test_named(self, project: Path):
        """With a name, only that archive is removed."""
        table = VERSIONED | {"archives": [{"model-name": "a"}, {"model-name": "b"}]}
        built(project, table)

        assert cleaned(project, table, "b") == {"a-1.0.mar", ".hatch"}

    def test_unknown_name(self, project: Path):
        """A name that the table does not have is an error."""
        with pytest.raises(ConfigError, match=r"^Unknown archive `letters`"):
            cleaned(project, LEAST, "letters")

    def test_workflow(self, project: Path):
        """A workflow is removed if its manifest has its name."""
        (project / "spec.yaml").write_text("models: {}\ndag: {handle: []}\n")
        least = {"spec-file": "spec.yaml", "handler": "handler.py"}
        table = {"workflows": [{"workflow-name": name, **least} for name in ("cats", "dogs")]}
        built(project, table)
        shutil.move(project / "dist" / "cats.war", project / "dist" / "dogs.war")

        assert cleaned(project, table, "dogs") == {"dogs.war", ".hatch"}
        built(project, table)
        assert cleaned(project, table) == set()

    def test_nothing_built(self, project: Path):
        """Where nothing was built, nothing is done."""
        remove_archives(project_of(project, LEAST, "digits"), project / "dist")

        assert not (project / "dist").exists()

    def test_long_name(self, project: Path):
        """A name that no file can have is nobody's; only a build complains of it."""
        (project / "dist").mkdir()

        assert cleaned(project, LEAST | {"model-name": "a" * 260}) == set()

    @needs_posix
    def test_link(self, project: Path, tmp_path: Path):
        """A link to an archive is removed, and what it leads to stays."""
        built(project, LEAST)
        elsewhere = Path(shutil.move(project / "dist" / "digits.mar", tmp_path))
        (project / "dist" / "digits.mar").symlink_to(elsewhere)

        assert cleaned(project, LEAST) == set()
        assert elsewhere.is_file()


class TestRecords:
    @pytest.mark.parametrize("version", ["1.0", "2.0"], ids=["current", "older"])
    def test_deleted_by_hand(self, version: str, project: Path):
        """What is recorded about an archive that someone deleted is removed too."""
        built(project, VERSIONED)
        (project / "dist" / "digits-1.0.mar").unlink()

        assert cleaned(project, VERSIONED | {"version": version}) == set()

    def test_of_others(self, project: Path):
        """What is recorded about other archives stays."""
        built(project, LEAST | {"model-name": "letters"})
        records = project / "dist" / ".hatch" / "hatch-mar" / "%2E"
        before = set(os.listdir(records))
        built(project, LEAST)

        assert cleaned(project, LEAST) == {"letters.mar", ".hatch"}
        assert set(os.listdir(records)) == before

    @pytest.mark.parametrize("version", ["1.0", "2.0"], ids=["current", "older"])
    @pytest.mark.parametrize("deleted", ["dist", "dist/digits-1.0.mar", None])
    def test_in_project(self, deleted: str | None, version: str, project: Path):
        """Those that the project keeps are removed with their folders, even if `dist` was deleted by hand."""
        (project / "pyproject.toml").touch()
        before = set(os.listdir(project))
        built(project, VERSIONED)
        assert os.listdir(project / "dist") == ["digits-1.0.mar"]
        if deleted == "dist":
            shutil.rmtree(project / deleted)
        elif deleted:
            (project / deleted).unlink()
        remove_archives(project_of(project, VERSIONED | {"version": version}, "digits"), project / "dist")

        assert set(os.listdir(project)) - {"dist"} == before

    def test_foreign(self, project: Path):
        """What someone else has put into the folders stays."""
        (project / "pyproject.toml").touch()
        built(project, LEAST)
        for name in ("default", "hatch-mar/notes"):
            (project / ".hatch" / name).touch()

        assert cleaned(project, LEAST) == set()
        assert set(os.listdir(project / ".hatch")) == {"default", "hatch-mar"}
        assert "notes" in os.listdir(project / ".hatch" / "hatch-mar")


class TestOtherProject:
    def test_kept(self, project: Path, tmp_path: Path):
        """An archive that another project wrote into the same directory stays."""
        other = shutil.copytree(project, tmp_path / "other")
        for planned in plan_project(project_of(other, BESIDE, "other"), project / "dist"):
            planned.build()

        assert cleaned(project, BESIDE | {"version": "2.0"}) == {"digits-1.0.mar", ".hatch"}
        remove_archives(project_of(other, BESIDE, "other"), project / "dist")
        assert os.listdir(project / "dist") == []
