"""Small archives, and helpers to look at them, for the tests of several modules."""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from hatch_mar.archive.archive import Archive, BytesSource, FileSource, Member
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.manifest import Manifest
from hatch_mar.names import name_fault

INSTANT = datetime(2020, 2, 2, tzinfo=timezone.utc)
PACKING = Packing(INSTANT, root="digits")

MANIFEST = Manifest({"model": {"modelName": "digits"}})
MANIFEST_BYTES = b'{\n  "model": {\n    "modelName": "digits"\n  }\n}'

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt others")
needs_posix = pytest.mark.skipif(os.name != "posix", reason="Windows has neither modes nor plain links")
needs_zlib = pytest.mark.skipif(hasattr(zlib, "ZLIBNG_VERSION"), reason="zlib-ng deflates to other bytes")


def needs_cpython(reason: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(sys.implementation.name != "cpython", reason=reason)


def archive_of(files: Mapping[str, bytes], executable: Collection[str] = ()) -> Archive:
    members = (Member(name, BytesSource(data), name in executable) for name, data in files.items())
    return Archive(MANIFEST, tuple(members))


def tree(path: Path) -> dict[str, bytes]:
    """Every file below `path`, hidden ones too, or the file itself as ``{"": ...}``."""
    if not path.is_dir():
        return {"": path.read_bytes()}
    files = (file for file in path.rglob("*") if not file.is_dir())
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}


@dataclass(frozen=True)
class SomeProject:
    """A project with the given facts."""

    root: Path
    pyproject: Mapping[str, Any] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    extras: Mapping[str, list[str]] = field(default_factory=dict)
    wheel: tuple[Member, ...] = ()
    reproducible: bool = True

    def name(self) -> str:
        return "digits"

    def version(self) -> str:
        return "1.0"

    def dependencies(self) -> list[str]:
        return list(self.requires)

    def optional_dependencies(self) -> Mapping[str, list[str]]:
        return self.extras

    def wheel_files(self) -> Iterable[Member]:
        return self.wheel


@dataclass(frozen=True)
class UnreadableSource:
    """Bytes of which only the first can be read."""

    error: BaseException

    def size(self) -> int:
        return 1000

    def chunks(self) -> Iterator[bytes]:
        yield b"first"
        raise self.error


class GrowingSource(FileSource):
    """A file that something else appends to while it is read."""

    def chunks(self) -> Iterator[bytes]:
        for chunk in super().chunks():
            with open(self.path, "ab") as file:
                file.write(b"more")
            yield chunk


def incompressible(size: int) -> bytes:
    from random import Random

    return Random(0).randbytes(size)


LARGE = b"".join(b"%d\n" % (number * number) for number in range(400_000))
"""Text of four and a half MiB, which deflating makes smaller."""


parts = st.text(st.characters(codec="utf-8", exclude_characters="/\\"), min_size=1, max_size=12)
names = st.lists(parts, min_size=1, max_size=4).map("/".join).filter(lambda name: name_fault(name) is None)
files = st.dictionaries(names, st.binary(max_size=300), max_size=6)
"""What an archive may hold, beside its manifest."""
