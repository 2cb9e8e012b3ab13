"""Files in stores such as S3, read with fsspec."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from hatch_mar.errors import ReleaseError
from hatch_mar.release.fetching.body import Body, Broken
from hatch_mar.release.filesystems import open_filesystem, stream
from hatch_mar.release.store_errors import explain_store_errors


@contextmanager
def open_object(url: str, offset: int) -> Iterator[Body]:
    """The bytes of an object from `offset` on.

    Raises:
        ReleaseError: there is no such object, or the store refuses.
        Broken: it may give them later.
    """
    filesystem, path = open_filesystem(url)
    with explain_store_errors(url):
        size = filesystem.size(path)
    start = offset if size is not None and offset < size else 0
    with closing(stream(filesystem, path, url, start)) as chunks:
        yield Body(read_on(chunks), start, size)


def read_on(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks of an object that is there, so that whatever goes wrong with them may pass."""
    try:
        yield from chunks
    except ReleaseError as error:
        raise Broken(str(error)) from None
