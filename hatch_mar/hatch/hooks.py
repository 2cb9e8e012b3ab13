from __future__ import annotations

from hatchling.plugin import hookimpl

from hatch_mar.hatch.build_hook import MarBuildHook
from hatch_mar.hatch.builder import MarBuilder


@hookimpl
def hatch_register_build_hook() -> type[MarBuildHook]:
    return MarBuildHook


@hookimpl
def hatch_register_builder() -> type[MarBuilder]:
    return MarBuilder
