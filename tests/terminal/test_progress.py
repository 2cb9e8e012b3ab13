from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hatch_mar.cli import main
from hatch_mar.terminal import progress
from hatch_mar.terminal.progress import Progress, fit
from tests.archives import incompressible, needs_posix
from tests.terminals import read_to_end

MEBI = 1 << 20

BUILD = """
import sys
from hatch_mar.terminal import progress
from hatch_mar.cli import main

progress.PATIENCE = progress.BETWEEN_FRAMES = progress.BETWEEN_LINES = 0.0
sys.exit(main(["build", *sys.argv[1:]]))
"""
OLD = """
from hatch_mar.archive.packager import unchanged

unchanged.COARSE = unchanged.FINE = -(1 << 62)
"""
PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"
compression = "store"
serialized-file = "model.pth"

[[tool.mar.archives]]
model-name = "one"

[[tool.mar.archives]]
model-name = "two"
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("hatch_mar.terminal.progress.time.monotonic", clock)
    return clock


def told(made: Progress, clock: Clock, *steps: float, count: int = MEBI) -> str:
    """What is said of bytes that move after so many seconds each."""
    for seconds in steps:
        clock.now += seconds
        made.advance(count)
    return made.stream.getvalue()


class TestMoved:
    @pytest.mark.parametrize("stream", [io.StringIO, Terminal])
    def test_short(self, stream: type[io.StringIO], clock: Clock):
        """Of a build that is soon done nothing is said."""
        made = Progress(10 * MEBI, stream())
        told(made, clock, *[0.099] * 10)
        made.finish()

        assert made.stream.getvalue() == ""

    def test_log(self, clock: Clock):
        """A log gets a plain line now and then."""
        made = Progress(100 * MEBI, io.StringIO())
        text = told(made, clock, *[1.0] * 30)
        made.finish()

        assert made.stream.getvalue() == text
        assert text.splitlines() == [
            "Packing archives: 10.0 MiB of 100 MiB, 1.0 MiB/s, 1 min 30 s left",
            "Packing archives: 20.0 MiB of 100 MiB, 1.0 MiB/s, 1 min 20 s left",
            "Packing archives: 30.0 MiB of 100 MiB, 1.0 MiB/s, 1 min 10 s left",
        ]

    def test_terminal(self, clock: Clock):
        """A terminal gets one line that is written over, and at the end taken away."""
        made = Progress(4 * MEBI, Terminal())
        told(made, clock, 1.0, 0.06, 0.06, 0.9)
        made.finish()
        frames = made.stream.getvalue().split("\r\x1b[K")

        assert frames == [
            "",
            "Packing archives: 1.0 MiB of 4.0 MiB, 1.0 MiB/s, 3 s left",
            "Packing archives: 3.0 MiB of 4.0 MiB, 2.7 MiB/s, 0 s left",
            "Packing archives: 4.0 MiB of 4.0 MiB, 2.0 MiB/s, 0 s left",
            "",
        ]

    def test_pause(self, clock: Clock):
        """Nothing is shown while something else is printed, but the bytes count."""
        made = Progress(4 * MEBI, Terminal())
        told(made, clock, 1.0)
        with made.pause():
            told(made, clock, 1.0)
            made.stream.write("dist/one.mar\n")
        told(made, clock, 1.0)
        frames = made.stream.getvalue().split("\r\x1b[K")

        assert frames == [
            "",
            "Packing archives: 1.0 MiB of 4.0 MiB, 1.0 MiB/s, 3 s left",
            "dist/one.mar\n",
            "Packing archives: 3.0 MiB of 4.0 MiB, 1.0 MiB/s, 1 s left",
        ]

    def test_more_than_known(self, clock: Clock):
        """A file that grows does not make the time left less than none."""
        made = Progress(MEBI, io.StringIO())

        assert told(made, clock, 10.0, count=10 * MEBI).endswith(" 0 s left\n")

    def test_nothing_moved(self, clock: Clock):
        """Where nothing has moved, no time is told that would be endless."""
        made = Progress(MEBI, io.StringIO())

        assert told(made, clock, 10.0, count=0).endswith(" 0 bytes/s, 0 s left\n")

    def test_large(self, clock: Clock):
        """Large numbers can be read."""
        made = Progress(6 << 30, io.StringIO())

        assert "5.0 GiB of 6.0 GiB, 512 MiB/s, 2 s left\n" in told(made, clock, 10.0, count=5 << 30)

    def test_threads(self, monkeypatch: pytest.MonkeyPatch):
        """Threads that share it lose no byte and mix no lines."""
        monkeypatch.setattr(progress, "PATIENCE", 0.0)
        monkeypatch.setattr(progress, "BETWEEN_LINES", 0.0)
        made = Progress(8000 * MEBI, io.StringIO())
        threads = [
            threading.Thread(target=lambda: [made.advance(MEBI) for _ in range(1000)]) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert made.done == 8000 * MEBI
        done, rate, left = r"[\d.,]+ [MG]iB of 7\.8 GiB", r"[\d.,]+ [KMGT]iB/s", r"(\d+ min )?\d+ s left"
        line = re.compile(f"Packing archives: {done}, {rate}, {left}")
        assert all(line.fullmatch(found) for found in made.stream.getvalue().splitlines())

    def test_standard_error(self, capsys: pytest.CaptureFixture[str], clock: Clock):
        """It goes where it does not mix with what is printed."""
        made = Progress(MEBI)
        clock.now += 10
        made.advance(MEBI)
        captured = capsys.readouterr()

        assert captured.out == ""
        assert captured.err.startswith("Packing archives: ")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "handler.py").write_text("def handle(data, context):\n    return data\n")
    (tmp_path / "model.pth").write_bytes(incompressible(8 * MEBI))
    return tmp_path


def build(
    root: Path,
    *options: str,
    old: bool = False,
    stderr: int = subprocess.PIPE,
    stdout: int = subprocess.PIPE,
) -> subprocess.CompletedProcess[bytes]:
    """`hatch-mar build` that says how far it is from the start, for which all files may be old."""
    done = subprocess.run(
        [sys.executable, "-c", (OLD if old else "") + BUILD, "--project", str(root), *options],
        stdout=stdout,
        stderr=stderr,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


class TestBuild:
    def test_log(self, root: Path):
        """A build whose output goes to a file says in plain lines how far it is."""
        done = build(root)
        lines = done.stderr.decode().splitlines()

        assert b"\x1b" not in done.stderr
        assert b"\r" not in done.stderr
        # not always up to the end, where what is printed may go first
        assert any(re.match(r"Packing archives: [\d.]+ (bytes|[KM]iB) of 16.0 MiB, ", line) for line in lines)
        assert done.stdout.decode().splitlines() == [f"{root}/dist/{name}.mar" for name in ("one", "two")]

    @pytest.mark.parametrize("options", [["-q"], ["--quiet"]])
    def test_quiet(self, options: list[str], root: Path):
        """With `-q`, none at all."""
        assert build(root, *options).stderr == b""

    def test_unchanged(self, root: Path):
        """Nor of archives that need not be packed."""
        build(root, old=True)

        assert build(root, old=True).stderr == b""

    @pytest.mark.skipif(os.name != "posix", reason="Windows has no pseudoterminals")
    def test_terminal(self, root: Path):
        """On a terminal a line moves, and what is printed stands on lines of its own."""
        ours, theirs = os.openpty()
        with ThreadPoolExecutor(1) as pool:
            shown = pool.submit(read_to_end, ours)
            build(root, stdout=theirs, stderr=theirs)
            os.close(theirs)
        os.close(ours)
        text = shown.result().decode()
        lines = [line.rpartition("\r\x1b[K")[2] for line in text.replace("\r\n", "\n").split("\n")]

        assert "\r\x1b[KPacking archives: " in text
        assert lines == [f"{root}/dist/one.mar", f"{root}/dist/two.mar", ""]


class TestReading:
    """Commands that read whole archives."""

    @pytest.fixture(autouse=True)
    def _at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(progress, "BETWEEN_LINES", 0.0)

    @pytest.mark.parametrize("command", ["inspect", "diff"])
    def test_shown(self, command: str, root: Path, capsys: pytest.CaptureFixture[str]):
        """How much has been read is shown, unless the command is to be quiet."""
        assert main(["build", "--project", str(root), "-q"]) == 0
        archives = [str(root / "dist/one.mar"), str(root / "dist/two.mar")]
        capsys.readouterr()

        main([command, *archives])
        assert re.match(
            r"Reading archives: [\d.]+ (bytes|[KM]iB), [\d.,]+ [KMGT]iB/s\n", capsys.readouterr().err
        )
        main([command, "-q", *archives])
        assert capsys.readouterr().err == ""


@needs_posix
@pytest.mark.parametrize(
    ("columns", "expected"), [(12, "Packing ar…"), (17, "Packing archives"), (0, "Packing archives")]
)
def test_narrow(columns: int, expected: str):
    """A line ends before the terminal does, if its width is known: of two lines, one would stay."""
    import fcntl
    import termios

    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    try:
        with open(theirs, "w") as terminal:
            assert fit("Packing archives", terminal) == expected
    finally:
        os.close(ours)
