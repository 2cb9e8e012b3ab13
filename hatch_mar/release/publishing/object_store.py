"""A store to publish to, such as S3, through its fsspec driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hatch_mar.errors import ReleaseError
from hatch_mar.output import explain, log
from hatch_mar.release.filesystems import (
    bound_upload,
    make_callback,
    open_filesystem,
    parameters_of_put,
    stream,
)
from hatch_mar.release.hide_secrets import hide_secrets
from hatch_mar.release.publishing.storage import Advance, Taken
from hatch_mar.release.store_errors import explain_store_errors, marks_of

EXCLUSIVE: Mapping[str, Mapping[str, Any]] = {
    "s3fs": {"mode": "create"},  # If-None-Match, also when a multipart upload is completed
    "gcsfs": {"mode": "create"},  # ifGenerationMatch=0
    "adlfs": {"overwrite": False},  # If-None-Match
}
"""Arguments of drivers that have the store refuse a file whose name is taken.

Other drivers at most look before they write, which two of them can do at the same time.
"""

TAKEN = {
    "FileExistsError",
    "412",
    "PreconditionFailed",
    "409",  # another writer has been faster by a moment; S3 asks to try again
    "ConditionalRequestConflict",
    "NoSuchUpload",  # whoever was faster has cleared all other uploads
}
"""What a store answers to the second publisher of a file."""

SMALL = 1 << 16
"""The most bytes that are sent a second time, to test the store."""

DEEPEST = 3
"""Levels of folders that are listed. No layout has more than one."""


class ObjectStore:
    """A folder of a store. A file gets its name when its upload is complete."""

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme in ("http", "https"):
            raise ReleaseError(
                f"Cannot publish to `{hide_secrets(url)}`: a web server can only be read; use a directory, or"
                " the URL of a store, such as `s3://BUCKET/FOLDER`"
            )
        self.url = url.rstrip("/")
        self.filesystem, root = open_filesystem(url)
        self.root = root.rstrip("/")
        self.exclusive = exclusive_arguments(self.filesystem)
        self.doubt = (
            f"`{hide_secrets(self.url)}` cannot refuse to overwrite a file, so two publishers of the same"
            " file could both succeed; let only one publish at a time"
        )
        self.caution = None if self.exclusive else self.doubt
        self.proven = False

    def address(self, name: str) -> str:
        return hide_secrets(f"{self.url}/{name}")

    def at(self, name: str) -> str:
        return f"{self.root}/{name}"

    def size(self, name: str) -> int | None:
        with explain_store_errors(self.address(name)):
            self.filesystem.invalidate_cache()
            try:
                info = self.filesystem.info(self.at(name))
            except FileNotFoundError as error:
                if "NoSuchBucket" in marks_of(error):
                    raise
                return None
        return None if info["type"] == "directory" else int(info["size"])

    def read(self, name: str) -> Iterator[bytes]:
        return stream(self.filesystem, self.at(name), self.address(name))

    def names(self, folder: str) -> list[str]:
        root = self.at(folder).rstrip("/")
        with explain_store_errors(self.address(folder)), suppress(FileNotFoundError):
            self.filesystem.invalidate_cache()
            found = self.filesystem.find(root, maxdepth=DEEPEST)
            return [path.removeprefix(root).lstrip("/") for path in found]
        return []

    def is_vouched_for(self, name: str, sidecar: str) -> bool:
        """Whether the file is no newer than its sidecar, which publishing writes last, and removes first.

        All stores have times to the second at least. In a store without times, files are read.
        """
        try:
            self.filesystem.invalidate_cache()
            return bool(self.filesystem.modified(self.at(name)) <= self.filesystem.modified(self.at(sidecar)))
        except Exception as error:  # whatever a driver says that has no times
            explain(f"Reading `{self.address(name)}`, since its time is not known ({type(error).__name__})")
            return False

    def create(self, name: str, source: Path, advance: Advance) -> None:
        if not self.exclusive and self.size(name) is not None:
            raise Taken
        self.upload(name, source, advance, self.exclusive)
        if self.exclusive and source.stat().st_size <= SMALL:
            self.prove(name, source)

    def prove(self, name: str, source: Path) -> None:
        """Find out, once, whether the store refuses to overwrite a file, by sending the same bytes again.

        Some stores with S3's protocol ignore the condition.
        """
        if self.proven:
            return
        self.proven = True
        with suppress(Taken):
            self.upload(name, source, int, self.exclusive)
            log(f"Warning: {self.doubt}")

    def may_have_left(self, size: int) -> bool:  # noqa: ARG002
        return not self.exclusive  # other stores may write a file piece by piece

    def complete(self, name: str, source: Path, advance: Advance) -> None:
        self.replace(name, source, advance)

    def replace(self, name: str, source: Path, advance: Advance) -> None:
        self.upload(name, source, advance, {})

    def upload(self, name: str, source: Path, advance: Advance, exclusive: Mapping[str, Any]) -> None:
        bounds = bound_upload(self.filesystem, source.stat().st_size)
        callback = make_callback(advance)
        try:
            self.filesystem.put_file(str(source), self.at(name), callback=callback, **bounds, **exclusive)
        except Exception as error:
            if not TAKEN.isdisjoint(marks_of(error)):
                raise Taken from error
            with explain_store_errors(self.address(name)):
                raise

    def remove(self, name: str) -> None:
        with explain_store_errors(self.address(name)), suppress(FileNotFoundError):
            self.filesystem.rm_file(self.at(name))

    def clear(self, name: str) -> None:
        """Abort incomplete uploads of this file to S3, which would cost money for ever.

        A publisher that is still sending one gets an error, and finds the file that exists. Other stores
        delete incomplete uploads by themselves within a week.
        """
        if not hasattr(self.filesystem, "abort_mpu"):
            return
        try:
            bucket, key, _ = self.filesystem.split_path(self.at(name))
            listed = self.filesystem.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=key)
            for upload in listed.get("Uploads", []):
                if upload["Key"] == key:
                    self.filesystem.abort_mpu(bucket, key, upload["UploadId"])
        except Exception as error:  # not all credentials have the right to list uploads
            reason = hide_secrets(str(error))
            explain(f"Incomplete uploads of `{self.address(name)}` are not removed: {reason}")


def exclusive_arguments(filesystem: Any) -> Mapping[str, Any]:
    """The arguments with which `put_file` fails if the name is taken; none if the driver has no such."""
    driver = type(filesystem).__module__.partition(".")[0]
    arguments = EXCLUSIVE.get(driver, {})
    return arguments if arguments.keys() <= parameters_of_put(filesystem) else {}
