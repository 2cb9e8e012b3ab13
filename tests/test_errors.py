from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from hatch_mar.errors import ConfigError, HatchMarError, explain_system_errors
from hatch_mar.finding import Place
from hatch_mar.project.config.table import CLASH

FINDING = CLASH.at(Place("pyproject.toml"), "Two", "rename one")


class TestHatchMarError:
    def test_lines(self):
        """Each fault is a line, whether a rule found it or not."""
        error = ConfigError("The disk is full", FINDING)

        assert error.faults == ("The disk is full", "Two; rename one [MAR007]")
        assert str(error) == "The disk is full\nTwo; rename one [MAR007]"

    def test_control_characters(self):
        """What a terminal would obey is escaped, whoever it came from."""
        finding = CLASH.at(Place("pyproject.toml"), "Two `\x1b[31m`", "rename one")
        error = ConfigError("No `a\x1b[2J`", finding)

        assert error.faults == ("No `a\\x1b[2J`", "Two `\\x1b[31m`; rename one [MAR007]")

    def test_findings(self):
        """The faults that a rule found are also available as findings."""
        error = HatchMarError("The disk is full", FINDING)

        assert error.findings == (FINDING,)
        assert error.causes == ("The disk is full", FINDING)


class TestExplainSystemErrors:
    def test_file(self):
        """An error about a file names it."""
        with (
            pytest.raises(HatchMarError, match=r"^Cannot access `secret.py`: Permission denied$"),
            explain_system_errors(),
        ):
            raise PermissionError(errno.EACCES, "Permission denied", "secret.py")

    def test_defect(self):
        """Any other keeps its traceback."""
        with pytest.raises(ConnectionResetError), explain_system_errors():
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    @pytest.mark.skipif(os.name != "posix", reason="Windows keeps a working directory from being deleted")
    def test_working_directory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A working directory that is gone is said to be."""
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()

        with (
            pytest.raises(HatchMarError, match=r"^The working directory no longer exists$"),
            explain_system_errors(),
        ):
            Path("a").absolute()

    def test_temporary_directory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """If nothing can be written anywhere, as in some containers, the message says what to set."""
        monkeypatch.setattr(tempfile, "tempdir", None)
        monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "missing")])

        with (
            pytest.raises(HatchMarError, match=r"^There is no directory for temporary files; set `TMPDIR`"),
            explain_system_errors(),
        ):
            tempfile.gettempdir()

    def test_encoding(self, monkeypatch: pytest.MonkeyPatch):
        """A name that the system's encoding lacks is said to be one."""
        monkeypatch.setattr("sys.getfilesystemencoding", lambda: "ascii")

        with (
            pytest.raises(HatchMarError, match=r"^Cannot access `é.pt`: .* ascii here; set `PYTHONUTF8=1`$"),
            explain_system_errors(),
        ):
            "é.pt".encode("ascii")

    def test_surrogates(self, monkeypatch: pytest.MonkeyPatch):
        """Where the encoding lacks no character, it is a defect."""
        monkeypatch.setattr("sys.getfilesystemencoding", lambda: "utf-8")

        with pytest.raises(UnicodeEncodeError), explain_system_errors():
            "\ud800".encode()
