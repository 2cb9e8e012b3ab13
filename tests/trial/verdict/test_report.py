from __future__ import annotations

import json

import pytest

from hatch_mar.torchserve.answer import Answer
from hatch_mar.trial.verdict.report import Reply, Report

REPORT = Report(
    "digits",
    loaded_by="TorchServe 0.12.0's own loader",
    device="cpu",
    device_note="torch finds no GPU",
    ready_seconds=1.25,
    load_seconds=0.5,
    peak_memory=1 << 20,
    peak_gpu_memory=2 << 20,
    replies=[
        Reply("one", True, 0.001, Answer(b"[1]"), 0),
        Reply("a batch of 2", False, 0.01, note="answers differ from those alone"),
    ],
    faults=["digits: wrong"],
    output="noise",
)


class TestReport:
    def test_lines(self):
        """People read what loaded the archive, the times, a line for each batch, and the memory."""
        assert list(REPORT.lines()) == [
            "digits: TorchServe 0.12.0's own loader, on the CPU: torch finds no GPU",
            "  server ready after 1.2 s",
            "  loaded in 500 ms",
            "  ok   one               1.0 ms  [1]",
            "  FAIL a batch of 2       10 ms  answers differ from those alone",
            "  peak memory 1.0 MiB, on the GPU 2.0 MiB",
        ]

    def test_only_loaded(self):
        """Without a request, it says that the archive only loaded."""
        report = Report("digits", load_seconds=0.5)

        assert list(report.lines()) == [
            "  loaded in 500 ms",
            "  it only loaded, since no request was given; `--input FILE` sends one",
        ]

    def test_nothing(self):
        """A report of a trial that never began has no lines."""
        assert list(Report("digits", faults=["Stopped"]).lines()) == []

    @pytest.mark.parametrize(
        ("device", "note", "expected"),
        [
            ("", "", ""),
            ("cpu", "torch finds no GPU", ", on the CPU: torch finds no GPU"),
            ("cuda:0", "Tesla T4", ", on cuda:0 (Tesla T4)"),
            ("mps", "", ", on mps"),
        ],
    )
    def test_where(self, device: str, note: str, expected: str):
        """The device is named, and why it is the CPU."""
        assert Report("digits", device=device, device_note=note).describe_device == expected

    def test_to_json(self):
        """JSON has everything but the output."""
        document = json.loads(json.dumps(REPORT.to_json()))

        assert list(document) == [
            "name", "ok", "loaded_by", "device", "device_note", "ready_seconds", "load_seconds",
            "peak_memory", "peak_gpu_memory", "replies", "faults", "findings",
        ]  # fmt: skip
        assert document["replies"] == [
            {"label": "one", "ok": True, "seconds": 0.001, "status": 200, "answer": [1]},
            {"label": "a batch of 2", "ok": False, "seconds": 0.01, "status": None, "answer": None},
        ]
