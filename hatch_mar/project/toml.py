"""The standard library's reader of TOML, or what it was made of where that is missing."""

import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["tomllib"]
