from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.migration.call import MODEL_ARCHIVER, WORKFLOW_ARCHIVER, Call
from hatch_mar.migration.translate import paths_outside, table_of, target_of

LEAST = "--model-name digits --version 1.0 --handler handler.py"
TABLE = {"model-name": "digits", "version": "1.0", "handler": "handler.py"}
NOT_A_NAME = (
    "must begin with a letter, followed by letters, digits, `_`, `-` and `.` (never two dots in a row)"
)


def call(arguments: str | Sequence[str], directory: Path, tool: str = MODEL_ARCHIVER) -> Call:
    words = arguments.split() if isinstance(arguments, str) else arguments
    return Call(tool, words, str(directory))


class TestOptions:
    def test_least(self, project: Path) -> None:
        """A call becomes a table without defaults."""
        assert table_of(call(LEAST, project), project) == TABLE

    def test_all(self, project: Path) -> None:
        """Every option is a key, in the order of the reference."""
        options = (
            "--model-n digits -v2 --handler=handler.py --model-file model.py --ser weights/model.pth"
            " --extra-files labels/*.json,vocab,,a.txt -r requirements.txt -c model-config.yaml"
            " --runtime python3 --export-path model-store --archive-format tgz --force"
        )

        assert list(table_of(call(options, project), project).items()) == [
            ("model-name", "digits"),
            ("version", "2"),
            ("handler", "handler.py"),
            ("model-file", "model.py"),
            ("serialized-file", "weights/model.pth"),
            ("extra-files", ["labels/*.json", "vocab", "a.txt"]),
            ("requirements-file", "requirements.txt"),
            ("config-file", "model-config.yaml"),
            ("runtime", "python3"),
            ("export-path", "model-store"),
            ("archive-format", "tgz"),
        ]

    @pytest.mark.parametrize(
        "more", ["--runtime python", "--archive-format default", "-f", "--requirements-file="]
    )
    def test_defaults(self, project: Path, more: str) -> None:
        """Values equal to the default are left out."""
        assert table_of(call(f"{LEAST} {more}", project), project) == TABLE

    def test_digit(self, project: Path) -> None:
        """A name that begins with a digit, which the tool takes, switches off the check that refuses it."""
        table = table_of(call(LEAST.replace("digits", "3d-unet"), project), project)

        assert table == {**TABLE, "model-name": "3d-unet", "ignore": ["MAR009"]}

    def test_workflow(self, project: Path) -> None:
        """The options of torch-workflow-archiver become keys too."""
        options = (
            "--workflow-name flow --spec-file spec.yaml --handler ../handler.py"
            " --extra-files a.txt,b.txt --export-path store -f"
        )
        (project / "flows").mkdir()

        assert table_of(call(options, project / "flows", WORKFLOW_ARCHIVER), project) == {
            "workflow-name": "flow",
            "spec-file": "flows/spec.yaml",
            "handler": "handler.py",
            "extra-files": ["flows/a.txt", "flows/b.txt"],
            "export-path": "flows/store",
        }

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ("--model-name a/b", f"Option `--model-name` {NOT_A_NAME}: `a/b` [MAR004]"),
            ("--model-name=", "Option `--model-name` must not be empty [MAR004]"),
            ("--version=", "Option `--version` must not be empty [MAR004]"),
            ("--handler=", "Option `--handler` must not be empty [MAR004]"),
            ("-r *.txt", "Option `--requirements-file` must name one file, not a pattern: `*.txt` [MAR004]"),
        ],
    )
    def test_fault(self, project: Path, options: str, expected: str) -> None:
        """A value that cannot be expressed is an error of one line."""
        with pytest.raises(ConfigError) as caught:
            table_of(call(f"{LEAST} {options}", project), project)

        assert str(caught.value) == expected

    def test_usage(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """An invalid call ends with the same status as the tool."""
        with pytest.raises(SystemExit, match="2"):
            table_of(call(f"{LEAST} --none", project), project)

        assert "torch-model-archiver: error: " in capsys.readouterr().err


class TestPaths:
    def move(self, project: Path, path: str, option: str = "serialized-file") -> Any:
        words = [*LEAST.split(), f"--{option}", path]
        return table_of(call(words, project), project)[option]

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("weights/model.pth", "weights/model.pth"),
            ("./weights//model.pth", "weights/model.pth"),
            ("weights/../weights/model.pth", "weights/model.pth"),
            ("{root}/weights/model.pth", "weights/model.pth"),
            ("{root}/../other.pth", "{parent}/other.pth"),
            ("../other.pth", "../other.pth"),
        ],
    )
    def test_file(self, project: Path, path: str, expected: str) -> None:
        """Paths are relative to the project, except absolute ones that lead elsewhere."""
        found = self.move(project, path.format(root=project.as_posix()))

        assert found == expected.format(parent=project.parent.as_posix())

    def test_working_directory(self, project: Path) -> None:
        """Paths relative to a working directory outside the project are converted."""
        options = f"{LEAST} --serialized-file model.pth --extra-files ../labels/*/,. --export-path ."

        assert table_of(call(options, project / "weights"), project) == {
            "model-name": "digits",
            "version": "1.0",
            "handler": "weights/handler.py",
            "serialized-file": "weights/model.pth",
            "extra-files": ["labels/*/", "weights"],
            "export-path": "weights",
        }

    def test_link(self, project: Path) -> None:
        """`..` after a link is resolved through the link."""
        (project / "weights/deep").mkdir()
        try:
            (project / "link").symlink_to("weights/deep", target_is_directory=True)
        except OSError:
            pytest.skip("no links here")

        assert self.move(project, "link/../model.pth") == "weights/model.pth"

    def test_link_to_project(self, project: Path) -> None:
        """A working directory that reaches the project through a link is still inside it."""
        link = project.parent / "link"
        try:
            link.symlink_to(project, target_is_directory=True)
        except OSError:
            pytest.skip("no links here")

        assert self.move(project, f"{link}/weights/model.pth") == "weights/model.pth"
        assert self.move(project, f"{link}/none/none.pth") == "none/none.pth"

    def test_stars(self, project: Path) -> None:
        """`**`, which meant `*` to the tool, becomes `*`."""
        assert self.move(project, "a/**/*.txt", "extra-files") == ["a/*/*.txt"]

    @pytest.mark.parametrize(
        ("handler", "expected"),
        [
            ("image_classifier", "image_classifier"),
            ("./image_classifier", "./image_classifier"),
            ("./handler.py", "handler.py"),
            ("./handler:handle", "handler:handle"),
            ("package.module:handle", "package.module:handle"),
            ("text_handler", "text_handler"),
            ("vision_handler", "vision_handler"),
        ],
    )
    def test_handler(self, project: Path, handler: str, expected: str) -> None:
        """A handler remains a file, a built-in or a module."""
        (project / "text_handler.py").touch()

        assert self.move(project, handler, "handler") == expected

    def test_outside(self) -> None:
        """Paths outside the project are found in every key."""
        table = {
            "model-name": "../a",
            "handler": "../b.py",
            "extra-files": ["c", "../d"],
            "config-file": os.path.abspath("e"),
            "export-path": "../f",
        }

        assert [*paths_outside(table)] == [
            ("handler", "../b.py"),
            ("extra-files", "../d"),
            ("config-file", os.path.abspath("e")),
            ("export-path", "../f"),
        ]


class TestTarget:
    @pytest.mark.parametrize(
        ("options", "expected"),
        [("", "digits.mar"), ("--export-path weights --archive-format tgz", "weights/digits.tar.gz")],
    )
    def test_model(self, project: Path, options: str, expected: str) -> None:
        """The file that torch-model-archiver writes, by its options and the working directory."""
        assert target_of(call(f"{LEAST} {options}", project)) == Path(os.path.realpath(project / expected))
