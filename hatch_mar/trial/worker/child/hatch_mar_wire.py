"""The messages between TorchServe's frontend and its worker, the frontend's side of them.

After pytorch/serve, ts/protocol/otf_message_handler.py. All integers are big-endian and of
four bytes; -1 ends a list.
"""

import struct
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


class Conversation:
    """The frontend's end of a socket: a request is read from it, intermediate answers go into it."""

    def __init__(self, request: bytes = b"") -> None:
        self.request = request
        self.sent: list[bytes] = []

    def recv(self, length: int) -> bytes:
        chunk, self.request = self.request[:length], self.request[length:]
        return chunk

    def sendall(self, data: bytes) -> None:
        self.sent.append(bytes(data))


def packed(data: bytes) -> bytes:
    return struct.pack("!i", len(data)) + data


def message(requests: list[Json], batch: int) -> bytes:
    """A batch as the frontend sends it (ts/protocol/otf_message_handler.py, `retrieve_msg`)."""
    end = struct.pack("!i", -1)
    parts = [b"I"]
    for number, request in enumerate(requests):
        with open(request["file"], "rb") as file:
            data = file.read()
        content_type = request["content_type"].encode()
        headers = {b"Content-Type": content_type, b"Content-Length": b"%d" % len(data)}
        parts.append(packed(b"try-%d-%d" % (batch, number)))
        parts += [packed(name) + packed(value) for name, value in headers.items()]
        # the parameter has the bare type, without charset (InferenceRequestHandler.java)
        bare = content_type.partition(b";")[0].strip()
        parts += [end, packed(b"body"), packed(bare), packed(data), end]
    return b"".join([*parts, end])


class Response:
    """A batch's answers as the frontend reads them (`create_predict_response`)."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self.code, self.message = self.integer(), self.text()
        self.answers = list(self.read())

    def integer(self) -> int:
        self.at += 4
        return int(struct.unpack_from("!i", self.data, self.at - 4)[0])

    def bytes(self) -> bytes:
        length = self.integer()
        self.at += length
        return self.data[self.at - length : self.at]

    def text(self) -> str:
        return self.bytes().decode("utf-8", "replace")

    def read(self) -> Iterator[Json]:
        while self.at < len(self.data):
            start, length = self.at, self.integer()
            if length == -1:
                return
            self.at = start
            identity, content_type, status, phrase = self.text(), self.text(), self.integer(), self.text()
            headers = {self.text(): self.text() for _ in range(self.integer())}
            yield {
                "id": identity,
                "content_type": headers.get("content-type", content_type),
                "status": status,
                "phrase": phrase,
                "body": self.bytes(),
            }
