"""A small build backend, of which tests choose the hooks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HEAD = """
import json
import zipfile
from pathlib import Path

INFO = "digits-2.0.dist-info"
METADATA = "Metadata-Version: 2.1\\nName: digits\\nVersion: 2.0\\nAuthor: Zo\\xeb\\nRequires-Dist: torch\\n"
"""

PREPARE_METADATA = """
def prepare_metadata_for_build_wheel(directory, settings=None):
    print("prepare", json.dumps(settings))
    Path(directory, INFO).mkdir()
    Path(directory, INFO, "METADATA").write_text(METADATA, encoding="utf-8")
    return INFO
"""

BUILD_WHEEL = """
def build_wheel(directory, settings=None, metadata=None):
    print("build_wheel", json.dumps(settings), json.dumps(metadata))
    with zipfile.ZipFile(Path(directory, "digits.whl"), "w") as file:
        file.writestr("digits/__init__.py", "inside = True")
        file.writestr(f"{INFO}/METADATA", METADATA)
        file.writestr(f"{INFO}/licenses/LICENSE", "")
    return "digits.whl"
"""

BUILD_SDIST = """
def build_sdist(directory, settings=None):
    print("build_sdist", json.dumps(settings))
    Path(directory, "digits.tar.gz").touch()
    return "digits.tar.gz"
"""


def install_backend(site: Path, monkeypatch: pytest.MonkeyPatch, *hooks: str) -> None:
    """Make a module `fake` with these hooks importable, here and in other processes."""
    site.mkdir(exist_ok=True)
    (site / "fake.py").write_text("\n".join((HEAD, *hooks)), encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "fake", raising=False)
