from __future__ import annotations


class WorkflowArchiverError(Exception):
    """A workflow archive that could not be packed."""
