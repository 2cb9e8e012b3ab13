"""The messages between TorchServe's frontend and its worker, from the frontend's side.

After pytorch/serve, ts/protocol/otf_message_handler.py. All integers are big-endian and have
four bytes; -1 ends a list.
"""

import struct
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


class Conversation:
    """The frontend's end of a socket: the worker reads a request from it and streams answers into it."""

    def __init__(self, request: bytes = b"") -> None:
        self.request = request
        self.sent: list[bytes] = []

    def recv(self, length: int) -> bytes:
        chunk, self.request = self.request[:length], self.request[length:]
        return chunk

    def sendall(self, data: bytes) -> None:
        self.sent.append(bytes(data))


def pack(data: bytes) -> bytes:
    return struct.pack("!i", len(data)) + data


def pack_batch(requests: list[Json], batch: int) -> bytes:
    """A batch as the frontend sends it (ts/protocol/otf_message_handler.py, `retrieve_msg`)."""
    end = struct.pack("!i", -1)
    parts = [b"I"]
    for number, request in enumerate(requests):
        with open(request["file"], "rb") as file:
            data = file.read()
        content_type = request["content_type"].encode()
        headers = {b"Content-Type": content_type, b"Content-Length": b"%d" % len(data)}
        parts.append(pack(b"try-%d-%d" % (batch, number)))
        parts += [pack(name) + pack(value) for name, value in headers.items()]
        # the parameter has the bare type, without charset (InferenceRequestHandler.java)
        bare = content_type.partition(b";")[0].strip()
        parts += [end, pack(b"body"), pack(bare), pack(data), end]
    return b"".join([*parts, end])


class Response:
    """A batch's answers as the frontend reads them (`create_predict_response`)."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self.code, self.message = self.read_integer(), self.read_text()
        self.answers = list(self.read_answers())

    def read_integer(self) -> int:
        self.at += 4
        return int(struct.unpack_from("!i", self.data, self.at - 4)[0])

    def read_bytes(self) -> bytes:
        length = self.read_integer()
        self.at += length
        return self.data[self.at - length : self.at]

    def read_text(self) -> str:
        return self.read_bytes().decode("utf-8", "replace")

    def read_answers(self) -> Iterator[Json]:
        while self.at < len(self.data):
            start = self.at
            if self.read_integer() == -1:
                return
            self.at = start
            identity, content_type, status = self.read_text(), self.read_text(), self.read_integer()
            self.read_text()  # the status's reason phrase
            headers = {self.read_text(): self.read_text() for _ in range(self.read_integer())}
            yield {
                "id": identity,
                "content_type": headers.get("content-type", content_type),
                "status": status,
                "body": self.read_bytes(),
            }
