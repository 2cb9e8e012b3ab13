"""`hatch-mar fetch`, as processes that end in the middle and meet each other."""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.archives import tree
from tests.e2e.conftest import DEADLINE, Run
from tests.e2e.s3 import BUCKET, serve_s3
from tests.release.fetching.web_server import WebServer, run_server

DATA = random.Random(0).randbytes(8 << 20)
HALF = len(DATA) // 2
PATH = "weights/digits.pth"
DIRECTLY = {"no_proxy": "*"}
"""The variable that keeps a proxy out, which the machine may have for other servers."""
PYPROJECT = """\
[[tool.mar.remote-files]]
path = "{path}"
url = "{url}/digits.pth"
sha256 = "{digest}"
"""

MEASURED = """
import sys
from hatch_mar.cli import main

status = main(["fetch"])
with open("/proc/self/status") as file:
    [peak] = [line.split()[1] for line in file if line.startswith("VmHWM")]
print(peak)
sys.exit(status)
"""
"""Says at the end how many KiB of memory the fetch has taken."""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")


class Slow:
    """A server's file whose second half waits until it may be sent."""

    def __init__(self) -> None:
        self.may_end = threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        found = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(found[1]) if found else 0
        handler.send_response(206 if found else 200)
        if found:
            handler.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        handler.send_header("ETag", '"1"')
        handler.send_header("Content-Length", str(len(DATA) - start))
        handler.end_headers()
        handler.wfile.write(DATA[start:HALF])
        handler.wfile.flush()
        self.may_end.wait(DEADLINE)
        handler.wfile.write(DATA[max(start, HALF) :])


@pytest.fixture
def slow() -> Iterator[Slow]:
    route = Slow()
    yield route
    route.may_end.set()


@pytest.fixture
def server(slow: Slow) -> Iterator[WebServer]:
    with run_server() as running:
        running.routes["/digits.pth"] = slow
        yield running
        slow.may_end.set()


@pytest.fixture
def root(tmp_path: Path, server: WebServer) -> Path:
    digest = hashlib.sha256(DATA).hexdigest()
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.format(path=PATH, url=server.url, digest=digest))
    return tmp_path


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def arrived(root: Path) -> int:
    """How many bytes of a draft are on the disk."""
    return sum(file.stat().st_size for file in root.glob("weights/.hatch/hatch-mar/.*.part/data"))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed(how: signal.Signals, root: Path, server: WebServer, slow: Slow, run: Run) -> None:
    """Whatever ends a run at half, the next one only asks for the rest, and the file is whole."""
    with run.start("hatch-mar", "fetch", cwd=root, **DIRECTLY) as process:
        wait_until(lambda: arrived(root) == HALF)
        process.send_signal(how)
        output, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == {signal.SIGKILL: -how, signal.SIGTERM: 128 + how}.get(how, 130), output
    assert output == ""
    assert not (root / PATH).exists()
    assert run("hatch-mar", "fetch", "--check", cwd=root, status=1, **DIRECTLY) == f"{PATH} (missing)\n"
    slow.may_end.set()

    assert run("hatch-mar", "fetch", cwd=root, **DIRECTLY) == f"{PATH}\n"
    assert server.ranges == [None, f"bytes={HALF}-"]
    assert tree(root / "weights") == {"digits.pth": DATA}


def test_several(root: Path, server: WebServer, slow: Slow, run: Run) -> None:
    """Of four at once, one fetches the file; the others wait, and find it."""
    first = run.start("hatch-mar", "fetch", cwd=root, **DIRECTLY)
    wait_until(lambda: arrived(root) == HALF)
    others = [run.start("hatch-mar", "fetch", cwd=root, **DIRECTLY) for _ in range(3)]
    lines = [read_line(process) for process in others]
    slow.may_end.set()
    outputs = [process.communicate(timeout=DEADLINE)[0] for process in (first, *others)]

    assert [line.partition(", which")[0] for line in lines] == ["Waiting for another `hatch-mar fetch`"] * 3
    assert outputs == [f"{PATH}\n", *[f"{PATH} (unchanged)\n"] * 3]
    assert server.ranges == [None]
    assert tree(root / "weights") == {"digits.pth": DATA}


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_several_killed(root: Path, server: WebServer, slow: Slow, run: Run) -> None:
    """If the one that fetches is killed, one of those that wait goes on with what it has left."""
    first = run.start("hatch-mar", "fetch", cwd=root, **DIRECTLY)
    wait_until(lambda: arrived(root) == HALF)
    others = [run.start("hatch-mar", "fetch", cwd=root, **DIRECTLY) for _ in range(2)]
    for process in others:
        read_line(process)
    first.kill()
    first.communicate(timeout=DEADLINE)
    wait_until(lambda: len(server.asked) == 2)
    slow.may_end.set()
    outputs = {process.communicate(timeout=DEADLINE)[0] for process in others}

    assert outputs == {f"{PATH}\n", f"{PATH} (unchanged)\n"}
    assert server.ranges == [None, f"bytes={HALF}-"]
    assert tree(root / "weights") == {"digits.pth": DATA}


@pytest.mark.skipif(sys.platform != "linux", reason="needs memory as Linux has it")
def test_memory(tmp_path: Path, run: Run) -> None:
    """A file of any size comes from S3 in less than 128 MiB of memory."""
    data = DATA * 12
    text = PYPROJECT.format(path=PATH, url=f"s3://{BUCKET}", digest=hashlib.sha256(data).hexdigest())
    (tmp_path / "pyproject.toml").write_text(text)
    with serve_s3(tmp_path) as s3:
        s3.ask("PUT", "/digits.pth", data)
        line, peak = run("python", "-c", MEASURED, cwd=tmp_path, **DIRECTLY, **s3.variables).splitlines()

    assert line == PATH
    assert int(peak) < 128 * 1024
