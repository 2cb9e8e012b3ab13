from __future__ import annotations

from dataclasses import fields
from typing import Any

from hatch_mar_shim import ArchiverFailed, call, call_with_own_arguments, changed_keys, options_of

from .model_archiver_config import ModelArchiverConfig
from .model_archiver_error import ModelArchiverError, ModelFileNotFound
from .model_packaging_utils import ModelExportUtils

TOOL = "torch-model-archiver"
OPTIONS = [field.name for field in fields(ModelArchiverConfig)]


def package_model(config: Any, manifest: str | None = None) -> None:
    """Pack what a `ModelArchiverConfig`, or anything with its attributes, says."""
    changed = changed_keys(ModelExportUtils.generate_manifest_json(config), manifest)
    try:
        call(TOOL, options_of(config, OPTIONS), changed)
    except ArchiverFailed as error:
        missing = "file not found" in str(error).lower()
        raise (ModelFileNotFound if missing else ModelArchiverError)(str(error)) from None


def generate_model_archive(config: ModelArchiverConfig | None = None) -> None:
    """Pack what a configuration says, or without one what the program's own arguments do."""
    if config is None:
        call_with_own_arguments(TOOL)
    else:
        package_model(config)


if __name__ == "__main__":
    generate_model_archive()
