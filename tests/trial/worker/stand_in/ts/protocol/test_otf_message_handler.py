from __future__ import annotations

from typing import Any

import pytest

from hatch_mar.trial.worker.child.hatch_mar_wire import Conversation, pack_batch
from hatch_mar.trial.worker.stand_in.ts.protocol.otf_message_handler import retrieve_msg


class TestRetrieveMsg:
    @pytest.mark.parametrize(
        ("data", "content_type", "expected"),
        [
            (b"[1]", "application/json", [1]),
            (b"[1", "application/json", b"[1"),
            (b"text", "text/plain; charset=utf-8", "text"),
            (b"\xff", "text/plain", b"\xff"),
            (b"[1]", "image/png", b"[1]"),
        ],
    )
    def test_decoded(self, data: bytes, content_type: str, expected: Any, tmp_path: Any):
        """JSON is parsed and text decoded, where that is possible."""
        (tmp_path / "r").write_bytes(data)
        request = {"file": str(tmp_path / "r"), "content_type": content_type}
        _, [received] = retrieve_msg(Conversation(pack_batch([request], 0)))

        assert received["parameters"][0]["value"] == expected

    def test_not_decoded(self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
        """A server can switch that off."""
        monkeypatch.setenv("TS_DECODE_INPUT_REQUEST", "false")
        (tmp_path / "r").write_bytes(b"[1]")
        request = {"file": str(tmp_path / "r"), "content_type": "application/json"}
        _, [received] = retrieve_msg(Conversation(pack_batch([request], 0)))

        assert received["parameters"][0]["value"] == b"[1]"
