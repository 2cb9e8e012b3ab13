"""`hatch-mar build`."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path

import pytest
from hatchling.plugin.manager import PluginManager

from hatch_mar.archive.archive import FileSource
from hatch_mar.archive.checksums import read_sums
from hatch_mar.cli import main
from hatch_mar.hatch.builder import MarBuilder
from hatch_mar.project import timestamp
from tests.archives import needs_posix

PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"

[[tool.mar.archives]]
model-name = "one"

[[tool.mar.archives]]
model-name = "two"
"""


@pytest.fixture
def root(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (project / "pyproject.toml").write_text(PYPROJECT)
    monkeypatch.chdir(project)
    return project


class TestSums:
    def test_written(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """Every archive of the project that is there is listed, even if only one is built."""
        assert main(["build"]) == 0
        (root / "handler.py").write_text("def handle(data, context): return [1]\n")
        capsys.readouterr()
        assert main(["build", "one", "--sums"]) == 0

        dist = root / "dist"
        assert capsys.readouterr().out.splitlines() == [str(dist / "one.mar"), str(dist / "SHA256SUMS")]
        assert read_sums(dist / "SHA256SUMS") == {
            name: hashlib.sha256((dist / name).read_bytes()).hexdigest() for name in ("one.mar", "two.mar")
        }

    def test_json(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """The JSON has the same digests."""
        assert main(["build", "--sums", "--json", "--output", "release"]) == 0

        found = {Path(each["path"]).name: each["sha256"] for each in json.loads(capsys.readouterr().out)}
        assert found == read_sums(root / "release" / "SHA256SUMS")

    def test_dry_run(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """`--dry-run` says where it would be."""
        assert main(["build", "--sums", "--dry-run"]) == 0

        assert f"{root / 'dist' / 'SHA256SUMS'} would be written" in capsys.readouterr().out.splitlines()
        assert not (root / "dist").exists()

    def test_directory(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """A directory has no digest, and a line says so."""
        (root / "pyproject.toml").write_text(PYPROJECT + 'archive-format = "no-archive"\n')
        assert main(["build", "--sums"]) == 0

        assert capsys.readouterr().err == (
            f"`{root / 'dist' / 'two'}` is a directory, which has no digest of its own and is not in"
            " `SHA256SUMS`\n"
        )
        assert list(read_sums(root / "dist" / "SHA256SUMS")) == ["one.mar"]


OFFLINE = """
import sys
from hatch_mar.cli import main

def refuse(event, _):
    if event.startswith("socket."):
        raise SystemExit(event)

sys.addaudithook(refuse)
sys.exit(main(["build"]))
"""


class TestRemoteFiles:
    @pytest.mark.parametrize(("data", "status"), [(b"right", 0), (b"wrong", 1), (None, 1)])
    def test_offline(self, data: bytes | None, status: int, root: Path):
        """A build opens no socket, whether or not a remote file is there and as declared."""
        digest = hashlib.sha256(b"right").hexdigest()
        remote_file = f'path = "w.txt"\nurl = "https://example.org/w.txt"\nsha256 = "{digest}"\n'
        (root / "pyproject.toml").write_text(
            PYPROJECT + f'extra-files = ["w.txt"]\n[[tool.mar.remote-files]]\n{remote_file}'
        )
        if data is not None:
            (root / "w.txt").write_bytes(data)
        done = subprocess.run([sys.executable, "-c", OFFLINE], capture_output=True, text=True, check=False)

        assert (done.returncode, "socket" in done.stderr) == (status, False)
        assert ("hatch-mar fetch w.txt" in done.stderr) == bool(status)


HATCHLING = """
[build-system]
requires = ["hatchling", "hatch-mar"]
build-backend = "hatchling.build"
"""


class Noon(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Noon:
        return cls(2024, 5, 6, 12, tzinfo=tz)


class TestAsHatchling:
    """What hatch's settings say holds for `hatch-mar build` as it does for `hatch build -t mar`."""

    @pytest.mark.parametrize(
        ("pyproject", "hatch_toml", "directory"),
        [
            ("", None, "dist"),
            ('[tool.hatch.build]\ndirectory = "out"\n', None, "out"),
            ('[tool.hatch.build]\ndirectory = "../out/./a"\n', None, "../out/a"),
            ('[tool.hatch.build]\ndirectory = "out"\n', '[build]\ndirectory = "other"\n', "other"),
            ('[tool.hatch.build]\ndirectory = "out"\n', "[build]\n", "dist"),
            ('[tool.hatch.build]\ndirectory = "out"\n', "[envs.default]\n", "out"),
            ('[tool.hatch.build.targets.mar]\ndirectory = "archives"\n', None, "archives"),
            ("[tool.hatch.build]\nreproducible = false\n", None, "dist"),
            ("", "[build]\nreproducible = false\n", "dist"),
            ("", "[build.targets.mar]\nreproducible = false\n", "dist"),
        ],
    )
    def test_settings(  # noqa: PLR0917
        self,
        root: Path,
        pyproject: str,
        hatch_toml: str | None,
        directory: str,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ):
        """Both write the same bytes into the same directory."""
        monkeypatch.setattr(timestamp, "datetime", Noon)
        (root / "pyproject.toml").write_text(PYPROJECT + HATCHLING + pyproject)
        if hatch_toml is not None:
            (root / "hatch.toml").write_text(hatch_toml)
        expected = {root / directory / "one.mar", root / directory / "two.mar"}
        expected = {path.resolve() for path in expected}

        assert {*map(Path, MarBuilder(str(root), plugin_manager=PluginManager()).build())} == expected
        of_hatchling = {path: path.read_bytes() for path in expected}
        for path in expected:
            path.unlink()

        assert main(["build"]) == 0
        assert {path: path.read_bytes() for path in tmp_path.rglob("*.mar")} == of_hatchling
        with zipfile.ZipFile(min(expected)) as file:
            year = 2024 if "reproducible" in pyproject + (hatch_toml or "") else 2020
            assert {info.date_time[0] for info in file.infolist()} == {year}

    @pytest.mark.parametrize("location", ["out", "../out/a", "/tmp/out/../other", ""])
    def test_location(self, root: Path, monkeypatch: pytest.MonkeyPatch, location: str):
        """hatch's own variable says where both write, before any setting."""
        settings = '[tool.hatch.build]\ndirectory = "unused"\n'
        (root / "pyproject.toml").write_text(PYPROJECT + HATCHLING + settings)
        location = location.replace("/tmp", str(root / "deep"))
        monkeypatch.setenv("HATCH_BUILD_LOCATION", location)

        built = {*map(Path, MarBuilder(str(root), plugin_manager=PluginManager()).build())}
        before = {path: path.stat().st_mtime_ns for path in built}
        assert main(["build"]) == 0
        assert {path: path.stat().st_mtime_ns for path in built} == before
        assert {path.resolve() for path in root.parent.rglob("*.mar")} == {path.resolve() for path in built}

    def test_location_of_others(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        """Under another backend, the variable means nothing."""
        monkeypatch.setenv("HATCH_BUILD_LOCATION", "out")

        assert main(["build", "one"]) == 0
        assert (root / "dist/one.mar").is_file()

    def test_fault(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """A value of a wrong type is an error of one line."""
        (root / "pyproject.toml").write_text(f"{PYPROJECT}{HATCHLING}[tool.hatch.build]\ndirectory = 1\n")

        assert main(["build"]) == 1
        expected = "Field `tool.hatch.build.directory` must be a string [MAR004]\n"
        assert capsys.readouterr().err == expected


class TestBuild:
    def test_all(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """All archives are built into the project's `dist`, and their paths are printed."""
        assert main(["build"]) == 0

        paths = [root / "dist" / name for name in ("one.mar", "two.mar")]
        assert all(path.is_file() for path in paths)
        assert capsys.readouterr() == ("".join(f"{path}\n" for path in paths), "")

    def test_again(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """An archive that would be the same is not written, and reported as unchanged."""
        main(["build", "one"])
        capsys.readouterr()

        assert main(["build", "one"]) == 0
        assert capsys.readouterr().out == f"{root / 'dist/one.mar'} (unchanged)\n"

    def test_one(self, root: Path):
        """An archive is chosen by its name, and may go elsewhere."""
        assert main(["build", "two", "--output", "store"]) == 0

        assert [path.name for path in (root / "store").glob("*.mar")] == ["two.mar"]
        assert not (root / "dist").exists()

    @pytest.mark.parametrize("hatchling", [True, False])
    def test_output_in_sdist(self, root: Path, capsys: pytest.CaptureFixture[str], hatchling: bool):
        """A warning says if the next sdist would have it."""
        (root / "pyproject.toml").write_text(PYPROJECT + HATCHLING * hatchling)

        assert main(["build", "two", "--output", "store"]) == 0
        expected = (
            f"Warning: `{Path('store/two.mar')}` is among the files that hatchling puts into the sdist;"
            " add `/store/*.mar` to `.gitignore`\n"
        )
        assert capsys.readouterr().err == expected * hatchling

    def test_output_with_detours(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """The path is shown without detours."""
        assert main(["build", "two", "--output", "weights/../store/."]) == 0
        assert capsys.readouterr().out == f"{root / 'store/two.mar'}\n"

    @needs_posix
    def test_output_behind_link(self, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """`..` after a link means what it means to the system."""
        (tmp_path / "far/deep").mkdir(parents=True)
        (root / "link").symlink_to(tmp_path / "far/deep")

        assert main(["build", "two", "--output", "link/../store"]) == 0
        assert capsys.readouterr().out == f"{tmp_path / 'far/store/two.mar'}\n"

    def test_output_empty(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """An empty directory, such as a variable that is not set, is wrong usage."""
        with pytest.raises(SystemExit) as ended:
            main(["build", "--output", ""])

        assert ended.value.code == 2
        expected = "argument --output: must name a directory, such as `.`"
        assert capsys.readouterr().err.endswith(f"{expected}\n")
        assert not [*root.rglob("*.mar")]

    def test_output_wins(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """With `--output`, archives go there alone, whatever their `export-path`."""
        (root / "pyproject.toml").write_text(PYPROJECT + 'export-path = "archives"\n')

        assert main(["build", "--output", "store"]) == 0
        assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*.mar")) == [
            "store/one.mar",
            "store/two.mar",
        ]

    def test_output_of_one_name(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """Archives that only their `export-path` tells apart cannot be there together."""
        text = PYPROJECT.replace('"one"', '"two"') + 'export-path = "archives"\n'
        (root / "pyproject.toml").write_text(text)
        assert main(["build"]) == 0

        assert main(["build", "--output", "store"]) == 1
        [line] = capsys.readouterr().err.splitlines()
        assert line == (
            f"Archives `two` and `two` would both be written to `{root / 'store/two.mar'}`;"
            " build them into different directories, or give one of them another name [MAR007]"
        )
        assert not (root / "store").exists()

    def test_of_another_project(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """A project elsewhere is built into its own `dist`."""
        monkeypatch.chdir(tmp_path)

        assert main(["build", "one", "--project", "project"]) == 0
        assert capsys.readouterr().out == f"{root / 'dist/one.mar'}\n"

    def test_unknown(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """An unknown name is an error, and nothing is built."""
        assert main(["build", "one", "tow"]) == 1

        assert capsys.readouterr().err == "Unknown archive `tow`; did you mean `two`?\n"
        assert not (root / "dist").exists()

    def test_json(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """`--json` prints what there is to know of each archive, with the digests that `inspect` prints."""
        tgz = 'archive-format = "tgz"\n[[tool.mar.archives]]\nmodel-name = "three"\n'
        workflow = (
            '[[tool.mar.workflows]]\nworkflow-name = "four"\nspec-file = "s.yaml"\nhandler = "handler.py"\n'
        )
        (root / "s.yaml").write_text("models: {}\ndag: {handle: []}\n")
        directory = 'archive-format = "no-archive"\n'
        (root / "pyproject.toml").write_text(PYPROJECT + tgz + directory + workflow)
        assert main(["build", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)

        assert [(each["name"], each["version"], each["unchanged"]) for each in found] == [
            ("one", "1.0", False),
            ("two", "1.0", False),
            ("three", "1.0", False),
            ("four", None, False),
        ]
        names = ["one.mar", "two.tar.gz", "three", "four.war"]
        assert [each["path"] for each in found] == [str(root / "dist" / name) for name in names]
        for each in found:
            path = Path(each["path"])
            data = None if path.is_dir() else path.read_bytes()
            assert each["sha256"] == (data and hashlib.sha256(data).hexdigest())
            main(["inspect", "--json", str(path)])
            [inspected] = json.loads(capsys.readouterr().out)
            assert [each[key] for key in ("size", "content_digest")] == [
                inspected[key] for key in ("size", "content_digest")
            ]

        assert main(["build", "--json"]) == 0
        again = [each | {"unchanged": True} for each in found]
        assert json.loads(capsys.readouterr().out) == again

    @pytest.mark.parametrize("times", [1, 2])
    def test_json_reads(self, root: Path, monkeypatch: pytest.MonkeyPatch, times: int):
        """An archive, which may be large, is read once for its digest, also if it is unchanged."""
        for _ in range(times - 1):
            main(["build", "one"])
        read: list[Path] = []
        chunks = FileSource.chunks

        def count(source: FileSource) -> Iterator[bytes]:
            read.append(source.path)
            return chunks(source)

        monkeypatch.setattr(FileSource, "chunks", count)

        assert main(["build", "one", "--json"]) == 0
        assert read.count(root / "dist/one.mar") == 1

    @pytest.mark.parametrize("failing", ["one", "two", "three"])
    def test_json_of_some(self, root: Path, capsys: pytest.CaptureFixture[str], failing: str):
        """If one archive cannot be written, the others are printed, and the fault is a line."""
        names = ["one", "two", "three"]
        more = '[[tool.mar.archives]]\nmodel-name = "three"\n'
        (root / "pyproject.toml").write_text(f"{PYPROJECT}{more}".replace("[[", "force = false\n[[", 1))
        (root / "dist").mkdir()
        (root / f"dist/{failing}.mar").touch()

        assert main(["build", "--json"]) == 1
        out, err = capsys.readouterr()
        written = [name for name in names if name != failing]
        assert [(each["name"], Path(each["path"]).name) for each in json.loads(out)] == [
            (name, f"{name}.mar") for name in written
        ]
        assert err.startswith("File already exists and differs: ")

    def test_warning(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """A warning that several archives share is shown once."""
        handler = root / "handler.py"
        handler.write_text("import nothing_such\n" + handler.read_text())

        assert main(["build"]) == 0
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith("Warning: handler.py:1: MAR231 ")

    def test_note(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """Notes are not shown."""
        text = PYPROJECT.replace("[[", 'requirements-file = "requirements.txt"\nconfig = { a = 1 }\n[[', 1)
        (root / "pyproject.toml").write_text(text)
        main(["check", "--strict"])
        assert capsys.readouterr().out.startswith("note: requirements.txt:1: MAR613 ")

        assert main(["build"]) == 0
        assert "MAR613" not in capsys.readouterr().err

    def test_error(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """If one archive has a fault, none is built."""
        (root / "pyproject.toml").write_text(PYPROJECT + 'model-file = "absent.py"\n')

        assert main(["build"]) == 1
        expected = "Field `tool.mar.archives[1].model-file`: file not found: `absent.py` [MAR021]\n"
        assert capsys.readouterr().err == expected
        assert not (root / "dist").exists()

    def test_twice(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """A name that is given twice is built once."""
        assert main(["build", "one", "one"]) == 0
        assert capsys.readouterr().out == f"{root / 'dist/one.mar'}\n"

    def test_too_long(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """A name that no file can have is a fault that names the path."""
        name = "a" * 300
        file = root / "pyproject.toml"
        file.write_text(file.read_text().replace("one", name))

        assert main(["build"]) == 1
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith(f"Cannot write `{root / 'dist' / name}.mar`: ")

    def test_from_inside(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """The path of a project above is shown without detours."""
        monkeypatch.chdir(root / "weights")

        assert main(["build", "one", "--project", ".."]) == 0
        assert capsys.readouterr().out == f"{root / 'dist/one.mar'}\n"

    @needs_posix
    @pytest.mark.parametrize(
        ("arguments", "directory"),
        [
            (["build", "one"], "dist"),
            (
                ["archive", "--model-name=one", "--version=1", "--handler=handler.py", "--extra-files=big"],
                ".",
            ),
        ],
    )
    def test_terminated(self, root: Path, arguments: list[str], directory: str):
        """SIGTERM, as from CI or a container's end, leaves no half archive behind."""
        file = root / "pyproject.toml"
        file.write_text(file.read_text().replace("[tool.mar]\n", '[tool.mar]\nextra-files = ["big"]\n'))
        with open(root / "big", "wb") as big:
            big.truncate(8 << 30)
        process = subprocess.Popen([sys.executable, "-m", "hatch_mar", *arguments])
        while process.poll() is None and not [*(root / directory).glob(".*.part/*.mar")]:
            time.sleep(0.01)
        process.terminate()

        assert process.wait() == 143
        assert [path.name for path in (root / directory).iterdir() if ".mar" in path.name] == []
