"""Tars as headers and data, in gzips, all of which can be changed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from struct import pack

from tests.checks.containers import FILES
from tests.e2e.mutations.names import make_name

BLOCK = 512
LAYOUT = {
    "name": 100,
    "mode": 8,
    "uid": 8,
    "gid": 8,
    "size": 12,
    "mtime": 12,
    "checksum": 8,
    "kind": 1,
    "link": 100,
    "magic": 8,
    "user": 32,
    "group": 32,
    "major": 8,
    "minor": 8,
    "prefix": 155,
    "rest": 12,
}
"""The fields of a header (POSIX.1-2024, pax, ustar Interchange Format), with their widths."""
PLACES = (0, 99, 124, 135, 156, 257, 263, 345, 475, 482, 508)
"""Where a header's fields begin or end."""
POSIX, GNU, V7 = MAGICS = [b"ustar\x0000", b"ustar  \0", b""]
ODD_MAGICS = [b"ustar\0\0\0", b"ustar\x00 \0", b"ustar   ", b"ustar\x0001", b"USTAR\x0000"]
KINDS = [bytes([code]) for code in b"\x001234567gxXLKSDMNVAZs \xff"]
NAMES = [
    *(
        b"m/a",
        b"m/a/",
        b"m",
        b"m/",
        b"",
        b"/",
        b"/m/a",
        b"//m/a",
        b"./m/a",
        b"m//a",
        b"m/./a",
        b"m/../a",
        b"../a",
    ),
    *(
        b".",
        b"m/a\\b",
        b"m\\a",
        b"m/ a",
        b"m/a ",
        b" m/a",
        b"m/A",
        b"n/a",
        b"m/a\n",
        b"m/MAR-INF",
        b"m/MAR-INF/",
    ),
    *("m/modèle".encode(), "m/🙂".encode(), b"m/\xe8", b"m/\xc0\x80", b"m/\xed\xa0\x80", b"C:/a"),
    *(b"m/" + b"a" * 98, b"m/" + b"a/" * 49, b"m/" + b"a/" * 120 + b"b", b"m/" + b"a" * 256),
    *(b"m/" + name.encode() for name in FILES),
]
LONG_NAMES = [b"m/a\0b", b"m/a\0\0\0", b"\0", *NAMES]
NUMBERS = [
    *(
        b"",
        b"\0",
        b"0",
        b"00000000000",
        b" 644",
        b"   644 ",
        b"644\0\0",
        b"644 \0",
        b"0000644\0",
        b"12345670123",
    ),
    *(
        b"8",
        b"0008",
        b"-1",
        b"+1",
        b"1 2",
        b"1\0002",
        b"0\0001",
        b"0x1",
        b" ",
        b" " * 11,
        b"7" * 12,
        b"7" * 8,
    ),
    *(b"\x80", b"\x80" + bytes(10) + b"\1", b"\xff" * 12, b"\xff" * 11 + b"\0", b"\x80\0\0\0\1" + bytes(7)),
    *(b"\x81" + bytes(11), b"\x80" + b"\xff" * 11, b"\x80" + b"\x7f" * 11, b"\xc0" + bytes(11), b"\xe9"),
]
KEYS = [
    *("path", "path", "path", "linkpath", "size", "size", "uid", "gid", "mtime", "atime", "ctime", "comment"),
    *("GNU.sparse.name", "GNU.sparse.major", "GNU.sparse.minor", "GNU.sparse.realsize", "GNU.sparse.size"),
    *(
        "GNU.sparse.map",
        "GNU.sparse.numblocks",
        "GNU.sparse.offset",
        "GNU.sparse.numbytes",
        "SCHILY.filetype",
    ),
    *("SCHILY.realsize", "SCHILY.devmajor", "SCHILY.devminor", "SCHILY.xattr.user.a", "SCHILY.archtype"),
    *("LIBARCHIVE.creationtime", "hdrcharset", "uname", "PATH", ""),
]
NAMING = ("path", "linkpath", "GNU.sparse.name")
VALUES = [
    *(
        b"",
        b"0",
        b"1",
        b"512",
        b"2048",
        b"-1",
        b"007",
        b" 1",
        b"1 ",
        b"+1",
        b"1.5",
        b"-1.5",
        b".5",
        b"1.",
        b"1e3",
    ),
    *(b"0x10", b"99999999999", b"9" * 17, b"9" * 18, b"9" * 19, b"9" * 40, b"sparse", b"xustar", b"exustar"),
    *("٣".encode(), b"1_0", b"\0", b"1\0", b"a=b", b"a\nb", b"0,1,2", b"1.1234567891", b"BINARY"),
]


@dataclass
class Entry:
    """A header with what follows it."""

    fields: dict[str, bytes]
    data: bytes = b""
    size: bytes | None = None
    """What the header has for the size, if not that of the data."""
    checksum: bytes | None = None
    padding: int = 0
    """How many bytes follow the data beyond those that fill its last block."""
    patch: tuple[int, bytes] = (0, b"")
    """Bytes of the header that are others, and where."""

    def to_bytes(self) -> bytes:
        size = b"%011o" % len(self.data) if self.size is None else self.size
        fields = {**self.fields, "size": size, "checksum": b" " * 8}
        block = b"".join(fields.get(key, b"")[:width].ljust(width, b"\0") for key, width in LAYOUT.items())
        position, patch = self.patch
        block = (block[:position] + patch + block[position + len(patch) :])[:BLOCK]
        if not 148 <= position < 156:
            checksum = b"%06o\0 " % sum(block) if self.checksum is None else self.checksum.ljust(8, b"\0")
            block = block[:148] + checksum[:8] + block[156:]
        return block + self.data + bytes(max(0, -len(self.data) % BLOCK + self.padding))


@dataclass
class Tar:
    entries: list[Entry]
    end: bytes = bytes(2 * BLOCK)

    def to_bytes(self) -> bytes:
        return b"".join(entry.to_bytes() for entry in self.entries) + self.end


def make_entry(name: bytes, data: bytes, magic: bytes, kind: bytes = b"0") -> Entry:
    common = {"mode": b"0000644", "uid": b"0000000", "gid": b"0000000", "mtime": b"00000000000"}
    return Entry({"name": name, "kind": kind, "magic": magic, **common}, data)


def make_record(key: bytes, value: bytes) -> bytes:
    rest = b" " + key + b"=" + value + b"\n"
    size = len(rest)
    while len(str(size)) + len(rest) != size:
        size = len(str(size)) + len(rest)
    return b"%d" % size + rest


def make_pax(chance: Random) -> Entry:
    records = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        key = chance.choice(KEYS)
        fitting = LONG_NAMES if key in NAMING else VALUES
        value = chance.choice(fitting if chance.random() < 0.8 else LONG_NAMES + VALUES)
        if key in NAMING and chance.random() < 0.3:
            value = b"m/" + make_name(chance)
        records.append(make_record(key.encode(), value))
    data = b"".join(records)
    if chance.random() < 0.2:
        data = damage_records(chance, data)
    name, kind = (
        chance.choice((b"PaxHeaders/a", b"x/", b"", b"m/a")),
        chance.choice((b"x", b"x", b"x", b"X", b"g")),
    )
    return make_entry(name, data, chance.choice((POSIX, GNU)), kind)


def damage_records(chance: Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    before = (b"\n", b" ", b"0", b"+", b"5 a=\n", b"4 a=", b"4 a\n", b"3 \n", b"2 ", b"0 ", b"99 ")
    return chance.choice(
        (
            *(data[:at], data[:-1], data + bytes(chance.randrange(1, 9)), data + b"\n", b""),
            *(data.replace(b"=", b"", 1), data.replace(b"=", b"==", 1)),
            *(data.replace(b" ", b"", 1), data.replace(b" ", b"  ", 1)),
            *(text + data for text in before),
            data[:at] + chance.randbytes(1) + data[at + 1 :],
        )
    )


def make_long(chance: Random) -> Entry:
    """GNU's header for a long name, or for a long target of a link."""
    data = chance.choice(LONG_NAMES) + chance.choice((b"\0", b"\0", b"\0", b"", b"\0\0\0"))
    name = chance.choice((b"././@LongLink", b"././@LongLink", b"m/a", b"m/", b""))
    return make_entry(name, data, chance.choice((*MAGICS, GNU)), chance.choice((b"L", b"L", b"L", b"K")))


def make_tar(chance: Random) -> Tar:
    magic = chance.choice(MAGICS)
    entries = [make_entry(f"m/{name}".encode(), data, magic) for name, data in FILES.items()]
    for number in range(chance.randrange(3)):
        data = chance.choice((b"", b"x", bytes(512), b"abc" * 200))
        entries.append(make_entry(f"m/more/{number}".encode(), data, magic))
    if chance.random() < 0.3:
        entries.insert(0, make_entry(b"m/folder/", b"", magic, b"5"))
    return Tar(entries)


# What is done to a tar. Each function changes one thing of an entry, or of the whole.


def change_name(chance: Random, tar: Tar, entry: Entry) -> None:
    entry.fields["name"] = chance.choice((chance.choice(NAMES), b"m/" + make_name(chance)))


def make_folder(chance: Random, tar: Tar, entry: Entry) -> None:
    """By its name or by its kind, with data or without."""
    entry.fields["name"] += chance.choice((b"", b"/", b"/", b"//", b"/."))
    entry.fields["kind"] = chance.choice((b"5", b"\0", b"0", b"6", b"D", b"Z"))
    entry.data = chance.choice((entry.data, b"", bytes(BLOCK), make_entry(b"m/in", b"", POSIX).to_bytes()))


def change_byte(chance: Random, tar: Tar, entry: Entry) -> None:
    """Any byte of a header, whose checksum is right all the same."""
    position = chance.choice((chance.randrange(BLOCK), chance.choice(PLACES)))
    values = (b"\0", b" ", b"/", b"0", b"8", b"\x80", b"\xff", b"tar\0")
    entry.patch = (position, chance.choice((*values, chance.randbytes(1))))


def change_kind(chance: Random, tar: Tar, entry: Entry) -> None:
    entry.fields["kind"] = chance.choice(KINDS)
    if chance.random() < 0.3:
        entry.data = b""
    if chance.random() < 0.3:
        entry.fields["link"] = chance.choice(NAMES)


def change_number(chance: Random, tar: Tar, entry: Entry) -> None:
    entry.fields[chance.choice(("mode", "uid", "gid", "mtime", "major", "minor"))] = chance.choice(NUMBERS)


def change_size(chance: Random, tar: Tar, entry: Entry) -> None:
    right = len(entry.data)
    wrong = max(0, right + chance.choice((1, -right, 512, 511, -1, chance.randrange(600))))
    forms = (b"%o", b" %o", b"%o ", b"%012o", b"%011o ", b"%10o\0x")
    others = (b"\x80" + pack(">3xQ", right), b"\xff" + pack(">3xq", right), b"%011o" % wrong)
    entry.size = chance.choice((chance.choice(NUMBERS), *(form % right for form in forms), *others))


def change_checksum(chance: Random, tar: Tar, entry: Entry) -> None:
    entry.patch = (0, b"")
    block = replace(entry, checksum=b" " * 8).to_bytes()[:BLOCK]
    right = sum(block)
    signed = right - 256 * sum(byte > 127 for byte in block)
    forms = (b"%o", b"%o\0", b" %o ", b"%07o", b"%08o")
    others = (b"%06o\0 " % max(0, signed), b"%o" % (right + 1))
    entry.checksum = chance.choice((*(form % right for form in forms), *others, *NUMBERS))


def change_magic(chance: Random, tar: Tar, entry: Entry) -> None:
    entry.fields["magic"] = chance.choice(MAGICS + ODD_MAGICS)
    if chance.random() < 0.5:
        entry.fields["prefix"] = make_prefix(chance)


def make_prefix(chance: Random) -> bytes:
    """A prefix, or what GNU tar and star have there: numbers, or a prefix that is shorter."""
    numbers = b"".join(chance.choice(NUMBERS).ljust(12, b"\0")[:12] for _ in range(12))
    dates = b"00000000000\0" * 2
    names = (b"p", b"p/", b"m/" + b"p/" * 70, b"/", b"\xe8", b"a" * 130, b"a" * 131 + bytes(24), b"a" * 155)
    late = (b"\0p", bytes(130) + b"a", bytes(137) + b"\1")
    return chance.choice((*names, numbers, numbers[:24], dates, dates + numbers, *late))


def change_prefix(chance: Random, tar: Tar, entry: Entry) -> None:
    entry.fields["prefix"] = make_prefix(chance)
    if chance.random() < 0.3:
        entry.fields["rest"] = chance.choice((bytes(8) + b"tar\0", b"tar\0", b"0" * 12))


def insert(tar: Tar, entry: Entry, *others: Entry) -> None:
    at = next(number for number, each in enumerate(tar.entries) if each is entry)
    tar.entries[at:at] = others


def add_pax(chance: Random, tar: Tar, entry: Entry) -> None:
    insert(tar, entry, make_pax(chance))


def add_true_pax(chance: Random, tar: Tar, entry: Entry) -> None:
    """What says the truth, so that what else is wrong shows."""
    truth = {b"path": entry.fields["name"], b"size": b"%d" % len(entry.data), b"comment": b"x"}
    data, kind = make_record(*chance.choice([*truth.items()])), chance.choice((b"x", b"x", b"X", b"g"))
    insert(tar, entry, make_entry(b"PaxHeaders/a", data, POSIX, kind))
    if b"size=" in data and chance.random() < 0.5:
        entry.size = chance.choice((b"0", b"", b"7" * 11, b"%011o" % (len(entry.data) + 1)))


def add_long(chance: Random, tar: Tar, entry: Entry) -> None:
    insert(tar, entry, make_long(chance))


def add_headers(chance: Random, tar: Tar, entry: Entry) -> None:
    """Several in front of one member."""
    makers = chance.choices((make_pax, make_long), k=chance.randrange(2, 4))
    insert(tar, entry, *(make(chance) for make in makers))


def end_with_header(chance: Random, tar: Tar, entry: Entry) -> None:
    tar.entries.append(chance.choice((make_pax, make_long))(chance))


def damage_header(chance: Random, tar: Tar, entry: Entry) -> None:
    """An extended header that is changed itself."""
    other = chance.choice((make_pax, make_long))(chance)
    chance.choice((change_size, change_byte, change_padding, change_name, change_magic))(chance, tar, other)
    insert(tar, entry, other)


def change_padding(chance: Random, tar: Tar, entry: Entry) -> None:
    entry.padding = chance.choice((-1, 1, -BLOCK))


def add_blocks(chance: Random, tar: Tar, entry: Entry) -> None:
    entry.padding = chance.choice((1, 2, 3)) * BLOCK


def drop(chance: Random, tar: Tar, entry: Entry) -> None:
    if len(tar.entries) > 1:
        tar.entries = [each for each in tar.entries if each is not entry]


def repeat(chance: Random, tar: Tar, entry: Entry) -> None:
    again = Entry(dict(entry.fields), chance.choice((entry.data, b"other")))
    tar.entries.insert(chance.randrange(len(tar.entries) + 1), again)


def rename_alike(chance: Random, tar: Tar, entry: Entry) -> None:
    name = chance.choice(tar.entries).fields["name"]
    entry.fields["name"] = chance.choice(
        (name, name.upper(), name + b"/", b"/" + name, b"./" + name, name + b"/x")
    )


def shuffle(chance: Random, tar: Tar, entry: Entry) -> None:
    chance.shuffle(tar.entries)


def change_end(chance: Random, tar: Tar, entry: Entry) -> None:
    late, zeros = make_entry(b"m/late", b"late", POSIX).to_bytes(), bytes(2 * BLOCK)
    ends = (b"", bytes(100), bytes(BLOCK), bytes(BLOCK + 100), bytes(3 * BLOCK), bytes(10240))
    more = (zeros + late, bytes(BLOCK) + late, bytes(BLOCK) + late + zeros, zeros + b"text", b"text")
    tar.end = chance.choice((*ends, *more, late[:300], late[: BLOCK + 2]))


def make_sparse(chance: Random, tar: Tar, entry: Entry) -> None:
    numbers = b"00000000000\0" * chance.randrange(1, 9)
    entry.fields["kind"], entry.fields["magic"] = b"S", GNU
    entry.fields["prefix"] = bytes(41) + numbers + chance.choice((b"", b"\1"))


CHANGES = (
    *(
        change_name,
        change_name,
        change_byte,
        change_byte,
        change_kind,
        change_kind,
        change_number,
        change_size,
    ),
    *(change_checksum, change_magic, change_prefix, change_prefix, add_pax, add_pax, add_pax, add_pax),
    *(
        add_true_pax,
        add_true_pax,
        add_long,
        add_long,
        add_headers,
        add_headers,
        end_with_header,
        damage_header,
    ),
    *(change_padding, add_blocks, drop, repeat, rename_alike, shuffle, change_end, make_sparse),
    *(make_folder, make_folder, change_number),
)


def mutate(chance: Random) -> tuple[str, bytes]:
    tar, done = make_tar(chance), []
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        change = chance.choice(CHANGES)
        change(chance, tar, chance.choice(tar.entries))
        done.append(change.__name__)
    data = tar.to_bytes()
    if chance.random() < 0.05:
        data = splice(chance, data, make_tar(chance).to_bytes())
        done.append("splice")
    if chance.random() < 0.05:
        data = data[: chance.randrange(len(data))]
        done.append("cut")
    if chance.random() < 0.85:
        return ", ".join(done), gzipped(data)
    return ", ".join((*done, "gzip")), mutate_gzip(chance, data)


def splice(chance: Random, data: bytes, other: bytes) -> bytes:
    """Two tars as one, with all their blocks or some of them."""
    end, start = (chance.randrange(len(each) // BLOCK + 1) * BLOCK for each in (data, other))
    return chance.choice(
        (
            *(data + other, data[: -2 * BLOCK] + other, data[:-BLOCK] + other, data[:end] + other[start:]),
            *(data[:end] + other + data[end:], data[:end] + data[end + BLOCK :]),
        )
    )


def gzipped(
    data: bytes,
    flags: int = 0,
    more: bytes = b"",
    *,
    method: int = 8,
    crc: int = 0,
    size: int = 0,
    level: int = 0,
) -> bytes:
    """A gzip member (RFC 1952), whose checksum and size may be wrong by `crc` and `size`."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = compressor.compress(data) + compressor.flush()
    tail = pack("<2I", zlib.crc32(data) ^ crc, (len(data) + size) & 0xFFFFFFFF)
    return pack("<2B2BI2B", 0x1F, 0x8B, method, flags, 0, level, 255) + more + packed + tail


def mutate_gzip(chance: Random, data: bytes) -> bytes:
    at, whole = chance.randrange(len(data) + 1), gzipped(data)
    checksum = pack("<H", zlib.crc32(pack("<2B2BI2B", 0x1F, 0x8B, 8, 2, 0, 0, 255)) & 0xFFFF)
    cut = chance.randrange(len(whole))
    return chance.choice(
        (
            *(
                gzipped(data, 8, b"name.tar\0"),
                gzipped(data, 8, b"\xe8\n\0"),
                gzipped(data, 16, b"comment\0"),
            ),
            *(gzipped(data, 4, pack("<H", 5) + b"extra"), gzipped(data, 4 | 8 | 16, pack("<H", 0) + b"\0\0")),
            *(gzipped(data, 2, checksum), gzipped(data, 2, b"\0\0"), gzipped(data, 1)),
            gzipped(data, chance.choice((0x20, 0x40, 0x80))),
            gzipped(data, method=chance.choice((0, 7, 9))),
            *(gzipped(data, crc=1), gzipped(data, size=chance.choice((1, -1, 512)))),
            gzipped(data, level=chance.randrange(256)),
            *(gzipped(data[:at]) + gzipped(data[at:]), gzipped(b"") + whole),
            *(whole + gzipped(b""), whole + gzipped(b"x"), whole + bytes(1), whole + bytes(512)),
            *(whole + b"\x1f\x8b", whole + b"text", whole[: -chance.randrange(1, 12)], whole[:cut]),
            whole[:cut] + chance.randbytes(1) + whole[cut + 1 :],
            *(zlib.compress(data), b"\0" + whole),
        )
    )


def mutations(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Tars in gzips, each with what has been done to it."""
    return (mutate(Random(f"tar {seed} {number}")) for number in range(count))
