from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.migration.call import MODEL_ARCHIVER, WORKFLOW_ARCHIVER, Call
from hatch_mar.migration.declare import Declaration, declare_calls, tables_of
from tests.archives import needs_posix

LEAST = "--model-name digits --version 1.0 --handler handler.py"


def call(options: str, directory: Path, tool: str = MODEL_ARCHIVER) -> Call:
    return Call(tool, options.split(), str(directory))


def export_paths(declarations: list[Declaration]) -> list[object]:
    return [declaration.table.get("export-path") for declaration in declarations]


class TestOnce:
    def test_same(self, project: Path) -> None:
        """Calls that come to the same table are one archive, and the last of them counts."""
        again = call(f"{LEAST} -f", project)

        [found], _, _ = declare_calls([call(LEAST, project), again], project)

        assert found.call is again

    def test_apart(self, project: Path) -> None:
        """Archives of one name are told apart by where they are written, and by their format."""
        more = ["", "--archive-format tgz", "--export-path a", "--export-path b"]

        found, _, _ = declare_calls([call(f"{LEAST} {options}", project) for options in more], project)

        assert export_paths(found) == [None, None, "a", "b"]

    def test_working_directories(self, project: Path) -> None:
        """Archives of one name that were written to the working directory stay where they were."""
        (project / "handlers").mkdir()
        calls = [call(LEAST, project / "weights"), call(LEAST, project / "handlers"), call(LEAST, project)]

        assert export_paths(declare_calls(calls, project).declarations) == ["weights", "handlers", "."]

    def test_said(self, project: Path) -> None:
        """Where one of them says where it goes, it goes there."""
        calls = [call(LEAST, project / "weights"), call(f"{LEAST} --export-path ..", project / "weights")]
        assert export_paths(declare_calls(calls[:1], project).declarations) == [None]

        calls[1] = calls[1]._replace(directory=str(project / "handlers"))
        assert export_paths(declare_calls(calls, project).declarations) == ["weights", "."]

    def test_one_working_directory(self, project: Path) -> None:
        """One that is alone goes to the build directory, wherever it was written."""
        assert export_paths(declare_calls([call(LEAST, project / "weights")], project).declarations) == [None]

    def test_kinds(self, project: Path) -> None:
        """A workflow may have a model's name."""
        calls = [
            call("--workflow-name digits --spec-file spec.yaml", project, WORKFLOW_ARCHIVER),
            call(LEAST, project),
        ]

        assert tables_of(declare_calls(calls, project).declarations) == {
            "archives": [{"model-name": "digits", "version": "1.0", "handler": "handler.py"}],
            "workflows": [{"workflow-name": "digits", "spec-file": "spec.yaml"}],
        }

    def test_overwritten(self, project: Path) -> None:
        """Of calls that overwrite one archive the last counts, and both are named."""
        first = call(LEAST, project)
        last = call(f"{LEAST} --model-file model.py -f", project)._replace(overwrote=True)

        found, notes, faults = declare_calls([first, last], project)

        assert [one.call for one in found] == [last]
        assert notes == [
            (
                f"`digits.mar` was overwritten, and the last call counts: `{first}` in `{project}` and"
                f" `{last}` in `{project}`"
            )
        ]
        assert faults == []


class TestExportPath:
    @pytest.fixture
    def temporary(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The directory for temporary files."""
        directory = tmp_path / "temporary"
        directory.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(directory))
        return directory

    def test_temporary(self, project: Path, temporary: Path) -> None:
        """An archive that was moved out of a temporary directory goes where it is now."""
        made = call(f"{LEAST} --export-path {temporary}", project)
        moved = project / "store/digits.mar"

        assert export_paths(declare_calls([made], project, [moved]).declarations) == ["store"]

    def test_copies(self, project: Path, temporary: Path) -> None:
        """Or to the build directory, if that is several places or none."""
        made = call(f"{LEAST} --export-path {temporary}", project)
        copies = [project / "a/digits.mar", project / "b/digits.mar"]

        assert export_paths(declare_calls([made], project, copies).declarations) == [None]
        assert export_paths(declare_calls([made], project).declarations) == [None]

    def test_gone(self, project: Path, tmp_path: Path, temporary: Path) -> None:
        """So does one whose directory outside the project is gone, if it was ever there."""
        only_named = call(f"{LEAST} --export-path {tmp_path / 'gone'}", project)
        made = only_named._replace(members={})

        assert export_paths(declare_calls([made], project).declarations) == [None]
        assert export_paths(declare_calls([only_named], project).declarations) == [str(tmp_path / "gone")]

    @needs_posix
    def test_link(self, project: Path, tmp_path: Path) -> None:
        """A project that is reached through a link is still the project."""
        link = tmp_path / "link"
        link.symlink_to(project)

        found = declare_calls([call(f"{LEAST} --export-path {link}", project)], project)

        assert export_paths(found.declarations) == ["."]


class TestFaults:
    def refused(self, project: Path, *options: str) -> list[str]:
        return [*map(str, declare_calls([call(each, project) for each in options], project).faults)]

    def test_clash(self, project: Path) -> None:
        """Calls that write one file in different ways cannot both be declared, and both are shown."""
        first, second = LEAST, f"{LEAST} --serialized-file weights/model.pth -f"
        expected = (
            "Several calls write `digits.mar`, which one project cannot declare twice; give one another"
            f" `--export-path` or name: `torch-model-archiver {first}` in `{project}` and"
            f" `torch-model-archiver {second}` in `{project}`"
        )

        assert self.refused(project, first, second) == [expected]

    def test_case(self, project: Path) -> None:
        """Names that differ in case alone are told to be one file on some systems only."""
        [fault] = self.refused(project, LEAST, LEAST.replace("digits", "Digits"))

        assert fault.startswith(
            "Several calls write `digits.mar` and `Digits.mar`, which are one file on file systems that"
            " ignore case; give one another `--export-path` or name: "
        )

    def test_others(self, project: Path) -> None:
        """What a call at fault does not touch is declared."""
        other = call(LEAST.replace("digits", "letters"), project)
        wrong = call(f"{LEAST} --version=", project)
        not_utf_8 = Call(MODEL_ARCHIVER, [*LEAST.split(), "--config-file", "a\udcff"], str(project))

        found = declare_calls([wrong, not_utf_8, other], project)

        assert [one.call for one in found.declarations] == [other]
        assert len(found.faults) == 2

    def test_workflow_name(self, project: Path) -> None:
        """A name that only torch-workflow-archiver takes is the option's fault, for there is no table yet."""
        workflow = call("--workflow-name 3wf --spec-file spec.yaml", project, WORKFLOW_ARCHIVER)

        [fault] = declare_calls([workflow], project).faults

        assert str(fault).startswith("Option `--workflow-name` must begin with a letter")

    def test_values(self, project: Path) -> None:
        """The faults of all calls are named at once, each with its call."""
        first, second = f"{LEAST} --version=", f"{LEAST} -r *.txt"
        expected = [
            f"`torch-model-archiver {first}`: Option `--version` must not be empty [MAR004]",
            (
                f"`torch-model-archiver {LEAST} -r '*.txt'`: Option `--requirements-file` must name one file,"
                " not a pattern: `*.txt` [MAR004]"
            ),
        ]

        assert self.refused(project, first, second) == expected
