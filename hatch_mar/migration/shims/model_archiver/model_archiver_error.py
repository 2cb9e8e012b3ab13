class ModelArchiverError(Exception):
    """An archive that could not be packed."""
