from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive
from hatch_mar.cli import _recorder
from hatch_mar.cli._recorder import archive_and_record
from hatch_mar.migration.call import load_calls

CALL = ["torch-model-archiver", "--model-name", "digits", "--version", "1.0", "--handler", "handler.py"]


@pytest.fixture
def calls(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project)
    (tmp_path / "calls").mkdir()
    return tmp_path / "calls"


def test_status(calls: Path) -> None:
    """A call is recorded with its exit status, which is also returned."""
    assert archive_and_record(CALL, calls, pack=True) == 0
    assert archive_and_record(CALL, calls, pack=True) == 1
    assert archive_and_record([CALL[0], "--help"], calls, pack=True) == 0
    assert archive_and_record([CALL[0], "--none"], calls, pack=True) == 2

    assert [call.status for call in load_calls(calls)] == [0, 1, 2]


def test_interrupted(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted call is recorded without a status."""

    def interrupt(*_: object, **__: object) -> tuple[Path, Archive]:
        raise KeyboardInterrupt

    monkeypatch.setattr(_recorder, "write_archive", interrupt)

    assert archive_and_record(CALL, calls, pack=True) == 130
    assert [call.status for call in load_calls(calls)] == [None]


def test_manifest(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of the manifest that a program changed come with the call."""
    monkeypatch.setenv(_recorder.CHANGED_MANIFEST, "base,model")

    archive_and_record(CALL, calls, pack=False)

    assert [call.changed_manifest for call in load_calls(calls)] == [["base", "model"]]
