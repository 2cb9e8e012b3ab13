"""Stores in memory, of which some refuse to overwrite a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from fsspec.implementations.memory import MemoryFileSystem


class PreconditionFailed(OSError):
    """What a store says that has the file already."""


class Conditional(MemoryFileSystem):  # type: ignore[misc]
    """A store that refuses as S3 does; what comes in between can be set for a test."""

    protocol = "conditional"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    before: ClassVar[list[Callable[[], object]]] = []
    """Called before a file is written, each once."""
    heeds = True
    """Whether it heeds the condition at all."""
    uploads: ClassVar[list[dict[str, str]]] = []
    """Those that nobody has completed."""
    put: ClassVar[list[str]] = []
    """The names of all files that were sent."""

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("conditional://", "memory://", 1)))

    def put_file(self, lpath: str, rpath: str, callback: Any = None, mode: str = "overwrite") -> None:
        if self.before:
            self.before.pop(0)()
        self.put.append(rpath)
        if mode == "create" and self.heeds and self.exists(rpath):
            raise PreconditionFailed(22, "At least one of the pre-conditions you specified did not hold")
        super().put_file(lpath, rpath, callback=callback)

    def split_path(self, path: str) -> tuple[str, str, None]:
        bucket, _, key = path.lstrip("/").partition("/")
        return bucket, key, None

    def call_s3(self, name: str, Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803
        assert name == "list_multipart_uploads"
        return {"Uploads": [upload for upload in self.uploads if upload["Key"].startswith(Prefix)]}

    def abort_mpu(self, bucket: str, key: str, number: str) -> None:
        self.uploads.remove({"Key": key, "UploadId": number})


Conditional.__module__ = "s3fs.core"
