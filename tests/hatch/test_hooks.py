from __future__ import annotations

from hatchling.plugin.manager import PluginManager

from hatch_mar.hatch.build_hook import MarBuildHook
from hatch_mar.hatch.builder import MarBuilder


def test_build_hook():
    """hatchling finds the build hook as `mar`."""
    assert PluginManager().build_hook.get("mar") is MarBuildHook


def test_builder():
    """hatchling finds the builder as `mar`."""
    assert PluginManager().builder.get("mar") is MarBuilder
