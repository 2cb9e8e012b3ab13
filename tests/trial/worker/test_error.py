from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.trial.worker.error import Frame, WorkerError, last_line, read_stacks

STACKS = """\
Timeout (0:00:01)!
Thread 0x00007f0000000001 (most recent call first):
  File "/model/other.py", line 3 in background
Thread 0x00007f0000000002 (most recent call first):
  File "/python/time.py", line 1 in sleep
  File "/model/deep/handler.py", line 9 in inner
  File "/model/handler.py", line 5 in handle
  File "/hatch_mar/trial/child/worker.py", line 200 in work
"""


class TestWorkerError:
    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (WorkerError("ValueError", "wrong\n  shape"), "ValueError: wrong shape"),
            (WorkerError("KeyboardInterrupt"), "KeyboardInterrupt"),
        ],
    )
    def test_sentence(self, error: WorkerError, expected: str):
        """An exception is one line, as at the end of a traceback."""
        assert error.sentence == expected

    def test_from_journal(self):
        """The journal's JSON becomes an error."""
        table = {
            "type": "ImportError", "message": "no", "module": "nowhere", "masked": "other", "status": None,
            "frames": [{"file": "handler.py", "line": 1}],
        }  # fmt: skip

        assert WorkerError.from_journal(table) == WorkerError(
            "ImportError", "no", (Frame("handler.py", 1),), "nowhere", "other"
        )


class TestLastLine:
    @pytest.mark.parametrize(("output", "expected"), [("one\n two \n\n \n", "two"), ("\n", ""), ("", "")])
    def test_last(self, output: str, expected: str):
        """Empty lines do not count."""
        assert last_line(output) == expected


class TestReadStacks:
    def test_main(self, tmp_path: Path):
        """The worker's thread counts, and of its calls those in the archive's files, the innermost last."""
        (tmp_path / "stacks").write_text(STACKS)
        error = read_stacks(tmp_path / "stacks", Path("/model"))

        assert error.frames == (Frame("handler.py", 5), Frame("deep/handler.py", 9))

    def test_none(self, tmp_path: Path):
        """Without stacks, or without the archive in them, nothing is found."""
        (tmp_path / "stacks").write_text(STACKS)

        assert read_stacks(tmp_path / "absent", Path("/model")) is None
        assert read_stacks(tmp_path / "stacks", Path("/elsewhere")) is None
