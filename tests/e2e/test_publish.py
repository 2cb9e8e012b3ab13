"""Publishing by several at once, and by those that are killed: one release, whole, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.archives import tree
from tests.e2e.conftest import DEADLINE
from tests.e2e.s3 import BUCKET, S3, serve_s3
from tests.release.publishing.layouts.models import FILES, make_ready

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs signals and memory as Linux has them")

CHECKOUT = Path(__file__).parents[2]
MEBI = 1 << 20
SIZE = 17 * MEBI
"""Three parts of an upload to S3."""
NAME = "digits-1.0.mar"
RELEASE = [NAME, f"{NAME}.sha256"]

PUBLISHER = """
import sys
import hatch_mar.cli.publish
from hatch_mar.cli import main

if "s3://" in sys.argv[-1]:
    import s3fs
print("ready", flush=True)
sys.stdin.readline()
sys.exit(main(["publish", *sys.argv[1:]]))
"""
"""A publisher that waits for the start signal."""

RACE = """
import json
import os
import sys
import hatch_mar.cli.publish
from hatch_mar.cli import main

if "s3://" in sys.argv[2]:
    import s3fs
gate, opener = os.pipe()
racers = []
for number, archive in enumerate(sys.argv[3:]):
    if racer := os.fork():
        racers.append(racer)
        continue
    os.close(opener)
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{sys.argv[1]}/{number}.{name}", os.O_WRONLY | os.O_CREAT), descriptor)
    os.read(gate, 1)
    sys.exit(main(["publish", archive, "--to", sys.argv[2]]))
os.close(opener)
print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(racer, 0)[1]) for racer in racers]))
"""
"""Publishers that have all been waiting when they start; what takes long to import is imported once."""

HELD = """
import os
calls, synchronize = int(sys.argv.pop(1)), os.fsync

def hold(file):
    global calls
    calls -= 1
    if not calls:
        print("held", flush=True)
        sys.stdin.read()
    synchronize(file)

os.fsync = hold
"""
"""Makes a publisher stop where it brings something to the disk for the nth time."""


MEASURED = (
    PUBLISHER.replace("sys.exit(", "status = (")
    + """
with open("/proc/self/status") as file:
    [peak] = [line.partition(":")[2].strip() for line in file if line.startswith("VmHWM")]
print(peak)
sys.exit(status)
"""
)
"""A publisher that says at the end how much memory it has taken."""


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with serve_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two archives of one name and version, with different bytes."""
    folder = tmp_path_factory.mktemp("archives")
    return [
        make_ready(
            folder, file=f"seed-{seed}", files=FILES | {"w.bin": random.Random(seed).randbytes(SIZE)}
        ).path
        for seed in (1, 2)
    ]


class Publisher:
    """A process that publishes."""

    def __init__(self, *arguments: str | Path, program: str = PUBLISHER, **variables: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n", self.process.communicate()[1]

    def start(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def finish(self) -> tuple[int, str, str]:
        """Its status, its output and its faults."""
        out, err = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, out, err

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def publish(*arguments: str | Path, **variables: str) -> tuple[int, str, str]:
    """A single publisher's status, output and faults."""
    with Publisher(*arguments, **variables) as publisher:
        publisher.start()
        return publisher.finish()


def race(archives: Sequence[Path], to: str, folder: Path, **variables: str) -> str:
    """Publish the archives in turn by eight processes at once; returns the digest of the one that won.

    One has published. Those with the same bytes found them there, and all others were refused.
    """
    racers = [*archives] * 4
    program = [sys.executable, "-c", RACE, str(folder), to, *map(str, racers)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), **variables}
    statuses = json.loads(subprocess.check_output(program, env=environment, timeout=DEADLINE))
    output = [[(folder / f"{number}.{name}").read_text() for name in ("out", "err")] for number in range(8)]

    [winner] = [archive for archive, [out, _] in zip(racers, output, strict=True) if "(published)" in out]
    for archive, status, [out, err] in zip(racers, statuses, output, strict=True):
        if archive == winner:
            assert (status, err) == (0, "")
            assert out in (f"{to}/{NAME} (published)\n", f"{to}/{NAME} (unchanged)\n")
        else:
            assert (status, out) == (1, "")
            assert err.startswith(f"`{to}/{NAME}` exists with other bytes: its SHA-256 is ")
    return hashlib.sha256(winner.read_bytes()).hexdigest()


def wait_for(condition: Callable[[], bool], publisher: Publisher) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert publisher.process.poll() is None, publisher.finish()
        assert time.monotonic() < deadline
        time.sleep(0.01)


class TestAtOnce:
    def test_directory(self, tmp_path: Path, archives: list[Path]):
        """Of eight publishers to a directory, one wins, and nothing else is left."""
        digest = race(archives, str(tmp_path / "store"), tmp_path)

        assert sorted(os.listdir(tmp_path / "store")) == RELEASE
        assert hashlib.sha256((tmp_path / "store" / NAME).read_bytes()).hexdigest() == digest
        assert (tmp_path / "store" / RELEASE[1]).read_text() == f"{digest}  {NAME}\n"

    def test_s3(self, tmp_path: Path, s3: S3, archives: list[Path]):
        """Of eight publishers to S3, one wins, and no upload is left that nobody completes."""
        digest = race(archives, f"s3://{BUCKET}/race", tmp_path, **s3.variables)

        assert s3.files("race") == RELEASE
        assert hashlib.sha256(s3.read(f"race/{NAME}")).hexdigest() == digest
        assert s3.read(f"race/{NAME}.sha256").decode() == f"{digest}  {NAME}\n"


class TestKilled:
    @pytest.mark.parametrize(("moment", "left"), [(1, []), (2, [NAME]), (3, [NAME])])
    def test_directory(self, tmp_path: Path, archives: list[Path], moment: int, left: list[str]):
        """Until the sidecar is there, a killed publisher leaves no release; the next one completes it.

        It is killed before the archive has its name, before it is read back, and before the sidecar has its.
        """
        store = tmp_path / "store"
        program = "import sys" + HELD + PUBLISHER
        with Publisher(str(moment), archives[0], "--to", store, program=program) as publisher:
            publisher.start()
            assert publisher.process.stdout
            lines = [publisher.process.stdout.readline() for _ in range(1 + (moment == 3))]
            assert lines[-1] == "held\n"
            publisher.process.kill()

        assert [name for name in sorted(os.listdir(store)) if not name.startswith(".")] == left
        status, out, err = publish(archives[0], "--to", store)
        assert (status, err) == (0, "")
        assert out == f"{store / NAME} ({'unchanged' if left else 'published'})\n"
        assert set(tree(store)) == {*RELEASE}
        assert sorted(os.listdir(store)) == RELEASE

    @pytest.mark.parametrize(
        ("number", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 143), (signal.SIGINT, 130)]
    )
    def test_s3(self, s3: S3, archives: list[Path], number: signal.Signals, status: int):
        """A publisher that is ended while it sends a file leaves none; the next one clears the rest."""
        folder = f"killed-{number.name}"
        to = f"s3://{BUCKET}/{folder}"
        (s3.folder / "hold").touch()
        try:
            with Publisher(archives[0], "--to", to, **s3.variables) as publisher:
                publisher.start()
                wait_for((s3.folder / "held").exists, publisher)
                publisher.process.send_signal(number)
                assert publisher.finish() == (status, "", "")
        finally:
            (s3.folder / "hold").unlink()
            (s3.folder / "held").unlink(missing_ok=True)

        assert s3.files(folder) == [f"{NAME} (upload)"]
        assert publish(archives[0], "--to", to, **s3.variables) == (0, f"{to}/{NAME} (published)\n", "")
        assert s3.files(folder) == RELEASE


class TestHeedless:
    def test_warning(self, s3: S3, archives: list[Path]):
        """A store that speaks S3's protocol and ignores its conditions is found out, and named."""
        to = f"s3://{BUCKET}/heedless"
        (s3.folder / "heedless").touch()
        try:
            status, out, err = publish(archives[0], "--to", to, **s3.variables)
        finally:
            (s3.folder / "heedless").unlink()

        assert (status, out) == (0, f"{to}/{NAME} (published)\n")
        assert err == (
            f"Warning: `{to}` cannot refuse to overwrite a file, so two publishers of the same file could"
            " both succeed; let only one publish at a time\n"
        )


class TestErrors:
    @pytest.mark.parametrize(
        ("to", "variables", "sentence"),
        [
            ("s3://missing/a", {}, "there is no such bucket; create it, or correct the URL"),
            (
                f"s3://{BUCKET}/a",
                {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"},
                "the store cannot be reached; check the network, and the endpoint if you have set one",
            ),
        ],
        ids=["bucket", "endpoint"],
    )
    def test_sentences(self, s3: S3, archives: list[Path], to: str, variables: dict[str, str], sentence: str):
        """What the driver raises is one line, without a key."""
        status, out, err = publish(archives[0], "--to", to, **s3.variables | variables)

        assert (status, out, err) == (1, "", f"Cannot access `{to}/{NAME}`: {sentence}\n")


class TestMemory:
    def test_bounded(self, tmp_path: Path, s3: S3):
        """The memory that it takes does not grow with the size: less than 64 MiB, and with s3fs than 128.

        By its defaults, s3fs would have all of this file in memory.
        """
        data = random.Random(0).randbytes(MEBI) * 96
        large = make_ready(tmp_path, files=FILES | {"w.bin": data}, form="zip-store").path
        for to, most in ((str(tmp_path / "store"), 64), (f"s3://{BUCKET}/large", 128)):
            with Publisher(large, "--to", to, program=MEASURED, **s3.variables) as publisher:
                publisher.start()
                status, out, err = publisher.finish()
            assert (status, err) == (0, "")
            line, peak, unit = out.rsplit(maxsplit=2)
            assert line == f"{to}/{NAME} (published)"
            assert unit == "kB"
            assert int(peak) < most * 1024, to
