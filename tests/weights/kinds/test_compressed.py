from __future__ import annotations

import bz2
import gzip
import lzma
import pickle
import tarfile
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest

from hatch_mar.weights.kinds import compressed
from tests.weights.files import inspect_bytes, protocol2, text, zipped

SYSTEM = protocol2(b"cos\nsystem\n" + text("true") + b"\x85R")
FAR = pickle.dumps([str(number) for number in range(30_000)], 2)[:-1] + SYSTEM[2:]


def pack_tar(data: bytes) -> bytes:
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("models/net.pkl")
        info.size = len(data)
        tar.addfile(info, BytesIO(data))
    return out.getvalue()


def old_joblib(data: bytes) -> bytes:
    return b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data)


class TestCompressed:
    @pytest.mark.parametrize(
        "compress",
        [
            gzip.compress,
            bz2.compress,
            lzma.compress,
            zlib.compress,
            old_joblib,
            lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
            lambda data: gzip.compress(gzip.compress(data)),
            lambda data: gzip.compress(pack_tar(data)),
            pack_tar,
            lambda data: zipped({"net.pkl": data}),
        ],
        ids=["gzip", "bzip2", "xz", "zlib", "joblib", "lzma", "twice", "tar.gz", "tar", "zip"],
    )
    @pytest.mark.parametrize("data", [SYSTEM, FAR], ids=["near", "far"])
    def test_followed(self, compress: Callable[[bytes], bytes], data: bytes):
        """A pickle is followed through whatever it is packed in."""
        assert inspect_bytes(compress(data), "file.dat").unsafe_globals == (("os", "system"),)

    @pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
    @pytest.mark.parametrize("cut", [0, 8], ids=["empty", "split"])
    def test_streams(self, compress: Callable[[bytes], bytes], cut: int):
        """Streams that follow one another are one file, as they are to Python."""
        data = compress(SYSTEM[:cut]) + compress(SYSTEM[cut:])

        assert inspect_bytes(data).unsafe_globals == (("os", "system"),)

    def test_zeros(self):
        """There may be zeros between the streams of gzip, however many."""
        data = gzip.compress(b"") + bytes(100_000) + gzip.compress(SYSTEM)

        assert inspect_bytes(data).unsafe_globals == (("os", "system"),)

    @pytest.mark.parametrize(
        ("data", "name", "loader"),
        [
            (SYSTEM, "w.pt", "pickle.load"),
            (SYSTEM, "w.pt.gz", "pickle.load"),
            (SYSTEM, "w.joblib.gz", "joblib.load"),
            (
                protocol2(b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81cos\nsystem\n"),
                "w.pt",
                "joblib.load",
            ),
            (zipped({"w/data.pkl": SYSTEM}), "w.pt", "torch.load"),
        ],
    )
    def test_loader(self, data: bytes, name: str, loader: str):
        """torch.load does not decompress a file: it is only said to read content that torch wrote."""
        [loading] = inspect_bytes(gzip.compress(data), name).loadings

        assert (loading.loader, loading.part) == (loader, "its content")

    def test_small_window(self):
        compressor = zlib.compressobj(9, zlib.DEFLATED, 9)

        assert inspect_bytes(compressor.compress(SYSTEM) + compressor.flush()).unsafe_globals

    @pytest.mark.parametrize("start", [b"V" + b"x" * 20_000 + b"\n", b"B\x20\x4e\0\0" + b"x" * 20_000])
    def test_unmarked(self, start: bytes):
        """A pickle without a mark is followed behind a long string as well."""
        data = start + b"0cos\nsystem\n(S'true'\ntR."

        assert inspect_bytes(gzip.compress(data)).unsafe_globals == (("os", "system"),)

    def test_deep(self):
        """What is packed too often cannot be told."""
        data = SYSTEM
        for _ in range(6):
            data = gzip.compress(data)

        assert not inspect_bytes(data).complete

    def test_limit(self, monkeypatch: pytest.MonkeyPatch):
        """A pickle that is longer than is decompressed cannot be told."""
        monkeypatch.setattr(compressed, "MOST", 50_000)

        assert not inspect_bytes(gzip.compress(FAR)).complete

    @pytest.mark.parametrize("name", ["net.pkl.zst", "net.joblib", "net.pkl.lz4"])
    def test_closed(self, name: str):
        """A compressor that cannot be undone hides what is under the name of a pickle."""
        for magic in (b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"):
            assert not inspect_bytes(magic + bytes(50), name).complete

    @pytest.mark.parametrize("content", [b"words " * 9000, bytes(100_000), b"{}", b""])
    def test_other(self, content: bytes):
        """Text and numbers are no reason to say anything."""
        for compress in (gzip.compress, bz2.compress, lzma.compress, zlib.compress):
            assert inspect_bytes(compress(content), "data.gz").loadings == ()

    def test_damaged(self):
        """Of a damaged file there is what can be decompressed."""
        data = gzip.compress(SYSTEM)

        assert inspect_bytes(data[:-8]).unsafe_globals == (("os", "system"),)
        assert inspect_bytes(data[:12]).loadings == ()
