from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_mar.migration import packed
from hatch_mar.migration.packed import find_drift, snapshot
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.project.layout.layout import lay_out
from hatch_mar.project.timestamp import build_instant
from tests.archives import needs_posix

CONFIG = ArchiveConfig(
    "digits", "1.0", "handler.py", serialized_file="weights/model.pth", extra_files=("labels",)
)


@pytest.fixture
def before(project: Path) -> dict[str, tuple[str, str]]:
    """What a call packed of the project."""
    (project / "labels").mkdir()
    (project / "labels/words.txt").write_text("a\n")
    return snapshot(lay_out(CONFIG, project, build_instant()))


Packed = dict[str, tuple[str, str]]


class TestChanges:
    def test_none(self, project: Path, before: Packed) -> None:
        """A build packs the same, even if a file was written again as it was."""
        data = (project / "handler.py").read_bytes()
        (project / "handler.py").unlink()
        (project / "handler.py").write_bytes(data)

        assert [*find_drift(before, CONFIG, project)] == []

    def test_removed(self, project: Path, before: Packed) -> None:
        """Scripts clean up after themselves; what they removed of a directory is named."""
        (project / "labels/words.txt").unlink()
        (project / "labels/more.txt").touch()

        assert [*find_drift(before, CONFIG, project)] == [
            "was packed with `labels/words.txt`, which is gone",
            "was packed without `labels/more.txt`, which a build includes",
        ]

    def test_changed(self, project: Path, before: Packed) -> None:
        """A file that another step of the command has replaced is named."""
        (project / "handler.py").write_text("changed")

        assert [*find_drift(before, CONFIG, project)] == [
            "was packed with `handler.py`, which has changed since"
        ]

    def test_large(self, project: Path, before: Packed, monkeypatch: pytest.MonkeyPatch) -> None:
        """A large file is told by its size and time, without reading it."""
        monkeypatch.setattr(packed, "SMALL", 0)
        before = snapshot(lay_out(CONFIG, project, build_instant()))
        os.utime(project / "weights/model.pth", (1, 1))

        assert [*find_drift(before, CONFIG, project)] == [
            "was packed with `weights/model.pth`, which has changed since"
        ]

    @needs_posix
    def test_mode(self, project: Path, before: Packed) -> None:
        """A mode that an archive keeps counts too."""
        (project / "handler.py").chmod(0o755)

        assert [*find_drift(before, CONFIG, project)] == [
            "was packed with `handler.py`, which has changed since"
        ]

    def test_more(self, project: Path, before: Packed) -> None:
        """So does a file that came to a directory later."""
        (project / "labels/more.txt").touch()

        assert [*find_drift(before, CONFIG, project)] == [
            "was packed without `labels/more.txt`, which a build includes"
        ]

    def test_less(self, project: Path, before: Packed) -> None:
        """And one that a build would leave out."""
        config = CONFIG._replace(extra_files=())

        assert [*find_drift(before, config, project)] == [
            "was packed with `labels/words.txt`, which a build omits"
        ]

    def test_not_built(self, project: Path, before: Packed) -> None:
        """An archive that cannot be built at all has none; why it cannot is told elsewhere."""
        config = CONFIG._replace(extra_files=("none",))

        assert [*find_drift(before, config, project)] == []
