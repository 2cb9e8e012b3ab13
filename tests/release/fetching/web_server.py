"""A web server on this machine, which answers as a test wants it to and remembers what it was asked."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

Route = Callable[[BaseHTTPRequestHandler], None]


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    """By their names in lower case."""


class WebServer:
    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"
        self.routes: dict[str, Route] = {}
        self.asked: list[Asked] = []

    @property
    def ranges(self) -> list[str | None]:
        """The range that each request asked for."""
        return [each.headers.get("range") for each in self.asked]


@contextmanager
def run_server() -> Iterator[WebServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.asked.append(Asked(self.command, self.path, headers))
            self.close_connection = True
            server.routes.get(self.path.partition("?")[0], refuse(404))(self)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exc_info()[1], OSError):  # a client may hang up whenever it likes
                super().handle_error(request, client_address)

    with Server(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        server = WebServer(listening.server_port)
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


def give(
    data: bytes,
    *,
    ranges: bool = True,
    etag: str = '"1"',
    announced: int | None = None,
    breaks: list[int] | None = None,
    headers: dict[str, str] | None = None,
) -> Route:
    """Answer with a file.

    Args:
        ranges: whether a part of it can be asked for.
        announced: the Content-Length, if it is a lie.
        breaks: after how many bytes each of the first answers breaks off.
    """
    cuts = [] if breaks is None else breaks

    def answer(handler: BaseHTTPRequestHandler) -> None:
        found = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(found[1]) if found and ranges else 0
        if handler.headers.get("If-Range", etag) != etag:
            start = 0
        if start >= len(data) > 0:
            refuse(416)(handler)
            return
        body = data[start:]
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if etag:
            handler.send_header("ETag", etag)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body) if announced is None else announced))
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(body[: cuts.pop(0)] if cuts else body)

    return answer


def take_turns(*routes: Route) -> Route:
    """Answer each time in another way."""
    left = [*routes]
    return lambda handler: left.pop(0)(handler)  # noqa: PLW0108  (it is another one each time)


def refuse(status: int, **headers: str) -> Route:
    """Answer with an error; in names of headers, `_` stands for `-`."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def redirect(url: str, status: int = 302, body: bytes = b"", **headers: str) -> Route:
    """Send somewhere else; in names of headers, `_` stands for `-`."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", url)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Answer nothing."""
    handler.close_connection = True
