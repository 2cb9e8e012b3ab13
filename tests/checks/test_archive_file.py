"""An archive on disk is checked from its container to its contents."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.checks.archive_file import check_path
from tests.archives import MANIFEST_BYTES


def codes(path: Path, manifest: bytes | None = MANIFEST_BYTES, **files: bytes) -> list[str]:
    with ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.py", data)
        if manifest is not None:
            archive.writestr(MANIFEST_NAME, manifest)
    return [finding.code for finding in check_path(path)]


def test_contents(tmp_path: Path):
    """What is found in the contents is about the file."""
    path = tmp_path / "m.mar"

    assert codes(path, b'{"model": {"modelName": "m", "handler": "h.py"}}', h=b"x = 1\n") == ["MAR211"]
    assert {finding.archives for finding in check_path(path)} == {(str(path),)}


@pytest.mark.parametrize("manifest", [b"{", b"[]", b"\xff", b"[" * 100])
def test_manifest(manifest: bytes, tmp_path: Path):
    """A manifest that cannot be read is the only finding."""
    assert codes(tmp_path / "m.mar", manifest) == ["MAR199"]


def test_container(tmp_path: Path):
    """The contents of a file that TorchServe cannot unpack are not checked."""
    path = tmp_path / "m.mar"
    codes(path, b"{")
    path.write_bytes(path.read_bytes()[:-30])

    assert all(finding.code.startswith("MAR8") for finding in check_path(path))


def test_directory(tmp_path: Path):
    """A directory without a manifest is not a model archive."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "h.py").touch()

    assert [finding.code for finding in check_path(tmp_path / "model")] == ["MAR199"]
