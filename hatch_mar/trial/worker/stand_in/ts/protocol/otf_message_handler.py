"""The worker's side of its messages, after ts/protocol/otf_message_handler.py."""

from __future__ import annotations

import io
import json
import logging
import os
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

Ids = dict[int, str]


def retrieve_msg(conn: Any) -> tuple[bytes, list[dict[str, Any]]]:
    """A message with a batch of requests; a stand-in is asked for nothing else."""
    command = bytes(_received(conn, 1))
    return command, list(_listed(conn, _request))


def _received(conn: Any, length: int) -> bytearray:
    data = bytearray()
    while len(data) < length:
        data += conn.recv(length - len(data))
    return data


def _integer(conn: Any) -> int:
    return int(struct.unpack("!i", _received(conn, 4))[0])


def _field(conn: Any) -> bytearray:
    return _received(conn, _integer(conn))


def _listed(conn: Any, read: Callable[[Any, bytearray], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Items until a -1, each of which begins with the length of its first field."""
    while (length := _integer(conn)) != -1:
        yield read(conn, _received(conn, length))


def _request(conn: Any, identity: bytearray) -> dict[str, Any]:
    return {
        "requestId": identity,
        "headers": list(_listed(conn, lambda conn, name: {"name": name, "value": _field(conn)})),
        "parameters": list(_listed(conn, _parameter)),
    }


def _parameter(conn: Any, name: bytearray) -> dict[str, Any]:
    content_type, value = _field(conn).decode("utf-8"), _field(conn)
    return {
        "name": name.decode("utf-8"),
        "contentType": content_type,
        "value": _decoded(value, content_type),
    }


def _decoded(value: bytearray, content_type: str) -> Any:
    """JSON parsed and text decoded; as it came, where that fails."""
    if os.environ.get("TS_DECODE_INPUT_REQUEST") not in (None, "true"):
        return value
    try:
        if content_type == "application/json":
            return json.loads(value.decode("utf-8"))
        if content_type.startswith("text"):
            return value.decode("utf-8")
    except Exception:
        logging.warning("Failed decoding of input data. Forwarding encoded payload", exc_info=True)
    return value


def create_predict_response(
    ret: Any, req_id_map: Ids, message: str, code: int, context: Any = None, ts_stream_next: bool = False
) -> bytearray:
    data = bytearray(struct.pack("!i", code)) + _packed(message.encode("utf-8"))
    for index, identity in req_id_map.items():
        data += _packed(identity.encode("utf-8"))
        if context is None:
            data += _packed(b"") + struct.pack("!i", code) + _packed(b"") + struct.pack("!i", 0)
        else:
            data += _head(index, context, stream_next=ts_stream_next)
        try:
            data += _packed(b"error" if ret is None else _body(ret[index]))
        except TypeError:
            logging.warning("Unable to serialize model output.", exc_info=True)
            return create_predict_response(None, req_id_map, "Unsupported model output data type.", 503)
    return data + struct.pack("!i", -1)


def _head(index: int, context: Any, *, stream_next: bool) -> bytes:
    """An answer's content type, status and headers."""
    if stream_next:
        context.set_response_header(index, "ts_stream_next", "true")
    elif context.get_response_headers(index).get("ts_stream_next") == "true":
        context.set_response_header(index, "ts_stream_next", "false")
    status, phrase = context.get_response_status(index)
    headers = context.get_response_headers(index)
    data = _packed((context.get_response_content_type(index) or "").encode("utf-8"))
    data += struct.pack("!i", 200 if status is None else status) + _packed((phrase or "").encode("utf-8"))
    data += struct.pack("!i", len(headers))
    return data + b"".join(_packed(text.encode("utf-8")) for pair in headers.items() for text in pair)


def _body(value: Any) -> bytes:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, str):
        return value.encode("utf-8")
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        buffer = io.BytesIO()
        torch.save(value, buffer)
        return buffer.getvalue()
    return json.dumps(value, indent=2).encode("utf-8")


def _packed(data: bytes) -> bytes:
    return struct.pack("!i", len(data)) + data
