"""The build backend that wraps another: what it adds, and that it changes nothing else."""

from __future__ import annotations

import os
import stat
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hatch_mar import backend
from tests.archives import needs_posix
from tests.build import write_archive
from tests.project.fake_backend import BUILD_SDIST, BUILD_WHEEL, PREPARE_METADATA, install_backend

PYPROJECT = """\
[build-system]
requires = ["fake", "hatch-mar"]
build-backend = "hatch_mar.backend"
"""
PROJECT = '[project]\nname = "digits"\nversion = "1.0"\n'
MAR = '[tool.mar]\nbuild-backend = "fake"\nhandler = "handler.py"\n'

CaptureFd = pytest.CaptureFixture[str]

BOTH_BUILDS = pytest.mark.parametrize("build", ["build_wheel", "build_sdist"])

HOOKS = (
    *("build_wheel", "get_requires_for_build_wheel", "prepare_metadata_for_build_wheel"),
    *("build_sdist", "get_requires_for_build_sdist"),
    *("build_editable", "get_requires_for_build_editable", "prepare_metadata_for_build_editable"),
)
"""The hooks of PEP 517 and PEP 660."""
REQUIREMENTS = ("get_requires_for_build_wheel", "get_requires_for_build_sdist")
"""Hooks whose absence means an empty list."""

MISSING = (
    "Field `tool.mar.build-backend` is required by the build backend `hatch_mar.backend`; name the backend"
    " that it wraps, such as `setuptools.build_meta` [MAR005]"
)
MISSPELLED = (
    "Field `tool.mar.build-backend`: cannot import `fkae.api`: No module named 'fkae'; correct the name, or"
    " add the package that provides it to `build-system.requires` [MAR004]"
)
OF_HATCHLING = (
    "Field `tool.mar.build-backend` must not be `hatchling.build`; name that in `build-system.build-backend`,"
    " and enable the build hook with `[tool.hatch.build.hooks.mar]` [MAR004]"
)


class Fake:
    """A wrapped backend that notes its calls, in a project with one archive."""

    def __init__(self, root: Path, module: ModuleType) -> None:
        self.root = root
        self.module = module
        self.calls: list[tuple[Any, ...]] = []
        self.add("build_wheel", self.build_wheel)
        self.add("build_sdist", self.build_sdist)
        self.configure()

    def add(self, name: str, hook: object) -> None:
        setattr(self.module, name, hook)

    def configure(self, mar: str = MAR, project: str = PROJECT) -> None:
        (self.root / "pyproject.toml").write_text(PYPROJECT + project + mar)

    def build_wheel(self, directory: str, settings: object = None, metadata: str | None = None) -> str:
        self.calls.append(("build_wheel", directory, settings, metadata))
        with zipfile.ZipFile(Path(directory, "digits.whl"), "w") as file:
            file.writestr("digits/__init__.py", "inside = True")
            file.writestr(
                "digits-2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: digits\nVersion: 2.0\n"
            )
        return "digits.whl"

    def build_sdist(self, directory: str, settings: object = None) -> str:
        self.calls.append(("build_sdist", directory, settings))
        Path(directory, "digits.tar.gz").touch()
        return "digits.tar.gz"

    def built(self) -> set[str]:
        """The names in the output directory."""
        return {path.name for path in (self.root / "dist").iterdir()}

    def build(self, name: str = "build_wheel", *arguments: object) -> str:
        return str(getattr(backend, name)(str(self.root / "dist"), *arguments))

    def refuse(self, name: str = "build_wheel") -> str:
        """The lines that end a build before the wrapped backend is called."""
        with pytest.raises(SystemExit) as exit_:
            self.build(name)
        assert (self.calls, self.built()) == ([], set())
        return str(exit_.value)


@pytest.fixture
def fake(project: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    monkeypatch.chdir(project)
    module = ModuleType("fake")
    monkeypatch.setitem(sys.modules, "fake", module)
    (project / "dist").mkdir()
    return Fake(project, module)


def answer(*lines: str) -> Callable[[object], list[str]]:
    return lambda settings=None: [*lines]


class TestSurface:
    @pytest.mark.parametrize("name", [name for name in HOOKS if name not in REQUIREMENTS])
    def test_hooks(self, fake: Fake, name: str) -> None:
        """A hook is there if the wrapped backend has it, and not if it has not."""
        if name not in ("build_wheel", "build_sdist"):
            assert not hasattr(backend, name)
            fake.add(name, answer("the wrapped one's"))
            assert getattr(backend, name)() == ["the wrapped one's"]
        assert hasattr(backend, name)

    @pytest.mark.parametrize("name", ["nothing_such", "__legacy__", "UnsupportedOperation"])
    def test_no_such_name(self, fake: Fake, name: str) -> None:
        """What nobody has is not there."""
        assert not hasattr(backend, name)

    def test_of_an_object(self, fake: Fake) -> None:
        """The wrapped backend may be an object in a module."""
        fake.add("inner", ModuleType("inner"))
        fake.module.inner.build_editable = answer("inner")
        fake.configure(MAR.replace('"fake"', '"fake:inner"'))

        assert backend.build_editable() == ["inner"]

    def test_errors(self, fake: Fake) -> None:
        """An error of the wrapped backend is what a frontend catches, by any name it has for it.

        pyproject_hooks looks for `UnsupportedOperation` in an `except` clause (`_in_process.py`).
        """

        class Unsupported(Exception): ...

        def fail(*arguments: object) -> None:
            raise fake.module.error

        fake.add("build_sdist", fail)

        def call() -> str:
            try:
                return fake.build("build_sdist")
            except getattr(backend, "UnsupportedOperation", ()):
                return "unsupported"

        fake.add("error", RuntimeError("no compiler"))
        with pytest.raises(RuntimeError, match="no compiler"):
            call()

        fake.add("UnsupportedOperation", Unsupported)
        with pytest.raises(RuntimeError, match="no compiler"):
            call()

        fake.add("error", Unsupported())
        assert call() == "unsupported"

    def test_elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Outside of a project, only a hook is more than missing."""
        monkeypatch.chdir(tmp_path)

        assert not hasattr(backend, "_mock_name")
        with pytest.raises(SystemExit, match="File not found"):
            hasattr(backend, "build_editable")


class TestBuild:
    @pytest.mark.parametrize(
        "settings", [None, {}, {"a": "1"}, {"a": ["1", "2"], "--build-option": ""}], ids=repr
    )
    def test_arguments(self, fake: Fake, settings: dict[str, Any] | None) -> None:
        """The wrapped backend gets the same arguments, and its result is the result."""
        assert fake.build("build_wheel", settings, "metadata") == "digits.whl"
        assert fake.build("build_sdist", settings) == "digits.tar.gz"

        dist = str(fake.root / "dist")
        assert fake.calls == [("build_wheel", dist, settings, "metadata"), ("build_sdist", dist, settings)]
        assert all(call[2] is settings for call in fake.calls)

    @BOTH_BUILDS
    def test_archives(self, fake: Fake, build: str, capfd: CaptureFd) -> None:
        """The archive is beside the wheel or the sdist; a second build says that it is unchanged."""
        built = fake.build(build)
        assert fake.built() == {built, "digits.mar"}
        path = os.path.join("dist", "digits.mar")
        assert capfd.readouterr() == ("", f"{path}\n")

        fake.build(build)
        assert capfd.readouterr() == ("", f"{path} (unchanged)\n")

    @needs_posix
    @BOTH_BUILDS
    def test_mode(self, fake: Fake, build: str) -> None:
        """An archive has the mode of the wheel or the sdist that it is beside."""
        previous = os.umask(0o077)
        try:
            built = fake.build(build)
        finally:
            os.umask(previous)

        for name in (built, "digits.mar"):
            assert stat.S_IMODE((fake.root / "dist" / name).stat().st_mode) == 0o600

    def test_generated_in_a_package(self, fake: Fake) -> None:
        """One in a package, which was there before, is not in the wheel as it is in the end."""
        fake.configure(f'{MAR}packages = ["lib"]\nexport-path = "digits/store"\n')
        for file in ("lib/old.py", "digits/__init__.py"):
            (fake.root / file).parent.mkdir()
            (fake.root / file).touch()
        new = fake.root / "lib/new.py"
        fake.add("build_wheel", lambda *arguments: new.touch() or fake.build_wheel(*arguments))

        with pytest.raises(SystemExit) as error:
            fake.build()
        assert str(error.value) == (
            f"`{Path('digits', 'store', 'digits.mar')}` is not in `digits.whl` as it is now, because the"
            " build backend has only now made some of its files; build again"
        )
        assert fake.built() == set()
        fake.build()
        assert fake.built() == {"digits.whl"}

    def test_older_in_a_package(self, fake: Fake, capfd: CaptureFd) -> None:
        """An archive of another version in the package may end up in the wheel too."""
        (fake.root / "digits/store").mkdir(parents=True)
        (fake.root / "digits/__init__.py").touch()
        fake.configure(f'{MAR}export-path = "digits/store"\narchive-name = "{{model-name}}-{{version}}"\n')
        older = fake.root / "digits/store/digits-0.9.mar"
        write_archive(older, {"modelName": "digits", "modelVersion": "0.9"})
        fake.build()

        assert capfd.readouterr().err.splitlines()[-1] == (
            f"Warning: `{older.relative_to(fake.root)}` is of another version, and may be part of the wheel"
            f" as `{Path('digits', 'store', 'digits-1.0.mar')}` is; delete it"
        )

    @pytest.mark.parametrize("package", ["digits", "src/digits"])
    def test_old_in_the_wheel(
        self, fake: Fake, package: str, monkeypatch: pytest.MonkeyPatch, capfd: CaptureFd
    ) -> None:
        """A build that writes no archives says which the wheel has all the same."""
        fake.configure(f'{MAR}export-path = "{package}/store"\n')
        monkeypatch.setenv("PIP_BUILD_TRACKER", "1")

        def build_wheel(directory: str, *arguments: object) -> str:
            with zipfile.ZipFile(Path(directory, "digits.whl"), "w") as file:
                file.writestr("digits/store/digits.mar", b"")
            return "digits.whl"

        fake.add("build_wheel", build_wheel)
        fake.build()

        assert capfd.readouterr().err.splitlines() == [
            "Archives not built: pip keeps only the wheel",
            "Warning: `digits/store/digits.mar` in the wheel is of an earlier build",
        ]

    @needs_posix
    def test_mode_of_the_wheel(self, fake: Fake) -> None:
        """One that was made with the sdist has the mode of the wheel in the end, if that is another."""
        fake.build("build_sdist")
        (fake.root / "dist/digits.tar.gz").rename(fake.root.parent / f"{fake.root.name}.tar.gz")
        archive = fake.root.parent / "digits.mar"
        (fake.root / "dist/digits.mar").rename(archive)
        archive.chmod(0o600)
        (fake.root / "PKG-INFO").touch()
        backend.build_wheel(str(fake.root.parent))

        assert stat.S_IMODE(archive.stat().st_mode) == 0o644

    @BOTH_BUILDS
    def test_generated(self, fake: Fake, build: str) -> None:
        """An archive has the files that the wrapped backend makes."""
        fake.configure(f'{MAR}packages = ["lib"]\n')
        (fake.root / "lib").mkdir()
        (fake.root / "lib/old.py").touch()
        make = getattr(fake, build)
        fake.add(build, lambda *arguments: (fake.root / "lib/new.py").touch() or make(*arguments))
        fake.build(build)

        with zipfile.ZipFile(fake.root / "dist/digits.mar") as file:
            assert {"lib/new.py", "lib/old.py"} <= set(file.namelist())

    @BOTH_BUILDS
    def test_in_a_package(self, fake: Fake, build: str, capfd: CaptureFd) -> None:
        """An archive with an `export-path`, which may be part of the wheel, is there before that is built."""
        archive = fake.root / "digits/store/digits.mar"
        fake.configure(MAR + 'export-path = "digits/store"\n')
        found = []
        hook = getattr(fake, build)
        fake.add(build, lambda *arguments: found.append(archive.is_file()) or hook(*arguments))

        built = fake.build(build)

        assert found == [True]
        assert fake.built() == {built}
        assert capfd.readouterr().err == os.path.join("digits", "store", "digits.mar") + "\n"

    def test_outside(self, fake: Fake, tmp_path: Path, capfd: CaptureFd) -> None:
        """In another directory too."""
        backend.build_sdist(str(tmp_path))

        assert (tmp_path / "digits.mar").is_file()
        assert capfd.readouterr().err == f"{tmp_path / 'digits.mar'}\n"

    def test_warnings(self, fake: Fake, capfd: CaptureFd) -> None:
        """Warnings are shown by every build, also of an unchanged archive."""
        (fake.root / "handler.py").write_text("import secret_lib\n\ndef handle(data, context): ...\n")
        for _ in range(2):
            fake.build()
            err = capfd.readouterr().err
            assert "\nWarning: " in err
            assert "`secret_lib`" in err

    @pytest.mark.parametrize("first", ["build_sdist", "build_wheel"])
    def test_in_sdist(self, fake: Fake, first: str, capfd: CaptureFd) -> None:
        """An archive that the sdist has by accident is named once it is built, with what prevents it."""
        fake.configure(MAR + 'export-path = "store"\n')

        def build_sdist(directory: str, settings: object = None) -> str:
            with tarfile.open(Path(directory, "digits.tar.gz"), "w:gz") as sdist:
                sdist.add(fake.root / "store", "digits-1.0/store")
            return "digits.tar.gz"

        fake.add("build_sdist", build_sdist)
        fake.build(first)

        path = os.path.join("store", "digits.mar")
        warning = (
            f"Warning: `{path}` is among the files that `fake` puts into the sdist; add `/store/*.mar` to"
            " `.gitignore`, or exclude it in the settings of that backend, unless the wheel is to have it"
        )
        expected = [path, warning] if first == "build_sdist" else [path]
        assert capfd.readouterr().err.splitlines() == expected

    def test_hatch(self, fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """For `hatch build`, which keeps nothing else of its temporary directory, archives go to `dist`."""
        monkeypatch.setenv("HATCH_ENV_ACTIVE", "hatch-build")
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        work = tmp_path / "x" / "work"
        work.mkdir(parents=True)

        backend.build_wheel(str(work))

        assert [path.name for path in work.iterdir()] == ["digits.whl"]
        assert fake.built() == {"digits.mar"}


class TestProject:
    """What an archive takes from the project is the wrapped backend's, which is asked in other processes."""

    @pytest.fixture
    def root(self, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(project)
        install_backend(tmp_path / "site", monkeypatch, PREPARE_METADATA, BUILD_WHEEL, BUILD_SDIST)
        (project / "dist").mkdir()
        return project

    def build(self, root: Path, hook: str, text: str) -> dict[str, bytes]:
        """What is in the archive that a build of a project writes."""
        (root / "pyproject.toml").write_text(PYPROJECT + text)
        getattr(backend, hook)(str(root / "dist"), {"a": ["1"]})
        with zipfile.ZipFile(root / "dist" / "digits.mar") as file:
            return {name: file.read(name) for name in file.namelist()}

    @BOTH_BUILDS
    def test_metadata(self, root: Path, build: str, capfd: CaptureFd) -> None:
        """Dynamic metadata is prepared by its hook, with the config settings of the build."""
        members = self.build(root, build, f'[project]\nname = "digits"\ndynamic = ["version"]\n{MAR}')

        assert b'"modelVersion": "2.0"' in members["MAR-INF/MANIFEST.json"]
        assert [line.split()[0] for line in capfd.readouterr().out.splitlines()] == ["prepare", build]

    @BOTH_BUILDS
    def test_include_project(self, root: Path, build: str, capfd: CaptureFd) -> None:
        """`include-project` takes the files of a wheel, which is built once for all archives."""
        more = 'include-project = true\n[[tool.mar.archives]]\nmodel-name = "b"\n[[tool.mar.archives]]\n'
        members = self.build(root, build, PROJECT + MAR + more)

        assert members["digits/__init__.py"] == b"inside = True"
        assert not [name for name in members if "dist-info" in name]
        assert [line.split()[0] for line in capfd.readouterr().out.splitlines()] == ["build_wheel", build]
        assert (root / "dist" / "b.mar").is_file()

    def test_failed(self, root: Path, capfd: CaptureFd) -> None:
        """A backend that fails there ends the build before anything is written."""
        with (root.parent / "site" / "fake.py").open("a") as module:
            module.write(
                '\ndef prepare_metadata_for_build_wheel(*arguments):\n    raise OSError(5, "x", "no file")\n'
            )
        with pytest.raises(SystemExit) as exit_:
            self.build(root, "build_sdist", MAR)

        assert str(exit_.value) == (
            "The build backend `fake` failed in `prepare_metadata_for_build_wheel`, which an archive needs:"
            " OSError: [Errno 5] x: 'no file'"
        )
        assert [*(root / "dist").iterdir()] == []


class TestFaults:
    @BOTH_BUILDS
    def test_several(self, fake: Fake, build: str) -> None:
        """Faults of the table or of the files are all named, and end the build before anything is written."""
        fake.configure(f'{MAR}[[tool.mar.archives]]\nserialised-file = "a"\nversion = 2\n')

        assert fake.refuse(build).splitlines() == [
            "Unknown field `tool.mar.archives[0].serialised-file`; did you mean `serialized-file`? [MAR003]",
            "Field `tool.mar.archives[0].version` must be a string [MAR004]",
        ]

    def test_missing_file(self, fake: Fake) -> None:
        """So does a missing file."""
        fake.configure(f'{MAR}serialized-file = "none.pth"\n')

        assert fake.refuse() == "Field `tool.mar.serialized-file`: file not found: `none.pth` [MAR021]"

    @pytest.mark.parametrize(
        ("mar", "expected"),
        [
            ('[tool.mar]\nhandler = "handler.py"\n', MISSING),
            (MAR.replace('"fake"', '"fkae.api"'), MISSPELLED),
            (MAR.replace('"fake"', '"hatchling.build"'), OF_HATCHLING),
        ],
        ids=["missing", "misspelled", "hatchling"],
    )
    def test_backend(self, fake: Fake, mar: str, expected: str) -> None:
        """A backend that is not named, or cannot be wrapped, ends whatever a frontend calls."""
        fake.configure(mar)

        assert fake.refuse("build_wheel") == fake.refuse("build_sdist") == expected
        for name in (*REQUIREMENTS, "build_editable"):
            with pytest.raises(SystemExit) as exit_:
                getattr(backend, name)()
            assert str(exit_.value) == expected

    @BOTH_BUILDS
    def test_no_such_hook(self, fake: Fake, build: str) -> None:
        """A module without the hooks that every backend has is not the backend's."""
        delattr(fake.module, build)

        assert fake.refuse(build) == (
            f"Field `tool.mar.build-backend`: `fake` has no `{build}`; name the module of a build backend"
            " [MAR004]"
        )

    def test_not_written(self, fake: Fake) -> None:
        """An archive that cannot be written ends the build, and removes the wheel, which is built by then."""
        weights = fake.root / "weights/model.pth"
        fake.add("build_wheel", lambda *arguments: weights.unlink() or fake.build_wheel(*arguments))
        fake.configure(f'{MAR}serialized-file = "weights/model.pth"\n')

        with pytest.raises(SystemExit, match=r"model\.pth"):
            fake.build()
        assert fake.built() == set()

    @needs_posix
    def test_unreadable(self, fake: Fake) -> None:
        """A project without `pyproject.toml` is one line."""
        (fake.root / "pyproject.toml").unlink()

        assert fake.refuse() == f"File not found: `{fake.root / 'pyproject.toml'}` [MAR001]"


class TestLeftOut:
    @pytest.fixture(autouse=True)
    def _no_weights(self, fake: Fake) -> None:
        """A fault that would stop a build which lays archives out."""
        fake.configure(f'{MAR}serialized-file = "none.pth"\nhandlr = "a"\n')

    @pytest.mark.parametrize(
        ("variable", "reason"),
        [
            ("PIP_BUILD_TRACKER", "pip keeps only the wheel"),
            ("CIBUILDWHEEL", "cibuildwheel keeps only the wheel"),
            ("HATCH_MAR_SKIP", "`HATCH_MAR_SKIP` is set"),
        ],
    )
    def test_says_why(
        self, fake: Fake, variable: str, reason: str, monkeypatch: pytest.MonkeyPatch, capfd: CaptureFd
    ) -> None:
        """A build whose archives nobody keeps has one line more, and no fault of theirs stops it."""
        monkeypatch.setenv(variable, "1")

        fake.build("build_wheel")
        fake.build("build_sdist")

        assert fake.built() == {"digits.whl", "digits.tar.gz"}
        assert capfd.readouterr() == ("", f"Archives not built: {reason}\n" * 2)

    def test_unpacked_sdist(self, fake: Fake, capfd: CaptureFd) -> None:
        """An unpacked sdist seldom has the weights."""
        (fake.root / "PKG-INFO").touch()

        fake.build()

        assert fake.built() == {"digits.whl"}
        assert capfd.readouterr().err.startswith("Archives not built: this is an unpacked sdist")

    def test_came_with_sdist(self, fake: Fake, tmp_path: Path, capfd: CaptureFd) -> None:
        """Where the sdist's own build has left the archives, there is nothing to say."""
        fake.configure()
        (fake.root / "PKG-INFO").touch()
        backend.build_wheel(str(tmp_path))
        assert capfd.readouterr().err != ""

        (tmp_path / f"{fake.root.name}.tar.gz").touch()
        write_archive(tmp_path / "digits.mar", {"modelName": "digits"})
        backend.build_wheel(str(tmp_path))
        assert capfd.readouterr().err == ""

    def test_required(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        """`HATCH_MAR_REQUIRE` makes an error of it."""
        monkeypatch.setenv("PIP_BUILD_TRACKER", "1")
        monkeypatch.setenv("HATCH_MAR_REQUIRE", "1")

        assert fake.refuse() == (
            "Archives would not be built, but `HATCH_MAR_REQUIRE` is set: pip keeps only the wheel"
        )

    def test_backend(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        """A backend that cannot be imported stops any build."""
        monkeypatch.setenv("HATCH_MAR_SKIP", "1")
        fake.configure(MAR.replace('"fake"', '"fkae"'))

        assert "cannot import `fkae`" in fake.refuse()


class TestRequirements:
    def wheel(self) -> list[str]:
        return backend.get_requires_for_build_wheel({"a": "1"})

    def sdist(self) -> list[str]:
        return backend.get_requires_for_build_sdist({"a": "1"})

    def test_none(self, fake: Fake) -> None:
        """A backend without these hooks requires nothing."""
        assert (self.wheel(), self.sdist()) == ([], [])

    def test_of_the_wrapped_one(self, fake: Fake) -> None:
        """Its requirements are returned; it gets the config settings."""
        fake.add("get_requires_for_build_wheel", lambda settings: ["ninja", str(settings)])
        fake.add("get_requires_for_build_sdist", lambda settings: ["git"])

        assert (self.wheel(), self.sdist()) == (["ninja", "{'a': '1'}"], ["git"])

    @pytest.mark.parametrize(
        ("metadata", "more"),
        [
            (PROJECT, "include-project = true\n"),
            ('[project]\nname = "digits"\ndynamic = ["version"]\n', ""),
            ("", ""),
        ],
        ids=["include-project", "dynamic", "no project table"],
    )
    def test_for_the_wheel(self, fake: Fake, metadata: str, more: str) -> None:
        """Where an archive takes something from a wheel, an sdist requires what a wheel does."""
        fake.configure(MAR + more, metadata)
        fake.add("get_requires_for_build_wheel", answer("ninja", "git"))
        fake.add("get_requires_for_build_sdist", answer("git"))

        assert (self.wheel(), self.sdist()) == (["ninja", "git"], ["git", "ninja"])

    def test_torch(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        """`try = true` requires torch, unless archives are left out."""
        fake.configure(f"{MAR}include-project = true\ntry = true\n")
        fake.add("get_requires_for_build_wheel", answer("ninja"))

        assert self.wheel() == self.sdist() == ["ninja", "hatch-mar[torch]"]

        monkeypatch.setenv("PIP_BUILD_TRACKER", "1")
        assert (self.wheel(), self.sdist()) == (["ninja"], [])
