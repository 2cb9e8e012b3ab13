from __future__ import annotations

from argparse import ArgumentParser

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.config.archiver_options import (
    add_options,
    add_workflow_options,
    read_options,
    read_workflow_options,
)
from hatch_mar.project.config.models import ArchiveConfig, WorkflowConfig

LEAST = ("--model-name", "digits", "-v", "1.0", "--handler", "h.py")


def config(*arguments: str) -> ArchiveConfig:
    return read_options(add_options(ArgumentParser()).parse_args(arguments))


def workflow(*arguments: str) -> WorkflowConfig:
    return read_workflow_options(add_workflow_options(ArgumentParser()).parse_args(arguments))


def faults(*arguments: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        config(*arguments)
    return [finding.text for finding in error.value.findings]


class TestModel:
    def test_least(self):
        """An option that is not given has its default."""
        found = config(*LEAST)

        assert found == ArchiveConfig("digits", "1.0", "h.py", runtime="python", origins=found.origins)

    def test_all(self):
        """Every option sets the key of its name."""
        found = config(
            *(*LEAST, "--serialized-file", "w.pt", "--model-file", "m.py", "--extra-files", "a,b/*, c,"),
            *("--runtime", "LSP", "--archive-format", "tgz", "-r", "r.txt", "-c", "c.yaml", "--force"),
        )

        assert (found.serialized_file, found.model_file, found.extra_files) == (
            "w.pt",
            "m.py",
            ("a", "b/*", "c"),
        )
        assert (found.runtime, found.archive_format, found.force) == ("LSP", "tgz", True)
        assert (found.requirements_file, found.config_file) == ("r.txt", "c.yaml")

    def test_origin(self):
        """A later message names the command-line option."""
        assert str(config(*LEAST).origins["handler"]) == "Option `--handler`"

    def test_digit(self):
        """As with torch-model-archiver, a name may begin with a digit."""
        assert config("--model-name", "3d-unet", *LEAST[2:]).model_name == "3d-unet"

    def test_faults(self):
        """All invalid options are reported at once."""
        [name, handler] = faults("--model-name", "a b", "-v", "1", "--handler", "h.py:")

        assert name.startswith("Option `--model-name` must begin with a letter, ")
        assert handler.startswith("Option `--handler` must have a function's name after its colon")


class TestWorkflow:
    def test_all(self):
        """The options are torch-workflow-archiver's."""
        found = workflow(
            *("--workflow-name", "dogs", "--spec-file", "s.yaml", "--handler", "h.py", "--extra-files", "a,b")
        )

        expected = WorkflowConfig("dogs", "s.yaml", "h.py", ("a", "b"))
        assert found._replace(origins=expected.origins) == expected
