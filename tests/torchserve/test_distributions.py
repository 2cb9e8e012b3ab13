"""The tables of what distributions bring."""

from __future__ import annotations

import pytest

from hatch_mar.torchserve.distributions import (
    IMPORTED_AS,
    NAMESPACES,
    REQUIRED,
    add_required,
    list_known,
    strip_submodules,
)
from hatch_mar.torchserve.installed import normalize_name


def test_names():
    """The distributions' names are normalized, as they are compared, and in order."""
    for table in (IMPORTED_AS, REQUIRED):
        for names in map(str.split, table.values()):
            assert [normalize_name(name) for name in names] == names
    assert [normalize_name(name) for name in REQUIRED] == sorted(REQUIRED)
    assert sorted(IMPORTED_AS, key=str.lower) == list(IMPORTED_AS)


def test_known():
    assert list_known("PIL")[0] == "pillow"
    assert list_known("nothing_such") == []


def test_required():
    """What is required requires more."""
    assert add_required(["sentence-transformers", "other"]) >= {
        "other",
        "transformers",
        "tokenizers",
        "joblib",
    }


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("json", "json"),
        ("torch.nn.functional", "torch"),
        ("google", "google"),
        ("google.protobuf.message", "google.protobuf"),
        ("google.cloud.storage.blob", "google.cloud.storage"),
        ("ruamel.yaml", "ruamel.yaml"),
    ],
)
def test_strip(name: str, part: str):
    assert strip_submodules(name) == part


def test_namespaces():
    """A namespace in another one is reached."""
    assert all(name.rpartition(".")[0] in {"", *NAMESPACES} for name in NAMESPACES)
