from __future__ import annotations

import pytest
from hatchling.bridge.app import Application

from hatch_mar.errors import ConfigError
from hatch_mar.hatch.display import abort_on_faults, inform, warn


def test_lines(capsys: pytest.CaptureFixture[str]):
    """What others wrote can neither control a terminal nor command the service that runs the build."""
    inform(Application(), "dist/a\x1b[2J\u202e.mar")
    warn(Application(), "::add-mask::a", "Warning: b\nc")

    assert capsys.readouterr().err == "dist/a\\x1b[2J\\u202e.mar\n\\u003a:add-mask::a\nWarning: b\\nc\n"


class TestAbort:
    def test_fault(self, capsys: pytest.CaptureFixture[str]):
        """An error ends the build with its lines, without a traceback."""
        with pytest.raises(SystemExit) as status, abort_on_faults(Application()):
            raise ConfigError("one", "two")

        assert status.value.code == 1
        assert capsys.readouterr().err == "one\ntwo\n"

    def test_file(self, capsys: pytest.CaptureFixture[str]):
        """So does a system's error about a file."""
        with pytest.raises(SystemExit), abort_on_faults(Application()):
            raise PermissionError(13, "Permission denied", "model.py")

        assert capsys.readouterr().err == "Cannot access `model.py`: Permission denied\n"

    def test_defect(self):
        """An unexpected exception keeps its traceback."""
        with pytest.raises(ZeroDivisionError), abort_on_faults(Application()):
            1 / 0  # noqa: B018
