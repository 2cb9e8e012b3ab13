"""A file on disk, read as TorchServe reads it."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from struct import pack

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.checks.container import check_file, zip_container
from hatch_mar.errors import ReadError
from hatch_mar.zip_records import CENTRAL_HEADER, END
from tests.archives import PACKING, archive_of
from tests.checks import rules_of
from tests.checks.containers import (
    DEFLATED,
    DESCRIPTOR,
    FILES,
    MANIFEST,
    Entry,
    deflated,
    described,
    gz,
    header,
    model,
    tar,
    zipped,
)
from tests.checks.faults import FOLDERS, TARS, ZIPS, Fault

FAULTS = {
    f"{kind}, {name}": fault
    for kind, faults in {"zip": ZIPS, "folder": FOLDERS, "tar": TARS}.items()
    for name, fault in faults.items()
}
MOST_MEMORY = 64 << 20


def found(path: Path, *, deep: bool = True) -> list[str]:
    return [str(finding) for finding in check_file(path, deep=deep)]


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def bomb(blocks: int) -> bytes:
    """A deflate stream that unpacks to so many MiB of zeros, each of them in a KiB."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = compressor.compress(bytes(1 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return block * blocks + b"\x03\x00"


class TestFaults:
    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    def test_fault(self, fault: Fault, tmp_path: Path) -> None:
        """What TorchServe fails on, or loses, is found, and nothing else is."""
        path = fault.write(tmp_path)

        assert found(path) == [f"{path}: {text}" for text in fault.found.split("\n")]

    def test_all_rules(self) -> None:
        """Every rule has a fault that it finds, and is found for the severity that it has."""
        texts = "\n".join(fault.found for fault in FAULTS.values())

        rules = [rule for rule in rules_of("MAR8") if rule.code != "MAR899"]
        assert {rule.code for rule in rules} == {code for code in texts.split() if code[:4] == "MAR8"}
        assert {rule.code for rule in rules if rule.severity == "warning"} == {"MAR806", "MAR823", "MAR831"}


class TestInOrder:
    @pytest.mark.parametrize("form", FORMATS)
    def test_formats(self, form: str, tmp_path: Path) -> None:
        """Nothing is said of what hatch-mar writes."""
        path = tmp_path / f"m{FORMATS[form].suffix}"
        files = {"h.py": b"#", "deep/er/é.txt": b"x" * 2_000_000, "empty": b""}
        FORMATS[form].write(archive_of(files), path, PACKING)

        assert found(path) == []

    @pytest.mark.parametrize(
        "data",
        [
            model(),
            model(method=DEFLATED),
            model(Entry("folder/"), Entry("folder/x", b"x")),
            model(described("x", b"x"), described("empty", b"")),
            model(Entry("é", flags=0x800)),
            model(Entry("é")),
            model()[:-2] + b"\x05\x00hello",
        ],
        ids=["stored", "deflated", "folders", "descriptors", "utf-8", "info-zip", "comment"],
    )
    def test_zip(self, data: bytes, tmp_path: Path) -> None:
        """Nor of any zip that a stream's reader can read."""
        assert found(written(tmp_path / "m.mar", data)) == []

    @pytest.mark.parametrize(
        "data",
        [
            gz(tar()),
            gz(tar(root="./")),
            gz(tar(), b""),
            gz(tar(form=0)),
            gz(tar(form=1)),
            gz(tar({**FILES, "long/" * 60 + "x": b"x"}, form=1)),
            gz(tar({**FILES, "long/" * 60 + "x": b"x"})),
            gz(tar(root="m" * 90 + "/")),
        ],
        ids=["pax", "point", "bgzip", "ustar", "gnu", "gnu-long", "pax-long", "prefix"],
    )
    def test_tar(self, data: bytes, tmp_path: Path) -> None:
        """Nor of any tar with a root."""
        assert found(written(tmp_path / "m.tar.gz", data)) == []

    def test_directories(self, tmp_path: Path) -> None:
        """Nor of a folder that holds more than its manifest, or the model's folder alone."""
        for name in ("m/MAR-INF/MANIFEST.json", "m/h.py", "above/m/MAR-INF/MANIFEST.json", "above/m/h.py"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"{}")
        (tmp_path / "empty").mkdir()

        assert [found(tmp_path / name) for name in ("m", "above", "empty")] == [[], [], []]

    def test_example(self) -> None:
        """Nor of the example's archives."""
        built = [*Path(__file__).parents[3].glob("example_project/dist/*.mar")]

        assert [finding for path in built for finding in found(path)] == []

    def test_workflow(self, tmp_path: Path) -> None:
        """A workflow's manifest is in `WAR-INF`."""
        path = written(tmp_path / "w.war", zipped(Entry("WAR-INF/MANIFEST.json", b"{}")))

        assert found(path) == []


class TestFurtherFaults:
    def test_listed_twice(self, tmp_path: Path) -> None:
        """The directory lists each member once."""
        first = Entry("y", b"y")
        data = first.local() + first.central(0) * 2
        end = END.pack(b"PK\x05\x06", 0, 0, 2, 2, len(data) - len(first.local()), len(first.local()), 0)
        path = written(tmp_path / "m.mar", data + end)

        assert found(path) == [
            (
                f"{path}: MAR815 The directory lists the member at byte 0 twice;"
                f" {zip_container.DISAGREEMENT.fix}"
            )
        ]

    def test_damaged_second_gzip(self, tmp_path: Path) -> None:
        """A second gzip that is damaged is one nevertheless."""
        path = written(tmp_path / "m.tar.gz", gz(tar()) + gz(b"")[:12])

        assert [finding.code for finding in check_file(path)] == ["MAR822"]

    def test_garbage_behind(self, tmp_path: Path) -> None:
        """Other bytes behind the gzip nobody reads."""
        assert found(written(tmp_path / "m.tar.gz", gz(tar()) + b"\0" * 512)) == []


class TestSuffix:
    @pytest.mark.parametrize("name", ["m.TAR.GZ", "m.tar", ".m.tar.gz"])
    def test_skipped(self, name: str, tmp_path: Path) -> None:
        """`--models all` knows three suffixes, in small letters, and nothing hidden."""
        path = written(tmp_path / name, gz(tar()))

        assert found(path) == [
            f"{path}: MAR831 `--models all` passes `{name}` by; rename it, or name it after `--models`"
        ]

    def test_model(self, tmp_path: Path) -> None:
        """`.model`, the suffix of the Multi Model Server, is a tar to TorchServe."""
        assert found(written(tmp_path / "m.model", gz(tar()))) == []


class TestDeep:
    def test_shallow(self, tmp_path: Path) -> None:
        """Without `deep` nothing is read of members whose header has their size."""
        path = written(tmp_path / "m.mar", model().replace(b"handle(", b"HANDLE("))

        assert found(path, deep=False) == []
        assert [text.split()[1] for text in found(path)] == ["MAR803"]

    def test_unreadable(self, tmp_path: Path) -> None:
        """What the disk does not give is an error of its own."""
        with pytest.raises(ReadError, match="No such file or directory"):
            found(tmp_path / "m.mar")

    def test_descriptors_are_read(self, tmp_path: Path) -> None:
        """A member whose size stands behind it is read in any case."""
        data = model(described("x", b"x" * 99)).replace(deflated(b"x" * 99), deflated(b"y" * 99))

        assert [text.split()[1] for text in found(written(tmp_path / "m.mar", data), deep=False)] == [
            "MAR803"
        ]


def many(count: int) -> bytes:
    """A zip of a manifest and so many empty members."""
    first = Entry("MAR-INF/MANIFEST.json", MANIFEST)
    start, member = len(first.local()), Entry("").local()[:26] + pack("<2H", 12, 0)
    names = [b"%012d" % number for number in range(count)]
    local = first.local() + b"".join([member + name for name in names])
    size = len(member) + 12
    central = Entry("").central(0)[:28] + pack("<H12x", 12)
    directory = first.central(0) + b"".join(
        [central + pack("<I", start + size * number) + name for number, name in enumerate(names)]
    )
    end = pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *(count + 1,) * 2, len(directory), len(local))
    end += pack("<4sIQI", b"PK\x06\x07", 0, len(local) + len(directory), 1)
    end += pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return local + directory + end


def hostile() -> Iterator[tuple[str, str, bytes, str]]:
    """Files that claim much: a name for each, the file's, its bytes, and the code that is found."""
    padding = bytes(10 << 20)
    large = 0xFFFFFFFE
    yield "stored, 4 GiB", "m.mar", model(Entry("x", padding, size=large, packed=large)), "MAR802"
    yield "deflated, 4 GiB", "m.mar", model(Entry("x", b"x", DEFLATED, size=large), padding), "MAR806"
    wide = pack("<2H2Q", 1, 16, 1 << 62, 1 << 62)
    yield "16 EiB", "m.mar", model(Entry("x", b"", 0, 0, *(0xFFFFFFFF,) * 2, extra=wide)), "MAR802"
    negative = pack("<2H2Q", 1, 16, 1 << 63, 1 << 63)
    yield "negative size", "m.mar", model(Entry("x", b"", 0, 0, *(0xFFFFFFFF,) * 2, extra=negative)), "MAR815"
    yield "long names", "m.mar", b"".join(Entry(b"%065535d" % n).local() for n in range(600)), "MAR806"
    yield "many members", "m.mar", many(200_000), "MAR806"
    data = Entry("x", flags=DESCRIPTOR, method=DEFLATED).local()[:-2] + bomb(500)
    yield "zip bomb", "m.mar", data, "MAR806"
    yield "gzip bomb", "m.tar.gz", gz(b"")[:10] + bomb(500), "MAR806"
    yield "long name in a tar", "m.tar.gz", gz(header("x", b"L", 1 << 30)), "MAR803"
    yield "pax header of 1 GiB", "m.tar.gz", gz(header("x", b"x", 1 << 30)), "MAR803"
    yield "member of 8 GiB in a tar", "m.tar.gz", gz(header("m/x", b"0", (8 << 30) - 1)), "MAR802"
    pax = b"30 size=99999999999999999999\n\0"
    data = header("x", b"x", len(pax)) + pax + bytes(512 - len(pax)) + header("m/x", b"0", 1)
    yield "huge size in a pax header", "m.tar.gz", gz(data), "MAR802"
    headers = b"".join(header("m/", b"5", 0) for _ in range(10)) * 20_001
    yield "many members in a tar", "m.tar.gz", gz(headers), "MAR806"
    fake = CENTRAL_HEADER.pack(b"PK\x01\x02", *(0,) * 14, 0, 7) * 100_000
    end = pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0, 0, len(fake), 31, 0)
    yield "entries that overlap", "m.mar", Entry("x").local() + fake + end, "MAR815"


HOSTILE: Mapping[str, tuple[str, bytes, str]] = {name: rest for name, *rest in hostile()}  # type: ignore[misc]


class TestBounds:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile(self, name: str, tmp_path: Path) -> None:
        """Whatever a file claims, little memory is taken and it is read no further than a limit."""
        file_name, data, code = HOSTILE[name]
        path = written(tmp_path / file_name, data)

        tracemalloc.start()
        try:
            codes = [finding.code for finding in check_file(path)]
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert codes[-1] == code
        assert len(codes) <= 21
        assert peak < MOST_MEMORY

    def test_most_members(self, tmp_path: Path) -> None:
        """As many members as may be, and ZIP64 with them, are no fault and take little memory."""
        path = written(tmp_path / "m.mar", many(199_999))

        tracemalloc.start()
        try:
            assert found(path, deep=False) == []
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert peak < MOST_MEMORY
