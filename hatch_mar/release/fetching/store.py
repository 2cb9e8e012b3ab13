"""Files in stores such as S3, read with fsspec."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hatch_mar.release.fetching.body import Body
from hatch_mar.release.filesystems import CHUNK, open_filesystem
from hatch_mar.release.store_errors import explain_store_errors


@contextmanager
def open_object(url: str, offset: int) -> Iterator[Body]:
    """The bytes of an object from `offset` on.

    Raises:
        ReleaseError: they cannot be read.
    """
    filesystem, path = open_filesystem(url)
    with explain_store_errors(url):
        size = filesystem.size(path)
        file = filesystem.open(path, "rb", block_size=CHUNK, cache_type="none")
    start = offset if size is not None and offset < size else 0
    with file:
        yield Body(read_explained(file, start, url), start, size)


def read_explained(file: Any, start: int, url: str) -> Iterator[bytes]:
    with explain_store_errors(url):
        if start:
            file.seek(start)
    while True:
        with explain_store_errors(url):
            chunk: bytes = file.read(CHUNK)
        if not chunk:
            return
        yield chunk
