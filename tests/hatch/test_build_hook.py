from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from hatch_mar.hatch.build_hook import MarBuildHook
from tests.archives import needs_posix
from tests.build import write_archive
from tests.hatch.conftest import ARCHIVE, PROJECT, WriteProject

HOOK = "[tool.hatch.build.hooks.mar]\n"
WHEEL_HOOK = "[tool.hatch.build.targets.wheel.hooks.mar]\n"

PKG_INFO = b"Metadata-Version: 2.4\nName: Digits\nVersion: 1.0\n"

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


def put_beside_sdist(directory: Path) -> None:
    """Leave an archive in a directory, and the sdist of which a wheel is built next."""
    directory.mkdir(exist_ok=True)
    (directory / "project.tar.gz").touch()
    write_archive(directory / "Digits.mar", {"modelName": "Digits", "modelVersion": "1.0"})


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
        root = write_project(TWO_ARCHIVES, HOOK)
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

        found = {file.name for file in (root / "dist").iterdir()}
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


OTHER_DIGEST = f"""
[[tool.mar.remote-files]]
path = "weights/model.pth"
url = "https://example.org/model.pth"
sha256 = "{"0" * 64}"
"""


class TestOtherHooks:
    """hatchling runs the hooks of a target after those of all targets, wherever they stand."""

    CUSTOM = "[tool.hatch.build.targets.wheel.hooks.custom]\n"

    @staticmethod
    def write_custom_hook(root: Path, *lines: str) -> None:
        """A hook of the project's own, whose `initialize` has these lines."""
        body = "".join(f"        {line}\n" for line in lines)
        (root / "hatch_build.py").write_text(
            "from pathlib import Path\n"
            "from hatchling.builders.hooks.plugin.interface import BuildHookInterface\n"
            "class Custom(BuildHookInterface):\n"
            "    def initialize(self, version, build_data):\n"
            f"        root = Path(self.root)\n{body}"
        )

    @staticmethod
    def build(root: Path, builder: type[SdistBuilder] | type[WheelBuilder] = WheelBuilder) -> str:
        [artifact] = builder(str(root)).build(directory=str(root / "dist"), versions=["standard"])
        return artifact

    @pytest.mark.parametrize("old", [True, False])
    def test_generated_weights(self, *, old: bool, write_project: WriteProject):
        """Weights that a later hook writes are in the archive, whether or not there were others before."""
        root = write_project(more=HOOK + self.CUSTOM)
        new = (root / "weights/model.pth").read_bytes() + b"new"
        if not old:
            (root / "weights/model.pth").unlink()
        self.write_custom_hook(root, f"(root / 'weights/model.pth').write_bytes({new!r})")
        self.build(root)

        with zipfile.ZipFile(root / "dist/Digits.mar") as file:
            assert file.read("model.pth") == new

    REMOTE_LABELS = (
        '\n[tool.mar]\nhandler = "handler.py"\npackages = ["weights"]\n[[tool.mar.remote-files]]\n'
        'path = "weights/labels.txt"\nurl = "https://example.org/labels.txt"\n'
        f'sha256 = "{hashlib.sha256(b"labels").hexdigest()}"\n'
    )

    def test_fetched(self, write_project: WriteProject):
        """A remote file that belongs in a packed directory may be brought by a later hook."""
        root = write_project(self.REMOTE_LABELS, HOOK + self.CUSTOM)
        self.write_custom_hook(root, "(root / 'weights/labels.txt').write_bytes(b'labels')")
        self.build(root)

        with zipfile.ZipFile(root / "dist/Digits.mar") as file:
            assert file.read("weights/labels.txt") == b"labels"

    def test_not_fetched(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """If no hook does, the build fails, and there is no wheel either."""
        root = write_project(self.REMOTE_LABELS, HOOK + self.CUSTOM)
        self.write_custom_hook(root, "pass")

        assert aborted(capsys, self.build, root) == (
            "Field `tool.mar.remote-files[0]`: file not found: `weights/labels.txt`;"
            " run `hatch-mar fetch weights/labels.txt` [MAR036]\n"
        )
        assert list((root / "dist").iterdir()) == []

    def test_generated_module(self, write_project: WriteProject):
        """With `include-project`, so are the modules that a later hook adds to the wheel."""
        root = write_project(
            '\n[tool.mar]\nhandler = "handler.py"\ninclude-project = true\n', HOOK + self.CUSTOM
        )
        add = "build_data['force_include'][str(root / 'handler.py')] = 'fast.py'"
        self.write_custom_hook(root, add)
        self.build(root)

        with zipfile.ZipFile(root / "dist/Digits.mar") as file:
            assert "fast.py" in file.namelist()

    def test_still_missing(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """What no later hook writes is missing in the end, and there is no wheel either."""
        root = write_project(more=HOOK + self.CUSTOM)
        (root / "weights/model.pth").unlink()
        self.write_custom_hook(root, "pass")

        assert aborted(capsys, self.build, root) == (
            "Field `tool.mar.serialized-file`: file not found: `weights/model.pth` [MAR021]\n"
        )
        assert list((root / "dist").iterdir()) == []

    def test_missing_for_the_sdist(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """With an sdist, a hook of the wheel alone has written nothing, which the error says."""
        root = write_project(more=HOOK + self.CUSTOM)
        (root / "weights/model.pth").unlink()

        assert aborted(capsys, self.build, root, SdistBuilder) == (
            "Field `tool.mar.serialized-file`: file not found: `weights/model.pth` [MAR021]\n"
            "The hook `custom` runs for the wheel alone; if it makes what is missing,"
            " declare it for all targets\n"
        )

    @pytest.mark.parametrize(
        ("mar", "code"),
        [
            ('handlr = "handler.py"\n', "MAR003"),
            ('handler = "handler.py"\nextra-files = ["model.py", "lib"]\n', "MAR024"),
            ('handler = "handler.py"\narchive-format = "no-archive"\nexport-path = "."\n', "MAR027"),
            (f'handler = "handler.py"\npackages = ["weights"]\n{OTHER_DIGEST}', "MAR037"),
        ],
    )
    def test_beyond_later_hooks(
        self, *, mar: str, code: str, write_project: WriteProject, capsys: pytest.CaptureFixture[str]
    ):
        """A fault that no later hook can fix stops the build at once."""
        root = write_project(f"\n[tool.mar]\n{mar}", HOOK + self.CUSTOM)
        self.write_custom_hook(root, "raise AssertionError")
        for file in ("lib/model.py", "Digits/thesis.tex"):
            (root / file).parent.mkdir()
            (root / file).write_text("other = 1\n")

        assert f"[{code}]" in aborted(capsys, self.build, root)


class TestInsideTheWheel:
    """An archive whose `export-path` is in a package."""

    INSIDE = ARCHIVE + 'export-path = "digits/store"\n'
    WHEEL = '[tool.hatch.build.targets.wheel]\npackages = ["digits"]\n'
    ARTIFACTS = '[tool.hatch.build]\nartifacts = ["*.mar"]\n'

    @pytest.fixture
    def root(self, project: Path) -> Path:
        (project / "digits").mkdir()
        (project / "digits/__init__.py").touch()
        (project / ".gitignore").write_text("*.mar\ndist/\n")
        return self.configure(project)

    def configure(self, root: Path, more: str = "", artifacts: str = ARTIFACTS) -> Path:
        start, _, _ = PROJECT.partition("[tool.hatch.build.targets.wheel]")
        text = start + artifacts + HOOK + self.WHEEL + more + self.INSIDE
        (root / "pyproject.toml").write_text(text)
        return root

    @staticmethod
    def in_wheel(artifact: str) -> list[bytes]:
        """The weights in the archive in a wheel."""
        with zipfile.ZipFile(artifact) as wheel:
            inside = [name for name in wheel.namelist() if name.endswith(".mar")]
            found = [zipfile.ZipFile(io.BytesIO(wheel.read(name))) for name in inside]
        return [archive.read("model.pth") for archive in found]

    def test_of_this_build(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """The wheel has the archive of this very build, the first time and later."""
        for addition in (b"", b"new", b"newer"):
            weights = (root / "weights/model.pth").read_bytes() + addition
            (root / "weights/model.pth").write_bytes(weights)

            assert self.in_wheel(TestOtherHooks.build(root)) == [weights]
            assert capsys.readouterr().err == f"{Path('digits', 'store', 'Digits.mar')}\n"

    def test_sdist(self, root: Path):
        """So has the sdist, since the wheel may be built from it."""
        with tarfile.open(TestOtherHooks.build(root, SdistBuilder)) as sdist:
            assert "digits-1.0/digits/store/Digits.mar" in sdist.getnames()

    @pytest.mark.parametrize("variable", ["PIP_BUILD_TRACKER", "CIBUILDWHEEL"])
    def test_kept_with_the_wheel(
        self, root: Path, variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """Whoever keeps only the wheel keeps this archive, so there is nothing to say."""
        monkeypatch.setenv(variable, "1")

        assert len(self.in_wheel(TestOtherHooks.build(root))) == 1
        assert "not built" not in capsys.readouterr().err

    def test_not_part(self, root: Path):
        """Without `artifacts`, git's ignored files are not in the wheel, and the archive is not either."""
        self.configure(root, artifacts="")

        assert self.in_wheel(TestOtherHooks.build(root)) == []
        assert archives(root) == {"digits/store/Digits.mar"}

    @pytest.mark.parametrize("old", [True, False])
    def test_outdated(self, *, old: bool, root: Path, capsys: pytest.CaptureFixture[str]):
        """If a later hook changes what the archive is made of, the wheel has another, and the build fails."""
        self.configure(root, TestOtherHooks.CUSTOM)
        weights = (root / "weights/model.pth").read_bytes() + b"new"
        if not old:
            (root / "weights/model.pth").unlink()
        write = f"(root / 'weights/model.pth').write_bytes({weights!r})"
        TestOtherHooks.write_custom_hook(root, write)

        assert aborted(capsys, TestOtherHooks.build, root).splitlines()[-1] == (
            f"`{Path('digits', 'store', 'Digits.mar')}` in the wheel is not of this build, since it had to"
            " wait for the hook `custom`; declare that before `mar`, for all targets"
        )
        assert list((root / "dist").glob("*.whl")) == []

    def test_time(self, root: Path):
        """Without a fixed date, all archives of a build have one time, however often they are planned."""
        self.configure(root, artifacts=self.ARTIFACTS + "reproducible = false\n")
        made = hook(root)
        made.names = ["Digits"]

        assert made.plan(build_data())[0].instant == made.plan(build_data())[0].instant

    def test_later_hook_changes_nothing(self, root: Path):
        """A later hook that has nothing to do with the archive is no reason to fail."""
        self.configure(root, TestOtherHooks.CUSTOM)
        TestOtherHooks.write_custom_hook(root, "pass")

        assert len(self.in_wheel(TestOtherHooks.build(root))) == 1

    @pytest.mark.parametrize("table", ["shared-data", "extra-metadata"])
    def test_shared(self, table: str, root: Path):
        """An archive that a setting of the wheel's own puts there is of this build too."""
        more = f'[tool.hatch.build.targets.wheel.{table}]\n"digits/store/Digits.mar" = "share/Digits.mar"\n'
        self.configure(root, more, artifacts="")
        for addition in (b"", b"new"):
            weights = (root / "weights/model.pth").read_bytes() + addition
            (root / "weights/model.pth").write_bytes(weights)

            assert self.in_wheel(TestOtherHooks.build(root)) == [weights]

    def test_older(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """An archive of an older version that is still there is named."""
        text = (root / "pyproject.toml").read_text()
        (root / "pyproject.toml").write_text(text + 'archive-name = "{model-name}-{version}"\n')
        folder = root / "digits/store"
        folder.mkdir(parents=True)
        write_archive(folder / "Digits-0.9.mar", {"modelName": "Digits", "modelVersion": "0.9"})
        TestOtherHooks.build(root)

        assert f"Warning: `{Path('digits', 'store', 'Digits-0.9.mar')}` is of another version" in (
            capsys.readouterr().err
        )

    @needs_posix
    def test_linked(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """An archive that the wheel finds through a link is of this build, or the build fails."""
        (root / "store").mkdir()
        (root / "digits/store").symlink_to("../store", target_is_directory=True)
        text = (root / "pyproject.toml").read_text()
        (root / "pyproject.toml").write_text(text.replace('"digits/store"', '"store"'))

        assert "is not of this build" in aborted(capsys, TestOtherHooks.build, root)
        for addition in (b"new", b"newer"):
            weights = (root / "weights/model.pth").read_bytes() + addition
            (root / "weights/model.pth").write_bytes(weights)
            assert self.in_wheel(TestOtherHooks.build(root)) == [weights]

    def test_dots(self, root: Path):
        """An export path may be written with `..`."""
        text = (root / "pyproject.toml").read_text()
        (root / "pyproject.toml").write_text(text.replace('"digits/store"', '"none/../digits/store"'))
        for addition in (b"new", b"newer"):
            weights = (root / "weights/model.pth").read_bytes() + addition
            (root / "weights/model.pth").write_bytes(weights)
            assert self.in_wheel(TestOtherHooks.build(root)) == [weights]
        assert not (root / "none").exists()

    def test_skipped(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        """`HATCH_MAR_SKIP` leaves an earlier archive in the wheel, and the build says so."""
        TestOtherHooks.build(root)
        capsys.readouterr()
        monkeypatch.setenv("HATCH_MAR_SKIP", "1")
        TestOtherHooks.build(root)

        assert capsys.readouterr().err.splitlines() == [
            f"Warning: `{Path('digits', 'store', 'Digits.mar')}` in the wheel is of an earlier build",
            "Archives not built: `HATCH_MAR_SKIP` is set",
        ]

    def test_killed(self, root: Path):
        """What a killed build has left of an archive is in no wheel."""
        draft = root / "digits/store/.Digits.mar.0123456789abcdef.part"
        draft.mkdir(parents=True)
        (draft / "Digits.mar").touch()

        assert len(self.in_wheel(TestOtherHooks.build(root))) == 1
        assert not draft.exists()

    def test_not_for_sdists(self, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """A wheel from an sdist that was built without the hook would have an old archive."""
        text = (root / "pyproject.toml").read_text()
        (root / "pyproject.toml").write_text(
            text.replace(HOOK, "[tool.hatch.build.targets.wheel.hooks.mar]\n")
        )
        TestOtherHooks.build(root)
        (root / "PKG-INFO").write_bytes(PKG_INFO)
        put_beside_sdist(tmp_path / "out")
        made = hook(root, directory=str(tmp_path / "out"))

        assert aborted(capsys, made.initialize, "standard", build_data()).splitlines()[-1] == (
            f"`{Path('digits', 'store', 'Digits.mar')}` in the wheel is of an earlier build; declare the hook"
            " for all targets, as `[tool.hatch.build.hooks.mar]`"
        )

    def test_not_in_the_sdist(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """A wheel built from an sdist that lacks the archive would lack it too."""
        (root / "PKG-INFO").write_bytes(PKG_INFO)

        assert aborted(capsys, hook(root).initialize, "standard", build_data()) == (
            f"`{Path('digits', 'store', 'Digits.mar')}` would be missing from the wheel, since it is not"
            " in the sdist; set `artifacts` in `[tool.hatch.build]`, so that both have it\n"
        )

    def test_in_the_sdist(self, root: Path):
        """A wheel built from an sdist has the archive of the sdist."""
        TestOtherHooks.build(root)
        (root / "PKG-INFO").write_bytes(PKG_INFO)
        before = (root / "digits/store/Digits.mar").stat()
        (root / "weights/model.pth").unlink()

        assert len(self.in_wheel(TestOtherHooks.build(root))) == 1
        assert (root / "digits/store/Digits.mar").stat() == before

    def test_not_in_itself(self, root: Path):
        """No archive picks up an earlier one, neither with the project nor with a package."""
        with (root / "pyproject.toml").open("a") as file:
            file.write('include-project = true\npackages = ["digits"]\n')
        for _ in range(2):
            TestOtherHooks.build(root)
            with zipfile.ZipFile(root / "digits/store/Digits.mar") as archive:
                assert [name for name in archive.namelist() if name.endswith(".mar")] == []


class TestUnwanted:
    """An archive that hatchling would ship though nobody has asked for it."""

    def test_sdist(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """The warning has the line to add, and is gone when it has been added."""
        root = write_project(ARCHIVE + 'export-path = "archives"\n', HOOK)
        TestOtherHooks.build(root, SdistBuilder)

        path = Path("archives", "Digits.mar")
        warning = (
            f"Warning: `{path}` is among the files that hatchling puts into the sdist;"
            " add `/archives/*.mar` to `.gitignore`"
        )
        assert capsys.readouterr().err.splitlines() == [str(path), warning]

        (root / ".gitignore").write_text("/archives/*.mar\n")
        TestOtherHooks.build(root, SdistBuilder)
        assert "Warning" not in capsys.readouterr().err

    def test_wheel_alone(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """The hook of the wheel alone speaks for the next sdist, of which it hears nothing."""
        root = write_project(
            ARCHIVE + 'export-path = "archives"\n', HOOK.replace(".hooks", ".targets.wheel.hooks")
        )
        TestOtherHooks.build(root)

        assert "puts into the sdist; add `/archives/*.mar` to `.gitignore`\n" in capsys.readouterr().err

    def test_outside(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """Nothing is said of an archive outside the project."""
        root = write_project(ARCHIVE + 'export-path = "../store"\n', HOOK)
        TestOtherHooks.build(root, SdistBuilder)

        assert "Warning" not in capsys.readouterr().err

    def test_wheel(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """In a wheel it may be meant, and it is of this build; `artifacts` says so."""
        root = write_project(ARCHIVE + 'export-path = "lib"\n', HOOK)
        text = (root / "pyproject.toml").read_text()
        text = text.replace('only-include = ["model.py"]', 'only-include = ["lib"]')
        (root / "pyproject.toml").write_text(text)

        assert len(TestInsideTheWheel.in_wheel(TestOtherHooks.build(root))) == 1
        assert capsys.readouterr().err.endswith(
            "add `/lib/*.mar` to `.gitignore`, or to `artifacts` if it should be\n"
        )

        (root / "pyproject.toml").write_text(text + '[tool.hatch.build]\nartifacts = ["/lib/*.mar"]\n')
        assert len(TestInsideTheWheel.in_wheel(TestOtherHooks.build(root))) == 1
        assert "Warning" not in capsys.readouterr().err


class TestFaults:
    def test_name_of_the_sdist(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """An archive must not replace the sdist next to which it goes."""
        mar = ARCHIVE + 'archive-format = "tgz"\narchive-name = "{model-name}-{version}"\n'

        assert aborted(capsys, hook(write_project(mar)).initialize, "standard", build_data()) == (
            "Archive `Digits-1.0.tar.gz` has the name of the project's sdist;"
            " set another `archive-name`, or `export-path` [MAR032]\n"
        )
        run(hook(write_project(mar + 'export-path = "store"\n')))

    def test_no_wheel(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """`include-project` needs files that hatchling can select."""
        root = write_project('\n[tool.mar]\nhandler = "handler.py"\ninclude-project = true\n')
        text = (root / "pyproject.toml").read_text().partition("[tool.hatch.build.targets.wheel]")
        (root / "pyproject.toml").write_text(text[0] + text[2].partition("]\n")[2])

        assert aborted(capsys, hook(root, target="sdist").initialize, "standard", build_data()).startswith(
            "Field `tool.mar.include-project` takes the files of the wheel, which hatchling cannot build: "
        )

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
        assert capsys.readouterr().err == "Archives not built: an editable installation makes none\n"

    def test_editable_after_standard(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """The same holds if the editable version is built after the standard one."""
        made = hook(write_project())
        run(made)
        capsys.readouterr()
        run(made, "editable")

        assert capsys.readouterr().err == "Archives not built: an editable installation makes none\n"

    @pytest.mark.parametrize(
        ("variable", "reason"),
        [
            ("PIP_BUILD_TRACKER", "pip keeps only the wheel"),
            ("CIBUILDWHEEL", "cibuildwheel keeps only the wheel"),
            ("HATCH_MAR_SKIP", "`HATCH_MAR_SKIP` is set"),
        ],
    )
    @pytest.mark.parametrize("mar", ['handler = "missing.py"', "handler = 1", "handlr = 2"])
    def test_environment(
        self,
        *,
        variable: str,
        reason: str,
        mar: str,
        write_project: WriteProject,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ):
        """What nobody keeps is not built, whatever its faults; one line says so."""
        monkeypatch.setenv(variable, "1")
        root = write_project(f"\n[tool.mar]\n{mar}\n")
        run(hook(root, {"option": "of another plugin"}))

        assert archives(root) == set()
        assert capsys.readouterr().err == f"Archives not built: {reason}\n"

    def test_cache(self, write_project: WriteProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """Nothing is built into a cache, as by uv's and tox's installations, nor to an export path."""
        (tmp_path / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")
        root = write_project(TWO_ARCHIVES)
        run(hook(root, directory=str(tmp_path / ".tmpA")))

        assert archives(tmp_path) == set()
        assert capsys.readouterr().err.startswith(f"Archives not built: `{tmp_path / '.tmpA'}` is in a cache")

    @pytest.mark.parametrize("value", ["", "0", "false"])
    def test_switched_off(self, value: str, write_project: WriteProject, monkeypatch: pytest.MonkeyPatch):
        """A switch that is off changes nothing."""
        monkeypatch.setenv("HATCH_MAR_SKIP", value)
        root = write_project()
        run(hook(root))

        assert archives(root) == {"dist/Digits.mar"}

    def test_required(
        self, write_project: WriteProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """With `HATCH_MAR_REQUIRE`, a build that would leave archives out fails."""
        monkeypatch.setenv("HATCH_MAR_REQUIRE", "1")
        monkeypatch.setenv("HATCH_MAR_SKIP", "1")

        assert aborted(capsys, hook(write_project()).initialize, "standard", build_data()) == (
            "Archives would not be built, but `HATCH_MAR_REQUIRE` is set: `HATCH_MAR_SKIP` is set\n"
        )

    def test_required_and_built(self, write_project: WriteProject, monkeypatch: pytest.MonkeyPatch):
        """It changes nothing about a build that makes its archives."""
        monkeypatch.setenv("HATCH_MAR_REQUIRE", "1")
        root = write_project()
        run(hook(root))

        assert archives(root) == {"dist/Digits.mar"}


class TestFromSdist:
    """An unpacked sdist, from which frontends build the wheel, may not contain the weights."""

    @pytest.fixture
    def sdist(self, write_project: WriteProject) -> Path:
        root = write_project()
        (root / "PKG-INFO").write_bytes(PKG_INFO)
        (root / "weights" / "model.pth").unlink()
        return root

    def test_warning(self, sdist: Path, capsys: pytest.CaptureFixture[str]):
        """A warning says that no archive is built."""
        run(hook(sdist))
        expected = (
            "Archives not built: sdists are built without the hook, and this wheel is built from one; declare"
            " the hook for all targets, as `[tool.hatch.build.hooks.mar]`\n"
        )

        assert capsys.readouterr().err == expected
        assert archives(sdist) == set()

    def test_built_here(self, write_project: WriteProject, sdist: Path, capsys: pytest.CaptureFixture[str]):
        """If the hook is declared for sdists too, the advice is another one."""
        write_project(more=HOOK)
        run(hook(sdist))

        assert capsys.readouterr().err == (
            "Archives not built: this is an unpacked sdist, which seldom has the weights;"
            " `hatch-mar build` builds them here\n"
        )

    def test_required(
        self,
        write_project: WriteProject,
        sdist: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ):
        """`HATCH_MAR_REQUIRE` asks for the archives of the sdist's build, and for no others."""
        write_project(more=HOOK)
        monkeypatch.setenv("HATCH_MAR_REQUIRE", "1")
        (tmp_path / "out").mkdir()
        made = hook(sdist, directory=str(tmp_path / "out"))
        assert "`HATCH_MAR_REQUIRE` is set" in aborted(capsys, made.initialize, "standard", build_data())

        put_beside_sdist(tmp_path / "out")
        run(hook(sdist, directory=str(tmp_path / "out")))
        assert capsys.readouterr().err == ""

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
        put_beside_sdist(tmp_path / "out")
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
        put_beside_sdist(tmp_path / "out")
        run(hook(sdist, directory=str(tmp_path / "out")))

        assert capsys.readouterr().err.startswith("Archives not built: sdists are built without the hook")

    def test_exported(self, write_project: WriteProject, sdist: Path, capsys: pytest.CaptureFixture[str]):
        """There is no warning for an archive with an export path, which cannot be found from the sdist."""
        write_project(ARCHIVE + 'export-path = "store"\n', more=HOOK)
        run(hook(sdist, directory=str(sdist.parent / "elsewhere")))
        assert "this is an unpacked sdist" in capsys.readouterr().err

        put_beside_sdist(sdist.parent / "out")
        run(hook(sdist, directory=str(sdist.parent / "out")))
        assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("data", [b"", b"junk"])
    def test_not_the_archive(
        self,
        data: bytes,
        write_project: WriteProject,
        sdist: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ):
        """Another file of the archive's name is not what the sdist's build has left."""
        write_project(more=HOOK)
        put_beside_sdist(tmp_path / "out")
        (tmp_path / "out/Digits.mar").write_bytes(data)
        run(hook(sdist, directory=str(tmp_path / "out")))

        assert capsys.readouterr().err == (
            "Archives not built: this wheel is built from an sdist, whose own build left them out\n"
        )

    @pytest.mark.parametrize("variable", ["PIP_BUILD_TRACKER", "CIBUILDWHEEL"])
    def test_installed(
        self,
        variable: str,
        write_project: WriteProject,
        sdist: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ):
        """An installation takes from the sdist what is in it."""
        write_project(more=HOOK)
        monkeypatch.setenv(variable, "1")
        run(hook(sdist))

        assert capsys.readouterr().err.startswith("Archives not built: this is an unpacked sdist")

    def test_clean(self, sdist: Path, tmp_path: Path):
        """An unpacked sdist removes no archives."""
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "Digits.mar").touch()
        hook(sdist, directory=str(tmp_path / "out")).clean(["standard"])

        assert (tmp_path / "out" / "Digits.mar").exists()

    def test_options(self, sdist: Path, capsys: pytest.CaptureFixture[str]):
        """An option in the wrong place stops no build of which nobody would keep an archive."""
        run(hook(sdist, {"handler": "x"}))

        assert capsys.readouterr().err.startswith("Archives not built: ")


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

    def test_older(self, write_project: WriteProject):
        """So are those of the same model under older versions."""
        named = ARCHIVE + 'archive-name = "{model-name}-{version}"\nversion = '
        for version in ("1.0", "2.0"):
            root = write_project(f'{named}"{version}"\n')
            run(hook(root))
        write_project(f'{named}"2.1"\n')
        hook(root).clean(["standard"])

        assert list((root / "dist").iterdir()) == []

    def test_foreign(self, write_project: WriteProject):
        """What is not an archive is kept."""
        root = write_project(ARCHIVE + 'archive-format = "no-archive"\n')
        (root / "dist" / "Digits").mkdir(parents=True)
        (root / "dist" / "Digits" / "thesis.tex").touch()
        hook(root).clean(["standard"])

        assert (root / "dist" / "Digits" / "thesis.tex").exists()

    def test_after_the_build(self, write_project: WriteProject):
        """An archive that this build wrote is kept."""
        root = write_project()
        made = hook(root)
        run(made)
        made.clean(["standard"])

        assert archives(root) == {"dist/Digits.mar"}

    def test_skipped(self, write_project: WriteProject, monkeypatch: pytest.MonkeyPatch):
        """`HATCH_MAR_SKIP` keeps archives from being built, and not from being removed."""
        root = write_project()
        run(hook(root))
        monkeypatch.setenv("HATCH_MAR_SKIP", "1")
        hook(root).clean(["standard"])

        assert archives(root) == set()

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
