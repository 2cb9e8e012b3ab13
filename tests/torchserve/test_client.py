"""What is sent to TorchServe, and what is made of its answers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from hatch_mar.torchserve.answer import Answer
from hatch_mar.torchserve.client import Inference, Management, message_of


class Echo(BaseHTTPRequestHandler):
    """Answers with what was asked: `no` in a path makes its status an error, `moved` a redirect."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(404 if "no" in self.path else 302 if "moved" in self.path else 200)
        self.send_header("Content-Type", "text/x-echo")
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        told = (self.command, self.path, self.headers["Content-Type"], self.headers["Authorization"])
        self.wfile.write(" ".join(map(str, told)).encode() + b" " + body)

    do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 - names of http.server

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1" if name == "http_proxy" else "")
    with HTTPServer(("127.0.0.1", 0), Echo) as http:
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()
        thread.join()


class TestInference:
    def test_predict(self, url: str):
        """A request has its body and type, and goes through no proxy."""
        found = Inference(url).predict("a/b", b"[1]", "application/json", 5)

        assert found == Answer(b"POST /predictions/a%2Fb application/json None [1]", "text/x-echo", 200)

    def test_version(self, url: str):
        """A version's `+`, which could stand for a space, is encoded; what has no type is bytes."""
        found = Inference(url).predict("a", b"[1]", "", 5, "1+b")

        assert found.text == "POST /predictions/a/1%2Bb application/octet-stream None [1]"

    def test_error(self, url: str):
        """An error's status and body are an answer too."""
        expected = Answer(b"POST /predictions/no x/y None ", "text/x-echo", 404)

        assert Inference(url).predict("no", b"", "x/y", 5) == expected

    def test_redirect(self, url: str):
        """A redirect is not followed, so that no other server is told the key."""
        assert Inference(url).predict("moved", b"", "x/y", 5).status == 302

    def test_ping(self, url: str):
        assert Inference(url).ping(5).text == "GET /ping None None "

    def test_proxied(self, url: str):
        """The environment's proxy is used if that is asked for."""
        with pytest.raises(OSError, match="refused"):
            Inference(url, proxied=True).ping(5)


class TestManagement:
    def test_register(self, url: str):
        """Registering waits for one worker."""
        found = Management(url).register("a.mar", 5, model_name="a")

        expected = "POST /models?url=a.mar&initial_workers=1&synchronous=true&model_name=a None None "
        assert found.text == expected

    def test_versions(self, url: str):
        """A version is told by its number, or is the default without one."""
        server = Management(url, lambda: "a key")
        found = [
            server.describe("a", 5),
            server.describe("a", 5, "all"),
            server.set_default("a", "1/2", 5),
            server.unregister("a", 5, "1"),
        ]

        assert [answer.text for answer in found] == [
            "GET /models/a None Bearer a key ",
            "GET /models/a/all None Bearer a key ",
            "PUT /models/a/1%2F2/set-default None Bearer a key ",
            "DELETE /models/a/1 None Bearer a key ",
        ]


def test_not_http():
    """A server that speaks something else is a server that cannot be reached."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220 mail ready\r\n")
                connection.recv(1000)

        thread = Thread(target=greet)
        thread.start()
        with pytest.raises(ConnectionError, match=r"^the answer is not HTTP, or broke off$"):
            Inference(f"http://127.0.0.1:{server.getsockname()[1]}").ping(5)
        thread.join()


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b'{"code": 503, "message": "busy"}', "busy"), (b"[1]", "[1]"), (b"text", "text")],
)
def test_message_of(body: bytes, expected: str):
    """TorchServe's message is found in its answer."""
    assert message_of(Answer(body)) == expected
