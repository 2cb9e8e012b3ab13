from __future__ import annotations

import re

from hatch_mar.project.config.schema import ARCHIVE_KEYS
from parts.keys import (
    describe_archive_keys,
    describe_project_keys,
    list_archiver_keys,
    list_deploy_keys,
    list_destination_keys,
    list_example_keys,
    list_remote_file_keys,
    list_workflow_keys,
)


def test_describe_archive_keys():
    """Every key has a section, with its type, its default, and what it excludes."""
    sections = describe_archive_keys().split("\n\n### ")

    assert len(sections) == len(ARCHIVE_KEYS)
    assert sections[[*ARCHIVE_KEYS].index("config-file")].splitlines() == [
        "`config-file`",
        "",
        "The model configuration, such as `model-config.yaml`. Set this or [`config`](#config), not both.",
        "",
        "**Type:** path",
    ]
    assert sections[[*ARCHIVE_KEYS].index("force")].endswith("**Type:** boolean  \n**Default:** `true`")


def test_describe_project_keys():
    """The keys that no archive has follow."""
    assert re.findall("^### `(.+)`$", describe_project_keys(), re.M) == [
        "archives",
        "workflows",
        "build-backend",
        "remote-files",
        "publish",
        "deploy",
    ]


def test_list_archiver_keys():
    """The table has torch-model-archiver's options in its order, and none of `hatch-mar`'s own."""
    rows = list_archiver_keys().splitlines()[2:]

    assert [row.split("`")[1] for row in rows] == [
        *("model-name", "serialized-file", "model-file", "handler", "extra-files", "runtime"),
        *("export-path", "archive-format", "force", "version", "requirements-file", "config-file"),
    ]
    assert rows[0].startswith("| `model-name` | the project's name | ")


def test_list_workflow_keys():
    """A key that a workflow must have says so."""
    assert "| `spec-file` | path | required | " in list_workflow_keys()


def test_list_example_keys():
    """A default is shown as TOML has it."""
    assert "| `tolerance` | number | `0.0001` | " in list_example_keys()


def test_list_remote_file_keys():
    """A key that a remote file must have says so."""
    assert "| `url` | URL | required | " in list_remote_file_keys()


def test_list_destination_keys():
    """What may be chosen is the type."""
    assert '| `layout` | `flat`, `kserve`, `vertex`, `sagemaker` | `"flat"` | ' in list_destination_keys()


def test_list_deploy_keys():
    """A default that depends on another key is told in words."""
    assert "| `inference` | URL | the host of `management`, at port 8080 | " in list_deploy_keys()
