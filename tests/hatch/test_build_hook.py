from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from hatch_mar.hatch.build_hook import MarBuildHook
from tests.hatch.conftest import ARCHIVE, WriteProject

HOOK = "[tool.hatch.build.hooks.mar]\n"

TWO_ARCHIVES = """
[tool.mar]
handler = "handler.py"

[[tool.mar.archives]]
model-name = "one"

[[tool.mar.archives]]
model-name = "two"
export-path = "store"
"""


def hook(
    root: Path,
    config: dict[str, Any] | None = None,
    *,
    directory: str | None = None,
    target: str = "wheel",
) -> MarBuildHook:
    """The hook as hatchling creates it for a build of `target`."""
    builder = WheelBuilder(str(root))
    return MarBuildHook(
        str(root),
        {} if config is None else config,
        builder.config,
        builder.metadata,
        directory or str(root / "dist"),
        target,
    )


def run(made: MarBuildHook, version: str = "standard") -> None:
    data = build_data()
    made.initialize(version, data)
    made.finalize(version, data, "the wheel")


def build_data(**force_include: str) -> dict[str, Any]:
    """The build data that hatchling passes to every hook."""
    return {"artifacts": [], "force_include": force_include, "build_hooks": ("mar",)}


def aborted(capsys: pytest.CaptureFixture[str], step, *arguments: object) -> str:
    """The message with which `step` ends the build."""
    with pytest.raises(SystemExit) as error:
        step(*arguments)
    assert error.value.code == 1
    return capsys.readouterr().err


def archives(root: Path) -> set[str]:
    return {file.relative_to(root).as_posix() for file in root.rglob("*.mar")}


class TestBuild:
    def test_written(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """The archive is written next to the wheel, and its path is shown."""
        root = write_project()
        run(hook(root))

        with zipfile.ZipFile(root / "dist" / "Digits.mar") as file:
            assert file.namelist() == ["MAR-INF/MANIFEST.json", "handler.py", "model.pth"]
        assert str(Path("dist", "Digits.mar")) + "\n" == capsys.readouterr().err

    def test_unchanged(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """A second pass, as for the wheel after the sdist, reports the archive as unchanged."""
        root = write_project()
        run(hook(root, target="sdist"))
        capsys.readouterr()
        run(hook(root))

        assert str(Path("dist", "Digits.mar")) + " (unchanged)\n" == capsys.readouterr().err

    def test_several(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """Every archive is written to its path."""
        root = write_project(TWO_ARCHIVES)
        run(hook(root))

        assert archives(root) == {"dist/one.mar", "store/two.mar"}
        assert [str(Path("dist", "one.mar")), str(Path("store", "two.mar"))] == (
            capsys.readouterr().err.splitlines()
        )

    def test_relative_directory(
        self, write_project: WriteProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ):
        """`hatch build out` means a directory of the project, whatever the working directory."""
        root = write_project()
        monkeypatch.chdir(tmp_path)
        run(hook(root, directory="out"))

        assert archives(root) == {"out/Digits.mar"}

    def test_outside_of_the_project(
        self, write_project: WriteProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        """An archive outside the project is shown with its full path."""
        run(hook(write_project(), directory=str(tmp_path / "out")))

        assert capsys.readouterr().err == f"{tmp_path / 'out' / 'Digits.mar'}\n"

    def test_version(self, write_project: WriteProject):
        """The model's version is the project's."""
        root = write_project()
        run(hook(root))

        with zipfile.ZipFile(root / "dist" / "Digits.mar") as file:
            assert b'"modelVersion": "1.0"' in file.read("MAR-INF/MANIFEST.json")

    @pytest.mark.parametrize(
        ("epoch", "more", "expected"),
        [
            (None, "", (2020, 2, 2, 0, 0, 0)),
            ("1700000000", "", (2023, 11, 14, 22, 13, 20)),
            ("1700000000", "[tool.hatch.build]\nreproducible = true\n", (2023, 11, 14, 22, 13, 20)),
        ],
    )
    def test_date(
        self,
        epoch: str | None,
        more: str,
        expected: tuple[int, ...],
        write_project: WriteProject,
        monkeypatch: pytest.MonkeyPatch,
    ):
        """The archive has the date of the wheel."""
        if epoch:
            monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
        root = write_project(more=more)
        run(hook(root))

        with zipfile.ZipFile(root / "dist" / "Digits.mar") as file:
            assert {info.date_time for info in file.infolist()} == {expected}

    def test_not_reproducible(self, write_project: WriteProject, monkeypatch: pytest.MonkeyPatch):
        """A project that is not reproducible uses the current time, as for its wheel."""
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
        root = write_project(more="[tool.hatch.build]\nreproducible = false\n")
        run(hook(root))

        with zipfile.ZipFile(root / "dist" / "Digits.mar") as file:
            assert {info.date_time > (2024, 1, 1) for info in file.infolist()} == {True}

    def test_include_project(self, write_project: WriteProject):
        """`include-project` adds the wheel's files, including those that another hook added."""
        root = write_project('\n[tool.mar]\nhandler = "handler.py"\ninclude-project = true\n')
        made = hook(root)
        data = build_data(**{str(root / "handler.py"): "generated/h.py"})
        made.initialize("standard", data)
        made.finalize("standard", data, "the wheel")

        with zipfile.ZipFile(root / "dist" / "Digits.mar") as file:
            assert file.namelist() == ["MAR-INF/MANIFEST.json", "generated/h.py", "handler.py", "model.py"]


class TestWithHatchling:
    """Through hatchling's own builders, which find the hook by its entry point."""

    def test_wheel(self, write_project: WriteProject):
        """A build of the wheel writes the wheel and the archive."""
        root = write_project(more=HOOK)
        [wheel] = WheelBuilder(str(root)).build(directory=str(root / "dist"), versions=["standard"])

        found = {file.name for file in (root / "dist").iterdir() if file.name != ".hatch"}
        assert found == {Path(wheel).name, "Digits.mar"}

    def test_sdist_and_wheel(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """The two passes of `hatch build` write one archive."""
        root = write_project(more=HOOK)
        for builder in (SdistBuilder, WheelBuilder):
            list(builder(str(root)).build(directory=str(root / "dist"), versions=["standard"]))

        assert archives(root) == {"dist/Digits.mar"}
        assert capsys.readouterr().err.count("(unchanged)") == 1

    def test_editable(self, write_project: WriteProject):
        """An editable installation builds no archive."""
        root = write_project(more=HOOK + '[tool.hatch.build]\ndev-mode-dirs = ["."]\n')
        list(WheelBuilder(str(root)).build(directory=str(root / "dist"), versions=["editable"]))

        assert archives(root) == set()

    def test_fault_stops_the_wheel(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """A fault in the configuration stops the build of the wheel."""
        root = write_project(more=HOOK)
        (root / "weights" / "model.pth").unlink()
        build = WheelBuilder(str(root)).build(directory=str(root / "dist"), versions=["standard"])

        assert (
            aborted(capsys, lambda: list(build))
            == "Field `tool.mar.serialized-file`: file not found: `weights/model.pth` [MAR021]\n"
        )
        assert list((root / "dist").iterdir()) == []

    def test_hooks_only(self, write_project: WriteProject):
        """`--hooks-only` builds nothing."""
        root = write_project(more=HOOK)
        builder = WheelBuilder(str(root))
        list(builder.build(directory=str(root / "dist"), versions=["standard"], hooks_only=True))

        assert archives(root) == set()

    def test_clean_hooks_after(self, write_project: WriteProject):
        """`--clean-hooks-after` does not remove the archive."""
        root = write_project(more=HOOK)
        builder = WheelBuilder(str(root))
        list(builder.build(directory=str(root / "dist"), versions=["standard"], clean_hooks_after=True))

        assert archives(root) == {"dist/Digits.mar"}


class TestFaults:
    def test_of_the_table(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """All faults of `[tool.mar]` are shown before anything is built, one per line, no traceback."""
        root = write_project('\n[tool.mar]\nhandler = "base_handler"\nforce = 1\nruntme = "python"\n')
        expected = (
            "Field `tool.mar.force` must be a boolean [MAR004]\n"
            "Unknown field `tool.mar.runtme`; did you mean `runtime`? [MAR003]\n"
        )

        assert aborted(capsys, hook(root).initialize, "standard", build_data()) == expected

    def test_of_the_files(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """Missing files are reported before anything is built."""
        root = write_project('\n[tool.mar]\nhandler = "a.py"\nmodel-file = "b.py"\n')
        expected = (
            "Field `tool.mar.model-file`: file not found: `b.py` [MAR021]\n"
            "Field `tool.mar.handler`: file not found: `a.py` [MAR021]\n"
        )

        assert aborted(capsys, hook(root).initialize, "standard", build_data()) == expected

    def test_of_the_environment(
        self, write_project: WriteProject, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ):
        """An invalid date is reported before anything is built."""
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")

        assert aborted(capsys, hook(write_project()).initialize, "standard", build_data()).startswith(
            "Environment variable `SOURCE_DATE_EPOCH` must be "
        )

    def test_of_writing(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """An archive that cannot be written is reported too."""
        root = write_project()
        place = root / "dist" / "Digits.mar"
        place.mkdir(parents=True)

        assert (
            aborted(capsys, run, hook(root))
            == f"Cannot write `{place}`: a directory of that name exists; move it away [MAR027]\n"
        )

    def test_no_table(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """If `[tool.mar]` is missing, the message says what to write."""
        assert (
            aborted(capsys, hook(write_project("")).initialize, "standard", build_data())
            == "Table `tool.mar` is missing; declare an archive there, with at least its `handler` [MAR002]\n"
        )


class TestOptions:
    def test_unknown(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """The hook's own table has no options; the message says where they belong."""
        expected = (
            "Unknown option `model-name` for build hook `mar`; options belong in `[tool.mar]` [MAR003]\n"
            "Unknown option `handler` for build hook `mar`; options belong in `[tool.mar]` [MAR003]\n"
        )
        made = hook(write_project(), {"model-name": "digits", "handler": "base_handler"})

        assert aborted(capsys, made.initialize, "standard", build_data()) == expected

    def test_of_hatchling(self, write_project: WriteProject):
        """Keys that hatchling reads from any hook's table are allowed."""
        root = write_project()
        config = {
            "dependencies": ["torch"],
            "require-runtime-dependencies": True,
            "require-runtime-features": ["gpu"],
            "enable-by-default": False,
        }
        run(hook(root, config))

        assert archives(root) == {"dist/Digits.mar"}


class TestNotBuilt:
    """Builds of which only the wheel is kept."""

    def test_mar_target(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """For the target `mar`, the builder writes the archives instead of the hook."""
        root = write_project()
        run(hook(root, target="mar"))

        assert archives(root) == set()
        assert capsys.readouterr().err == ""

    def test_editable(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """An editable installation builds no archive and needs none of its files."""
        root = write_project('\n[tool.mar]\nhandler = "missing.py"\n')
        run(hook(root), "editable")

        assert archives(root) == set()
        assert capsys.readouterr().err == ""

    def test_editable_after_standard(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """The same holds if the editable version is built after the standard one."""
        made = hook(write_project())
        run(made)
        capsys.readouterr()
        run(made, "editable")

        assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("variable", ["PIP_BUILD_TRACKER", "HATCH_MAR_SKIP"])
    def test_environment(
        self,
        variable: str,
        write_project: WriteProject,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ):
        """Nothing is built under pip, which discards all but the wheel, or with `HATCH_MAR_SKIP`."""
        monkeypatch.setenv(variable, "anything")
        root = write_project('\n[tool.mar]\nhandler = "missing.py"\n')
        run(hook(root))

        assert archives(root) == set()
        assert capsys.readouterr().err == ""


class TestFromSdist:
    """An unpacked sdist, from which frontends build the wheel, may not contain the weights."""

    @pytest.fixture
    def sdist(self, write_project: WriteProject) -> Path:
        root = write_project()
        (root / "PKG-INFO").write_bytes(b"Metadata-Version: 2.4\nName: Digits\nVersion: 1.0\n")
        (root / "weights" / "model.pth").unlink()
        return root

    def test_warning(self, sdist: Path, capsys: pytest.CaptureFixture[str]):
        """A warning says that no archive is built."""
        run(hook(sdist))
        expected = (
            "Archive not built: `Digits.mar`, since this wheel is built from an unpacked sdist;"
            " declare the hook for all targets, as `[tool.hatch.build.hooks.mar]`\n"
        )

        assert capsys.readouterr().err == expected
        assert archives(sdist) == set()

    @pytest.mark.parametrize("declared", ["hooks.mar", "targets.sdist.hooks.mar"])
    def test_already_there(
        self,
        declared: str,
        write_project: WriteProject,
        sdist: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ):
        """There is no warning if the build of the sdist has written the archive."""
        write_project(more=f"[tool.hatch.build.{declared}]\n")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "Digits.mar").touch()
        run(hook(sdist, directory=str(tmp_path / "out")))

        assert capsys.readouterr().err == ""

    def test_left_by_another_build(
        self,
        write_project: WriteProject,
        sdist: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ):
        """If the hook is declared only for wheels, an existing archive is old, and the warning is shown."""
        write_project(more="[tool.hatch.build.targets.wheel.hooks.mar]\n")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "Digits.mar").touch()
        run(hook(sdist, directory=str(tmp_path / "out")))

        assert capsys.readouterr().err.startswith("Archive not built: `Digits.mar`, since this wheel")

    def test_exported(self, write_project: WriteProject, sdist: Path, capsys: pytest.CaptureFixture[str]):
        """There is no warning for an archive with an export path, which cannot be found from the sdist."""
        write_project(ARCHIVE + 'export-path = "store"\n', more=HOOK)
        run(hook(sdist))

        assert capsys.readouterr().err == ""

    def test_clean(self, sdist: Path, tmp_path: Path):
        """An unpacked sdist removes no archives."""
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "Digits.mar").touch()
        hook(sdist, directory=str(tmp_path / "out")).clean(["standard"])

        assert (tmp_path / "out" / "Digits.mar").exists()

    def test_options(self, sdist: Path, capsys: pytest.CaptureFixture[str]):
        """An option in the wrong place is an error here too."""
        made = hook(sdist, {"handler": "x"})

        assert "Unknown option `handler`" in aborted(capsys, made.initialize, "standard", build_data())


class TestClean:
    def test_configured(self, write_project: WriteProject):
        """Only the archives of the configuration are removed."""
        root = write_project(TWO_ARCHIVES)
        run(hook(root))
        (root / "dist" / "other.mar").touch()
        hook(root).clean(["standard"])

        assert archives(root) == {"dist/other.mar"}

    def test_nothing(self, write_project: WriteProject):
        """If nothing was built, nothing is removed."""
        root = write_project()
        hook(root).clean(["standard"])

        assert not (root / "dist").exists()

    def test_foreign(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """A file that is not an archive is kept and reported."""
        root = write_project(ARCHIVE + 'archive-format = "no-archive"\n')
        (root / "dist" / "Digits").mkdir(parents=True)
        (root / "dist" / "Digits" / "thesis.tex").touch()
        found = aborted(capsys, hook(root).clean, ["standard"])

        assert "it exists and is not a model archive; move it away" in found
        assert (root / "dist" / "Digits" / "thesis.tex").exists()

    def test_after_the_build(self, write_project: WriteProject):
        """An archive that this build wrote is kept."""
        root = write_project()
        made = hook(root)
        run(made)
        made.clean(["standard"])

        assert archives(root) == {"dist/Digits.mar"}

    @pytest.mark.parametrize("target", ["mar", "pip"])
    def test_not_ours(self, target: str, write_project: WriteProject, monkeypatch: pytest.MonkeyPatch):
        """A build that writes no archive removes none."""
        root = write_project()
        run(hook(root))
        if target == "pip":
            monkeypatch.setenv("PIP_BUILD_TRACKER", "anything")
        hook(root, target=target).clean(["standard"])

        assert archives(root) == {"dist/Digits.mar"}


class TestDependencies:
    def test_none(self, write_project: WriteProject):
        """A build needs no other dependencies."""
        assert hook(write_project(), directory="").dependencies() == []
