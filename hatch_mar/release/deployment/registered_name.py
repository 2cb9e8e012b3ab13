"""The names under which a server may find the archive to be registered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

from hatch_mar.errors import ReleaseError
from hatch_mar.project.config.addresses import FILE
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.release.hide_secrets import hide_secrets
from hatch_mar.release.publishing.layouts.flat import join_name

SCHEMES = ("http", "https", "file")
"""The schemes from which TorchServe fetches archives (`allowed_urls` of ConfigManager.java)."""


def list_registered(config: ArchiveConfig, template: str) -> list[str]:
    """What to register, in the order in which it is tried: file names of the model store, or one URL.

    Raises:
        ReleaseError: TorchServe could not fetch it, or could fetch only its first version.
    """
    if "://" in template:
        return [fill_in_url(config, template)]
    own = config.fill_in(template.replace(FILE, config.file_name))
    return [*published_names(config, own, template), own]


def published_names(config: ArchiveConfig, own: str, template: str) -> Iterator[str]:
    """The name that `hatch-mar publish` gives to a file whose own name lacks the version."""
    if template == FILE and not has_version(own, config) and config.format.suffix:
        yield join_name(config.model_name, config.version, config.format.suffix)


def fill_in_url(config: ArchiveConfig, template: str) -> str:
    filled = template.replace(FILE, quote(config.file_name))
    filled = filled.replace("{model-name}", quote(config.model_name)).replace(
        "{version}", quote(config.version)
    )
    parts, shown = urlsplit(filled), hide_secrets(filled)
    if parts.scheme not in SCHEMES:
        raise ReleaseError(
            f"TorchServe cannot fetch `{shown}`: it only knows http and https; set `url` to a signed https"
            " URL"
        )
    if not config.format.suffix:
        raise ReleaseError(
            f"{config.name}: TorchServe cannot fetch a directory from `{shown}`; use another `archive-format`"
            " than `no-archive`, or put it into the server's model store"
        )
    if not has_version(unquote(parts.path.rpartition("/")[2]), config):
        raise ReleaseError(
            f"{config.name}: the name of the file in `{shown}` lacks the version {config.version}, and"
            " TorchServe does not fetch a second file of the same name; set"
            ' `archive-name = "{model-name}-{version}"`, or a `url` that ends in `{model-name}-{version}'
            f"{config.format.suffix}`"
        )
    return filled


def has_version(file_name: str, config: ArchiveConfig) -> bool:
    """Whether a file's name has the version as a word of its own: `digits-1.0.mar`, `digits_v1.0.mar`."""
    stem = file_name.removesuffix(config.format.suffix)
    pattern = rf"(?<![0-9A-Za-z.])v?{re.escape(config.version)}(?!\.?[0-9A-Za-z])"
    return re.search(pattern, stem) is not None
