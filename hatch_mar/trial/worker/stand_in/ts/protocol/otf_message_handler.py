"""The worker's side of the messages with the frontend, after ts/protocol/otf_message_handler.py."""

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
    """A message with a batch of requests, the only kind that the stand-in gets."""
    command = bytes(_receive(conn, 1))
    return command, list(_read_list(conn, _read_request))


def _receive(conn: Any, length: int) -> bytearray:
    data = bytearray()
    while len(data) < length:
        data += conn.recv(length - len(data))
    return data


def _read_integer(conn: Any) -> int:
    return int(struct.unpack("!i", _receive(conn, 4))[0])


def _read_field(conn: Any) -> bytearray:
    return _receive(conn, _read_integer(conn))


def _read_list(conn: Any, read: Callable[[Any, bytearray], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Read items until a -1; each begins with the length of its first field."""
    while (length := _read_integer(conn)) != -1:
        yield read(conn, _receive(conn, length))


def _read_request(conn: Any, identity: bytearray) -> dict[str, Any]:
    return {
        "requestId": identity,
        "headers": list(_read_list(conn, lambda conn, name: {"name": name, "value": _read_field(conn)})),
        "parameters": list(_read_list(conn, _read_parameter)),
    }


def _read_parameter(conn: Any, name: bytearray) -> dict[str, Any]:
    content_type, value = _read_field(conn).decode("utf-8"), _read_field(conn)
    return {
        "name": name.decode("utf-8"),
        "contentType": content_type,
        "value": _decode(value, content_type),
    }


def _decode(value: bytearray, content_type: str) -> Any:
    """Parse JSON and decode text; anything else, or what cannot be decoded, stays bytes."""
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
    data = bytearray(struct.pack("!i", code)) + _pack(message.encode("utf-8"))
    for index, identity in req_id_map.items():
        data += _pack(identity.encode("utf-8"))
        if context is None:
            data += _pack(b"") + struct.pack("!i", code) + _pack(b"") + struct.pack("!i", 0)
        else:
            data += _head(index, context, stream_next=ts_stream_next)
        try:
            data += _pack(b"error" if ret is None else _body(ret[index]))
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
    data = _pack((context.get_response_content_type(index) or "").encode("utf-8"))
    data += struct.pack("!i", 200 if status is None else status) + _pack((phrase or "").encode("utf-8"))
    data += struct.pack("!i", len(headers))
    return data + b"".join(_pack(text.encode("utf-8")) for pair in headers.items() for text in pair)


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


def _pack(data: bytes) -> bytes:
    return struct.pack("!i", len(data)) + data
