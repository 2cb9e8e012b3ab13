from __future__ import annotations

from typing import TYPE_CHECKING

from hatchling.plugin import hookimpl

from hatch_mar.hatch.build_hook import MarBuildHook
from hatch_mar.hatch.builder import MarBuilder

if TYPE_CHECKING:
    from hatch_mar.hatch.publisher import MarPublisher


@hookimpl
def hatch_register_build_hook() -> type[MarBuildHook]:
    return MarBuildHook


@hookimpl
def hatch_register_builder() -> type[MarBuilder]:
    return MarBuilder


@hookimpl
def hatch_register_publisher() -> type[MarPublisher]:
    """Called by hatch alone: where hatchling builds, there is no hatch to import."""
    from hatch_mar.hatch.publisher import MarPublisher

    return MarPublisher
