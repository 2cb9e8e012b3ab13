from __future__ import annotations

from hatch_mar.trial.server.log import find_error
from hatch_mar.trial.worker.error import Frame, WorkerError

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


def log(text: str) -> str:
    return "".join(f"{WORKER}{line}\n" for line in text.splitlines())


class TestFindError:
    def test_nothing(self):
        """A log without a traceback has no error."""
        assert find_error(log("Torch worker started.")) is None

    def test_masked(self):
        """The error that another one masks is found, with the line of the archive and what masks it."""
        error = find_error(log(MASKED))

        assert error.sentence == "ModuleNotFoundError: No module named 'nowhere'"
        assert error.frames == (Frame("handler.py", 1),)
        assert (error.module, error.masked) == ("nowhere", "No module named 'ts.torch_handler.handler'")

    def test_worker(self):
        """The error with which the worker ends is not the one that matters."""
        error = find_error(log(RAISED))

        assert error.sentence == "RuntimeError: no weights"
        assert error.frames == (Frame("deep/handler.py", 7),)

    def test_torchserve(self):
        """Whether TorchServe's own code raised it is told from the last frame."""
        text = MASKED.partition("\nDuring")[0].replace("/tmp/hatch-mar-x/tmp/models/0a1b/handler.py", "{}")
        found = [
            find_error(log(text.format(file))).by_torchserve
            for file in ("/site-packages/ts/torch_handler/base_handler.py", "/site-packages/other.py")
        ]

        assert found == [True, False]

    def test_name(self):
        """A name that is not in a module leads to that module."""
        text = MASKED.replace("No module named 'nowhere'", "cannot import name 'it' from 'there' (/x.py)")
        error = find_error(log(text.replace("ModuleNotFoundError: cannot", "ImportError: cannot")))

        assert (error.type, error.module) == ("ImportError", "there")

    def test_exit(self):
        """A worker that argparse ended has no traceback, but argparse's message."""
        said = "model_service_worker.py: error: unrecognized arguments: --sock-type unix"

        assert find_error(log(f"usage: model_service_worker.py\n{said}\n")) == WorkerError(
            "SystemExit", "2", printed=said
        )

    def test_other_lines(self):
        """Lines of the server itself are ignored."""
        assert find_error(MASKED) is None
