from __future__ import annotations

import sys
from typing import Any

from hatch_mar_shim import ArchiverFailed, call, call_with_own_arguments, changed_keys, options_of

from .workflow_packaging_utils import WorkflowExportUtils

TOOL = "torch-workflow-archiver"
OPTIONS = ["workflow_name", "spec_file", "handler", "export_path", "force", "extra_files"]


def package_workflow(args: Any, manifest: str | None = None) -> None:
    """Pack what the arguments say; as in the tool, a fault ends the program."""
    changed = changed_keys(WorkflowExportUtils.generate_manifest_json(args), manifest)
    try:
        call(TOOL, options_of(args, OPTIONS), changed)
    except ArchiverFailed as error:
        sys.exit(error.status)


def generate_workflow_archive() -> None:
    call_with_own_arguments(TOOL)


if __name__ == "__main__":
    generate_workflow_archive()
