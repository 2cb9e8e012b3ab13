"""Projects of other build backends: every frontend delivers their archives as it delivers hatchling's.

`hatch_mar.backend` is around each of them; nothing else that they build differs from what they build
without it.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.archives import needs_posix
from tests.e2e.conftest import ARCHIVES, MODELS, SDIST, WHEEL, Project, Run
from tests.e2e.delivery import MARS, NO_WEIGHTS, assert_delivered, contents, in_dist, lines_of, listing

BUILD = ("python", "-m", "build", "--installer", "uv")
"""`python -m build`, whose isolated environments uv fills faster than pip."""
PIP_INSTALL = ("python", "-m", "pip", "install", "--no-deps", "--target", "site")
UV_INSTALL = ("uv", "pip", "install", "--no-deps", "--target", "site")

PYPROJECT = """\
[build-system]
requires = {requires}
build-backend = "hatch_mar.backend"

[project]
name = "reader"
{project}
requires-python = ">=3.10"

{settings}
"""
VERSION = 'version = "1.0"\ndescription = "Reads digits and letters."'

MESON = """\
project('reader', version: '1.0')
py = import('python').find_installation(pure: true)
py.install_sources('reader/__init__.py', 'reader/handler.py', subdir: 'reader')
"""


@dataclass(frozen=True)
class Backend:
    """A backend to wrap, and what a project of `[project]` and one package needs for it."""

    label: str
    name: str
    requires: tuple[str, ...]
    settings: str = ""
    project: str = VERSION
    files: tuple[tuple[str, str], ...] = ()
    is_from_git: bool = False
    """Whether its sdist has what is committed, and nothing else."""
    before_python: tuple[int, int] | None = None
    """The first Python that it does not run with."""


SETUPTOOLS = Backend(
    "setuptools", "setuptools.build_meta", ("setuptools>=77",), '[tool.setuptools]\npackages = ["reader"]'
)
SETUPTOOLS_61 = replace(
    SETUPTOOLS,
    label="setuptools-61",
    requires=("setuptools==61.0.0", "wheel"),
    before_python=(3, 12),
)
"""The oldest that reads `[project]`; it has no hooks for editable installs."""
FLIT = Backend("flit", "flit_core.buildapi", ("flit_core>=3.12",), '[tool.flit.module]\nname = "reader"')
POETRY = Backend(
    "poetry",
    "poetry.core.masonry.api",
    ("poetry-core>=2",),
    '[tool.poetry]\npackages = [{include = "reader"}]',
)
UV = Backend(
    "uv",
    "uv_build",
    ("uv_build>=0.9,<1",),
    '[tool.uv.build-backend]\nmodule-root = ""\nmodule-name = "reader"',
)
PDM = Backend("pdm", "pdm.backend", ("pdm-backend",))
SCIKIT_BUILD = Backend(
    "scikit-build-core",
    "scikit_build_core.build",
    ("scikit-build-core",),
    '[tool.scikit-build]\nwheel.cmake = false\nwheel.packages = ["reader"]',
)
MESON_PYTHON = Backend(
    "meson-python", "mesonpy", ("meson-python",), files=(("meson.build", MESON),), is_from_git=True
)
BACKENDS = (SETUPTOOLS, SETUPTOOLS_61, FLIT, POETRY, UV, PDM, SCIKIT_BUILD, MESON_PYTHON)


class WrappedProject(Project):
    """A package with two models, as `Project`, of any backend."""

    def __init__(self, root: Path, run: Run, plugin: str, backend: Backend) -> None:
        self.backend = backend
        super().__init__(root, run, plugin)

    def configure(self, hatch: str = "", mar: str = ARCHIVES, delegate: str | None = "") -> None:
        """Write `pyproject.toml` anew; `delegate` stands for the backend's name, None for no key."""
        backend = self.backend
        if delegate is not None:
            key = f'build-backend = "{delegate or backend.name}"\n'
            mar = mar.replace("[tool.mar]\n", f"[tool.mar]\n{key}", 1)
        requires = json.dumps([*backend.requires, self._plugin])
        settings = f"{backend.settings}\n{hatch}"
        text = PYPROJECT.format(requires=requires, project=backend.project, settings=settings) + mar
        (self.root / "pyproject.toml").write_text(text, encoding="utf-8")
        for name, content in backend.files:
            (self.root / name).write_text(content)

    def commit(self) -> None:
        author = ("-c", "user.name=Reader", "-c", "user.email=reader@example.org")
        self.run("git", "add", ".")
        self.run("git", *author, "commit", "--quiet", "--message", "All")


class MakeProject:
    def __init__(self, root: Path, run: Run, plugin: str) -> None:
        self.root = root
        self.run = run
        self.plugin = plugin

    def __call__(self, backend: Backend) -> WrappedProject:
        if backend.before_python and sys.version_info >= backend.before_python:
            pytest.skip(f"{backend.label} does not run with this Python")
        project = WrappedProject(self.root, self.run, self.plugin, backend)
        if backend.is_from_git:
            project.commit()
        return project


@pytest.fixture
def make(tmp_path: Path, run: Run, plugin_uri: str) -> MakeProject:
    return MakeProject(tmp_path / "project", run, plugin_uri)


def backends(*several: Backend) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("backend", several, ids=lambda backend: backend.label)


both = backends(SETUPTOOLS, FLIT)
each = backends(*BACKENDS)


def manifest(archive: Path) -> dict[str, str]:
    with ZipFile(archive) as file:
        model: dict[str, str] = json.loads(file.read("MAR-INF/MANIFEST.json"))["model"]
    return model


class TestDelivered:
    @each
    def test_build(self, make: MakeProject, backend: Backend) -> None:
        """`python -m build` leaves the archives beside sdist and wheel, as `hatch-mar build` writes them."""
        project = make(backend)

        output = project.run(*BUILD)

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)
        assert lines_of(output, MARS) == in_dist(*MARS)
        assert "not built" not in output
        project.run("hatch-mar", "build", "--output", "compared")
        made = contents(project.root / "dist")
        assert contents(project.root / "compared") == {name: made[name] for name in MARS}

    @each
    def test_uv(self, make: MakeProject, backend: Backend) -> None:
        """So does `uv build`, and `uv build --wheel` finds them unchanged."""
        project = make(backend)

        project.run("uv", "build")
        assert_delivered(project, project.root / "dist", SDIST, WHEEL)

        output = project.run("uv", "build", "--wheel")
        assert_delivered(project, project.root / "dist", SDIST, WHEEL)
        assert lines_of(output, MARS) == [f"{path} (unchanged)" for path in in_dist(*MARS)]

    @backends(SETUPTOOLS, FLIT, POETRY, UV)
    def test_hatch(self, make: MakeProject, backend: Backend) -> None:
        """`hatch build`, which keeps only what a backend returns, has them in `dist`."""
        project = make(backend)

        project.run("hatch", "build")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)

    @both
    def test_wheel(self, make: MakeProject, backend: Backend) -> None:
        """`-w`, without an sdist before it; by pip."""
        project = make(backend)

        project.run("python", "-m", "build", "-w")

        assert_delivered(project, project.root / "dist", WHEEL)

    @both
    def test_sdist(self, make: MakeProject, backend: Backend) -> None:
        """`-s`; the sdist has neither archives nor weights."""
        project = make(backend)

        project.run(*BUILD, "-s")

        assert_delivered(project, project.root / "dist", SDIST)
        with tarfile.open(project.root / "dist" / SDIST) as sdist:
            assert not [name for name in sdist.getnames() if name.endswith((".mar", ".pt"))]

    @both
    @pytest.mark.parametrize("frontend", [BUILD, ("uv", "build")], ids=["build", "uv"])
    def test_outdir(self, make: MakeProject, backend: Backend, frontend: tuple[str, ...]) -> None:
        """`-o` takes the archives along."""
        project = make(backend)
        out = project.root.parent / "out"

        project.run(*frontend, "-o", out)

        assert_delivered(project, out, SDIST, WHEEL)

    @both
    @needs_posix
    def test_mode(self, make: MakeProject, backend: Backend) -> None:
        """An archive may be read by whoever may read the wheel."""
        project = make(backend)

        project.run("sh", "-c", f"umask 077; {' '.join(BUILD)} -w")

        modes = {name: (project.root / "dist" / name).stat().st_mode for name in (WHEEL, *MARS)}
        assert modes == dict.fromkeys(modes, modes[WHEEL])

    def test_hatch_location(self, make: MakeProject) -> None:
        """The directory that hatch is given is not known; the archives are in `dist`, as it says."""
        project = make(FLIT)

        output = project.run("hatch", "build", "-t", "wheel", "out", HATCH_BUILD_LOCATION="elsewhere")

        assert listing(project.root / "out") == {WHEEL}
        assert_delivered(project, project.root / "dist")
        assert lines_of(output, MARS) == in_dist(*MARS)

    def test_tagged_folder_above(self, make: MakeProject) -> None:
        """A cache around the whole project changes nothing."""
        project = make(FLIT)
        (project.root.parent / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")

        project.run("uv", "build")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)


class TestThrownAway:
    """Without weights, a build that lays an archive out fails, so a status of 0 proves that none did."""

    @each
    def test_uv_install(self, make: MakeProject, backend: Backend) -> None:
        """`uv pip install .` makes no archive, and says in its log why."""
        project = make(backend)

        log = project.run(*UV_INSTALL, "-v", ".")
        assert project.archives() == set()
        assert lines_of(log, MARS) == []
        assert "Archives not built: " in log

        project.lose_weights()
        project.run(*UV_INSTALL, "--reinstall", ".")
        assert (project.root / "site/reader/handler.py").is_file()

    @both
    def test_pip_install(self, make: MakeProject, backend: Backend) -> None:
        """`pip install .` makes none."""
        project = make(backend)

        log = project.run(*PIP_INSTALL, "-v", ".")
        assert project.archives() == set()
        assert lines_of(log, MARS) == []
        assert "Archives not built: pip keeps only the wheel" in log

    @both
    def test_pip_wheel(self, make: MakeProject, backend: Backend) -> None:
        """So does `pip wheel .`, without the weights."""
        project = make(backend)
        project.lose_weights()

        project.run("python", "-m", "pip", "wheel", "--no-deps", ".", "-w", "wheels")

        assert listing(project.root / "wheels") == {WHEEL}

    @both
    def test_cibuildwheel(self, make: MakeProject, backend: Backend) -> None:
        """A build for cibuildwheel makes none, and says so."""
        project = make(backend)
        project.lose_weights()

        output = project.run(*BUILD, "-w", CIBUILDWHEEL="1")

        assert listing(project.root / "dist") == {WHEEL}
        assert "Archives not built: cibuildwheel keeps only the wheel" in output.splitlines()

    @both
    def test_unpacked_sdist(self, make: MakeProject, backend: Backend) -> None:
        """A wheel of an sdist that was unpacked elsewhere has no archives, and says so."""
        project = make(backend)
        elsewhere = project.root.parent / "elsewhere"

        output = project.run(*BUILD, "-s", "-o", elsewhere, HATCH_MAR_SKIP="1")
        assert "Archives not built: `HATCH_MAR_SKIP` is set" in output.splitlines()
        with tarfile.open(elsewhere / SDIST) as sdist:
            sdist.extractall(elsewhere, filter="data")
        output = project.run(*BUILD, "-w", "-o", elsewhere / "out", elsewhere / "reader-1.0")

        assert listing(elsewhere / "out") == {WHEEL}
        assert project.archives() == set()
        assert "Archives not built: this is an unpacked sdist" in output

    def test_required(self, make: MakeProject) -> None:
        """With `HATCH_MAR_REQUIRE`, such a build fails."""
        output = make(FLIT).run(*BUILD, "-w", CIBUILDWHEEL="1", HATCH_MAR_REQUIRE="1", status=1)

        assert "Archives would not be built, but `HATCH_MAR_REQUIRE` is set" in output


class TestEditable:
    IMPORT = "import site; site.addsitedir({!r}); import reader; print(reader.__file__)"

    def imported_from(self, project: Project) -> Path:
        """Where another program finds the package that was installed."""
        code = self.IMPORT.format(str(project.root / "site"))
        found = subprocess.run(
            [sys.executable, "-c", code], cwd=project.root.parent, check=True, capture_output=True, text=True
        )
        return Path(found.stdout.strip())

    @backends(SETUPTOOLS, FLIT, POETRY, UV, PDM, SCIKIT_BUILD)
    def test_uv(self, make: MakeProject, backend: Backend) -> None:
        """`uv pip install -e .` installs the source, and makes no archive."""
        project = make(backend)
        project.lose_weights()

        project.run(*UV_INSTALL, "-e", ".")

        assert self.imported_from(project) == project.root / "reader/__init__.py"

    @both
    def test_pip(self, make: MakeProject, backend: Backend) -> None:
        """So does `pip install -e .`."""
        project = make(backend)
        project.lose_weights()

        project.run(*PIP_INSTALL, "-e", ".")

        assert self.imported_from(project) == project.root / "reader/__init__.py"

    def test_missing(self, make: MakeProject) -> None:
        """A backend that has no editable installs has none here, and pip says so."""
        output = make(SETUPTOOLS_61).run(*PIP_INSTALL, "-e", ".", status=1)

        assert "build_editable" in output
        assert "hatch_mar/" not in output


class TestSurface:
    NAMES = (
        *("build_wheel", "build_sdist", "build_editable"),
        *("prepare_metadata_for_build_wheel", "prepare_metadata_for_build_editable"),
        *("get_requires_for_build_editable", "UnsupportedOperation", "nothing_such"),
    )
    CODE = """\
import functools, importlib, json, sys
import hatch_mar.backend
module, _, inner = sys.argv[1].partition(":")
wrapped = importlib.import_module(module)
wrapper = hatch_mar.backend
print(json.dumps([[hasattr(each, name) for name in sys.argv[2:]] for each in (wrapper, wrapped)]))
"""

    @each
    def test_hooks(self, make: MakeProject, backend: Backend) -> None:
        """What a backend has is there, and what it has not is not."""
        project = make(backend)
        requires = [option for line in (*backend.requires, project._plugin) for option in ("--with", line)]

        output = project.run(
            *("uv", "run", "--quiet", "--no-project", "--python", sys.executable, *requires),
            *("python", "-c", self.CODE, backend.name, *self.NAMES),
        )

        wrapper, wrapped = json.loads(output.splitlines()[-1])
        assert wrapper == wrapped
        assert wrapper[:2] == [True, True]
        assert wrapper[-1] is False


class TestProject:
    """What an archive takes from its project is what the wrapped backend says."""

    def test_dynamic_setuptools(self, make: MakeProject) -> None:
        """A version and dependencies that setuptools reads from files."""
        dynamic = """
[tool.setuptools.dynamic]
version = {attr = "reader.__version__"}
dependencies = {file = ["req.txt"]}
"""
        project = make(
            replace(
                SETUPTOOLS,
                project='dynamic = ["version", "dependencies"]',
                settings=SETUPTOOLS.settings + dynamic,
            )
        )
        (project.root / "reader/__init__.py").write_text('__version__ = "1.0"\n')
        (project.root / "req.txt").write_text("numpy>=1\n")
        project.configure(mar=ARCHIVES.replace("[[tool", 'requirements-from = ["dependencies"]\n\n[[tool', 1))

        output = project.run(*BUILD)

        assert listing(project.root / "dist") == {SDIST, WHEEL, *MARS}
        assert lines_of(output, MARS) == in_dist(*MARS)
        assert manifest(project.root / "dist/digits.mar")["modelVersion"] == "1.0"
        with ZipFile(project.root / "dist/digits.mar") as archive:
            assert archive.read("requirements.txt") == b"numpy>=1\n"

    @pytest.mark.parametrize("frontend", [BUILD, ("uv", "build")], ids=["build", "uv"])
    def test_dynamic_flit(self, make: MakeProject, frontend: tuple[str, ...]) -> None:
        """A version that flit reads from the module."""
        project = make(replace(FLIT, project='dynamic = ["version"]\ndescription = "Reads."'))
        (project.root / "reader/__init__.py").write_text('__version__ = "1.0"\n')

        project.run(*frontend)

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)
        assert manifest(project.root / "dist/digits.mar")["modelVersion"] == "1.0"

    @pytest.mark.parametrize(
        ("backend", "frontend"),
        [
            (SETUPTOOLS, (*BUILD, "-s")),
            (SETUPTOOLS, ("hatch", "build")),
            (SETUPTOOLS_61, (*BUILD, "-w")),
            (FLIT, ("hatch", "build")),
            (FLIT, (*BUILD, "-s")),
        ],
        ids=["setuptools-sdist", "setuptools-hatch", "setuptools-61-wheel", "flit-hatch", "flit-sdist"],
    )
    def test_include_project(self, make: MakeProject, backend: Backend, frontend: tuple[str, ...]) -> None:
        """The files of the backend's own wheel, in a build of the sdist too."""
        project = make(backend)
        text = 'handler = "reader.handler:handle"\ninclude-project = true'
        project.configure(mar=ARCHIVES.replace('handler = "reader/handler.py"', text))

        project.run(*frontend)

        for model in MODELS:
            with ZipFile(project.root / f"dist/{model}.mar") as archive:
                assert {*archive.namelist()} == {
                    *("reader/__init__.py", "reader/handler.py", f"{model}.pt", "MAR-INF/MANIFEST.json")
                }

    def test_setup_py(self, make: MakeProject) -> None:
        """A project of `setup.py` alone, which imports what is beside it."""
        project = make(replace(SETUPTOOLS, name="setuptools.build_meta:__legacy__"))
        text = (project.root / "pyproject.toml").read_text()
        start, end = text.index("[project]"), text.index("[tool.mar]")
        (project.root / "pyproject.toml").write_text(text[:start] + text[end:])
        (project.root / "about.py").write_text('VERSION = "1.0"\n')
        (project.root / "setup.py").write_text(
            "import about, setuptools\n"
            "setuptools.setup(\n"
            '    name="reader", version=about.VERSION, packages=["reader"], py_modules=["about"]\n'
            ")\n"
        )

        project.run(*BUILD)

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)
        assert manifest(project.root / "dist/digits.mar")["modelVersion"] == "1.0"


class TestInPackage:
    @pytest.mark.parametrize("frontend", [BUILD, (*BUILD, "-w")], ids=["sdist", "wheel"])
    def test_in_package(self, make: MakeProject, frontend: tuple[str, ...]) -> None:
        """An archive that is part of the wheel is of the same build, the second time as well."""
        project = make(FLIT)
        project.configure(mar=ARCHIVES.replace("[[tool", 'export-path = "reader/store"\n\n[[tool', 1))

        for weights in (b"first", b"second"):
            project.weights("digits").write_bytes(weights)
            project.run(*frontend)

            archive = (project.root / "reader/store/digits.mar").read_bytes()
            with ZipFile(io.BytesIO(archive)) as file:
                assert file.read("digits.pt") == weights
            with ZipFile(project.root / "dist" / WHEEL) as wheel:
                assert wheel.read("reader/store/digits.mar") == archive

    def test_elsewhere(self, make: MakeProject) -> None:
        """An archive in no package, which the sdist has all the same, is named until git ignores it."""
        project = make(SCIKIT_BUILD)
        project.configure(mar=ARCHIVES.replace("[[tool", 'export-path = "store"\n\n[[tool', 1))
        ignored = "/weights/\n/dist/\n"
        (project.root / ".gitignore").write_text(ignored)

        output = project.run(*BUILD)
        [first, _] = lines_of(output, ("into the sdist",))
        assert "add `/store/*.mar` to `.gitignore`" in first

        (project.root / ".gitignore").write_text(f"{ignored}/store/*.mar\n")
        output = project.run(*BUILD)
        assert lines_of(output, ("into the sdist",)) == []
        with tarfile.open(project.root / "dist" / SDIST) as sdist:
            assert [name for name in sdist.getnames() if name.endswith(".mar")] == []

    @backends(FLIT, SCIKIT_BUILD)
    def test_records(self, make: MakeProject, backend: Backend) -> None:
        """What builds record is in no sdist and no wheel, so two checkouts give the same wheel."""
        project = make(backend)
        project.configure(mar=ARCHIVES.replace("[[tool", 'export-path = "reader/store"\n\n[[tool', 1))
        (project.root / ".gitignore").write_text("/weights/\n/dist/\n")
        checkout = shutil.copytree(project.root, project.root.parent / "checkout")

        wheels = []
        for root in (project.root, checkout):
            for _ in range(2):
                output = project.run(*BUILD, root, SOURCE_DATE_EPOCH="1700000000")
            assert "digits.mar (unchanged)" in output
            assert (root / ".hatch" / "hatch-mar" / "reader%2Fstore" / "digits.mar.stamp").is_file()
            with tarfile.open(root / "dist" / SDIST) as sdist:
                names = [name.removeprefix("reader-1.0/") for name in sdist.getnames()]
            with ZipFile(root / "dist" / WHEEL) as wheel:
                names += wheel.namelist()
            assert names.count("reader/store/digits.mar") == 2
            assert [name for name in names if ".hatch" in name or name.endswith((".stamp", ".owner"))] == []
            wheels.append((root / "dist" / WHEEL).read_bytes())

        assert wheels[0] == wheels[1]
        assert "Warning" not in output
        status = project.run("git", "status", "--porcelain", "--untracked-files=all").splitlines()
        assert [line for line in status if ".hatch" in line] == []


class TestFaults:
    FRONTENDS = pytest.mark.parametrize(
        ("frontend", "status"), [(BUILD, 1), (("uv", "build"), 2)], ids=["build", "uv"]
    )

    def fail(self, project: Project, frontend: tuple[str, ...], status: int = 1) -> list[str]:
        """The lines about the configuration, of a build that writes nothing."""
        output = project.run(*frontend, status=status)

        assert "Traceback" not in output
        assert "hatch_mar/" not in output
        directory = project.root / "dist"
        assert not directory.exists() or listing(directory) == set()
        return lines_of(output, ("tool.mar",))

    @FRONTENDS
    def test_unknown_key(self, make: MakeProject, frontend: tuple[str, ...], status: int) -> None:
        """A misspelled key is its own line, in every frontend."""
        project = make(SETUPTOOLS)
        project.configure(mar=ARCHIVES.replace("handler =", "handlr ="))

        unknown, *others = self.fail(project, frontend, status)

        assert unknown == "Unknown field `tool.mar.handlr`; did you mean `handler`? [MAR003]"
        assert len(others) == len(MODELS)

    @FRONTENDS
    def test_missing_weights(self, make: MakeProject, frontend: tuple[str, ...], status: int) -> None:
        """All missing files are named."""
        project = make(FLIT)
        project.lose_weights()

        assert self.fail(project, frontend, status) == NO_WEIGHTS

    @pytest.mark.parametrize(
        ("delegate", "expected"),
        [
            (None, "Field `tool.mar.build-backend` is required by the build backend `hatch_mar.backend`;"),
            ("flit_corre.buildapi", "Field `tool.mar.build-backend`: cannot import `flit_corre.buildapi`:"),
            ("hatchling.build", "Field `tool.mar.build-backend` must not be `hatchling.build`;"),
        ],
        ids=["missing", "misspelled", "hatchling"],
    )
    def test_backend(self, make: MakeProject, delegate: str | None, expected: str) -> None:
        """A backend that cannot be wrapped is one line."""
        project = make(FLIT)
        project.configure(delegate=delegate)

        [line] = self.fail(project, BUILD)

        assert line.startswith(expected)


class TestErrors:
    def test_of_the_wrapped_backend(self, make: MakeProject) -> None:
        """An error of the wrapped backend is shown as it is without the wrapper."""
        project = make(replace(SETUPTOOLS, settings='[tool.setuptools]\npackages = ["nothing"]'))

        output = project.run(*BUILD, "-w", status=1)

        assert "error: package directory 'nothing' does not exist" in output
        assert "BaseException" not in output
        assert project.archives() == set()


class TestMigrated:
    def test_setuptools(self, make: MakeProject) -> None:
        """`migrate --write` sets up a setuptools project, whose next build writes the archive."""
        project = make(SETUPTOOLS)
        pyproject = project.root / "pyproject.toml"
        text = pyproject.read_text()
        text = text[: text.index("[tool.mar]")].replace("hatch_mar.backend", SETUPTOOLS.name)
        pyproject.write_text(text)
        options = "--model-name digits --version 3 --handler reader/handler.py"

        output = project.run(
            *("hatch-mar", "migrate", "--write", "--", "torch-model-archiver"),
            *(*options.split(), "--serialized-file", "weights/digits.pt"),
        )
        assert "`python -m build` and `uv build` build the archives" in output
        project.run(*BUILD)

        assert listing(project.root / "dist") == {SDIST, WHEEL, "digits.mar"}
        assert manifest(project.root / "dist/digits.mar")["modelVersion"] == "3"
