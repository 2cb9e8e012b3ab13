"""Which names of members TorchServe cannot unpack."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.torchserve.member_names import files_that_are_folders, unpacked_path, unpacking_fault


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a/../b", "has a `..` in its path"),
        ("a/", "has no name of its own"),
        ("a/.", "has no name of its own"),
        ("a\0b", "has a null character in its name"),
        ("é" * 128, "has a name of 256 bytes, where Linux allows 255"),
        ("a/" * 2001 + "b", "has a path of 4003 bytes, which is more than Linux allows"),
    ],
)
def test_fault(name: str, fault: str):
    assert unpacking_fault(name) == fault


@pytest.mark.parametrize("name", ["a", "a/b", "a..b", "./a", "/a", "é" * 127, "a/" * 1999 + "b"])
def test_good(name: str):
    assert unpacking_fault(name) is None


@given(
    st.lists(st.lists(st.sampled_from(["a", "b", "a-"]), min_size=1, max_size=3).map("/".join), unique=True)
)
def test_files_that_are_folders(names: list[str]):
    """Every name that another one begins with, up to a slash, and no others."""
    expected = {name for name in names if any(other.startswith(f"{name}/") for other in names)}
    found = dict(files_that_are_folders(names))

    assert set(found) == expected
    assert all(below in names and below.startswith(f"{name}/") for name, below in found.items())


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b", "a/b"),
        ("./a//b/./c", "a/b/c"),
        ("//a", "a"),
        ("a/.", "a/."),
        ("./../a", "./../a"),
        ("a/../b", "b"),
        ("a/b/../../../c", "a/b/../../../c"),
        ("a/..", "a/.."),
    ],
)
def test_unpacked_path(name: str, path: str):
    """What leads nowhere is left out of a name that can be unpacked."""
    assert unpacked_path(name) == path


def test_folders_of_others():
    """A file may be in the way of a folder too."""
    assert dict(files_that_are_folders(["a", "b"], ["a/c/", "bc/"])) == {"a": "a/c/"}
