"""The version, which is also written to each manifest, and where the documentation is."""

__version__ = "0.1.0"

DOCUMENTATION = "https://hatch-mar.readthedocs.io/"
