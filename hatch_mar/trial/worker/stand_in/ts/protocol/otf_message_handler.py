"""The worker's answers to the frontend, after ts/protocol/otf_message_handler.py."""

import io
import json
import logging
import struct
import sys
from typing import Any

Ids = dict[int, str]


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
