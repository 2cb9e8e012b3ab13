"""Offers what torch-model-archiver 0.12 offers, and has `hatch-mar migrate` record and pack."""

from .model_archiver import ModelArchiver
from .model_archiver_config import ModelArchiverConfig
from .version import __version__

__all__ = ["ModelArchiver", "ModelArchiverConfig", "__version__"]
