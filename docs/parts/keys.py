"""The keys of `[tool.mar]`, from their settings."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from textwrap import fill

from hatch_mar.project.config.archiver_options import add_options
from hatch_mar.project.config.schema import (
    ARCHIVE_KEYS,
    DEPLOY_KEYS,
    DESTINATION_KEYS,
    EXAMPLE_KEYS,
    ONE_OF_TWO,
    PROJECT_KEYS,
    REMOTE_FILE_KEYS,
    TABLES,
    WORKFLOW_KEYS,
)
from hatch_mar.project.config.setting import Setting, Settings
from parts.markdown import table

REQUIRED = ("--model-name=", "--handler=", "--version=")
"""The options of torch-model-archiver without which it parses none."""


def list_archiver_keys() -> str:
    """A table of the keys that are options of torch-model-archiver, in its order; narrow, for the README."""
    options = vars(add_options(ArgumentParser(add_help=False)).parse_args(REQUIRED))
    settings = {key: ARCHIVE_KEYS[key] for key in (option.replace("_", "-") for option in options)}
    rows = [(f"`{key}`", show_default(setting), setting.meaning) for key, setting in settings.items()]
    return table(("Key", "Default", "Meaning"), rows)


def list_workflow_keys() -> str:
    return make_table(WORKFLOW_KEYS)


def list_example_keys() -> str:
    return make_table(EXAMPLE_KEYS)


def list_remote_file_keys() -> str:
    return make_table(REMOTE_FILE_KEYS)


def list_destination_keys() -> str:
    return make_table(DESTINATION_KEYS)


def list_deploy_keys() -> str:
    return make_table(DEPLOY_KEYS)


def make_table(settings: Settings) -> str:
    rows = [
        (f"`{key}`", setting.kind, show_default(setting), setting.meaning)
        for key, setting in settings.items()
    ]
    return table(("Key", "Type", "Default", "Meaning"), rows)


def describe_archive_keys() -> str:
    return describe_keys(ARCHIVE_KEYS)


def describe_project_keys() -> str:
    return describe_keys({**TABLES, **PROJECT_KEYS})


def describe_keys(settings: Settings) -> str:
    """A section for each key."""
    return "\n\n".join(describe_key(key, setting) for key, setting in settings.items())


def describe_key(key: str, setting: Setting) -> str:
    facts = [f"**Type:** {setting.kind}"]
    if default := show_default(setting):
        facts.append("**Required**" if default == "required" else f"**Default:** {default}")
    meaning = fill(" ".join([setting.meaning, *list_exclusions(key)]), 100, break_on_hyphens=False)
    return f"### `{key}`\n\n{meaning}\n\n" + "  \n".join(facts)


def show_default(setting: Setting) -> str:
    """What applies if a key is not set, as words or as a value in TOML; empty if nothing does."""
    if setting.required:
        return "required"
    return setting.unset or ("" if setting.default is None else f"`{json.dumps(setting.default)}`")


def list_exclusions(key: str) -> Iterator[str]:
    """Which other key cannot be set beside this one."""
    for pair in ONE_OF_TWO:
        for other in {*pair} - {key} if key in pair else ():
            yield f"Set this or [`{other}`](#{other}), not both."
