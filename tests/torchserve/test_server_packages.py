"""The list of the server's packages."""

from __future__ import annotations

from hatch_mar.torchserve.installed import normalize_name
from hatch_mar.torchserve.server_packages import OWN_PACKAGES, SERVER_PACKAGES


def test_names():
    """The names are normalized, as they are compared."""
    assert {normalize_name(name) for name in SERVER_PACKAGES} == SERVER_PACKAGES
    assert OWN_PACKAGES < SERVER_PACKAGES
