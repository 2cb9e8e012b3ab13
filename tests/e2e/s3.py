"""S3 on this machine, as moto plays it, in a process of its own.

Run as a program, it is the server. Files in its folder make it do what a test needs: `hold` makes the second
part of an upload wait, and `held` says that one does; `heedless` makes it ignore `If-None-Match`, as some do
that speak S3's protocol.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.e2e.conftest import require_module

BUCKET = "models"
SOMEBODY = (
    "AWS4-HMAC-SHA256 Credential=somebody/20200202/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)
"""Who asks; moto does not compare signatures."""


class S3:
    """A running server."""

    def __init__(self, folder: Path, port: str) -> None:
        self.folder = folder
        self.variables = {
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "a-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        """The environment of a client."""

    def files(self, folder: str) -> list[str]:
        """The names of all objects in a folder, and of uploads to it that nobody has completed."""
        objects = self.keys(f"list-type=2&prefix={folder}/")
        uploads = self.keys(f"uploads&prefix={folder}/")
        names = [*objects, *(f"{upload} (upload)" for upload in uploads)]
        return [name.removeprefix(f"{folder}/") for name in names]

    def keys(self, query: str) -> list[str]:
        return re.findall(r"<Key>([^<]*)</Key>", self.ask("GET", f"?{query}").decode())

    def read(self, key: str) -> bytes:
        return self.ask("GET", f"/{key}")

    def ask(self, method: str, path: str, data: bytes | None = None) -> bytes:
        url = f"{self.variables['AWS_ENDPOINT_URL']}/{BUCKET}{path}"
        request = Request(
            url,
            data,
            method=method,
            headers={"Authorization": SOMEBODY, "Content-Type": "binary/octet-stream"},
        )
        with urlopen(request, timeout=60) as answer:
            return bytes(answer.read())


@contextmanager
def serve_s3(folder: Path) -> Iterator[S3]:
    """A server with an empty bucket, on a port of its own."""
    for module in ("moto", "s3fs"):
        require_module(module)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.s3", str(folder)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
        ) as process,
    ):
        assert process.stdout
        try:
            port = process.stdout.readline().strip()
            assert port, (folder / "log").read_text()
            server = S3(folder, port)
            server.ask("PUT", "")
            yield server
        finally:
            process.kill()


Application = Callable[[Mapping[str, Any], Callable[..., Any]], Iterable[bytes]]


class OneAtATime:
    """Answers one request after the other: moto looks and writes in two steps, which S3 does in one."""

    def __init__(self, application: Application, folder: Path) -> None:
        self.application = application
        self.folder = folder
        self.lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if "partNumber=2" in environ["QUERY_STRING"] and (self.folder / "hold").exists():
            (self.folder / "held").touch()
            threading.Event().wait()  # until the server ends
        if (self.folder / "heedless").exists():
            environ.pop("HTTP_IF_NONE_MATCH", None)
        with self.lock:
            return [b"".join(self.application(environ, start))]


def main(folder: Path) -> None:
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    application = OneAtATime(DomainDispatcherApplication(create_backend_app), folder)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
