"""Stores such as S3, as file systems of fsspec. No other module imports fsspec."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hatch_mar.errors import ReleaseError
from hatch_mar.release.hide_secrets import hide_secrets
from hatch_mar.release.store_errors import explain_store_errors

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

CHUNK = 8 << 20
"""Bytes of a file that are read, or sent as one part of an upload, at a time."""
CONCURRENCY = 2
"""Parts that are sent at a time. By default, s3fs has 10 of 50 MiB in memory."""
MOST_PARTS = 10_000
"""Parts that an upload may have (Amazon S3 User Guide, "Amazon S3 multipart upload limits")."""

DRIVERS = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "sftp": "paramiko",
    "ssh": "paramiko",
    "smb": "smbprotocol",
}
"""What to install for a URL. For a scheme that is not here, the error names the module."""

LOGGERS = (
    *("adlfs", "aiobotocore", "asyncio", "azure", "botocore", "fsspec", "gcsfs", "google", "msal"),
    *("paramiko", "s3fs", "urllib3"),
)
"""The loggers of drivers, and of the packages that they use."""


def open_filesystem(url: str) -> tuple[AbstractFileSystem, str]:
    """The file system of a URL, and the path in it.

    The driver finds the credentials in the environment and in its own files. Its cache is emptied, since
    somebody else may have written there.

    Raises:
        ReleaseError: fsspec or the driver is not installed, the scheme is unknown, or the driver has no
            credentials.
    """
    scheme = urlsplit(url).scheme
    try:
        import fsspec
    except ImportError:
        raise ReleaseError(explain_missing(scheme)) from None
    try:
        fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        raise ReleaseError(explain_missing(scheme, missing_module(error))) from None
    except ValueError:
        raise ReleaseError(
            f"Cannot access `{hide_secrets(url)}`: fsspec has no driver for `{scheme}://`; use a URL such as"
            " `s3://BUCKET/FOLDER`, or a directory"
        ) from None
    hush_drivers()
    with explain_store_errors(url):
        try:
            filesystem, path = fsspec.core.url_to_fs(url)
        except ImportError as error:  # some import what they need only now
            raise ReleaseError(explain_missing(scheme, missing_module(error))) from None
        filesystem.invalidate_cache()
        return filesystem, path


def hush_drivers() -> None:
    """Keep the logs of drivers off the terminal, such as the traceback of a request that is sent again.

    Errors are raised and explained all the same. A program that configures logging still gets the logs.
    """
    for logger in map(logging.getLogger, LOGGERS):
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


def explain_missing(scheme: str, module: str = "") -> str:
    """What to install for a URL, where `module` cannot be imported."""
    driver = DRIVERS.get(scheme, module.partition(".")[0])
    return f"`{scheme}://` needs {driver or 'fsspec'}: pip install 'hatch-mar[remote]' {driver}".rstrip()


def missing_module(error: ImportError) -> str:
    """The module that could not be imported, which fsspec's own errors have as their cause."""
    return getattr(error.__cause__ or error, "name", None) or ""


def bound_upload(filesystem: AbstractFileSystem, size: int) -> dict[str, int]:
    """The arguments with which `put_file` sends a file of this size in little memory."""
    chunk = max(CHUNK, -(-size // MOST_PARTS))
    wanted = {"chunksize": -(-chunk // CHUNK) * CHUNK, "max_concurrency": CONCURRENCY}
    known = parameters_of_put(filesystem)
    return {name: value for name, value in wanted.items() if name in known}


def parameters_of_put(filesystem: AbstractFileSystem) -> set[str]:
    """The parameters that the driver itself knows when it uploads a file."""
    put: Any = getattr(filesystem, "_put_file", filesystem.put_file)
    return {*inspect.signature(put).parameters}


def make_callback(advance: Callable[[int], object]) -> Any:
    """A callback for a driver; it calls `advance` with the number of new bytes."""
    from fsspec.callbacks import Callback

    class Counter(Callback):  # type: ignore[misc]
        value = 0

        def relative_update(self, inc: int = 1) -> None:
            self.absolute_update(self.value + inc)

        def absolute_update(self, value: int) -> None:
            advance(value - self.value)
            self.value = value

    return Counter()


def stream(
    filesystem: AbstractFileSystem, path: str, url: str, start: int = 0
) -> Generator[bytes, None, None]:
    """A file's bytes from `start` on in chunks, without reading ahead.

    Raises:
        ReleaseError: the driver fails; the message names the `url`.
    """
    with explain_store_errors(url):
        filesystem.invalidate_cache()
        with filesystem.open(path, "rb", block_size=CHUNK, cache_type="none") as file:
            if start:
                file.seek(start)
            while chunk := file.read(CHUNK):
                yield chunk
