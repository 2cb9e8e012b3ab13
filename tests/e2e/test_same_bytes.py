"""The same inputs give the same archives, wherever, whenever and by whomever they are built."""

from __future__ import annotations

import glob
import json
import os
import random
import re
import subprocess
import sys
import tarfile
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.archives import LARGE, tree
from tests.conftest import checkpoint
from tests.e2e.conftest import HOOK, SDIST, WHEEL, Project, Run, require, without

CHECKOUT = Path(__file__).parents[2]

PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"
serialized-file = "weights/digits.pt"
extra-files = ["data", "names/*"]
config.minWorkers = 1

[[tool.mar.archives]]

[[tool.mar.archives]]
archive-name = "deflated"
compression = "deflate"

[[tool.mar.archives]]
archive-name = "stored"
archive-format = "zip-store"

[[tool.mar.archives]]
archive-format = "tgz"

[[tool.mar.archives]]
archive-name = "deflated"
archive-format = "tgz"
compression = "deflate"

[[tool.mar.archives]]
archive-format = "no-archive"
"""
ARCHIVES = ("digits.mar", "deflated.mar", "stored.mar", "digits.tar.gz", "deflated.tar.gz", "digits")
FILES = {
    "handler.py": b"def handle(data, context): ...\n",
    "weights/digits.pt": checkpoint(),
    "data/large.txt": LARGE[: 9 << 18],
    "data/noise.bin": random.Random(0).randbytes(5 << 18),
    "data/deep/er/empty": b"",
    "data/run.sh": b"#!/bin/sh\n",
    **{f"data/many/{number}.txt": b"%d" % number for number in range(30)},
    "names/Z.json": b"1",
    "names/a.json": b"2",
    "names/\u00e9.json": b"3",
    "data/\u00e9/\u00fc.txt": b"4",
}

MAIN = """
import os, sys
{prelude}
from hatch_mar.cli import main
sys.exit(main(sys.argv[1:]))
"""

REVERSED = """
scandir = os.scandir

class Reversed:
    def __init__(self, path="."):
        self.entries = scandir(path)
    def __enter__(self):
        return self
    def __exit__(self, *exception):
        self.entries.close()
    def __iter__(self):
        return reversed(list(self.entries))
    close = __exit__

os.scandir = Reversed
"""

MANY_CORES = """
from hatch_mar.archive.formats import compression, copy
compression.cores = copy.cores = lambda: 16
"""

PLACES = {
    "again": ("", {}),
    "umask 077": ("os.umask(0o077)", {}),
    "umask 000": ("os.umask(0)", {}),
    "Tokyo": ("", {"TZ": "Asia/Tokyo"}),
    "Honolulu": ("", {"TZ": "HST10"}),
    "locale C": ("import locale; locale.setlocale(locale.LC_ALL, 'C')", {"LC_ALL": "C"}),
    "locale without UTF-8": ("", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "another locale": ("", {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"}),
    "hash seed": ("", {"PYTHONHASHSEED": "1"}),
    "optimized": ("", {"PYTHONOPTIMIZE": "2"}),
    "another user's name": ("", {"USER": "somebody", "LOGNAME": "somebody", "HOME": "/nonexistent"}),
    "order of the file system": (REVERSED, {}),
    "without isal": ("sys.modules['isal'] = sys.modules['isal.isal_zlib'] = None", {}),
    "one core": ("os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])", {}),
    "many cores": (MANY_CORES, {}),
}
"""What is done first in the process that builds, and what its environment is."""


def made(root: Path, names: list[str] | None = None) -> Path:
    """The project, its files made in this order."""
    root.mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT)
    for name in names or list(FILES):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(FILES[name])
    (root / "data" / "run.sh").chmod(0o755)
    return root


def build(run: Run, root: Path, output: Path, prelude: str = "", **variables: str) -> dict[str, object]:
    """The archives of a build, with what counts of a directory's files beside their bytes."""
    run(
        *("python", "-c", MAIN.format(prelude=prelude)),
        *("build", "--quiet", "--project", root, "--output", output),
        cwd=root.parent,
        PYTHONPATH=str(CHECKOUT),
        **variables,
    )
    return archives(output)


def archives(output: Path) -> dict[str, object]:
    assert {*ARCHIVES, ".hatch"} >= set(os.listdir(output)) >= set(ARCHIVES)
    found: dict[str, object] = {name: tree(output / name) for name in ARCHIVES}
    for file in (output / "digits").rglob("*"):
        if file.is_file():
            stat = file.stat()
            found[file.relative_to(output).as_posix()] = (stat.st_mode & 0o100, stat.st_mtime_ns)
    return found


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("same") / "project")


@pytest.fixture(scope="module")
def expected(root: Path, run: Run) -> dict[str, object]:
    return build(run, root, root.parent / "expected")


class TestEverywhere:
    @pytest.mark.parametrize("place", PLACES)
    def test_place(
        self, place: str, root: Path, expected: dict[str, object], run: Run, tmp_path: Path
    ) -> None:
        """Nothing of the process that builds is seen in what it builds."""
        prelude, variables = PLACES[place]
        if "sched" in prelude and not hasattr(os, "sched_setaffinity"):
            pytest.skip("only Linux pins a process to cores")

        assert build(run, root, tmp_path / "out", prelude, **variables) == expected

    def test_directory(self, expected: dict[str, object], run: Run, tmp_path: Path) -> None:
        """The project's location, and the times and order of its files, do not matter."""
        names = list(FILES)
        random.Random(0).shuffle(names)
        root = made(tmp_path / "elsewhere" / ("deep" * 20) / "another name", names)
        for number, name in enumerate(names):
            os.utime(root / name, (number * 10**7, number * 10**7))

        assert build(run, root, root / "some output") == expected

    @pytest.mark.skipif(os.name != "posix", reason="Windows makes no plain links")
    def test_links(self, expected: dict[str, object], run: Run, tmp_path: Path) -> None:
        """A link to a file, as in a cache of large files, gives the same bytes."""
        root = made(tmp_path / "project")
        cache = tmp_path / "cache"
        cache.mkdir()
        for number, name in enumerate(FILES):
            (root / name).rename(cache / str(number))
            (root / name).symlink_to(cache / str(number))

        assert build(run, root, tmp_path / "out") == expected

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux changes users without a password")
    def test_user(self, root: Path, expected: dict[str, object], run: Run, tmp_path: Path) -> None:
        """The user who builds does not matter."""
        command = ("unshare", "--user", "--map-user=1234")
        if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
            pytest.skip("this system lets nobody be another user")
        run(
            *(*command, sys.executable, "-m", "hatch_mar", "build", "--quiet"),
            *("--project", root, "--output", tmp_path / "out"),
            cwd=tmp_path,
            PYTHONPATH=str(CHECKOUT),
        )

        assert archives(tmp_path / "out") == expected

    def test_replaced(self, root: Path, expected: dict[str, object], run: Run, tmp_path: Path) -> None:
        """An existing archive does not matter."""
        output = tmp_path / "out"
        build(run, root, output, SOURCE_DATE_EPOCH="1700000000")
        for name in ARCHIVES[:-1]:
            (output / name).write_bytes(b"0" * 100)

        assert build(run, root, output) == expected

    def test_instant(self, root: Path, expected: dict[str, object], run: Run, tmp_path: Path) -> None:
        """The date that is asked for is seen in every archive."""
        found = build(run, root, tmp_path / "out", SOURCE_DATE_EPOCH="1700000000")

        assert set(ARCHIVES) <= {name for name in expected if expected[name] != found[name]}


CORE = """
import hashlib, json, sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.digest import content_digest
from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.manifest import Manifest

found = {"python": list(sys.version_info[:2])}
files = {file: Path(sys.argv[2], file).read_bytes() for file in json.loads(sys.argv[3])}
members = tuple(Member(name, BytesSource(data), name.endswith(".sh")) for name, data in files.items())
archive = Archive(Manifest({"model": {"modelName": "digits"}}), members)
packing = Packing(datetime(2020, 2, 2, tzinfo=timezone.utc), root="digits")
found["content"] = content_digest(archive)
for form in ("default", "zip-store", "tgz"):
    for compression in ("auto", "store", "deflate"):
        path = Path(sys.argv[4], f"{form} {compression}")
        FORMATS[form].write(archive, path, packing._replace(compression=compression))
        found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
print(json.dumps(found))
"""
"""What no Python may change, with nothing installed."""


class TestPythons:
    @pytest.mark.parametrize("minor", [10, 11, 12, 13])
    def test_same(self, minor: int, root: Path, run: Run, tmp_path: Path) -> None:
        """Every Python writes the same bytes as the one that runs the tests."""
        (tmp_path / "theirs").mkdir()
        (tmp_path / "ours").mkdir()
        arguments = ("-c", CORE, CHECKOUT, root, json.dumps(list(FILES)))
        require("uv")
        # pyenv's own do nothing unless one is chosen
        path = os.pathsep.join(
            [*glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin")), os.environ["PATH"]]
        )
        done = subprocess.run(
            ["uv", "python", "find", "--no-project", "--system", f"3.{minor}"],
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            without(f"Python 3.{minor}")
        theirs = json.loads(run(done.stdout.strip(), *arguments, tmp_path / "theirs", cwd=tmp_path))
        ours = json.loads(run("python", *arguments, tmp_path / "ours", cwd=tmp_path))

        assert theirs.pop("python") == [3, minor]
        assert list(sys.version_info[:2]) == ours.pop("python")
        assert ours == theirs


class TestContentDigest:
    def test_formats(self, root: Path, expected: dict[str, object], run: Run) -> None:
        """All formats and compressions of a model have one content digest."""
        found = set()
        for name in ARCHIVES:
            path = root.parent / "expected" / name
            output = run(
                "python",
                "-m",
                "hatch_mar",
                "inspect",
                path,
                "--json",
                "-q",
                cwd=root,
                PYTHONPATH=str(CHECKOUT),
            )
            found.update(each["content_digest"] for each in json.loads(output))

        assert len(found) == 1
        assert re.fullmatch("[0-9a-f]{64}", found.pop())


class TestDate:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (None, ((2020, 2, 2, 0, 0, 0), 1580601600, "02/02/2020 00:00:00")),
            ("1700000001", ((2023, 11, 14, 22, 13, 20), 1700000001, "14/11/2023 22:13:21")),
            ("0", ((1980, 1, 1, 0, 0, 0), 0, "01/01/1970 00:00:00")),
            ("-5", ((1980, 1, 1, 0, 0, 0), 0, "31/12/1969 23:59:55")),
            ("4500000000", ((2107, 12, 31, 23, 59, 58), 4500000000, "07/08/2112 08:00:00")),
        ],
    )
    def test_epoch(
        self,
        value: str | None,
        expected: tuple[tuple[int, ...], int, str],
        root: Path,
        run: Run,
        tmp_path: Path,
    ) -> None:
        """`SOURCE_DATE_EPOCH` is every member's date, as far as the format has dates, and the manifest's."""
        in_zip, in_tar, written = expected
        build(run, root, tmp_path, "", **({"SOURCE_DATE_EPOCH": value} if value else {}))
        with zipfile.ZipFile(tmp_path / "digits.mar") as file:
            assert {info.date_time for info in file.infolist()} == {in_zip}
            assert written == json.loads(file.read("MAR-INF/MANIFEST.json"))["createdOn"]
        with tarfile.open(tmp_path / "digits.tar.gz") as tar:
            assert {info.mtime for info in tar} == {in_tar}
        assert {float(value or 1580601600)} == {
            file.stat().st_mtime for file in (tmp_path / "digits").rglob("*") if file.is_file()
        }

    @pytest.mark.parametrize("value", ["abc", "", "1e9", "9" * 20])
    def test_malformed(self, value: str, root: Path, run: Run, tmp_path: Path) -> None:
        """An invalid date ends the build with one line, and nothing is written."""
        output = run(
            *("python", "-m", "hatch_mar", "build", "--project", root, "--output", tmp_path / "out"),
            cwd=tmp_path,
            status=1,
            PYTHONPATH=str(CHECKOUT),
            SOURCE_DATE_EPOCH=value,
        )

        assert output == (
            "Environment variable `SOURCE_DATE_EPOCH` must be a whole number of seconds"
            f" since 1970-01-01, up to the year 9999: `{value}`\n"
        )
        assert not (tmp_path / "out").exists()

    def test_not_reproducible(self, run: Run, tmp_path: Path) -> None:
        """With hatch's `reproducible = false` the date is that of the moment."""
        root = made(tmp_path / "project")
        with open(root / "pyproject.toml", "a") as file:
            file.write("\n[tool.hatch.build]\nreproducible = false\n")
        before = datetime.now(timezone.utc).replace(microsecond=0)
        build(run, root, tmp_path / "out", SOURCE_DATE_EPOCH="1700000000")
        after = datetime.now(timezone.utc)
        with tarfile.open(tmp_path / "out" / "digits.tar.gz") as tar:
            [date] = {info.mtime for info in tar}

        assert before.timestamp() <= date <= after.timestamp()


class TestHatch:
    """What `hatch build` makes beside the archives."""

    def test_date(self, project: Project) -> None:
        """The archive has the date of the wheel."""
        project.run("hatch", "build", "--target", "wheel", SOURCE_DATE_EPOCH="1700000000")
        [wheel] = (project.root / "dist").glob("*.whl")
        with zipfile.ZipFile(wheel) as file, zipfile.ZipFile(project.root / "dist" / "digits.mar") as archive:
            dates = {info.date_time for info in (*file.infolist(), *archive.infolist())}

        assert dates == {(2023, 11, 14, 22, 13, 20)}

    def test_malformed(self, project: Project) -> None:
        """An invalid date ends the build with one line, before hatchling's own traceback."""
        output = project.run("hatch", "build", "--target", "wheel", status=1, SOURCE_DATE_EPOCH="abc")

        assert "Environment variable `SOURCE_DATE_EPOCH` must be a whole number of seconds" in output
        assert "Traceback" not in output
        assert project.archives() == set()

    def test_stamp(self, project: Project) -> None:
        """What is remembered of the archives is shipped by nothing, and stands in nobody's way."""
        project.configure(HOOK + '[tool.hatch.build.targets.sdist]\nartifacts = ["*.stamp"]\n')
        for _ in range(2):
            output = project.run("hatch", "build", "out")
        out = project.root / "out"
        shown = {os.path.basename(path) for path in glob.glob(str(out / "*"))}

        assert "(unchanged)" in output
        assert (project.root / ".hatch" / "hatch-mar" / "out" / "digits.mar.stamp").is_file()
        with tarfile.open(out / SDIST) as sdist:
            assert [name for name in sdist.getnames() if ".hatch" in name or name.endswith(".stamp")] == []
        with zipfile.ZipFile(out / WHEEL) as wheel:
            assert [name for name in wheel.namelist() if ".hatch" in name or name.endswith(".stamp")] == []
        assert shown == {"digits.mar", "letters.mar", SDIST, WHEEL}

    def test_twine(self, project: Project) -> None:
        """twine takes the distributions that stand beside the archives."""
        project.run("hatch", "build")
        dist = project.root / "dist"
        output = project.run("python", "-m", "twine", "check", dist / SDIST, dist / WHEEL)

        assert output.count("PASSED") == 2
