import logging
import logging.handlers
import sys
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations

from hatch_mar.errors import ReleaseError
from hatch_mar.release.filesystems import (
    CHUNK,
    LOGGERS,
    bound_upload,
    open_filesystem,
    parameters_of_put,
    stream,
)


class TestOpenFilesystem:
    def test_known(self):
        """A URL gives its store, and the path in it."""
        filesystem, path = open_filesystem("memory://models/digits")

        assert isinstance(filesystem, MemoryFileSystem)
        assert path == "/models/digits"

    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("s3://models", r"`s3://` needs s3fs: pip install 'hatch-mar\[remote\]' s3fs"),
            ("lakefs://models", r"`lakefs://` needs fsspec: pip install 'hatch-mar\[remote\]'"),
        ],
    )
    def test_no_fsspec(self, monkeypatch: pytest.MonkeyPatch, url: str, message: str):
        """Without fsspec, one line says what to install."""
        monkeypatch.setitem(sys.modules, "fsspec", None)

        with pytest.raises(ReleaseError, match=f"^{message}$"):
            open_filesystem(url)

    @pytest.mark.parametrize(
        ("scheme", "module", "package"), [("ssh", "paramiko", "paramiko"), ("new", "newfs", "newfs")]
    )
    def test_no_driver(self, monkeypatch: pytest.MonkeyPatch, scheme: str, module: str, package: str):
        """Without a store's driver, one line says what to install."""
        monkeypatch.setitem(sys.modules, module, None)
        known = {"class": f"{module}.FileSystem", "err": "no driver"}
        monkeypatch.setitem(known_implementations, scheme, known)
        message = rf"^`{scheme}://` needs {package}: pip install 'hatch-mar\[remote\]' {package}$"

        with pytest.raises(ReleaseError, match=message):
            open_filesystem(f"{scheme}://models/digits")

    def test_late(self, monkeypatch: pytest.MonkeyPatch):
        """Some drivers import what they need only when they are used."""

        def fail(*_: object, **__: object) -> None:
            raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow.fs")

        monkeypatch.setattr(MemoryFileSystem, "__init__", fail)
        MemoryFileSystem.clear_instance_cache()

        with pytest.raises(ReleaseError, match=r"^`memory://` needs pyarrow: pip install .* pyarrow$"):
            open_filesystem("memory://models")

    def test_unknown(self):
        """A scheme that fsspec does not know is refused, without what a URL must not show."""
        message = "^Cannot access `sss://…models`: fsspec has no driver for `sss://`; use a URL such as"

        with pytest.raises(ReleaseError, match=message):
            open_filesystem("sss://me:secret@models")


class TestHushDrivers:
    def remove_handlers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Logging becomes as it is where nobody has configured it, as pytest has."""
        for name in ("", *LOGGERS):
            monkeypatch.setattr(logging.getLogger(name), "handlers", [])

    def test_quiet(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        """What a driver logs is not shown, unlike what anybody else logs."""
        self.remove_handlers(monkeypatch)

        open_filesystem("memory://models")
        logging.getLogger("gcsfs").warning("a traceback")
        logging.getLogger("another").warning("something else")

        assert capsys.readouterr().err == "something else\n"

    def test_configured(self, monkeypatch: pytest.MonkeyPatch):
        """Who configures logging gets it."""
        self.remove_handlers(monkeypatch)
        handler = logging.handlers.BufferingHandler(9)
        logging.getLogger().addHandler(handler)

        open_filesystem("memory://models")
        logging.getLogger("gcsfs.retry").warning("a traceback")

        assert [record.getMessage() for record in handler.buffer] == ["a traceback"]


class TestBoundUpload:
    class ObjectStore(fsspec.AbstractFileSystem):
        def put_file(self, lpath: str, rpath: str, chunksize: int = 0, **_: Any) -> None: ...

    def test_known(self):
        """A driver is given the bounds that it knows, and no others."""
        assert bound_upload(self.ObjectStore(), 1 << 30) == {"chunksize": CHUNK}

    def test_many_parts(self):
        """A file has no more parts than S3 accepts."""
        size = 1 << 40

        assert bound_upload(self.ObjectStore(), size)["chunksize"] * 10_000 >= size

    def test_generic(self):
        """A driver that does nothing of its own is given nothing."""
        assert bound_upload(MemoryFileSystem(), 1) == {}
        assert "mode" in parameters_of_put(MemoryFileSystem())


class TestStream:
    def test_chunks(self):
        """All bytes come, in chunks of a bounded size."""
        filesystem = MemoryFileSystem()
        filesystem.pipe_file("/large", bytes(CHUNK + 1))

        assert [len(chunk) for chunk in stream(filesystem, "/large", "memory://large")] == [CHUNK, 1]
