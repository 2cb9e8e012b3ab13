"""Compares hatch-mar with `cp` and torch-model-archiver, by timing whole processes in pairs."""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCRIPTS = Path(sys.executable).parent
MIB = 1 << 20

HATCH_MAR = [str(SCRIPTS / "hatch-mar"), "archive"]
ARCHIVER = [str(SCRIPTS / "torch-model-archiver")]
HATCHLING = [sys.executable, "-m", "hatchling", "build"]

PYPROJECT = """
[build-system]
requires = ["hatchling", "hatch-mar"]
build-backend = "hatchling.build"
[project]
name = "bench"
version = "1.0"
[tool.hatch.build.targets.wheel]
only-include = ["handler.py"]
[tool.hatch.build.targets.sdist]
only-include = ["handler.py"]
{hook}
[tool.mar]
handler = "handler.py"
serialized-file = "weights.bin"
"""

FETCHED = """
[[tool.mar.remote-files]]
path = "out/weights.bin"
url = "{url}"
sha256 = "{digest}"
"""


@dataclass(frozen=True)
class Run:
    """How long a process took, and its peak memory."""

    seconds: float
    mebibytes: float


@dataclass
class Case:
    """Commands that do the same work. The others are compared with the first."""

    title: str
    commands: dict[str, list[str]]
    work: Path
    clean: tuple[str, ...] = ("out",)
    """Directories that are emptied before each run."""
    runs: dict[str, list[Run]] = field(default_factory=dict)

    def measure(self, count: int) -> None:
        for number in range(count + 1):  # the first run only warms the page cache
            for name, command in self.commands.items():
                run = time_command(command, self.work, self.clean)
                if number:
                    self.runs.setdefault(name, []).append(run)

    def rows(self) -> Iterator[tuple[str, float, float, float]]:
        """Each command's name, median seconds, median ratio to the first command, and peak memory in MiB."""
        first = next(iter(self.runs.values()))
        for name, runs in self.runs.items():
            ratio = statistics.median(run.seconds / other.seconds for run, other in zip(runs, first))
            seconds = statistics.median(run.seconds for run in runs)
            yield name, seconds, ratio, max(run.mebibytes for run in runs)


def time_command(command: list[str], work: Path, clean: tuple[str, ...]) -> Run:
    for name in clean:
        shutil.rmtree(work / name, ignore_errors=True)
        (work / name).mkdir()
    os.sync()  # otherwise this run would pay for what the one before it wrote
    environ = os.environ | {"TMPDIR": str(work / "out")} if "out" in clean else dict(os.environ)
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=work, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        sys.exit(f"{' '.join(command)}: {errors.decode()}")
    process.returncode = 0
    return Run(seconds, usage.ru_maxrss / (1024 if sys.platform == "linux" else MIB))


def archiver_options(*more: str) -> list[str]:
    return ["--model-name", "m", "--version", "1", "--handler", "handler.py", "--export-path", "out", *more]


def weights_case(work: Path, size: int) -> Case:
    write_noise(work / "weights.bin", size)
    weights = archiver_options("--serialized-file", "weights.bin")
    return Case(
        f"{size // MIB} MiB of weights",
        {
            "cp": ["cp", "weights.bin", "out/copy"],
            "hatch-mar archive": [*HATCH_MAR, *weights],
            "hatchling build -t mar": [*HATCHLING, "-t", "mar", "-d", "out"],
            "torch-model-archiver zip-store": [*ARCHIVER, *weights, "--archive-format", "zip-store"],
            "torch-model-archiver": [*ARCHIVER, *weights],
        },
        work,
    )


def tgz_case(work: Path, size: int) -> Case:
    write_noise(work / "weights.bin", size)
    weights = archiver_options("--serialized-file", "weights.bin", "--archive-format", "tgz")
    return Case(
        f"{size // MIB} MiB of weights as tgz",
        {"cp": ["cp", "weights.bin", "out/copy"], "hatch-mar archive": [*HATCH_MAR, *weights]},
        work,
    )


def compressible_case(work: Path, size: int) -> Case:
    """Four random bits in every other byte, so that deflating leaves about a quarter."""
    letters = random.Random(0)
    block = bytearray(MIB)
    for place in range(0, MIB, 2):
        block[place] = letters.randrange(16)
    with open(work / "weights.bin", "wb") as file:
        for _ in range(size // MIB):
            file.write(block)
    weights = archiver_options("--serialized-file", "weights.bin")
    return Case(
        f"{size // MIB} MiB that shrink to a quarter",
        {"torch-model-archiver": [*ARCHIVER, *weights], "hatch-mar archive": [*HATCH_MAR, *weights]},
        work,
    )


def small_files_case(work: Path, count: int) -> Case:
    bits = random.Random(0)
    for number in range(count):
        folder = work / "files" / f"{number % 100:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.bin").write_bytes(bits.randbytes(4096))
    files = archiver_options("--extra-files", "files")
    return Case(
        f"{count} files of 4 KiB",
        {"torch-model-archiver": [*ARCHIVER, *files], "hatch-mar archive": [*HATCH_MAR, *files]},
        work,
    )


def help_case(work: Path) -> Case:
    """What it takes to start, before any work."""
    return Case(
        "--help",
        {"torch-model-archiver": [*ARCHIVER, "--help"], "hatch-mar archive": [*HATCH_MAR, "--help"]},
        work,
    )


def tiny_case(work: Path) -> Case:
    tiny = archiver_options()
    return Case(
        "one handler",
        {"torch-model-archiver": [*ARCHIVER, *tiny], "hatch-mar archive": [*HATCH_MAR, *tiny]},
        work,
    )


def rebuild_case(work: Path, size: int) -> Case:
    """`hatchling build` of a project whose archive already exists."""
    write_noise(work / "weights.bin", size)
    (work / "pyproject.toml").write_text(PYPROJECT.format(hook="[tool.hatch.build.hooks.mar]"))
    return Case(
        f"rebuild with {size // MIB} MiB unchanged",
        {"hook off": [*HATCHLING, "--no-hooks"], "hook on": HATCHLING},
        work,
        clean=(),
    )


def fetch_case(work: Path, size: int) -> Case:
    """A download from this machine, and what else brings and verifies a file."""
    write_noise(work / "weights.bin", size)
    url = f"{serve(work)}/weights.bin"
    with open(work / "weights.bin", "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    (work / "pyproject.toml").write_text(FETCHED.format(url=url, digest=digest))
    (work / "sums").write_text(f"{digest}  out/weights.bin\n")
    curl = f"curl --fail --silent --show-error --output out/weights.bin {url} && sha256sum --check sums"
    return Case(
        f"{size // MIB} MiB fetched and verified",
        {
            "cp": ["cp", "weights.bin", "out/weights.bin"],
            "hatch-mar fetch": [str(SCRIPTS / "hatch-mar"), "fetch"],
            "curl and sha256sum": ["sh", "-c", curl],
        },
        work,
    )


def serve(directory: Path) -> str:
    """The URL of a directory, until this program ends."""

    class Handler(SimpleHTTPRequestHandler):
        def copyfile(self, source: Any, outputfile: Any) -> None:
            outputfile.flush()
            self.connection.sendfile(source)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(directory)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def write_noise(path: Path, size: int) -> None:
    """Write bytes that do not compress, as weights do not.

    They are the same every time, because some random bytes look like a broken pickle.
    """
    bits = random.Random(0)
    with open(path, "wb") as file:
        for _ in range(size // MIB):
            file.write(bits.randbytes(MIB))


def measure_cases(quick: bool) -> Iterator[Case]:
    size, count = (128 * MIB, 1) if quick else (1024 * MIB, 5)
    makers: list[Callable[[Path], Case]] = [
        help_case,
        tiny_case,
        lambda work: small_files_case(work, 10_000),
        lambda work: weights_case(work, size),
        lambda work: tgz_case(work, size),
        lambda work: compressible_case(work, size // 2),
        lambda work: rebuild_case(work, size),
        lambda work: fetch_case(work, size),
    ]
    for make in makers:
        with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("BENCH_DIR")) as directory:
            work = Path(directory)
            (work / "handler.py").write_text("def handle(data, context):\n    return data\n")
            (work / "pyproject.toml").write_text(PYPROJECT.format(hook=""))
            case = make(work)
            case.measure(count)
            yield case


def markdown_table(cases: list[Case]) -> str:
    lines = ["| Work | Command | Seconds | Ratio | Peak MiB |", "| --- | --- | ---: | ---: | ---: |"]
    for case in cases:
        for name, seconds, ratio, memory in case.rows():
            lines.append(f"| {case.title} | {name} | {seconds:.3f} | {ratio:.2f} | {memory:.0f} |")
    return "\n".join(lines)


def write_plot(cases: list[Case], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(cases), 1, figsize=(8, 1.6 * len(cases)), constrained_layout=True)
    for case, axis in zip(cases, axes):
        rows = list(case.rows())[::-1]
        colors = ["#2b6cb0" if "hatch" in name or name == "hook on" else "#a0aec0" for name, *_ in rows]
        axis.barh([name for name, *_ in rows], [seconds for _, seconds, *_ in rows], color=colors)
        axis.set_title(case.title, fontsize=9, loc="left")
        axis.set_xlabel("seconds", fontsize=8)
        axis.tick_params(labelsize=8)
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="run each case once, with smaller weights")
    cases = []
    for case in measure_cases(parser.parse_args().quick):
        cases.append(case)
        print(markdown_table([case]), flush=True)
    (HERE / "results.md").write_text(
        f"# Results\n\n{markdown_table(cases)}\n\n![The same as a plot](results.svg)\n"
    )
    write_plot(cases, HERE / "results.svg")


if __name__ == "__main__":
    main()
