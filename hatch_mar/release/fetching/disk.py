"""Files of `file://` URLs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from hatch_mar.archive.archive import CHUNK
from hatch_mar.archive.filesystem.regular import open_input
from hatch_mar.errors import ReleaseError
from hatch_mar.release.fetching.body import Body
from hatch_mar.release.file_url import find_path


@contextmanager
def open_file(url: str) -> Iterator[Body]:
    """All bytes of a file on this machine.

    Raises:
        ReleaseError: it cannot be read.
    """
    path = find_path(url)
    try:
        file = open_input(path)
    except OSError as error:
        raise ReleaseError(f"Cannot read `{path}`: {error.strerror}; correct the `url`") from None
    except ValueError:
        raise ReleaseError(f"`{path}` cannot be the path of a file; correct the `url`") from None
    with file:
        yield Body(iter(partial(file.read, CHUNK), b""), 0, os.fstat(file.fileno()).st_size)
