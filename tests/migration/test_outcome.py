from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from hatch_mar.migration.call import MODEL_ARCHIVER, Call
from hatch_mar.migration.declare import declare_calls
from hatch_mar.migration.outcome import UNRECORDED, explain_no_tables, list_notes
from hatch_mar.migration.packed import snapshot
from hatch_mar.migration.record import Recording
from hatch_mar.migration.translate import read_call
from hatch_mar.project.layout.layout import lay_out
from hatch_mar.project.timestamp import build_instant

LEAST = "--model-name digits --version 1.0 --handler handler.py"
COMMAND = ["sh", "a.sh"]


@pytest.fixture
def root(project: Path) -> Path:
    return Path(os.path.realpath(project))


def call(root: Path, options: str = "", status: int | None = 0) -> Call:
    return Call(MODEL_ARCHIVER, f"{LEAST} {options}".split(), str(root), status)


class TestFaults:
    def faults(
        self, root: Path, calls: Sequence[Call] = (), status: int = 0, archives: Sequence[str] = ()
    ) -> list[str]:
        recording = Recording(COMMAND, status, [*calls], [root / name for name in archives])
        return [*explain_no_tables(recording, root)]

    def test_none(self, root: Path) -> None:
        """A command that packed an archive has no faults, even if another call failed."""
        assert self.faults(root, [call(root), call(root, status=1)]) == []

    def test_failed(self, root: Path) -> None:
        """A failed command is reported with its status, whatever it recorded."""
        assert self.faults(root, [call(root)], 3) == [
            "`sh a.sh` ended with exit status 3, so nothing is written"
        ]
        assert self.faults(root, [call(root)], -15) == ["`sh a.sh` ended with SIGTERM, so nothing is written"]

    def test_call_failed(self, root: Path) -> None:
        """If the cause is a call, it is named with a workaround."""
        assert self.faults(root, [call(root, status=1)], 1) == [
            (
                "`sh a.sh` ended with exit status 1, so nothing is written;"
                " `--no-pack` records calls without packing"
            ),
            f"`torch-model-archiver {LEAST}` ended with exit status 1",
        ]

    def test_nothing(self, root: Path) -> None:
        """A command that calls no tool is a fault."""
        assert self.faults(root) == [
            "No call of torch-model-archiver or torch-workflow-archiver was recorded"
        ]

    @pytest.mark.parametrize("status", [0, 1])
    def test_unseen(self, root: Path, status: int) -> None:
        """Archives without a call are named, with what may be the cause."""
        found = self.faults(root, status=status, archives=["store/a.mar", "b.mar"])

        assert len(found) == 1 + status
        assert found[-1].startswith(
            "Archives appeared, but no call was recorded: `store/a.mar`, `b.mar`; calls cannot be "
        )


class TestNotes:
    def notes(self, root: Path, calls: Sequence[Call], archives: Sequence[str] = ()) -> list[str]:
        recording = Recording(COMMAND, 0, [*calls], [root / name for name in archives])
        return [*list_notes(recording, declare_calls(recording.succeeded, root).declarations, root)]

    def test_none(self, root: Path) -> None:
        """There are no notes if the tables express everything."""
        assert self.notes(root, [call(root)], ["digits.mar"]) == []

    @pytest.mark.parametrize(("status", "ending"), [(1, "ended with exit status 1"), (None, "did not end")])
    def test_left_out(self, root: Path, status: int | None, ending: str) -> None:
        """A call that failed is left out."""
        failed = call(root, "-f", status)

        assert self.notes(root, [call(root), failed]) == [
            f"a call {ending} and is left out: `torch-model-archiver {LEAST} -f`"
        ]

    def test_outside(self, root: Path) -> None:
        """A path that leads out of the project is worth a note."""
        assert self.notes(root, [call(root, "--extra-files ../a.txt --export-path /srv")]) == [
            "archive `digits` takes `../a.txt` from outside the project",
            "archive `digits` goes to `/srv`, outside the project",
        ]

    def test_outside_and_gone(self, root: Path) -> None:
        """A missing file, which the build reports, gets no note."""
        made = call(root, "--config-file /none/a.yaml")._replace(members={"a.yaml": ["/none/a.yaml", ""]})

        assert self.notes(root, [made]) == []

    def test_manifest(self, root: Path) -> None:
        """Manifest keys that a program changed are noted."""
        [note] = self.notes(root, [call(root)._replace(changed_manifest=["base", "model"])])

        assert note == (
            "the command sets `base`, `model` in the manifest of archive `digits`,"
            " which `[tool.mar]` cannot express"
        )

    def test_changed(self, root: Path) -> None:
        """Changes to the files after they were packed are noted."""
        made = call(root)
        config, _ = read_call(made)
        made = made._replace(members=snapshot(lay_out(config, root, build_instant())))
        (root / "handler.py").write_text("changed")

        assert self.notes(root, [made]) == [
            "archive `digits` was packed with `handler.py`, which has changed since"
        ]

    def test_moved(self, root: Path) -> None:
        """Scripts move archives; where to is named, with the key that does the same."""
        assert self.notes(root, [call(root)], ["store/digits.mar"]) == [
            (
                "the command moved or copied an archive to `store/digits.mar`; for a build to write it there,"
                ' set `export-path = "store"`'
            )
        ]

    def test_unseen(self, root: Path) -> None:
        """An archive that nothing recorded explains is named."""
        assert self.notes(root, [call(root)], ["other.mar", "b.mar"]) == [
            f"no recorded call wrote `other.mar`, `b.mar`; {UNRECORDED}"
        ]

    def test_renamed(self, root: Path) -> None:
        """One that was renamed is known by its file's number."""
        (root / "store").mkdir()
        archive = root / "store/digits-1.0.mar"
        archive.touch()
        made = call(root)._replace(inode=archive.stat().st_ino)

        assert self.notes(root, [made], ["store/digits-1.0.mar"]) == [
            (
                "the command renamed an archive to `store/digits-1.0.mar`; for a build to write a model"
                " archive there, set `export-path` and `archive-name`"
            )
        ]
