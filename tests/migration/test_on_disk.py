from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from hatch_mar.migration.on_disk import find_archives, find_new
from tests.archives import needs_posix


def test_found(tmp_path: Path) -> None:
    """Archives of every format are found, in the project and outside, but not where dependencies lie."""
    names = ["a.mar", "b/c.war", "b/d.tar.gz", "e/MAR-INF/MANIFEST.json"]
    others = ["a.txt", ".git/a.mar", "x/node_modules/a.tar.gz", "lib/site-packages/a.tar.gz", "mar"]
    for name in names + others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    found = find_archives([tmp_path, tmp_path / "b"])

    assert {os.path.relpath(path, tmp_path) for path in found} == {"a.mar", "b/c.war", "b/d.tar.gz", "e"}


def test_new(tmp_path: Path) -> None:
    """An archive is new if it was not there before, or was written again."""
    for name in ("old.mar", "rewritten.mar"):
        (tmp_path / name).write_text("1")
    before = find_archives([tmp_path])
    (tmp_path / "rewritten.mar").write_text("22")
    (tmp_path / "new.mar").touch()

    found = find_new(before, find_archives([tmp_path]))

    assert [path.name for path in found] == ["new.mar", "rewritten.mar"]


@pytest.mark.parametrize(
    ("name", "expected"), [("m/MAR-INF/MANIFEST.json", ["a.tar.gz"]), ("m-1.0/PKG-INFO", [])]
)
def test_tarball(tmp_path: Path, name: str, expected: list[str]) -> None:
    """A `.tar.gz` is an archive if it has a manifest; an sdist or a damaged file is not."""
    (tmp_path / "PKG-INFO").touch()
    (tmp_path / "damaged.tar.gz").write_bytes(b"\x1f\x8b")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as file:
        file.add(tmp_path / "PKG-INFO", name)

    assert [path.name for path in find_new({}, find_archives([tmp_path]))] == expected


@needs_posix
def test_pipe(tmp_path: Path) -> None:
    """A pipe is no archive, and nobody is waited for."""
    os.mkfifo(tmp_path / "a.tar.gz")

    assert find_new({}, find_archives([tmp_path])) == []
