"""A store to publish to, such as S3, by its fsspec driver."""

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
from hatch_mar.release.publishing.place import Advance, Taken
from hatch_mar.release.store_errors import explain_store_errors, marks_of

EXCLUSIVE: Mapping[str, Mapping[str, Any]] = {
    "s3fs": {"mode": "create"},  # If-None-Match, also when a multipart upload is completed
    "gcsfs": {"mode": "create"},  # ifGenerationMatch=0
    "adlfs": {"overwrite": False},  # If-None-Match
}
"""How drivers are told that a file must not be there yet, of those that leave it to the store to find out.

All others look themselves, if they care, which is no better than to look before.
"""

TAKEN = {
    "FileExistsError",
    "412",
    "PreconditionFailed",
    "409",  # another writer has been faster by a moment; S3 asks to try again
    "ConditionalRequestConflict",
    "NoSuchUpload",  # whoever was faster has cleared all other uploads
}
"""What a store says to a publisher that comes second."""

SMALL = 1 << 16
"""Bytes that may be sent a second time."""

DEEPEST = 3
"""Levels of folders that are listed. No layout has more than one."""


class Store:
    """A folder of a store. A file gets its name when its upload is complete."""

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme in ("http", "https"):
            raise ReleaseError(
                f"Cannot publish to `{hide_secrets(url)}`: web servers are only read; use a directory, or the"
                " URL of a store, such as `s3://BUCKET/FOLDER`"
            )
        self.url = url.rstrip("/")
        self.filesystem, root = open_filesystem(url)
        self.root = root.rstrip("/")
        self.exclusive = exclusive_arguments(self.filesystem)
        self.doubt = (
            f"`{hide_secrets(self.url)}` cannot refuse to overwrite a file, so two publishers of one name"
            " could both succeed; let only one publish at a time"
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
        """Whether the file is no younger than its sidecar, which publishing writes last, and removes first.

        A second is the finest that all stores tell. Where one does not tell the times, files are read.
        """
        try:
            self.filesystem.invalidate_cache()
            return bool(self.filesystem.modified(self.at(name)) <= self.filesystem.modified(self.at(sidecar)))
        except Exception as error:  # whatever a driver says that has no times
            explain(f"`{self.address(name)}` is read, since its time is not known ({type(error).__name__})")
            return False

    def create(self, name: str, source: Path, advance: Advance) -> None:
        if not self.exclusive and self.size(name) is not None:
            raise Taken
        self.upload(name, source, advance, self.exclusive)
        if self.exclusive and source.stat().st_size <= SMALL:
            self.prove(name, source)

    def prove(self, name: str, source: Path) -> None:
        """Find out, once, whether the store refuses what it has been told to refuse.

        Some that speak S3's protocol ignore the condition. The bytes are those that are there.
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
        """Abort the uploads of this file to S3 that nobody has completed, which would cost money for ever.

        Whoever still sends one learns it by an error, and finds the file that is there. Other stores delete
        by themselves what was not completed within a week.
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
            explain(f"Uploads to `{self.address(name)}` that were not completed are left: {reason}")


def exclusive_arguments(filesystem: Any) -> Mapping[str, Any]:
    """What makes `put_file` fail if there is a file; nothing if the driver cannot leave that to the store."""
    driver = type(filesystem).__module__.partition(".")[0]
    arguments = EXCLUSIVE.get(driver, {})
    return arguments if arguments.keys() <= parameters_of_put(filesystem) else {}
