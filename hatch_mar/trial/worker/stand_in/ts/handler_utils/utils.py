"""Streamed answers, after ts/handler_utils/utils.py."""

from typing import Any

from ..protocol.otf_message_handler import create_predict_response


def send_intermediate_predict_response(
    ret: Any, req_id_map: dict[int, str], message: str, code: int, context: Any
) -> None:
    context.cl_socket.sendall(create_predict_response(ret, req_id_map, message, code, context, True))
