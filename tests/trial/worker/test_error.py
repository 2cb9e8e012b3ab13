from __future__ import annotations

from pathlib import Path

from hatch_mar.trial.worker.error import Frame, log_told, stacks_told

WORKER = "2025-01-01T00:00:00,000 [INFO ] W-9000-digits_1.0-stdout MODEL_LOG - "
MASKED = """\
Backend worker process died.
Traceback (most recent call last):
  File "/site-packages/ts/model_loader.py", line 111, in load
    module, function_name = self._load_handler_file(handler)
  File "/tmp/hatch-mar-x/tmp/models/0a1b/handler.py", line 1, in <module>
    import nowhere
ModuleNotFoundError: No module named 'nowhere'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/site-packages/ts/model_loader.py", line 113, in load
    module = self._load_default_handler(handler)
ModuleNotFoundError: No module named 'ts.torch_handler.handler'
"""
RAISED = """\
Failed to load model digits, exception no weights
Traceback (most recent call last):
  File "/tmp/hatch-mar-x/tmp/models/0a1b/deep/handler.py", line 7, in initialize
    raise RuntimeError("no weights")
RuntimeError: no weights
Backend worker process died.
Traceback (most recent call last):
  File "/site-packages/ts/model_service_worker.py", line 301, in <module>
    worker.run_server()
RuntimeError: 500 - Unknown exception
"""
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


def log(text: str) -> str:
    return "".join(f"{WORKER}{line}\n" for line in text.splitlines())


class TestLogTold:
    def test_nothing(self):
        """A log without a traceback tells nothing."""
        assert log_told(log("Torch worker started.")) is None

    def test_masked(self):
        """The error that another masks is told, with the line of the archive and what masks it."""
        told = log_told(log(MASKED))

        assert told.sentence == "ModuleNotFoundError: No module named 'nowhere'"
        assert (Frame("handler.py", 1, "<module>"),) == told.frames
        assert (told.module, told.masked) == ("nowhere", "No module named 'ts.torch_handler.handler'")

    def test_worker(self):
        """The worker's own last word is passed over."""
        told = log_told(log(RAISED))

        assert told.sentence == "RuntimeError: no weights"
        assert (Frame("deep/handler.py", 7, "initialize"),) == told.frames

    def test_other_lines(self):
        """The server's own lines are none of the worker's."""
        assert log_told(MASKED) is None


class TestStacksTold:
    def test_main(self, tmp_path: Path):
        """Of all threads the worker's counts, and of its calls the innermost of the archive's."""
        (tmp_path / "stacks").write_text(STACKS)
        told = stacks_told(tmp_path / "stacks", Path("/model"))

        assert (Frame("handler.py", 5, "handle"), Frame("deep/handler.py", 9, "inner")) == told.frames

    def test_none(self, tmp_path: Path):
        """Without stacks, or without the archive in them, nothing is known."""
        (tmp_path / "stacks").write_text(STACKS)

        assert stacks_told(tmp_path / "absent", Path("/model")) is None
        assert stacks_told(tmp_path / "stacks", Path("/elsewhere")) is None
