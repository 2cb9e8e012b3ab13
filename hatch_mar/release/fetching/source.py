"""Where a remote file's bytes come from."""

from __future__ import annotations

from contextlib import AbstractContextManager

from hatch_mar.release.fetching.body import Body


def open_source(url: str, offset: int, validator: str) -> AbstractContextManager[Body]:
    """The bytes of a URL from `offset` on; or all, if the source cannot begin there or has a newer version.

    Args:
        validator: the ETag or date of the version to which the bytes before `offset` belong.

    Raises:
        ReleaseError: the source cannot be read.
        Broken: the source may be readable later.
    """
    scheme = url.partition("://")[0]
    if scheme in ("http", "https", "hf"):
        from hatch_mar.release.fetching.hub import resolve
        from hatch_mar.release.fetching.web import open_web

        return open_web(resolve(url), offset, validator)
    if scheme == "file":
        from hatch_mar.release.fetching.disk import open_file

        return open_file(url)
    from hatch_mar.release.fetching.stored_object import open_object

    return open_object(url, offset)
