from __future__ import annotations

import gzip
import hashlib
import os
import random
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest

from hatch_mar.archive.filesystem.walk import files_below
from hatch_mar.errors import ReleaseError
from hatch_mar.project.config.models import RemoteFile
from hatch_mar.release.fetching import draft as drafts
from hatch_mar.release.fetching import fetch, receive, web
from hatch_mar.release.fetching.fetch import Fetched, bring_any, check_file, fetch_file
from hatch_mar.release.fetching.redirects import Redirects
from tests.archives import needs_posix, tree
from tests.memory import bounded
from tests.release.fetching.web_server import (
    Route,
    WebServer,
    give,
    hang_up,
    redirect,
    refuse,
    run_server,
    take_turns,
)

DATA = random.Random(0).randbytes(3 << 20)
HALF = len(DATA) // 2
PATH = "weights/digits.pth"


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


Declare = Callable[..., RemoteFile]


@pytest.fixture
def declare(server: WebServer) -> Declare:
    """A remote file which the server answers in a certain way."""

    def declare_file(route: Route, data: bytes = DATA, query: str = "") -> RemoteFile:
        server.routes["/digits.pth"] = route
        return RemoteFile(PATH, f"{server.url}/digits.pth{query}", digest_of(data))

    return declare_file


def fault_of(file: RemoteFile, root: Path) -> str:
    with pytest.raises(ReleaseError) as error:
        fetch_file(file, root)
    [fault] = error.value.faults
    start = f"Cannot fetch `{PATH}`: "
    assert fault.startswith(start)
    return fault.removeprefix(start)


def leave_draft(root: Path, file: RemoteFile, data: bytes, validator: str = '"1"') -> None:
    """Leave what a killed run would have left."""
    folder = root / f"weights/.hatch/hatch-mar/.digits.pth.{(file.sha256 or '')[:16]}.part"
    folder.mkdir(parents=True)
    (folder / drafts.DATA).write_bytes(data)
    (folder / drafts.VALIDATOR).write_text(validator)
    (folder / drafts.LOCK).touch()


class TestFetch:
    def test_missing(self, declare: Declare, root: Path, server: WebServer):
        """A file is brought to its place, in folders that are made for it, and nothing else is left."""
        file = declare(give(DATA))

        assert fetch_file(file, root) == Fetched(file, "fetched", len(DATA))
        assert tree(root) == {PATH: DATA}
        assert [each.headers["accept-encoding"] for each in server.asked] == ["identity"]

    def test_there(self, root: Path):
        """One that is there is only read."""
        (root / "weights").mkdir()
        (root / PATH).write_bytes(DATA)
        file = RemoteFile(PATH, "https://nowhere.invalid/digits.pth", digest_of(DATA))

        assert fetch_file(file, root) == Fetched(file, "unchanged", len(DATA))

    @pytest.mark.parametrize("what", ["file", "link", "broken link"])
    @needs_posix
    def test_differs(self, declare: Declare, root: Path, what: str):
        """Another file in its place, or a link to one, is replaced; what the link leads to is not."""
        (root / "weights").mkdir()
        if what == "file":
            (root / PATH).write_bytes(b"old")
        else:
            (root / PATH).symlink_to("../other")
        if what == "link":
            (root / "other").write_bytes(b"old")
        fetch_file(declare(give(DATA)), root)

        assert not (root / PATH).is_symlink()
        assert tree(root) == {PATH: DATA} | ({"other": b"old"} if what == "link" else {})

    @needs_posix
    def test_mode(self, declare: Declare, root: Path):
        """A new file may be read by whom the umask lets, and one that replaces another keeps its mode."""
        umask = os.umask(0o027)
        try:
            fetch_file(declare(give(DATA)), root)
            assert (root / PATH).stat().st_mode & 0o777 == 0o640
            (root / PATH).write_bytes(b"old")
            (root / PATH).chmod(0o444)
            fetch_file(declare(give(DATA)), root)
        finally:
            os.umask(umask)

        assert (root / PATH).stat().st_mode & 0o777 == 0o444

    @needs_posix
    def test_linked_folder(self, declare: Declare, root: Path, tmp_path: Path):
        """The folder may be a link to a larger disk."""
        disk = tmp_path / "disk"
        disk.mkdir()
        (root / "weights").symlink_to(disk)
        fetch_file(declare(give(DATA)), root)

        assert tree(disk) == {"digits.pth": DATA}

    def test_directory(self, declare: Declare, root: Path):
        """A directory in the place is not replaced."""
        (root / PATH).mkdir(parents=True)

        assert fault_of(declare(give(DATA)), root) == (
            "a directory is in its place; remove it, or choose another `path`"
        )

    def test_folder_is_a_file(self, declare: Declare, root: Path):
        """A file in the place of its folder is one line."""
        (root / "weights").write_bytes(b"")

        assert fault_of(declare(give(DATA)), root).endswith(f" directory (`{root / 'weights'}`)")
        assert tree(root) == {"weights": b""}

    def test_long_name(self, server: WebServer, root: Path):
        """A name may be as long as names can be."""
        name = "x" * 250
        server.routes["/x"] = give(DATA)
        fetch_file(RemoteFile(name, f"{server.url}/x", digest_of(DATA)), root)

        assert tree(root) == {name: DATA}

    def test_empty(self, declare: Declare, root: Path):
        """A file may be empty."""
        fetch_file(declare(give(b""), b""), root)

        assert tree(root) == {PATH: b""}

    def test_disk(self, root: Path, tmp_path: Path):
        """`file://` is a file of this machine, whatever its name."""
        source = tmp_path / "größer als.pth"
        source.write_bytes(DATA)
        fetch_file(RemoteFile(PATH, source.as_uri(), digest_of(DATA)), root)
        assert tree(root) == {PATH: DATA}

        missing = RemoteFile(PATH, f"file://{tmp_path.as_posix()}/nothing", digest_of(b"other"))
        assert fault_of(missing, root).endswith("nothing`: No such file or directory; correct the `url`")
        other = RemoteFile(PATH, "file://server/digits.pth?secret", digest_of(b"other"))
        assert "`file://server/digits.pth?…` names another machine" in fault_of(other, root)
        impossible = RemoteFile(PATH, "file:///srv/x%00y", digest_of(b"other"))
        assert fault_of(impossible, root) == "`/srv/x\\x00y` cannot be the path of a file; correct the `url`"

    def test_store(self, root: Path):
        """All other URLs are fsspec's."""
        fsspec = pytest.importorskip("fsspec")
        fsspec.filesystem("memory").pipe_file("/models/digits.pth", DATA)
        file = RemoteFile(PATH, "memory://models/digits.pth", digest_of(DATA))
        leave_draft(root, file, DATA[:HALF])
        fetch_file(file, root)

        assert tree(root) == {PATH: DATA}
        assert "memory://models/none" in fault_of(RemoteFile(PATH, "memory://models/none", "0" * 64), root)

    def test_memory(self, declare: Declare, root: Path):
        """A file is never whole in memory, however large it is."""
        megabyte = bytes(1 << 20)
        hashed = hashlib.sha256()
        for _ in range(100):
            hashed.update(megabyte)

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(100 << 20))
            handler.end_headers()
            for _ in range(100):
                handler.wfile.write(megabyte)

        file = declare(answer)._replace(sha256=hashed.hexdigest())
        with bounded(16 << 20):
            assert fetch_file(file, root).size == 100 << 20

    def test_several(self, declare: Declare, root: Path, server: WebServer):
        """Several at once bring the file once; the others find it there."""
        file = declare(give(DATA))
        states: list[str] = []
        threads = [
            threading.Thread(target=lambda: states.append(fetch_file(file, root).state)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(states) == ["fetched", "unchanged", "unchanged", "unchanged"]
        assert len(server.asked) == 1
        assert tree(root) == {PATH: DATA}

    def test_meanwhile(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        """A file that another process has brought while this one waited is found."""
        file = RemoteFile(PATH, "https://nowhere.invalid/x", digest_of(DATA))
        hold = fetch.hold_draft

        def fill(place: Path, version: str) -> AbstractContextManager[drafts.Draft]:
            place.parent.mkdir()
            place.write_bytes(DATA)
            return hold(place, version)

        monkeypatch.setattr(fetch, "hold_draft", fill)

        assert fetch_file(file, root).state == "unchanged"
        assert tree(root) == {PATH: DATA}

    def test_check(self, root: Path):
        """A look says what is missing or differs, and asks nobody."""
        file = RemoteFile(PATH, "https://nowhere.invalid/digits.pth", digest_of(DATA))
        assert check_file(file, root) == Fetched(file, "missing")
        (root / "weights").mkdir()
        (root / PATH).write_bytes(b"old")
        assert check_file(file, root) == Fetched(file, "differs", 3)
        (root / PATH).write_bytes(DATA)
        assert check_file(file, root) == Fetched(file, "unchanged", len(DATA))


class TestResume:
    def test_range(self, declare: Declare, root: Path, server: WebServer):
        """What an earlier run has left is not asked for again."""
        file = declare(give(DATA))
        leave_draft(root, file, DATA[:HALF])
        fetch_file(file, root)

        assert tree(root) == {PATH: DATA}
        assert [each.headers["range"] for each in server.asked] == [f"bytes={HALF}-"]
        assert [each.headers["if-range"] for each in server.asked] == ['"1"']

    def test_no_ranges(self, declare: Declare, root: Path):
        """A server without ranges gives all of it again."""
        file = declare(give(DATA, ranges=False))
        leave_draft(root, file, DATA[:HALF])
        fetch_file(file, root)

        assert tree(root) == {PATH: DATA}

    @pytest.mark.parametrize("validator", ['"0"', ""])
    def test_other_version(self, declare: Declare, root: Path, server: WebServer, validator: str):
        """What is left of another version of the file is given up, even if the server cannot tell."""
        file = declare(give(DATA))
        leave_draft(root, file, bytes(HALF), validator)
        fetch_file(file, root)

        assert tree(root) == {PATH: DATA}
        assert server.ranges[1:] == ([] if validator else [None])

    def test_other_tag(self, declare: Declare, root: Path, server: WebServer):
        """A server that knows no `If-Range` may give the rest of another version, which its tag tells."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            del handler.headers["If-Range"]
            give(DATA, etag='"2"')(handler)

        file = declare(answer)
        leave_draft(root, file, bytes(HALF))
        fetch_file(file, root)

        assert tree(root) == {PATH: DATA}
        assert server.ranges == [f"bytes={HALF}-", None]

    @pytest.mark.parametrize("content_range", [None, "bytes 0-1/2", "lines 1-2"])
    def test_other_range(self, declare: Declare, root: Path, content_range: str | None):
        """A server that gives another part than it was asked for is asked for all of it."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            if "Range" not in handler.headers:
                give(DATA)(handler)
                return
            handler.send_response(206)
            if content_range:
                handler.send_header("Content-Range", content_range)
            handler.send_header("Content-Length", "2")
            handler.end_headers()
            handler.wfile.write(b"xx")

        file = declare(answer)
        leave_draft(root, file, DATA[:HALF])
        fetch_file(file, root)

        assert tree(root) == {PATH: DATA}

    @pytest.mark.parametrize("content_range", ["bytes 5-9/10", ""])
    def test_unasked_range(self, declare: Declare, root: Path, content_range: str):
        """A part of the file that nobody asked for is not taken for all of it, even without a digest."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(206)
            handler.send_header("Content-Range", content_range)
            handler.send_header("Content-Length", "5")
            handler.end_headers()
            handler.wfile.write(b"xxxxx")

        file = declare(answer)
        sentence = f"`{file.url}` sends another part of the file than it was asked for; correct the `url`"
        assert fault_of(file, root) == sentence
        with pytest.raises(ReleaseError, match="another part"):
            bring_any(file, root / PATH)
        assert tree(root) == {}

    def test_too_much(self, declare: Declare, root: Path, server: WebServer):
        """More than the file has, after which there is nothing (416), is given up."""
        file = declare(give(DATA))
        leave_draft(root, file, DATA + b"more")
        fetch_file(file, root)

        assert tree(root) == {PATH: DATA}
        assert server.ranges == [f"bytes={len(DATA) + 4}-", None]

    def test_all_there(self, declare: Declare, root: Path, server: WebServer):
        """A run that was killed just before its end needs no server."""
        file = declare(give(DATA))
        leave_draft(root, file, DATA)
        fetch_file(file, root)

        assert tree(root) == {PATH: DATA}
        assert server.asked == []

    def test_other_digest(self, declare: Declare, root: Path, server: WebServer):
        """A draft of another digest is not used, and goes once the file is there."""
        leave_draft(root, RemoteFile(PATH, "", digest_of(b"older")), DATA[:HALF])
        fetch_file(declare(give(DATA)), root)

        assert server.ranges == [None]
        assert tree(root) == {PATH: DATA}

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
    def test_interrupted(
        self, declare: Declare, root: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
    ):
        """An interruption leaves what has arrived for the next run, and nothing else."""
        file = declare(give(DATA))
        append = drafts.Draft.append

        def interrupt(draft: drafts.Draft, chunk: bytes) -> None:
            append(draft, chunk)
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(drafts.Draft, "append", interrupt)
            with pytest.raises(error):
                fetch_file(file, root)

        folder = f"weights/.hatch/hatch-mar/.digits.pth.{digest_of(DATA)[:16]}.part"
        left = tree(root)
        assert left.keys() == {f"{folder}/{name}" for name in (drafts.DATA, drafts.VALIDATOR, ".gitignore")}
        assert [*files_below(root / "weights")] == []  # an archive does not take it
        assert left[f"{folder}/{drafts.DATA}"]
        assert DATA.startswith(left[f"{folder}/{drafts.DATA}"])
        fetch_file(file, root)
        assert tree(root) == {PATH: DATA}


class TestBreaks:
    def test_goes_on(self, declare: Declare, root: Path, server: WebServer):
        """After a break, only what is missing is asked for, as often as each connection brings something."""
        step = HALF // 10
        fetch_file(declare(give(DATA, breaks=[step] * 9)), root)

        assert tree(root) == {PATH: DATA}
        assert server.ranges == [None, *(f"bytes={number * step}-" for number in range(1, 10))]

    @needs_posix
    def test_reset(self, declare: Declare, root: Path, server: WebServer):
        """What has arrived when a connection is reset is kept, even if it is little."""
        step, deadline = 200_000, time.monotonic() + 60

        def answer(handler: BaseHTTPRequestHandler) -> None:
            start = int((handler.headers.get("Range") or "bytes=0-")[6:-1])
            handler.send_response(206 if start else 200)
            if start:
                handler.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
            handler.send_header("Content-Length", str(len(DATA) - start))
            handler.end_headers()
            handler.wfile.write(DATA[start : start + step])
            if start + step < len(DATA):
                [draft] = root.glob(f"weights/.hatch/hatch-mar/.*.part/{drafts.DATA}")
                while draft.stat().st_size < start + step:
                    assert time.monotonic() < deadline
                    time.sleep(0.001)
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                handler.connection.close()

        fetch_file(declare(answer), root)

        assert tree(root) == {PATH: DATA}
        assert server.ranges[1:] == [f"bytes={start}-" for start in range(step, len(DATA), step)]

    def test_never_ends(self, declare: Declare, root: Path, server: WebServer):
        """Four connections in a row that bring nothing new are enough; what arrived is kept."""
        file = declare(give(DATA, breaks=[HALF, *[0] * 9]))

        assert fault_of(file, root) == (
            f"the connection to `{file.url}` was lost after 1.5 MiB of 3.0 MiB; run it again to resume after"
            " 1.5 MiB"
        )
        assert len(server.asked) == 5
        server.routes["/digits.pth"] = give(DATA)
        fetch_file(file, root)
        assert server.ranges[-1] == f"bytes={HALF}-"
        assert tree(root) == {PATH: DATA}

    def test_no_ranges(self, declare: Declare, root: Path, server: WebServer):
        """A server without ranges that always breaks off at the same place is not asked for ever."""
        assert "was lost after" in fault_of(declare(give(DATA, ranges=False, breaks=[HALF] * 99)), root)
        assert len(server.asked) == 5

    @pytest.mark.parametrize("route", [refuse(503), hang_up, refuse(429)])
    def test_busy(self, declare: Declare, root: Path, route: Route):
        """A server that is busy is asked again."""
        fetch_file(declare(take_turns(route, route, give(DATA))), root)

        assert tree(root) == {PATH: DATA}

    @pytest.mark.parametrize(("seconds", "slept"), [("3", [3.0, 3.0]), ("later", [0.0, 0.0])])
    def test_asked_to_wait(
        self, declare: Declare, root: Path, seconds: str, slept: list[float], monkeypatch: pytest.MonkeyPatch
    ):
        """It is left alone for as long as it wants to be."""
        busy = refuse(429, Retry_After=seconds)
        pauses: list[float] = []
        monkeypatch.setattr(receive.time, "sleep", pauses.append)
        fetch_file(declare(take_turns(busy, busy, give(DATA))), root)

        assert pauses == slept

    def test_asked_to_wait_long(self, declare: Declare, root: Path, server: WebServer):
        """If that is more than a minute, it is not waited for."""
        fault = fault_of(declare(refuse(503, Retry_After="300")), root)

        assert fault.endswith("` answers 503 Service Unavailable; try again in 5 min 0 s")
        assert len(server.asked) == 1

    def test_gone_for_a_while(self, declare: Declare, root: Path, server: WebServer):
        """A server that cannot be reached any more, after a break, is tried again, too."""
        with run_server() as gone:
            pass
        turns = take_turns(give(DATA, breaks=[HALF]), redirect(f"{gone.url}/x"), give(DATA))
        fetch_file(declare(turns), root)

        assert tree(root) == {PATH: DATA}
        assert server.ranges == [None, *[f"bytes={HALF}-"] * 2]

    def test_store(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        """So is a store whose driver fails in the middle."""
        memory = pytest.importorskip("fsspec.implementations.memory")
        memory.MemoryFileSystem().pipe_file("/models/digits.pth", DATA)
        file = RemoteFile(PATH, "memory://models/digits.pth", digest_of(DATA))
        read, failures = memory.MemoryFile.read, [ConnectionError("secret")]
        offsets = []

        def fail(opened: Any, _: int) -> bytes:
            offsets.append(opened.tell())
            if opened.tell() and failures:
                raise failures.pop()
            return read(opened, HALF)

        monkeypatch.setattr(memory.MemoryFile, "read", fail)
        fetch_file(file, root)

        assert tree(root) == {PATH: DATA}
        assert offsets == [0, HALF, HALF, len(DATA)]

    @pytest.mark.parametrize("announced", [len(DATA) + 1, HALF])
    def test_wrong_length(self, declare: Declare, root: Path, announced: int):
        """The digest decides, whatever length a server announces; of more than that nothing is read."""
        file = declare(give(DATA, announced=announced))
        if announced > HALF:
            fetch_file(file, root)
            assert tree(root) == {PATH: DATA}
        else:
            assert f"has the SHA-256 {digest_of(DATA[:HALF])} instead of" in fault_of(file, root)
            assert tree(root) == {}

    def test_chunked(self, declare: Declare, root: Path, server: WebServer):
        """A file whose length is not announced may end too early, or be whole."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            size, end = parts.pop(0)
            handler.wfile.write(b"%x\r\n%s\r\n%s" % (size, DATA[:size], end))

        parts = [(HALF, b"5\r\nxx"), (len(DATA), b"0\r\n\r\n")]
        fetch_file(declare(answer), root)

        assert tree(root) == {PATH: DATA}
        assert parts == []

        parts += [(HALF, b"5\r\nxx")] * 9
        server.routes["/digits.pth"] = answer
        fault = fault_of(RemoteFile(PATH, f"{server.url}/digits.pth", "0" * 64), root)
        assert (
            fault
            == f"the connection to `{server.url}/digits.pth` was lost; run it again to resume after 1.5 MiB"
        )

    def test_too_slow(self, declare: Declare, root: Path, monkeypatch: pytest.MonkeyPatch):
        """A server that sends nothing for a minute counts as broken."""
        done = threading.Event()
        monkeypatch.setattr(web, "TIMEOUT", 0.05)

        def answer(handler: BaseHTTPRequestHandler) -> None:
            done.wait(60)

        try:
            assert "does not answer: timed out" in fault_of(declare(answer), root)
        finally:
            done.set()


class TestRefusals:
    @pytest.mark.parametrize(
        ("data", "what"),
        [
            (DATA[1:], ""),
            (b"", ": it is empty"),
            (b"\n<!DOCTYPE html><title>Log in</title>", ": it is a web page, such as a login page"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
                ": it is a git-lfs pointer",
            ),
            (
                b'<?xml version="1.0"?><Error><Code>AccessDenied',
                ": it is an XML document, such as a store's error message",
            ),
            (b'{"error": "secret"}', ": it is a short text, such as an error message"),
        ],
    )
    def test_digest(self, declare: Declare, root: Path, data: bytes, what: str):
        """Other bytes than declared are refused with both digests and what they look like."""
        (root / "weights").mkdir()
        (root / PATH).write_bytes(b"old")
        file = declare(give(data), query="?signature=secret")

        assert fault_of(file, root) == (
            f"`{file.url.partition('?')[0]}?…` has the SHA-256 {digest_of(data)} instead of {file.sha256}"
            f"{what}; correct the `url`, or, if the new file is right, run `hatch-mar fetch --lock {PATH}`"
        )
        assert tree(root) == {PATH: b"old"}

    def test_compressed(self, declare: Declare, root: Path):
        """A server that compresses in spite of what it was asked is refused."""
        file = declare(give(gzip.compress(DATA), headers={"Content-Encoding": "gzip"}))

        assert ": it is compressed by the server with gzip; " in fault_of(file, root)

    def test_labelled_compressed(self, server: WebServer, root: Path):
        """One that only says so of a file that is compressed by itself is not."""
        data = gzip.compress(DATA)
        server.routes["/x"] = give(data, headers={"Content-Encoding": "gzip"})
        fetch_file(RemoteFile("weights.gz", f"{server.url}/x", digest_of(data)), root)

        assert tree(root) == {"weights.gz": data}

    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            (401, "denies access (401 Unauthorized); add its host to `~/.netrc`, or sign the `url` anew"),
            (404, "does not exist (404 Not Found); correct the `url`"),
            (409, "answers 409 Conflict; correct the `url`"),
            (500, "answers 500 Internal Server Error; try again later"),
            (799, "answers 799; correct the `url`"),
        ],
    )
    def test_status(self, declare: Declare, root: Path, status: int, sentence: str):
        """A server's refusal is a sentence that says what to do, and nothing is left."""
        file = declare(refuse(status), query="?token=secret")

        assert fault_of(file, root) == f"`{file.url.partition('?')[0]}?…` {sentence}"
        assert not (root / "weights").exists()

    def test_always_unsatisfiable(self, declare: Declare, root: Path):
        """A server that has nothing from any byte on is refused."""
        file = declare(refuse(416))
        leave_draft(root, file, DATA[:HALF])

        assert "` answers 416 " in fault_of(file, root)

    def test_unreachable(self, root: Path):
        """So is a server that is not there."""
        with run_server() as server:
            pass
        file = RemoteFile(PATH, f"{server.url}/digits.pth", digest_of(DATA))

        sentence = f"`{file.url}` cannot be reached: Connection refused; check the network, and the `url`"
        assert fault_of(file, root) == sentence

        with run_server() as other:
            other.routes["/x"] = redirect(file.url)
            assert fault_of(file._replace(url=f"{other.url}/x"), root) == sentence
            assert len(other.asked) == 1

    def test_no_http(self, declare: Declare, root: Path):
        """So is one that speaks something else, none of which is shown."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"220 \x1b[31msecret\r\n")

        assert fault_of(declare(answer), root).endswith("` does not speak HTTP; correct the `url`")

    def test_no_encryption(self, declare: Declare, root: Path, server: WebServer):
        """So is one without encryption."""
        declare(give(DATA))
        file = RemoteFile(PATH, f"https://{server.host}/digits.pth", digest_of(DATA))

        assert "` cannot be reached: " in fault_of(file, root)

    def test_cannot_write(self, declare: Declare, root: Path, monkeypatch: pytest.MonkeyPatch):
        """A full disk is one line."""

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(drafts.Draft, "append", fail)

        assert fault_of(declare(give(DATA)), root) == "No space left on device; make room and fetch it again"
        assert tree(root) == {}
        monkeypatch.undo()
        append = drafts.Draft.append
        monkeypatch.setattr(drafts.Draft, "append", lambda *both: (append(*both), fail()))
        kept = root / "weights/.hatch/hatch-mar"
        assert fault_of(declare(give(DATA)), root).endswith(f"again; what has arrived is in `{kept}`")

    def test_proxy(self, declare: Declare, root: Path, monkeypatch: pytest.MonkeyPatch):
        """What is asked without encryption, which is only this machine, is asked without a proxy."""
        with run_server() as proxy:
            monkeypatch.setenv("http_proxy", proxy.url)
            fetch_file(declare(give(DATA)), root)

        assert proxy.asked == []


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_followed(self, declare: Declare, root: Path, server: WebServer, status: int):
        """A redirect is followed, and the range is asked for where it leads."""
        server.routes["/real"] = give(DATA)
        file = declare(redirect("/real", status, b"moved"))
        leave_draft(root, file, DATA[:HALF])
        fetch_file(file, root)

        assert tree(root) == {PATH: DATA}
        assert server.ranges == [f"bytes={HALF}-"] * 2

    @pytest.mark.parametrize("url", ["http://example.org/x?signature=secret", "http://127.0.0.1.example/"])
    def test_plain(self, declare: Declare, root: Path, url: str):
        """It is not followed to a server without encryption, but on this machine."""
        file = declare(redirect(url))

        assert fault_of(file, root) == (
            f"`{file.url}` redirects to `{url.replace('signature=secret', '…')}`, which is not `https://`;"
            " correct the `url`"
        )

    @pytest.mark.parametrize("url", ["https://[?secret", "https://127.0.0.1:x/?secret", "https://a..b/"])
    def test_no_address(self, declare: Declare, root: Path, url: str):
        """One to what cannot be an address is one line."""
        fault = fault_of(declare(redirect(url)), root)

        assert fault.endswith(
            "` is not a valid web address, or redirects to an invalid one; correct the `url`"
        )
        assert "secret" not in fault

    @pytest.mark.parametrize("url", ["/digits.pth", "gopher://example.org/x?signature=secret"])
    def test_nowhere(self, declare: Declare, root: Path, url: str):
        """A circle ends, and so does a redirect to something else than the web."""
        assert fault_of(declare(redirect(url)), root).endswith(
            "redirects in a loop, or to something other than a web address (302 Found); correct the `url`"
        )

    def test_from_afar(self):
        """Nobody else may send us to this machine."""
        far, body = Request("https://example.org/x"), BytesIO()
        with pytest.raises(ReleaseError, match="which is not `https://`"):
            Redirects(far.full_url).redirect_request(far, body, 302, "", {}, "http://localhost/x")

    def test_endless_body(self, declare: Declare, root: Path, server: WebServer):
        """What comes along with a redirect is not read."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("Location", "/real")
            handler.end_headers()
            while True:
                handler.wfile.write(bytes(1 << 16))

        server.routes["/real"] = give(DATA)
        fetch_file(declare(answer), root)

        assert tree(root) == {PATH: DATA}
