"""Offers what torch-workflow-archiver 0.2 offers, and has `hatch-mar migrate` record and pack."""

from .version import __version__

__all__ = ["__version__"]
