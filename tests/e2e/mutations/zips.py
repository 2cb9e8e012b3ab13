"""Zips as the local header, the data and the directory's entry of each member, which can all be changed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from struct import pack

from hatch_mar import zip_records as zips
from hatch_mar.zip_records import DESCRIPTOR_SIGNATURE, HAS_DESCRIPTOR, LIMIT_32, LOCAL_SIGNATURE, ZIP64
from tests.checks.containers import DEFLATED, FILES, STORED, UTF_8
from tests.e2e.mutations.names import make_name

CRC_OF_SIGNATURE = bytes.fromhex("ac0a7ad5")
"""Data whose CRC is the signature of a descriptor."""
DATA = [b"", b"x", b"abc" * 500, bytes(range(256)), CRC_OF_SIGNATURE, LOCAL_SIGNATURE * 9, bytes(70_000)]
NAMES = [
    *(
        b"a",
        b"a/",
        b"a/b",
        b"a//b",
        b"a/./b",
        b"./a",
        b"/a",
        b"//a/",
        b"a/.",
        b"a/..",
        b"../a",
        b"",
        b"/",
        b".",
    ),
    *(
        b"a\0b",
        b"\0",
        b"a\\b",
        b"..\\a",
        b"C:\\a",
        b"C:/a",
        b" a ",
        b"a\n",
        b"A",
        b"CON",
        b"a" * 256,
        b"a/" * 99,
    ),
    *("modèle".encode(), "e\u0300".encode(), "🙂".encode(), "a\u202eb".encode(), "\ufeffa".encode()),
    *(b"\xe8", b"\xc0\x80", b"a\xc0\xaf", b"\xed\xa0\x80", b"\xed\xa0\xbd\xed\xb9\x82", b"\xf4\x90\x80\x80"),
    *(
        b"MAR-INF",
        b"MAR-INF/",
        b"mar-inf/manifest.json",
        b"MAR-INF/MANIFEST.json/",
        b"MAR-INF//MANIFEST.json",
    ),
    *(name.encode() for name in FILES),
]


@dataclass
class Header:
    """What is said of a member, in front of it or in the directory."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    extra: bytes = b""

    def values(self) -> tuple[int, ...]:
        return self.flags, self.method, 0, 33, self.crc, self.packed, self.size


@dataclass
class Member:
    local: Header
    central: Header
    data: bytes
    descriptor: bytes = b""
    gap: bytes = b""
    """What lies in front of it."""
    made_by: int = 3 << 8 | 20
    mode: int = 0o100644
    shift: int = 0
    """By how much the directory is wrong about its place."""

    def to_bytes(self) -> bytes:
        said = self.local
        sizes = len(said.name), len(said.extra)
        header = zips.LOCAL_HEADER.pack(LOCAL_SIGNATURE, 20, *said.values(), *sizes)
        return header + said.name + said.extra + self.data + self.descriptor

    def entry(self, offset: int) -> bytes:
        said = self.central
        rest = (len(said.name), len(said.extra), 0, 0, 0, self.mode << 16, (offset + self.shift) & LIMIT_32)
        header = (zips.CENTRAL_SIGNATURE, self.made_by, 20, *said.values())
        return zips.CENTRAL_HEADER.pack(*header, *rest) + said.name + said.extra


@dataclass
class Zip:
    members: list[Member]
    unlisted: set[int] = field(default_factory=set)
    listed_again: list[int] = field(default_factory=list)
    before_directory: bytes = b""
    before_end: bytes = b""
    behind: bytes = b""
    has_wide_end: bool = False
    behind_wide_end: bytes = b""
    """What lies between it and the record that leads to it."""
    miscounted: int = 0
    """By how much the end record is wrong about the number of members."""
    end_shift: int = 0
    is_shuffled: bool = False
    """Whether the directory is in another order."""

    def to_bytes(self, chance: Random) -> bytes:
        data, entries = b"", []
        for number, member in enumerate(self.members):
            data += member.gap
            if number not in self.unlisted:
                entries.append(member.entry(len(data)))
            data += member.to_bytes()
        entries += [entries[number % len(entries)] for number in self.listed_again if entries]
        if self.is_shuffled:
            chance.shuffle(entries)
        data += self.before_directory
        return data + self.directory(entries, len(data))

    def directory(self, entries: list[bytes], offset: int) -> bytes:
        data, start = b"".join(entries), offset + self.end_shift
        counts, size = [max(0, len(entries) + self.miscounted)] * 2, len(data)
        data += self.before_end
        if not self.has_wide_end:
            end = (*counts, size, start & LIMIT_32, len(self.behind))
            return data + zips.END.pack(zips.END_SIGNATURE, 0, 0, *end) + self.behind
        wide = (44, 45, 45, 0, 0, *counts, size, start % (1 << 64))
        place = offset + len(data)
        data += zips.ZIP64_END.pack(zips.ZIP64_END_SIGNATURE, *wide) + self.behind_wide_end
        data += zips.ZIP64_LOCATOR.pack(zips.ZIP64_LOCATOR_SIGNATURE, 0, place, 1)
        return data + zips.END.pack(zips.END_SIGNATURE, 0, 0, *[0xFFFF] * 2, *[LIMIT_32] * 2, 0) + self.behind


def deflate(data: bytes, level: int) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()


def make_member(name: bytes, data: bytes, chance: Random) -> Member:
    form = chance.choice(("stored", "deflated", "described", "described", "wide"))
    packed = data if form == "stored" else deflate(data, chance.choice((0, 1, 9)))
    method = STORED if form == "stored" else DEFLATED
    right = Header(name, chance.choice((0, UTF_8)), method, zlib.crc32(data), len(packed), len(data))
    if form == "described":
        right.flags |= HAS_DESCRIPTOR
        signature = chance.choice((b"", DESCRIPTOR_SIGNATURE))
        descriptor = signature + pack("<3I", right.crc, right.packed, right.size)
        return Member(replace(right, crc=0, packed=0, size=0), right, packed, descriptor)
    if form == "wide":
        extra = pack("<2H2Q", ZIP64, 16, right.size, right.packed)
        local = replace(right, packed=LIMIT_32, size=LIMIT_32, extra=extra)
        return Member(local, chance.choice((right, replace(local))), packed)
    return Member(replace(right), right, packed)


def make_zip(chance: Random) -> Zip:
    files = dict(FILES)
    for number in range(chance.randrange(3)):
        files[f"more/{number}"] = chance.choice(DATA)
    members = [make_member(name.encode(), data, chance) for name, data in files.items()]
    if chance.random() < 0.3:
        empty = Header(b"folder/", 0, STORED, 0, 0, 0)
        members.append(Member(empty, replace(empty), b"", mode=0o40755))
    return Zip(members)


def headers(chance: Random, member: Member) -> list[Header]:
    """Those to change: mostly both, so that they still agree."""
    both = [member.local, member.central]
    return chance.choice((both, both, both, [member.local], [member.central]))


def near(chance: Random, value: int, bits: int) -> int:
    most = 1 << bits
    others = (0, 1, value + 1, value - 1, value * 2, most - 1, most // 2, most // 2 - 1)
    return chance.choice((*others, chance.randrange(most))) % most


# What is done to a zip. Each function changes one thing of a member, or of the whole.


def change_flags(chance: Random, mar: Zip, member: Member) -> None:
    flag = 1 << chance.choice((0, 1, 2, 3, 3, 3, 4, 5, 6, 11, 12, 13, 15))
    for header in headers(chance, member):
        header.flags ^= flag


def change_method(chance: Random, mar: Zip, member: Member) -> None:
    method = chance.choice((0, 8, 9, 12, 14, 93, 99, 0xFFFF))
    for header in headers(chance, member):
        header.method = method


def change_number(chance: Random, mar: Zip, member: Member) -> None:
    key = chance.choice(("crc", "packed", "size"))
    value = near(chance, getattr(member.local, key), 32)
    for header in headers(chance, member):
        setattr(header, key, value)


def change_sizes(chance: Random, mar: Zip, member: Member) -> None:
    """Both sizes together, as in a stored member."""
    value = near(chance, member.local.size, 32)
    for header in headers(chance, member):
        header.packed = header.size = value


def change_name(chance: Random, mar: Zip, member: Member) -> None:
    name = chance.choice((chance.choice(NAMES), make_name(chance)))
    if chance.random() < 0.3:
        old = bytearray(member.local.name) or bytearray(b"a")
        old[chance.randrange(len(old))] = chance.randrange(256)
        name = bytes(old)
    for header in headers(chance, member):
        header.name = name


def make_folder(chance: Random, mar: Zip, member: Member) -> None:
    for header in headers(chance, member):
        header.name += b"/"


def make_extra(chance: Random, member: Member) -> bytes:
    size, packed = member.central.size, member.central.packed
    crc = zlib.crc32(member.local.name)
    if chance.random() < 0.5:
        size, packed = near(chance, size, 64), near(chance, packed, 64)
    fields = (
        pack("<2H2Q", ZIP64, 16, size, packed),
        pack("<2HQ", ZIP64, 8, size),
        pack("<2H3Q", ZIP64, 24, size, packed, 0),
        pack("<2H3QI", ZIP64, 28, size, packed, 0, 0),
        pack("<2H2Q", ZIP64, chance.randrange(40), size, packed),
        pack("<2H", ZIP64, 0),
        pack("<2HBI", zips.UNICODE_PATH, 5, 1, crc),
        pack("<2HBI", zips.UNICODE_PATH, 10, 1, crc) + b"other",
        pack("<2HBI", 0x5455, 5, 1, chance.randrange(1 << 32)),
        pack("<2HBI", 0x5455, chance.randrange(20), chance.randrange(256), 0),
        pack("<2H", 0x000A, 32) + bytes(4) + pack("<2H3Q", 1, 24, 1, 2, 3),
        pack("<2H", 0xCAFE, 0),
        pack("<2H", chance.randrange(1 << 16), chance.choice((0, 4, 0xFFFF))) + bytes(4),
        chance.randbytes(chance.randrange(1, 9)),
    )
    return b"".join(chance.choices(fields, k=chance.randrange(1, 4)))


def change_extra(chance: Random, mar: Zip, member: Member) -> None:
    extra, replaces = make_extra(chance, member), chance.random() < 0.5
    for header in headers(chance, member):
        header.extra = extra if replaces else header.extra + extra


def widen(chance: Random, mar: Zip, member: Member) -> None:
    """Sizes that are in the ZIP64 extra field, one of them or both."""
    key = chance.choice(("packed", "size", "both"))
    member.local.extra += make_extra(chance, member)
    if key != "size":
        member.local.packed = LIMIT_32
    if key != "packed":
        member.local.size = LIMIT_32


def widen_directory(chance: Random, mar: Zip, member: Member) -> None:
    """The same in the directory, where the field has only what does not fit."""
    values = {key: getattr(member.central, key) for key in ("size", "packed")}
    wide = [key for key in values if chance.random() < 0.7]
    right = [values[key] for key in wide]
    data = chance.choice((right, right, right, right[::-1], list(values.values()), [*right, 0]))
    member.central.extra += pack(f"<2H{len(data)}Q", ZIP64, 8 * len(data), *data)
    for key in wide:
        setattr(member.central, key, LIMIT_32)


def change_descriptor(chance: Random, mar: Zip, member: Member) -> None:
    right = member.central
    values = right.crc, right.packed, right.size
    wrong = [near(chance, value, 32) if chance.random() < 0.3 else value for value in values]
    member.descriptor = chance.choice(
        (
            pack("<3I", *values),
            DESCRIPTOR_SIGNATURE + pack("<3I", *values),
            DESCRIPTOR_SIGNATURE + pack("<I2Q", *values),
            pack("<I2Q", *values),
            DESCRIPTOR_SIGNATURE + pack("<3I", *wrong),
            DESCRIPTOR_SIGNATURE * 2 + pack("<3I", *values),
            DESCRIPTOR_SIGNATURE,
            b"",
            pack("<3I", *wrong),
            chance.randbytes(chance.randrange(24)),
        )
    )
    if chance.random() < 0.7:
        for header in (member.local, member.central):
            header.flags |= HAS_DESCRIPTOR


def change_data(chance: Random, mar: Zip, member: Member) -> None:
    """Other data, with all that is said of it."""
    new = make_member(member.local.name, chance.choice(DATA), chance)
    member.local, member.central = new.local, new.central
    member.data, member.descriptor = new.data, new.descriptor


def damage_data(chance: Random, mar: Zip, member: Member) -> None:
    data = bytearray(member.data)
    at = chance.randrange(len(data) + 1)
    what = chance.choice(("cut", "more", "flip", "lost", "behind"))
    if what == "cut":
        del data[at:]
    elif what == "more":
        data[at:at] = chance.randbytes(chance.randrange(1, 9))
    elif what == "flip" and at < len(data):
        data[at] ^= 1 << chance.randrange(8)
    elif what == "lost":
        del data[at : at + chance.randrange(1, 9)]
    else:
        data += chance.choice((b"\0", b"\x03\0", LOCAL_SIGNATURE, bytes(20)))
    if chance.random() < 0.6:
        for header in (member.local, member.central):
            if header.packed == len(member.data):
                header.packed = len(data)
    member.data = bytes(data)


def fit_to_data(chance: Random, mar: Zip, member: Member) -> None:
    """The deflated bytes as a stored member, or the other way round."""
    data, method = member.data, chance.choice((STORED, DEFLATED))
    for header in headers(chance, member):
        header.method, header.crc = method, zlib.crc32(data)
        header.packed = header.size = len(data)


def add_gap(chance: Random, mar: Zip, member: Member) -> None:
    member.gap = chance.choice((b"\0", bytes(4), b"PK00", DESCRIPTOR_SIGNATURE, LOCAL_SIGNATURE, bytes(40)))


def hide_member(chance: Random, mar: Zip, member: Member) -> None:
    """A member in front of another, which no directory has."""
    member.gap = make_member(chance.choice(NAMES), chance.choice(DATA), chance).to_bytes()


def forget(chance: Random, mar: Zip, member: Member) -> None:
    mar.unlisted.add(mar.members.index(member))


def list_again(chance: Random, mar: Zip, member: Member) -> None:
    mar.listed_again.append(chance.randrange(9))


def replace_with_first(chance: Random, mar: Zip, member: Member) -> None:
    """It is in the directory only; in its place lies the first member again."""
    first = mar.members[0]
    member.local, member.data, member.descriptor = replace(first.local), first.data, first.descriptor


def repeat(chance: Random, mar: Zip, member: Member) -> None:
    again = Member(replace(member.local), replace(member.central), member.data, member.descriptor)
    mar.members.insert(chance.randrange(len(mar.members) + 1), again)


def rename_alike(chance: Random, mar: Zip, member: Member) -> None:
    """Two members with names that differ little."""
    name = chance.choice(mar.members).local.name
    others = (name, name.upper(), name + b"/", b"/" + name, b"./" + name, name + b"/x", name + b"\0")
    name = chance.choice(others)
    for header in headers(chance, member):
        header.name = name


def drop(chance: Random, mar: Zip, member: Member) -> None:
    if len(mar.members) > 1:
        mar.members.remove(member)


def shuffle(chance: Random, mar: Zip, member: Member) -> None:
    if chance.random() < 0.5:
        chance.shuffle(mar.members)
    else:
        mar.is_shuffled = True


def change_place(chance: Random, mar: Zip, member: Member) -> None:
    member.shift = chance.choice((1, -1, 30, 1 << 31, LIMIT_32))


def change_mode(chance: Random, mar: Zip, member: Member) -> None:
    member.mode = chance.choice((0o120777, 0o100755, 0o40755, 0o10644, 0, 0o104755))
    member.made_by = chance.choice((3 << 8, 19 << 8, 0, 10 << 8, 0xFFFF))


def change_end(chance: Random, mar: Zip, member: Member) -> None:
    records = (zips.END_SIGNATURE, zips.END_SIGNATURE + bytes(18), LOCAL_SIGNATURE + bytes(26))
    junk = chance.choice((b"\0", b"comment", bytes(30), *records))
    what = chance.choice(("before", "between", "behind", "wide", "two wide", "count", "shift"))
    if what == "before":
        mar.before_directory = junk
    elif what == "between":
        mar.before_end = junk
    elif what == "behind":
        mar.behind = junk
    elif what == "wide":
        mar.has_wide_end = True
    elif what == "two wide":
        place = len(mar.to_bytes(chance)) - zips.END.size
        empty = zips.ZIP64_END.pack(zips.ZIP64_END_SIGNATURE, 44, 45, 45, 0, 0, 0, 0, 0, place)
        mar.has_wide_end, mar.behind_wide_end = True, chance.choice((empty, bytes(8), junk))
    elif what == "count":
        mar.miscounted = chance.choice((1, -1))
    else:
        mar.end_shift = chance.choice((1, -1, -30, 1 << 31))


CHANGES = (
    *(change_flags, change_method, change_number, change_sizes, change_name, change_name, make_folder),
    *(
        change_extra,
        change_extra,
        widen,
        widen,
        change_descriptor,
        change_descriptor,
        change_data,
        damage_data,
    ),
    *(fit_to_data, add_gap, hide_member, forget, list_again, replace_with_first, repeat, rename_alike),
    *(rename_alike, drop, shuffle, change_place, change_mode, change_end, change_end, widen_directory),
)


def splice(chance: Random, data: bytes, other: bytes) -> bytes:
    """Two zips as one, or one in the other's comment."""
    directory, end = (data.rfind(signature) for signature in (zips.CENTRAL_SIGNATURE, zips.END_SIGNATURE))
    comment = other[: chance.choice((30, 0xFFFF))]
    return chance.choice(
        (
            *(data + other, data[:directory] + other, data[:end] + other, other[:-22] + data),
            data[:-2] + pack("<H", len(comment) & 0xFFFF) + comment,
        )
    )


def mutate(chance: Random) -> tuple[str, bytes]:
    mar, done = make_zip(chance), []
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        change = chance.choice(CHANGES)
        change(chance, mar, chance.choice(mar.members))
        done.append(change.__name__)
    data = mar.to_bytes(chance)
    if chance.random() < 0.05:
        data = data[: chance.randrange(len(data))]
        done.append("cut")
    if chance.random() < 0.05:
        data = splice(chance, data, make_zip(chance).to_bytes(chance))
        done.append("splice")
    return ", ".join(done), data


def mutations(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Zips, each with what has been done to it."""
    return (mutate(Random(f"zip {seed} {number}")) for number in range(count))
