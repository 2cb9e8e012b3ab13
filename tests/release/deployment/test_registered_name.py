"""Under which names a server is asked for an archive."""

from __future__ import annotations

import pytest

from hatch_mar.errors import ReleaseError
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.release.deployment.registered_name import has_version, list_registered


def config(**settings: str) -> ArchiveConfig:
    return ArchiveConfig("digits", "1.0+a", "handler.py")._replace(**settings)


@pytest.mark.parametrize(
    ("template", "settings", "expected"),
    [
        ("{file}", {}, ["digits-1.0+a.mar", "digits.mar"]),
        ("{file}", {"archive_name": "{model-name}_v{version}"}, ["digits_v1.0+a.mar"]),
        ("{file}", {"archive_format": "no-archive"}, ["digits"]),
        ("{file}", {"archive_format": "tgz"}, ["digits-1.0+a.tar.gz", "digits.tar.gz"]),
        ("{model-name}.mar", {}, ["digits.mar"]),
        ("https://store/{model-name}-{version}.mar", {}, ["https://store/digits-1.0%2Ba.mar"]),
        (
            "https://store/{file}?sig=a",
            {"archive_name": "{model-name}-{version}"},
            ["https://store/digits-1.0%2Ba.mar?sig=a"],
        ),
    ],
)
def test_list(template: str, settings: dict[str, str], expected: list[str]):
    """A file of the model store may have its own name, or the one that `publish` gives it."""
    assert list_registered(config(**settings), template) == expected


@pytest.mark.parametrize(
    ("template", "settings", "fault"),
    [
        ("https://store/{version}/{file}", {}, "lacks the version 1.0+a, and TorchServe does not fetch"),
        (
            "s3://store/{model-name}-{version}.mar",
            {},
            "TorchServe cannot fetch `s3://store/digits-1.0%2Ba.mar?…`",
        ),
        (
            "https://store/{model-name}-{version}",
            {"archive_format": "no-archive"},
            "TorchServe cannot fetch a directory",
        ),
    ],
)
def test_refused(template: str, settings: dict[str, str], fault: str):
    """What TorchServe could not fetch, or only once, is refused before it is asked."""
    with pytest.raises(ReleaseError) as error:
        list_registered(config(**settings), f"{template}?secret")
    assert fault in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("digits-1.0.mar", "1.0", True),
        ("digits_v1.0.mar", "1.0", True),
        ("1.0.mar", "1.0", True),
        ("digits-1.0-cpu.mar", "1.0", True),
        ("digits.mar", "1.0", False),
        ("digits-1.0.1.mar", "1.0", False),
        ("digits-2.1.0.mar", "1.0", False),
        ("digits-11.0.mar", "1.0", False),
        ("resnet18.mar", "1", False),
    ],
)
def test_has_version(name: str, version: str, expected: bool):
    """A version is a word of its own, not a part of another one."""
    assert has_version(name, config(version=version)) is expected
