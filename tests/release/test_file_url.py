from __future__ import annotations

import re
from pathlib import Path

import pytest

from hatch_mar.errors import ReleaseError
from hatch_mar.release.file_url import find_path


@pytest.mark.parametrize("host", ["", "localhost"])
def test_here(host: str, tmp_path: Path):
    """A URL of this machine is a path, whatever characters it has."""
    path = tmp_path / "a b%20.pth"

    assert find_path(path.as_uri().replace("file://", f"file://{host}")) == path


def test_elsewhere():
    """A URL with two slashes names another machine."""
    message = "`file://models/x` names another machine; for this one, write `file:///`, with three slashes"
    with pytest.raises(ReleaseError, match=f"^{re.escape(message)}$"):
        find_path("file://models/x")
