from __future__ import annotations


class ModelArchiverError(Exception):
    """An archive that could not be packed."""


class ModelFileNotFound(ModelArchiverError, FileNotFoundError):
    """The same for want of a file, where torch-model-archiver lets Python's own error through."""
