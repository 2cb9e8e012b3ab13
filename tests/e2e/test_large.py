"""Weights beyond 4 GiB, read back by the readers that count, and what memory they take."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.packager.pack import pack_as
from tests.archives import MANIFEST, MANIFEST_BYTES, PACKING
from tests.e2e.conftest import require, without

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="needs files with holes, and memory to write to"
)

CHECKOUT = Path(__file__).parents[2]
GIBI = 1 << 30
SIZE = 5 * GIBI
MARKS = {0: b"begin", 4 * GIBI - 2: b"the middle", SIZE - 3: b"end"}

JAVA = """
import java.io.*;
import java.util.*;
import java.util.zip.*;
{imports}

public class Read {{
    public static void main(String[] arguments) throws IOException {{
        byte[] buffer = new byte[1 << 20], zeros = new byte[1 << 20];
        InputStream file = new BufferedInputStream(new FileInputStream(arguments[0]), 1 << 20);
        try ({stream}) {{
            for ({entry} entry; (entry = stream.{next}()) != null;) {{
                long size = 0;
                StringBuilder marks = new StringBuilder();
                for (int count; (count = stream.read(buffer)) >= 0; size += count)
                    if (Arrays.mismatch(buffer, 0, count, zeros, 0, count) >= 0)
                        for (int at = 0; at < count; at++)
                            if (buffer[at] != 0) marks.append(size + at).append((char) buffer[at]);
                System.out.println(entry.getName() + " " + size + " " + (size > 1000 ? marks : ""));
            }}
        }}
    }}
}}
"""
"""Every entry's name and size, and what is not zero in a large one. The streams compare the CRC."""
ZIP = JAVA.format(
    imports="",
    stream="ZipInputStream stream = new ZipInputStream(file)",
    entry="ZipEntry",
    next="getNextEntry",
)
TAR = JAVA.format(
    imports="import org.apache.commons.compress.archivers.tar.*;\n"
    "import org.apache.commons.compress.compressors.gzip.*;",
    stream="TarArchiveInputStream stream = new TarArchiveInputStream(new GzipCompressorInputStream(file))",
    entry="TarArchiveEntry",
    next="getNextTarEntry",
)
"""What TorchServe does with a zip and a `.tar.gz` (pytorch/serve, ZipUtils.java), by its own libraries."""


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder for files of gigabytes: in memory, where there is enough, and gone afterwards."""
    memory = Path("/dev/shm")
    enough = memory.is_dir() and shutil.disk_usage(memory).free > 2 * SIZE and available() > 2 * SIZE
    with tempfile.TemporaryDirectory(dir=memory if enough else None, prefix="hatch-mar-") as directory:
        yield Path(directory)


def available() -> int:
    """Bytes of memory that nobody needs."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024


def sparse(path: Path, size: int, marks: dict[int, bytes]) -> Path:
    with open(path, "wb") as file:
        for place, mark in marks.items():
            file.seek(place)
            file.write(mark)
        file.truncate(size)
    return path


@pytest.fixture
def archive(room: Path) -> Archive:
    weights = sparse(room / "weights.bin", SIZE, MARKS)
    return Archive(
        MANIFEST,
        (Member("weights.bin", FileSource(weights)), Member("z", FileSource(weights.with_name("z")))),
    )


@pytest.fixture(autouse=True)
def _last(room: Path) -> None:
    """A small member that follows the large one, so that its offset too is beyond 4 GiB."""
    (room / "z").write_bytes(b"last")


def java(room: Path, source: str, path: Path, *options: str) -> list[str]:
    command = require("java")
    (room / "Read.java").write_text(source)
    done = subprocess.run(
        [command, *options, str(room / "Read.java"), str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


MARKED = "".join(f"{place + n}{chr(byte)}" for place, mark in MARKS.items() for n, byte in enumerate(mark))
MANIFEST_SIZE = len(MANIFEST_BYTES)


class TestFiveGibibytes:
    @pytest.mark.parametrize("form", ["default", "zip-store"])
    def test_zip(self, form: str, archive: Archive, room: Path) -> None:
        """TorchServe's Java reads every byte of a zip as a stream, deflated or stored."""
        path = room / "digits.mar"
        artifact = pack_as(archive, path, FORMATS[form], PACKING)

        assert (artifact.size > SIZE) is (form == "zip-store")
        assert java(room, ZIP, path) == [
            f"MAR-INF/MANIFEST.json {MANIFEST_SIZE} ",
            f"weights.bin {SIZE} {MARKED}",
            "z 4 ",
        ]

    def test_tgz(self, archive: Archive, room: Path) -> None:
        """So do TorchServe's own library and Python a `.tar.gz`."""
        path = room / "digits.tar.gz"
        pack_as(archive, path, FORMATS["tgz"], PACKING)

        assert java(room, TAR, path, "-cp", str(server())) == [
            f"digits/MAR-INF/MANIFEST.json {MANIFEST_SIZE} ",
            f"digits/weights.bin {SIZE} {MARKED}",
            "digits/z 4 ",
        ]
        with tarfile.open(path) as tar:
            assert [tar.next().size, tar.next().size] == [MANIFEST_SIZE, SIZE]

    def test_directory(self, archive: Archive, room: Path) -> None:
        """A directory has the file itself."""
        path = room / "digits"
        pack_as(archive, path, FORMATS["no-archive"], PACKING)

        assert (path / "weights.bin").stat().st_size == SIZE
        with open(path / "weights.bin", "rb") as file:
            for place, mark in MARKS.items():
                file.seek(place)
                assert mark == file.read(len(mark))


def server() -> Path:
    """TorchServe's jar, which has all that it needs in it."""
    found = importlib.util.find_spec("ts")
    if found is None or not found.submodule_search_locations:
        without("module `ts`")
    return Path(found.submodule_search_locations[0]) / "frontend" / "model-server.jar"


PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"
extra-files = ["weights.bin"]
archive-format = "{form}"
compression = "{compression}"
"""

PEAK = """
import re, sys
from hatch_mar.cli import main

status = main(["build", "--quiet"])
# not getrusage, which counts what the parent held when it forked
print(re.search(r"VmHWM:\\s+([0-9]+) kB", open("/proc/self/status").read())[1])
sys.exit(status)
"""


def peak(room: Path, form: str, compression: str, size: int) -> int:
    """Bytes that a process takes at the most which builds an archive of so many bytes."""
    sparse(room / "weights.bin", size, {size - 1: b"1"})
    (room / "handler.py").write_text("def handle(data, context): ...\n")
    (room / "pyproject.toml").write_text(PYPROJECT.format(form=form, compression=compression))
    done = subprocess.run(
        [sys.executable, "-c", PEAK],
        cwd=room,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1]) * 1024


@pytest.mark.parametrize("form", ["default", "tgz"])
class TestMemory:
    """A build holds some blocks of its members, and never one of them."""

    @pytest.mark.parametrize("compression", ["store", "deflate"])
    def test_100_mebibytes(self, form: str, compression: str, room: Path) -> None:
        """Of a small model."""
        assert peak(room, form, compression, 100 << 20) < 64 << 20

    @pytest.mark.parametrize("compression", ["store", "deflate"])
    def test_gibibyte(self, form: str, compression: str, room: Path) -> None:
        """Of a common one."""
        assert peak(room, form, compression, GIBI) < 64 << 20

    def test_6_gibibytes(self, form: str, room: Path) -> None:
        """Of a large one."""
        assert peak(room, form, "store", 6 * GIBI) < 64 << 20
