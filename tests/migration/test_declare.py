from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.migration.call import MODEL_ARCHIVER, WORKFLOW_ARCHIVER, Call
from hatch_mar.migration.declare import Declaration, declare_calls, tables_of

LEAST = "--model-name digits --version 1.0 --handler handler.py"


def call(options: str, directory: Path, tool: str = MODEL_ARCHIVER) -> Call:
    return Call(tool, options.split(), str(directory))


def export_paths(declarations: list[Declaration]) -> list[object]:
    return [declaration.table.get("export-path") for declaration in declarations]


class TestOnce:
    def test_same(self, project: Path) -> None:
        """Calls that come to the same table are one archive, and the last of them counts."""
        again = call(f"{LEAST} -f", project)

        [found] = declare_calls([call(LEAST, project), again], project)

        assert found.call is again

    def test_apart(self, project: Path) -> None:
        """Archives of one name are told apart by where they are written, and by their format."""
        more = ["", "--archive-format tgz", "--export-path a", "--export-path b"]

        found = declare_calls([call(f"{LEAST} {options}", project) for options in more], project)

        assert export_paths(found) == [None, None, "a", "b"]

    def test_working_directories(self, project: Path) -> None:
        """Archives of one name that were written to the working directory stay where they were."""
        (project / "handlers").mkdir()
        calls = [call(LEAST, project / "weights"), call(LEAST, project / "handlers"), call(LEAST, project)]

        assert export_paths(declare_calls(calls, project)) == ["weights", "handlers", "."]

    def test_said(self, project: Path) -> None:
        """Where one of them says where it goes, it goes there."""
        calls = [call(LEAST, project / "weights"), call(f"{LEAST} --export-path ..", project / "weights")]
        assert export_paths(declare_calls(calls[:1], project)) == [None]

        calls[1] = calls[1]._replace(directory=str(project / "handlers"))
        assert export_paths(declare_calls(calls, project)) == ["weights", "."]

    def test_one_working_directory(self, project: Path) -> None:
        """One that is alone goes to the build directory, wherever it was written."""
        assert export_paths(declare_calls([call(LEAST, project / "weights")], project)) == [None]

    def test_kinds(self, project: Path) -> None:
        """A workflow may have a model's name."""
        calls = [
            call("--workflow-name digits --spec-file spec.yaml", project, WORKFLOW_ARCHIVER),
            call(LEAST, project),
        ]

        assert tables_of(declare_calls(calls, project)) == {
            "archives": [{"model-name": "digits", "version": "1.0", "handler": "handler.py"}],
            "workflows": [{"workflow-name": "digits", "spec-file": "spec.yaml"}],
        }


class TestFaults:
    def refused(self, project: Path, *options: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            declare_calls([call(each, project) for each in options], project)
        return list(caught.value.faults)

    def test_clash(self, project: Path) -> None:
        """Calls that write one file in different ways cannot both be declared, and both are shown."""
        first, second = LEAST, f"{LEAST} --serialized-file weights/model.pth -f"
        expected = (
            "Several calls write `digits.mar`, which one project cannot declare twice; give one another"
            f" `--export-path` or name: `torch-model-archiver {first}` in `{project}` and"
            f" `torch-model-archiver {second}` in `{project}`"
        )

        assert self.refused(project, first, second) == [expected]

    def test_workflow_name(self, project: Path) -> None:
        """A name that only torch-workflow-archiver takes is the option's fault, for there is no table yet."""
        with pytest.raises(ConfigError, match=r"^Option `--workflow-name` must begin with a letter"):
            declare_calls(
                [call("--workflow-name 3wf --spec-file spec.yaml", project, WORKFLOW_ARCHIVER)], project
            )

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
