from __future__ import annotations

import subprocess
import sys

from hatchling.plugin.manager import PluginManager

from hatch_mar.hatch.build_hook import MarBuildHook
from hatch_mar.hatch.builder import MarBuilder
from tests.archives import needs_cpython

WITHOUT_HATCH = """
import sys

sys.modules["hatch"] = None

from hatchling.plugin.manager import PluginManager

print(PluginManager().build_hook.get("mar").__name__, PluginManager().builder.get("mar").__name__)
"""


def test_build_hook():
    """hatchling finds the build hook as `mar`."""
    assert PluginManager().build_hook.get("mar") is MarBuildHook


def test_builder():
    """hatchling finds the builder as `mar`."""
    assert PluginManager().builder.get("mar") is MarBuilder


@needs_cpython("hatch has its dependencies for CPython only")
def test_publisher():
    """hatch finds the publisher as `mar`."""
    from hatch.plugin.manager import PluginManager

    from hatch_mar.hatch.publisher import MarPublisher

    assert PluginManager().publisher.get("mar") is MarPublisher


def test_without_hatch():
    """An environment that builds has no hatch, and needs none."""
    command = [sys.executable, "-c", WITHOUT_HATCH]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (run.stdout, run.stderr) == ("MarBuildHook MarBuilder\n", "")
