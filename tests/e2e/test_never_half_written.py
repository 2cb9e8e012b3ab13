"""Whatever happens to a build: the old archive or the new one, whole, and nothing else."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.formats.reader import read
from hatch_mar.archive.packager.pack import pack_as
from hatch_mar.errors import PackError
from tests.archives import MANIFEST, PACKING, archive_of, tree

IGNORED_BY_PYTHON = re.compile(r"Exception ignored in: .*?\nKeyboardInterrupt: ?\n", re.DOTALL)
"""What Python prints when Ctrl-C meets the callback of a weak reference, where nobody can catch it."""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="needs fork, mounts and signals as Linux has them"
)

CHECKOUT = Path(__file__).parents[2]
FORMS = {"default": ".mar", "tgz": ".tar.gz", "no-archive": ""}
MEBI = 1 << 20
SIZE = 40 * MEBI
MOMENTS = 12
"""Moments for each format and signal: more than a hundred in all."""

SERVER = """
import json, os, resource, signal, sys, traceback
from hatch_mar.build import plan
from hatch_mar.cli import main

plan.find_faults = lambda *arguments: []  # the checks are another matter
main(json.loads(sys.stdin.readline()))
print("ready", file=sys.stderr)
for line in sys.stdin:
    request = json.loads(line)
    if "wait" in request:
        print(os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1]), flush=True)
        continue
    # what Python does after a fork is another matter
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        print(pid, flush=True)
        continue
    status = 70
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        errors = os.open(request["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(errors, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if request["limit"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["limit"], request["limit"]))
        status = main(request["arguments"])
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what Python does at its end is another matter
    except KeyboardInterrupt:
        status = 130
    except SystemExit as ending:
        status = ending.code
    except BaseException:
        traceback.print_exc()
    sys.exit(status)
"""
"""Forks a process for each build, so that it begins at once and the signal falls inside the build."""

PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"
extra-files = ["weights"]
archive-format = "{form}"
"""


class Build:
    """A build of a state in a process of its own."""

    def __init__(self, builds: Builds, state: str = "one", limit: int = 0) -> None:
        self.errors = Path(tempfile.mkstemp(dir=builds.directory / "errors")[1])
        self.builds = builds
        self.pid = builds.ask(arguments=builds.arguments(state), errors=str(self.errors), limit=limit)

    def wait(self) -> int:
        """The exit status; that of a signal is negative."""
        return self.builds.ask(wait=self.pid)

    def failed(self) -> str:
        """The one line that the build ends with."""
        assert self.wait() == 1, self.errors.read_text()
        text = self.errors.read_text()
        assert text.count("\n") == 1, text
        return text.rstrip("\n")


class Builds:
    """Two states of a project with one archive, and what builds either into one output directory."""

    def __init__(self, directory: Path, form: str, size: int = SIZE) -> None:
        self.directory = directory
        self.path = directory / "dist" / f"digits{FORMS[form]}"
        for folder in ("errors", "temporary"):
            (directory / folder).mkdir()
        for state in ("one", "other"):
            root = directory / state
            (root / "weights").mkdir(parents=True)
            (root / "handler.py").write_text("def handle(data, context): ...\n")
            (root / "pyproject.toml").write_text(PYPROJECT.format(form=form))
            (root / "weights" / "model.bin").write_bytes(random.Random(state).randbytes(size))
            (root / "weights" / f"{state}.txt").write_text(state)
        self.server = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env=os.environ | {"TMPDIR": str(directory / "temporary"), "PYTHONPATH": str(CHECKOUT)},
        )
        self.send(self.arguments("one"))
        assert self.server.stdout.readline() == f"{self.path}\n"
        self.states = {"one": tree(self.path)}
        self.built("other")
        self.states["other"] = tree(self.path)

    def close(self) -> None:
        self.server.kill()
        self.server.communicate()

    def arguments(self, state: str) -> list[str]:
        return ["build", "-q", "--project", str(self.directory / state), "--output", str(self.path.parent)]

    def send(self, request: object) -> None:
        self.server.stdin.write(json.dumps(request) + "\n")
        self.server.stdin.flush()

    def ask(self, **request: object) -> int:
        self.send(request)
        return int(self.server.stdout.readline())

    def built(self, state: str = "one") -> float:
        """Build, and say how many seconds it took."""
        began = time.monotonic()
        build = Build(self, state)
        assert build.wait() == 0, build.errors.read_text()
        return time.monotonic() - began

    def state(self) -> str:
        """The state of the archive at the final name, which must be one of the two, and whole."""
        found = tree(self.path)
        [name] = [name for name, state in self.states.items() if state == found]
        return name

    def beside(self) -> set[str]:
        """What else there is in the output directory."""
        return set(os.listdir(self.path.parent)) - {self.path.name, ".hatch"}

    def elsewhere(self) -> dict[str, tuple[int, int]]:
        """Everything outside the output directory, by what would change if it were touched."""
        found = {}
        for file in self.directory.rglob("*"):
            if file.relative_to(self.directory).parts[0] not in ("dist", "errors"):
                stat = file.lstat()
                found[str(file)] = (stat.st_ino, stat.st_mtime_ns)
        return found


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Builds]]:
    made = []

    def start(form: str, **options: int) -> Builds:
        made.append(Builds(tmp_path, form, **options))
        return made[-1]

    yield start
    for builds in made:
        builds.close()
    # what pytest would keep of three sessions
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name
)
@pytest.mark.parametrize("form", FORMS)
def test_signal(form: str, number: signal.Signals, start: Callable[..., Builds]) -> None:
    """At whatever moment a signal ends a build, the archive is the old or the new one, whole."""
    builds = start(form)
    chance = random.Random(f"{form} {number}")
    elsewhere = builds.elsewhere()
    before, wanted = "other", "one"
    ended = 0
    for _ in range(MOMENTS):
        duration = builds.built(before)
        build = Build(builds, wanted)
        time.sleep(chance.uniform(0.0, duration))
        os.kill(build.pid, number)
        status = build.wait()
        ended += status != 0

        assert builds.state() in ((wanted,) if status == 0 else (before, wanted))
        assert all(name.startswith(f".{builds.path.name}.") for name in builds.beside())
        assert all(name.endswith(".part") for name in builds.beside())
        assert elsewhere == builds.elsewhere()
        assert IGNORED_BY_PYTHON.sub("", build.errors.read_text()) == ""
        builds.built(wanted)
        assert builds.state() == wanted
        assert builds.beside() == set()
        before, wanted = wanted, before
    assert ended


@pytest.mark.parametrize("form", FORMS)
def test_interrupt_leaves_nothing(form: str, start: Callable[..., Builds]) -> None:
    """What Ctrl-C ends clears up after itself."""
    builds = start(form)
    duration = builds.built("one")
    statuses = []
    for fraction in (0.3, 0.5, 0.7):
        build = Build(builds, "one" if builds.state() == "other" else "other")
        time.sleep(fraction * duration)
        os.kill(build.pid, signal.SIGINT)
        statuses.append(build.wait())

        assert builds.beside() == set()
        assert IGNORED_BY_PYTHON.sub("", build.errors.read_text()) == ""
    assert {0, 130} >= set(statuses)


@pytest.mark.parametrize("count", [2, 4, 8])
@pytest.mark.parametrize("form", FORMS)
class TestSeveralAtOnce:
    def test_same(self, form: str, count: int, start: Callable[..., Builds]) -> None:
        """Builds of one archive that run at once all succeed, and leave it whole."""
        builds = start(form, size=4 * MEBI)
        for state in ("one", "other", "one"):
            running = [Build(builds, state) for _ in range(count)]

            assert {build.wait(): build.errors.read_text() for build in running} == {0: ""}
            assert state == builds.state()
            assert builds.beside() == set()

    def test_new(self, form: str, count: int, start: Callable[..., Builds]) -> None:
        """The same holds if there is no archive yet."""
        builds = start(form, size=MEBI)
        for _ in range(4):
            shutil.rmtree(builds.path.parent)
            running = [Build(builds) for _ in range(count)]

            assert {build.wait(): build.errors.read_text() for build in running} == {0: ""}
            assert builds.state() == "one"
            assert builds.beside() == set()

    def test_different(self, form: str, count: int, start: Callable[..., Builds]) -> None:
        """So do those that differ: one of them is last, and its archive is whole."""
        builds = start(form, size=4 * MEBI)
        for _ in range(4):
            running = [Build(builds, ("one", "other")[number % 2]) for number in range(count)]

            assert {build.wait(): build.errors.read_text() for build in running} == {0: ""}
            assert builds.state()
            assert builds.beside() == set()


def mounted(path: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True)


@pytest.fixture
def mount() -> Iterator[Callable[[Path, str], None]]:
    """Mounts a file system in memory; only root may."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount; the limit of a file's size stands in for a full disk")
    done: list[Path] = []

    def mount(path: Path, options: str) -> None:
        path.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True)
        done.append(path)

    yield mount
    for path in done:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


Mount = Callable[[Path, str], None]


@pytest.mark.parametrize("form", FORMS)
class TestNoRoom:
    @pytest.mark.parametrize("old", [True, False], ids=["replacing", "new"])
    def test_full_disk(self, old: bool, form: str, start: Callable[..., Builds], mount: Mount) -> None:
        """A full disk is one line; the old archive is unchanged, and the draft is removed."""
        builds = start(form, size=8 * MEBI)
        shutil.rmtree(builds.path.parent)
        mount(builds.path.parent, "size=12m" if old else "size=6m")
        if old:
            builds.built("other")
        before, elsewhere = tree(builds.path.parent), builds.elsewhere()

        assert Build(builds).failed() == f"Cannot write `{builds.path}`: No space left on device"
        assert before == tree(builds.path.parent)
        assert elsewhere == builds.elsewhere()
        assert builds.beside() == set()

    @pytest.mark.parametrize("files", range(1, 8))
    def test_no_more_files(self, files: int, form: str, start: Callable[..., Builds], mount: Mount) -> None:
        """A disk without room for another file is one line, wherever the build notices."""
        builds = start(form, size=MEBI)
        shutil.rmtree(builds.path.parent)
        mount(builds.path.parent, f"size=12m,nr_inodes={files}")
        build = Build(builds)
        status = build.wait()
        message = build.errors.read_text()

        assert builds.beside() == set()
        if status == 0:
            assert message == ""
            assert builds.state() == "one"
        else:
            assert message.startswith(f"Cannot write `{builds.path}`: No space left on device")
            assert message.count("\n") == 1
            assert not builds.path.exists()

    def test_file_too_large(self, form: str, start: Callable[..., Builds]) -> None:
        """So is a limit on the size of files, which stands in for a full disk where none is mounted."""
        builds = start(form, size=8 * MEBI)
        before, elsewhere = tree(builds.path.parent), builds.elsewhere()
        build = Build(builds, limit=4 * MEBI)

        assert build.failed() == f"Cannot write `{builds.path}`: File too large"
        assert before == tree(builds.path.parent)
        assert elsewhere == builds.elsewhere()
        assert builds.beside() == set()


@pytest.mark.parametrize("form", FORMS)
class TestNotAllowed:
    def test_read_only(self, form: str, start: Callable[..., Builds]) -> None:
        """An output directory that may not be written to is one line, and stays as it is."""
        builds = start(form, size=MEBI)
        dist = builds.path.parent
        if os.geteuid() == 0:
            mounted(dist, "size=12m")
        try:
            builds.built("other")
            if os.geteuid() == 0:
                subprocess.run(["mount", "-o", "remount,ro", str(dist)], check=True)
            else:
                dist.chmod(0o555)
            before = tree(dist)
            message = Build(builds).failed()

            reason = "Read-only file system" if os.geteuid() == 0 else "Permission denied"
            assert message.startswith(f"Cannot write `{builds.path}`: {reason}")
            assert before == tree(dist)
        finally:
            if os.geteuid() == 0:
                subprocess.run(["umount", "--lazy", str(dist)], check=True)
            else:
                dist.chmod(0o755)

    def test_taken(self, form: str, start: Callable[..., Builds]) -> None:
        """Something else at the archive's path is one line, and is unchanged."""
        builds = start(form, size=MEBI)
        shutil.rmtree(builds.path.parent)
        builds.path.parent.mkdir()
        if FORMS[form]:
            builds.path.mkdir()
            (builds.path / "thesis.tex").touch()
        else:
            builds.path.touch()
        before = tree(builds.path.parent)

        assert Build(builds).failed().startswith(f"Cannot write `{builds.path}`: ")
        assert before == tree(builds.path.parent)

    def test_output_is_a_file(self, form: str, start: Callable[..., Builds]) -> None:
        """A file in the place of the output directory is one line, and is unchanged."""
        builds = start(form, size=MEBI)
        shutil.rmtree(builds.path.parent)
        builds.path.parent.write_bytes(b"notes")

        assert Build(builds).failed().startswith(f"Cannot write `{builds.path}`: ")
        assert builds.path.parent.read_bytes() == b"notes"


def vanishes(file: Path) -> None:
    file.unlink()


def shrinks(file: Path) -> None:
    os.truncate(file, 5 * MEBI)


def shrinks_by_a_byte(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 1)


def is_emptied(file: Path) -> None:
    os.truncate(file, 0)


def grows(file: Path) -> None:
    with open(file, "ab") as stream:
        stream.write(b"0")


def is_written_to(file: Path) -> None:
    with open(file, "r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"0")


def is_replaced(file: Path) -> None:
    other = file.with_name("another")
    other.write_bytes(b"0" * file.stat().st_size)
    other.rename(file)


def becomes_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


ERRORS = (shrinks, shrinks_by_a_byte, is_emptied, grows, is_written_to)
HARMLESS = (vanishes, is_replaced, becomes_a_folder)
"""What was opened is read to its end all the same."""


@pytest.mark.parametrize("old", [True, False], ids=["replacing", "new"])
@pytest.mark.parametrize("form", FORMS)
class TestSourceChanges:
    """A source that changes while it is read, at a moment of the reading itself."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Iterator[Path]:
        """A file of some chunks, written long ago."""
        file = tmp_path / "inputs" / "model.bin"
        file.parent.mkdir()
        file.write_bytes(random.Random(0).randbytes(20 * MEBI))
        os.utime(file, (1, 1))
        yield file
        shutil.rmtree(tmp_path)

    def build(self, form: str, old: bool, path: Path, file: Path, change: Callable[[], object]) -> None:
        """Pack while, after three of the file's chunks, a change happens."""
        archive = Archive(
            MANIFEST, (Member("a.bin", FileSource(file)), Member("b", FileSource(file.parent / "b")))
        )
        (file.parent / "b").write_bytes(b"small")
        if old:
            pack_as(archive_of({"old": b"old"}), path, FORMATS[form], PACKING, settings="settings")
        changes = iter([None, None, None, change])
        total = 0

        def moved(count: int) -> None:
            nonlocal total
            total += count
            if total >= 4 * MEBI and (step := next(changes, None)):
                step()

        pack_as(archive, path, FORMATS[form], PACKING._replace(report=moved), settings="settings")

    @pytest.mark.parametrize("change", ERRORS)
    def test_error(
        self, change: Callable[[Path], None], form: str, old: bool, file: Path, tmp_path: Path
    ) -> None:
        """That its bytes are of no one state is one line; what stood there stays."""
        path = tmp_path / "dist" / f"digits{FORMS[form]}"
        with pytest.raises(PackError) as error:
            self.build(form, old, path, file, partial(change, file))

        assert (
            str(error.value) == f"File changed while it was packed: `{file}`; build again once it is complete"
        )
        assert old is path.exists()
        assert {path.name, ".hatch"} >= set(os.listdir(path.parent))
        if old:
            with read(path) as found:
                assert [member.name for member in found.members] == ["old"]

    @pytest.mark.parametrize("change", HARMLESS)
    def test_harmless(
        self, change: Callable[[Path], None], form: str, old: bool, file: Path, tmp_path: Path
    ) -> None:
        """A file that is gone, or another's, has been packed as it was when it was opened."""
        expected = file.read_bytes()
        path = tmp_path / "dist" / f"digits{FORMS[form]}"
        self.build(form, old, path, file, partial(change, file))

        with read(path) as found:
            assert b"".join(found.members[0].source.chunks()) == expected
        assert {path.name, ".hatch"} >= set(os.listdir(path.parent))

    def test_gone_before(self, form: str, old: bool, file: Path, tmp_path: Path) -> None:
        """One that is gone before it is its turn is one line."""
        path = tmp_path / "dist" / f"digits{FORMS[form]}"
        with pytest.raises(PackError) as error:
            self.build(form, old, path, file, (file.parent / "b").unlink)

        assert str(error.value) == f"Cannot write `{path}`: No such file or directory (`{file.parent / 'b'}`)"
        assert old is path.exists()
        assert {path.name, ".hatch"} >= set(os.listdir(path.parent))

    def test_grown_before(self, form: str, old: bool, file: Path, tmp_path: Path) -> None:
        """One that grew before it was its turn is packed as it is then."""
        path = tmp_path / "dist" / f"digits{FORMS[form]}"
        self.build(form, old, path, file, lambda: (file.parent / "b").write_bytes(b"larger"))
        with read(path) as found:
            assert b"".join(found.members[1].source.chunks()) == b"larger"
