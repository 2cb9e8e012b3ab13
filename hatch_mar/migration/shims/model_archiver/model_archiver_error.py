from __future__ import annotations


class ModelArchiverError(Exception):
    """An archive that could not be packed."""
