"""The version; also written to each manifest."""

__version__ = "0.1.0"
