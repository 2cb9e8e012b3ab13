"""Every frontend delivers the archives where it delivers the wheel, or makes none at all."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.e2e.conftest import ARCHIVES, HOOK, MODELS, SDIST, WHEEL, Project

WHEEL_HOOK = "[tool.hatch.build.targets.wheel.hooks.mar]\n"
MARS = tuple(f"{model}.mar" for model in MODELS)
NOT_BUILT = [f"Archive not built: `{mar}`, since this wheel is built from an unpacked sdist" for mar in MARS]
NO_WEIGHTS = [
    f"Field `tool.mar.archives[{index}].serialized-file`: file not found: `weights/{model}.pt` [MAR021]"
    for index, model in enumerate(MODELS)
]


def listing(directory: Path) -> set[str]:
    """The names in a directory; not the `.gitignore` that uv puts there."""
    return {path.name for path in directory.iterdir()} - {".gitignore", ".hatch"}


def contents(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in listing(directory)}


def assert_delivered(
    project: Project, directory: Path, *beside: str, models: tuple[str, ...] = MODELS
) -> None:
    """`directory` holds `beside` and a whole copy of each archive, and no other place has one."""
    archives = {directory / f"{model}.mar" for model in models}
    assert listing(directory) == {*beside, *(archive.name for archive in archives)}
    assert project.archives() == archives
    for model in models:
        with ZipFile(directory / f"{model}.mar") as archive:
            assert archive.testzip() is None
            members = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(members.pop("MAR-INF/MANIFEST.json"))
        assert manifest["model"]["modelName"] == model
        assert members == {
            "handler.py": (project.root / "reader/handler.py").read_bytes(),
            f"{model}.pt": project.weights(model).read_bytes(),
        }


def lines_of(output: str, names: tuple[str, ...]) -> list[str]:
    """The lines that name one of these files, in order."""
    return [line.strip() for line in output.splitlines() if any(name in line for name in names)]


def in_dist(*names: str) -> list[str]:
    return [os.path.join("dist", name) for name in names]


class TestHatchBuild:
    def test_default(self, project: Project) -> None:
        """The archives stand beside sdist and wheel, printed as these are; the second pass keeps them."""
        output = project.run("hatch", "build")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)
        assert lines_of(output, (*MARS, SDIST, WHEEL)) == [
            *in_dist(*MARS, SDIST),
            *(f"{path} (unchanged)" for path in in_dist(*MARS)),
            *in_dist(WHEEL),
        ]

    def test_again(self, project: Project) -> None:
        """A later build writes the archive whose weights changed, and says that the other did not."""
        project.run("hatch", "build")
        kept = (project.root / "dist/letters.mar").stat()
        project.weights("digits").write_bytes(b"trained again")

        output = project.run("hatch", "build", "--target", "wheel")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)
        assert lines_of(output, MARS) == [
            os.path.join("dist", "digits.mar"),
            os.path.join("dist", "letters.mar (unchanged)"),
        ]
        assert (project.root / "dist/letters.mar").stat().st_mtime_ns == kept.st_mtime_ns

    def test_location(self, project: Project) -> None:
        """A folder named on the command line, which hatchling passes as it stands, gets the archives."""
        output = project.run("hatch", "build", "out")

        assert_delivered(project, project.root / "out", SDIST, WHEEL)
        assert lines_of(output, MARS)[0] == os.path.join("out", "digits.mar")

    def test_location_outside(self, project: Project) -> None:
        """Archives in a folder outside the project are printed with their full paths."""
        out = project.root.parent / "out"

        output = project.run("hatch", "build", out)

        assert_delivered(project, out, SDIST, WHEEL)
        assert lines_of(output, MARS)[0] == str(out / "digits.mar")

    def test_location_variable(self, project: Project) -> None:
        """The folder in `HATCH_BUILD_LOCATION` gets the archives."""
        project.run("hatch", "build", HATCH_BUILD_LOCATION="out")

        assert_delivered(project, project.root / "out", SDIST, WHEEL)

    def test_directory_setting(self, project: Project) -> None:
        """The folder that the project sets gets the archives."""
        project.configure(hatch='[tool.hatch.build]\ndirectory = "built"\n' + HOOK)

        project.run("hatch", "build")

        assert_delivered(project, project.root / "built", SDIST, WHEEL)

    def test_clean(self, project: Project) -> None:
        """With `-c`, which cleans before either pass, the archives are there in the end."""
        project.run("hatch", "build")
        (project.root / "dist/other.mar").write_bytes(b"another's")

        project.run("hatch", "build", "-c")

        (project.root / "dist/other.mar").unlink()
        assert_delivered(project, project.root / "dist", SDIST, WHEEL)

    def test_clean_hooks_after(self, project: Project) -> None:
        """With `--clean-hooks-after`, the archives are kept, because they are a result of the build."""
        project.run("hatch", "build", "--clean-hooks-after")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)

    def test_hooks_only(self, project: Project) -> None:
        """With `--hooks-only` nothing is built."""
        output = project.run("hatch", "build", "--hooks-only")

        assert listing(project.root / "dist") == set()
        assert project.archives() == set()
        assert lines_of(output, MARS) == []

    def test_wheel(self, project: Project) -> None:
        """`-t wheel` makes the archives in its one pass."""
        output = project.run("hatch", "build", "-t", "wheel")

        assert_delivered(project, project.root / "dist", WHEEL)
        assert lines_of(output, MARS) == in_dist(*MARS)

    def test_sdist(self, project: Project) -> None:
        """`-t sdist` writes the archives; the sdist itself has neither archives nor weights."""
        output = project.run("hatch", "build", "-t", "sdist")

        assert_delivered(project, project.root / "dist", SDIST)
        assert lines_of(output, MARS) == in_dist(*MARS)
        with tarfile.open(project.root / "dist" / SDIST) as sdist:
            assert {name.removeprefix("reader-1.0/") for name in sdist.getnames()} == {
                *("PKG-INFO", "pyproject.toml", ".gitignore", "reader/__init__.py", "reader/handler.py"),
            }


class TestMarTarget:
    def test_all(self, project: Project) -> None:
        """`-t mar` makes every archive once, though the hook is on as well, and prints each."""
        output = project.run("hatch", "build", "-t", "mar")

        assert_delivered(project, project.root / "dist")
        assert lines_of(output, MARS) == in_dist(*MARS)

    def test_one(self, project: Project) -> None:
        """`-t mar:NAME` makes the archive of that name; what another lacks does not matter."""
        project.weights("digits").unlink()

        output = project.run("hatch", "build", "-t", "mar:letters")

        assert_delivered(project, project.root / "dist", models=("letters",))
        assert lines_of(output, MARS) == in_dist("letters.mar")

    def test_unknown_name(self, project: Project) -> None:
        """An unknown name is one line, not a traceback, and nothing is made."""
        output = project.run("hatch", "build", "-t", "mar:numbers", status=1)

        assert "Unknown archive `numbers`; the project has `digits`, `letters`" in output
        assert "Traceback" not in output
        assert project.archives() == set()

    def test_no_hatch_table(self, project: Project) -> None:
        """`-t mar` needs the plugin in `build-system.requires`, and no table of hatch's."""
        project.configure(hatch="")

        project.run("hatch", "build", "-t", "mar")

        assert_delivered(project, project.root / "dist")

    def test_location(self, project: Project) -> None:
        """The folder on the command line holds for this target too."""
        project.run("hatch", "build", "-t", "mar", "out")

        assert_delivered(project, project.root / "out")

    def test_clean(self, project: Project) -> None:
        """With `-c` the old archives go first; other files stay."""
        project.run("hatch", "build")

        project.run("hatch", "build", "-t", "mar", "-c")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)

    def test_clean_one(self, project: Project) -> None:
        """`-t mar:NAME -c` leaves the other archives alone."""
        project.run("hatch", "build", "-t", "mar")
        project.weights("digits").unlink()
        old = (project.root / "dist/digits.mar").read_bytes()

        project.run("hatch", "build", "-t", "mar:letters", "-c")

        assert listing(project.root / "dist") == set(MARS)
        assert (project.root / "dist/digits.mar").read_bytes() == old


class TestClean:
    def test_clean(self, project: Project) -> None:
        """`hatch clean` removes the project's archives, and no archive of another."""
        project.run("hatch", "build")
        (project.root / "dist/other.mar").write_bytes(b"another's")

        project.run("hatch", "clean")

        assert listing(project.root / "dist") == {"other.mar"}

    def test_without_weights(self, project: Project) -> None:
        """It needs none of the files that a build would."""
        project.run("hatch", "build")
        project.lose_weights()

        project.run("hatch", "clean")

        assert listing(project.root / "dist") == set()


class TestPythonBuild:
    def test_default(self, project: Project) -> None:
        """The wheel's pass, in an unpacked sdist without the weights, leaves the archives be."""
        output = project.run("python", "-m", "build")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)
        assert lines_of(output, MARS) == in_dist(*MARS)

    def test_outdir(self, project: Project) -> None:
        """`-o` takes the archives along."""
        out = project.root.parent / "out"

        project.run("python", "-m", "build", "-o", out)

        assert_delivered(project, out, SDIST, WHEEL)

    def test_wheel(self, project: Project) -> None:
        """`-w` builds in the project itself, so the archives are made beside the wheel."""
        project.run("python", "-m", "build", "-w")

        assert_delivered(project, project.root / "dist", WHEEL)

    def test_clean(self, project: Project) -> None:
        """With `HATCH_BUILD_CLEAN` the wheel's pass does not remove what the sdist's made."""
        project.run("python", "-m", "build", HATCH_BUILD_CLEAN="1")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)

    def test_clean_hooks_after(self, project: Project) -> None:
        """The same holds with `HATCH_BUILD_CLEAN_HOOKS_AFTER`."""
        project.run("python", "-m", "build", HATCH_BUILD_CLEAN_HOOKS_AFTER="1")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)


class TestUvBuild:
    def test_default(self, project: Project) -> None:
        """The archives stand beside sdist and wheel, made by the sdist's pass alone."""
        output = project.run("uv", "build")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)
        assert lines_of(output, MARS) == in_dist(*MARS)

    def test_wheel(self, project: Project) -> None:
        """`--wheel` makes them too."""
        project.run("uv", "build", "--wheel")

        assert_delivered(project, project.root / "dist", WHEEL)

    def test_out_dir(self, project: Project) -> None:
        """`--out-dir` takes the archives along."""
        out = project.root.parent / "out"

        project.run("uv", "build", "--out-dir", out)

        assert_delivered(project, out, SDIST, WHEEL)


class TestInstallers:
    """Without weights a build that lays an archive out fails, so a status of 0 proves that none did."""

    def test_pip_wheel(self, project: Project) -> None:
        """`pip wheel .`, which keeps the wheel alone, makes no archive."""
        project.lose_weights()

        project.run("python", "-m", "pip", "wheel", "--no-deps", ".", "-w", "wheels")

        assert listing(project.root / "wheels") == {WHEEL}

    def test_pip_install(self, project: Project) -> None:
        """`pip install .` writes no archive."""
        project.lose_weights()

        project.run("python", "-m", "pip", "install", "--no-deps", "--target", "site", ".")

        assert (project.root / "site/reader/handler.py").is_file()

    def test_pip_install_editable(self, project: Project) -> None:
        """`pip install -e .` writes no archive."""
        project.lose_weights()

        project.run("python", "-m", "pip", "install", "--no-deps", "--target", "site", "-e", ".")

        assert [*(project.root / "site").glob("reader-1.0.dist-info")]

    def test_uv_install_editable(self, project: Project) -> None:
        """`uv pip install -e .`, and so `uv sync`, writes no archive."""
        project.lose_weights()

        project.run("uv", "pip", "install", "--no-deps", "--target", "site", "-e", ".")

        assert [*(project.root / "site").glob("reader-1.0.dist-info")]

    def test_pip_with_weights(self, project: Project) -> None:
        """Where the weights are at hand, pip leaves no archive anywhere, and its log names none."""
        log = project.run("python", "-m", "pip", "wheel", "-v", "--no-deps", ".", "-w", "wheels")

        assert project.archives() == set()
        assert WHEEL in log
        assert lines_of(log, MARS) == []

    @pytest.mark.parametrize(
        "installer",
        [
            ("python", "-m", "pip", "install", "--no-deps", "--target", "site"),
            ("uv", "pip", "install", "--no-deps", "--target", "site"),
        ],
        ids=["pip", "uv"],
    )
    def test_sdist(self, project: Project, installer: tuple[str, ...]) -> None:
        """The project's sdist, which lacks the weights, installs for everyone."""
        project.run("hatch", "build", "-t", "sdist")

        project.run(*installer, f"dist/{SDIST}")

        assert (project.root / "site/reader/handler.py").is_file()
        assert_delivered(project, project.root / "dist", SDIST)

    def test_pip_wheel_of_sdist(self, project: Project) -> None:
        """`pip wheel` makes a wheel of the sdist, and no archive."""
        project.run("hatch", "build", "-t", "sdist")

        project.run("python", "-m", "pip", "wheel", "--no-deps", f"dist/{SDIST}", "-w", "wheels")

        assert listing(project.root / "wheels") == {WHEEL}


@pytest.fixture
def wheel_only(project: Project) -> Project:
    """A project that switches the hook on for its wheel alone."""
    project.configure(hatch=WHEEL_HOOK)
    return project


class TestScopedToTheWheel:
    @pytest.mark.parametrize("frontend", [("python", "-m", "build"), ("uv", "build")], ids=["build", "uv"])
    def test_from_sdist(self, wheel_only: Project, frontend: tuple[str, ...]) -> None:
        """A wheel made from the sdist brings no archive: a warning says so, and what to do."""
        output = wheel_only.run(*frontend)

        assert listing(wheel_only.root / "dist") == {SDIST, WHEEL}
        assert wheel_only.archives() == set()
        for warning in NOT_BUILT:
            assert f"{warning}; declare the hook for all targets" in output

    def test_from_tree(self, wheel_only: Project) -> None:
        """`hatch build` makes the archives in the wheel's pass alone."""
        output = wheel_only.run("hatch", "build")

        assert_delivered(wheel_only, wheel_only.root / "dist", SDIST, WHEEL)
        assert lines_of(output, MARS) == in_dist(*MARS)

    def test_old_archives(self, wheel_only: Project) -> None:
        """Archives of an earlier build do not silence the warning: they need not be today's."""
        wheel_only.run("hatch", "build")
        wheel_only.weights("digits").write_bytes(b"trained again")

        output = wheel_only.run("python", "-m", "build")

        for warning in NOT_BUILT:
            assert warning in output

    def test_no_warning_for_all_targets(self, project: Project) -> None:
        """A hook for all targets has made the archives in the sdist's pass: nothing to warn of."""
        output = project.run("python", "-m", "build")

        assert "not built" not in output


class TestExportPath:
    @pytest.fixture
    def exporting(self, project: Project) -> Project:
        project.configure(mar=ARCHIVES.replace("[tool.mar]\n", '[tool.mar]\nexport-path = "models"\n', 1))
        return project

    @pytest.mark.parametrize(
        "frontend",
        [("hatch", "build"), ("hatch", "build", "-c"), ("python", "-m", "build"), ("uv", "build")],
        ids=["hatch", "hatch-clean", "build", "uv"],
    )
    def test_export_path(self, exporting: Project, frontend: tuple[str, ...]) -> None:
        """Every frontend writes the archives to the project's export path, not next to the wheel."""
        exporting.run(*frontend)

        assert_delivered(exporting, exporting.root / "models")
        assert listing(exporting.root / "dist") == {SDIST, WHEEL}

    def test_location(self, exporting: Project) -> None:
        """A build directory on the command line moves the wheel, not the archives."""
        exporting.run("hatch", "build", "out")

        assert_delivered(exporting, exporting.root / "models")
        assert listing(exporting.root / "out") == {SDIST, WHEEL}

    def test_mar_target(self, exporting: Project) -> None:
        """`-t mar` writes there too, and prints where."""
        output = exporting.run("hatch", "build", "-t", "mar")

        assert_delivered(exporting, exporting.root / "models")
        assert lines_of(output, MARS) == [os.path.join("models", mar) for mar in MARS]

    def test_clean(self, exporting: Project) -> None:
        """`hatch clean` removes the archives there."""
        exporting.run("hatch", "build")

        exporting.run("hatch", "clean")

        assert exporting.archives() == set()

    def test_editable(self, exporting: Project) -> None:
        """An editable installation, which builds no archive, removes none either."""
        exporting.run("hatch", "build")

        exporting.run(
            *("uv", "pip", "install", "--no-deps", "--target", "site", "-e", "."),
            HATCH_BUILD_CLEAN="1",
            HATCH_BUILD_CLEAN_HOOKS_AFTER="1",
        )

        assert_delivered(exporting, exporting.root / "models")


class TestFaults:
    FRONTENDS = pytest.mark.parametrize(
        ("frontend", "status"),
        [(("hatch", "build"), 1), (("python", "-m", "build"), 1), (("uv", "build"), 2)],
        ids=["hatch", "build", "uv"],
    )

    @pytest.fixture
    def before(self, project: Project) -> dict[str, bytes]:
        """What an earlier build left in `dist`."""
        old = {WHEEL: b"old wheel", SDIST: b"old sdist", "digits.mar": b"old archive"}
        (project.root / "dist").mkdir()
        for name, data in old.items():
            (project.root / "dist" / name).write_bytes(data)
        return old

    @FRONTENDS
    def test_missing_file(
        self, project: Project, before: dict[str, bytes], frontend: tuple[str, ...], status: int
    ) -> None:
        """Missing weights, all of them named, end the build before an sdist or a wheel is made."""
        project.lose_weights()

        output = project.run(*frontend, status=status)

        assert lines_of(output, ("tool.mar",)) == NO_WEIGHTS
        assert "Traceback" not in output
        assert contents(project.root / "dist") == before

    @FRONTENDS
    def test_configuration(
        self, project: Project, before: dict[str, bytes], frontend: tuple[str, ...], status: int
    ) -> None:
        """Faults of `[tool.mar]` end the build before an sdist or a wheel is made."""
        project.configure(mar=ARCHIVES.replace("serialized-file", "serialised-file") + "version = 2\n")

        output = project.run(*frontend, status=status)

        unknown = (
            "Unknown field `tool.mar.archives[{}].serialised-file`; did you mean `serialized-file`? [MAR003]"
        )
        assert lines_of(output, ("tool.mar",)) == [
            unknown.format(0),
            unknown.format(1),
            "Field `tool.mar.archives[1].version` must be a string [MAR004]",
        ]
        assert "Traceback" not in output
        assert contents(project.root / "dist") == before

    def test_no_table(self, project: Project, before: dict[str, bytes]) -> None:
        """A hook without `[tool.mar]` ends the build before an sdist or a wheel is made."""
        project.configure(mar="")

        output = project.run("hatch", "build", status=1)

        assert lines_of(output, ("tool.mar",)) == [
            "Table `tool.mar` is missing; declare an archive there, with at least its `handler` [MAR002]"
        ]
        assert "Traceback" not in output
        assert contents(project.root / "dist") == before

    def test_unknown_option(self, project: Project, before: dict[str, bytes]) -> None:
        """An option in the hook's own table is refused: it would do nothing there."""
        project.configure(hatch=HOOK + 'handler = "base_handler"\n')

        output = project.run("hatch", "build", status=1)

        assert lines_of(output, ("tool.mar",)) == [
            "Unknown option `handler` for build hook `mar`; options belong in `[tool.mar]` [MAR003]"
        ]
        assert "Traceback" not in output
        assert contents(project.root / "dist") == before

    def test_occupied(self, project: Project) -> None:
        """An archive whose place something else takes stops the build before the sdist is made."""
        (project.root / "dist/letters.mar").mkdir(parents=True)

        output = project.run("hatch", "build", status=1)

        assert "a directory of that name exists; move it away" in output
        assert "Traceback" not in output
        assert listing(project.root / "dist") == {"letters.mar"}

    def test_mar_target(self, project: Project, before: dict[str, bytes]) -> None:
        """`-t mar` names the faults of all archives as well, and makes none."""
        project.lose_weights()

        output = project.run("hatch", "build", "-t", "mar", status=1)

        assert lines_of(output, ("tool.mar",)) == NO_WEIGHTS
        assert "Traceback" not in output
        assert contents(project.root / "dist") == before

    def test_mar_target_half(self, project: Project, before: dict[str, bytes]) -> None:
        """A fault of the second archive keeps `-t mar` from writing the first."""
        project.weights("letters").unlink()

        output = project.run("hatch", "build", "-t", "mar", status=1)

        assert lines_of(output, ("tool.mar",)) == NO_WEIGHTS[1:]
        assert contents(project.root / "dist") == before


class TestSwitches:
    """hatchling's own switches of a hook hold for this one."""

    def test_no_hooks(self, project: Project) -> None:
        """`HATCH_BUILD_NO_HOOKS` gives the same sdist and the same wheel without the archives."""
        project.run("hatch", "build")
        made = contents(project.root / "dist")
        project.run("hatch", "clean")
        project.lose_weights()

        project.run("hatch", "build", HATCH_BUILD_NO_HOOKS="true")

        assert contents(project.root / "dist") == {name: made[name] for name in (SDIST, WHEEL)}

    def test_no_hooks_for_python_build(self, project: Project) -> None:
        """Other frontends follow it too."""
        project.lose_weights()

        project.run("python", "-m", "build", HATCH_BUILD_NO_HOOKS="1")

        assert listing(project.root / "dist") == {SDIST, WHEEL}

    def test_off_by_default(self, project: Project) -> None:
        """With `enable-by-default = false` a build makes archives only when told to."""
        project.configure(hatch=HOOK + "enable-by-default = false\n")

        project.run("hatch", "build", "-t", "wheel")
        assert project.archives() == set()

        project.run("hatch", "build", "-t", "wheel", HATCH_BUILD_HOOK_ENABLE_MAR="true")
        assert_delivered(project, project.root / "dist", WHEEL)

    def test_hook_dependency(self, project: Project, plugin_uri: str) -> None:
        """hatchling's own options of a hook, such as `dependencies`, may stand in its table."""
        project.configure(hatch=HOOK + f'dependencies = ["{plugin_uri}"]\n')

        project.run("hatch", "build")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)
