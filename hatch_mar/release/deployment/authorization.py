"""The keys of a TorchServe with token authorization, from the environment or from its key file."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

from hatch_mar.archive.filesystem.regular import read_bytes
from hatch_mar.errors import ReleaseError
from hatch_mar.torchserve.client import Api

SENDABLE = re.compile(r"[!-~]+")
"""Keys that a header can have without quotation marks."""


class Key(NamedTuple):
    value: str = ""
    origin: str = ""
    """Where the key was found, in Markdown; empty if there is none."""


def variable_of(api: Api) -> str:
    """The environment variable that has the key of an API."""
    return f"HATCH_MAR_{api.upper()}_KEY"


def find_key(api: Api, key_file: Path | None) -> Key:
    """The key of an API: from the environment, or else from the key file, or else none.

    Raises:
        ReleaseError: the key file cannot be read, or the key cannot be sent.
    """
    value, origin = os.environ.get(variable_of(api), "").strip(), f"`{variable_of(api)}`"
    if not value and key_file:
        value, origin = read_key(api, key_file), f"`{key_file.name}`"
    if not value:
        return Key()
    if not SENDABLE.fullmatch(value):
        raise ReleaseError(
            f"The key from {origin} has characters that a TorchServe key cannot have; copy it again"
        )
    return Key(value, origin)


def read_key(api: Api, key_file: Path) -> str:
    """The key of an API in TorchServe's `key_file.json` (docs/token_authorization_api.md)."""
    try:
        return str(json.loads(read_bytes(key_file))[api]["key"])
    except OSError as error:
        raise ReleaseError(
            f"Cannot read the key file `{key_file}`: {error.strerror}; TorchServe writes it into the"
            f" directory in which it is started; on another machine, set `{variable_of(api)}`"
        ) from None
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ReleaseError(
            f"`{key_file}` has no key for the {api} API; it must be the `key_file.json` that TorchServe"
            " writes into its working directory"
        ) from None
