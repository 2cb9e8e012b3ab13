"""Zips that TorchServe cannot read, or not completely."""

from __future__ import annotations

import io
import zipfile

from hatch_mar.archive.manifest import MANIFEST_NAME
from tests.checks.containers import (
    DEFLATED,
    FILES,
    LINK,
    MANIFEST,
    Entry,
    described,
    model,
    zipped,
)
from tests.checks.faults.fault import (
    AGAIN,
    COPY,
    DISAGREE,
    MAR,
    ROOT,
    TARGET,
    TGZ,
    TRUST,
    WHOLE,
    ZEROS,
    Fault,
    flipped,
    less,
)


def bzipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as file:
        file.writestr(MANIFEST_NAME, MANIFEST)
    return buffer.getvalue()


ZIPS = {
    "empty file": Fault("m.mar", b"", f"MAR801 The file is empty; {AGAIN}", tree={}, model=None),
    "web page": Fault(
        "m.mar",
        b"<!DOCTYPE html>\n<title>404</title>",
        f"MAR801 The file begins with b'<!DOCTYP', not with the first member of a zip; {AGAIN}",
        tree={},
        model=None,
    ),
    "bytes before the zip": Fault(
        "m.mar",
        b"#!/bin/sh\n" + MAR,
        f"MAR801 The file begins with b'#!/bin/s', not with the first member of a zip; {AGAIN}",
        tree={},
        model=None,
    ),
    "tar in a .mar": Fault(
        "m.mar",
        TGZ,
        f"MAR801 The file begins with {TGZ[:8]!r}, not with the first member of a zip; {AGAIN}",
        tree={},
        model=None,
    ),
    "zip without members": Fault(
        "m.mar", zipped(), f"MAR801 The zip has no members; {AGAIN}", tree={}, model=None
    ),
    "member that leaves a folder": Fault(
        "m.mar",
        model(Entry("a/../b", b"x")),
        "MAR111 Member `a/../b` has a `..` in its path; rename it",
        raises="IOException",
    ),
    "cut off in a member": Fault(
        "m.mar",
        MAR[:2000],
        f"MAR802 Member `w.pt` has 2048 bytes, but the file ends after"
        f" {2000 - MAR.index(FILES['w.pt'])} of them; {WHOLE}",
        raises="EOF",
    ),
    "cut off in a header": Fault(
        "m.mar",
        MAR[: MAR.index(b"w.pt")],
        f"MAR802 The file ends inside the header of the member at byte {MAR.index(b'w.pt') - 30}; {WHOLE}",
        raises="EOF",
    ),
    "cut off between members": Fault(
        "m.mar",
        MAR[: MAR.index(b"w.pt") - 30],
        f"MAR802 The file ends without a zip's directory, so members may be missing; {WHOLE}",
        tree=less("w.pt"),
    ),
    "cut off in a deflated member": Fault(
        "m.mar",
        zipped(Entry(MANIFEST_NAME, MANIFEST), described("w.pt", FILES["w.pt"]))[:300],
        f"MAR802 Member `w.pt` is cut off; {WHOLE}",
        raises="EOF",
    ),
    "damaged stored member": Fault(
        "m.mar",
        flipped(MAR, MAR.index(b"handle(")),
        f"MAR803 Member `h.py` is damaged: its size or its checksum is wrong; {COPY}",
        raises="invalid entry CRC",
    ),
    "damaged deflated member": Fault(
        "m.mar",
        model(Entry("x", b"x", DEFLATED, size=2)),
        f"MAR803 Member `x` is damaged: its size or its checksum is wrong; {COPY}",
        raises="invalid entry size",
    ),
    "no deflated data": Fault(
        "m.mar",
        model(Entry("x", b"\xff" * 9, DEFLATED)).replace(
            Entry("x", b"\xff" * 9, DEFLATED).packed_data(),
            b"\xff" * len(Entry("x", b"\xff" * 9, DEFLATED).packed_data()),
        ),
        f"MAR803 Member `x` is damaged: Error -3 while decompressing data: invalid block type; {COPY}",
        raises="invalid block type",
    ),
    "damaged descriptor": Fault(
        "m.mar",
        model(described("x", b"x" * 9)).replace(b"PK\x07\x08", b"PK\x07\x09"),
        f"MAR803 Member `x` is damaged: its size or its checksum is wrong; {COPY}",
        raises="invalid entry",
    ),
    "name in Latin-1": Fault(
        "m.mar",
        model(Entry(b"mod\xe8le.txt", b"")),
        "MAR804 The name of member b'mod\\xe8le.txt' is not UTF-8;"
        " build the archive with a tool that writes names in UTF-8",
        raises="(malformed input|bad entry name)",
    ),
    "link": Fault(
        "m.mar",
        model(Entry("latest.pt", b"w.pt", mode=LINK)),
        f"MAR805 Member `latest.pt` is a link; {TARGET}",
        tree={**FILES, "latest.pt": b"w.pt"},
    ),
    "bomb": Fault(
        "m.mar",
        model(Entry("zeros.pt", ZEROS, DEFLATED)),
        f"MAR806 The members unpack to more than 250 times the file's size; {TRUST}",
        tree={**FILES, "zeros.pt": ZEROS},
    ),
    "bomb that hides its size": Fault(
        "m.mar",
        model(described("zeros.pt", ZEROS)),
        f"MAR806 The members unpack to more than 250 times the file's size; {TRUST}",
        tree={**FILES, "zeros.pt": ZEROS},
    ),
    "zip of a folder": Fault(
        "m.mar",
        zipped(*(Entry(f"m/{name}", data) for name, data in FILES.items())),
        f"MAR807 TorchServe looks for `{MANIFEST_NAME}`, which is packed as `m/{MANIFEST_NAME}`; {ROOT}",
        tree={f"m/{name}": data for name, data in FILES.items()},
        model=None,
    ),
    "encrypted": Fault(
        "m.mar",
        model(Entry("x", bytes(20), flags=1)),
        "MAR811 Member `x` is encrypted; build the archive without a password",
        raises="encrypted ZIP entry not supported",
    ),
    "bzip2": Fault(
        "m.mar",
        bzipped(),
        f"MAR812 Member `{MANIFEST_NAME}` is compressed with method 12;"
        " build the archive with a tool that deflates",
        raises="invalid compression method",
    ),
    "stored in a pipe": Fault(
        "m.mar",
        model(described("x", b"x" * 9, method=0)),
        "MAR813 Member `x` is stored, with its size after its data;"
        " write the zip to a seekable file, or deflate its members",
        raises="only DEFLATED entries can have EXT descriptor",
    ),
    "ZIP64 in a pipe": Fault(
        "m.mar",
        model(described("x", b"x" * 9, wide=True)),
        "MAR814 Member `x` has its size after its data, in 64 bits;"
        " write the zip to a seekable file, or without forcing ZIP64",
        raises="invalid entry size",
    ),
    "hole between members": Fault(
        "m.mar",
        model(bytes(8), Entry("x", b"x")),
        f"MAR815 The directory lists `x`, which TorchServe does not reach; {DISAGREE}",
        tree=FILES,
    ),
    "member that is not listed": Fault(
        "m.mar",
        model(Entry("x", b"x"), unlisted=1),
        f"MAR815 TorchServe unpacks `x`, which the directory does not list; {DISAGREE}",
        tree={**FILES, "x": b"x"},
    ),
    "member listed by another name": Fault(
        "m.mar",
        model(Entry("x", b"x", listed="y")),
        f"MAR815 The directory and the member disagree about `y`; {DISAGREE}",
        tree={**FILES, "x": b"x"},
    ),
    "member listed elsewhere": Fault(
        "m.mar",
        model(Entry("x", b"x", shift=1)),
        f"MAR815 The directory lists `x`, which TorchServe does not reach; {DISAGREE}\n"
        f"MAR815 TorchServe unpacks `x`, which the directory does not list; {DISAGREE}",
        tree={**FILES, "x": b"x"},
    ),
    "absolute name": Fault(
        "m.mar",
        model(Entry("/etc/x", b"x")),
        "MAR114 Member `/etc/x` must be relative to the archive's root; name it by its path in the archive",
        tree={**FILES, "etc/x": b"x"},
    ),
    "name that is not a path": Fault(
        "m.mar",
        model(Entry("./a//b/./c", b"x")),
        "MAR114 Member `./a//b/./c` must not have empty, `.` or `..` parts;"
        " name it by its path in the archive",
        tree={**FILES, "a/b/c": b"x"},
    ),
    "folder in a file": Fault(
        "m.mar",
        model(Entry("h.py/x/")),
        "MAR113 Member `h.py` is both a file and a folder; rename the file or the folder",
        raises="IOException",
    ),
    "two manifests": Fault(
        "m.mar",
        model(Entry(MANIFEST_NAME, MANIFEST.replace(b'"m"', b'"other"'))),
        f"MAR112 Member `{MANIFEST_NAME}` appears 2 times; keep one of them",
        tree={**FILES, MANIFEST_NAME: MANIFEST.replace(b'"m"', b'"other"')},
        model="other",
    ),
    "folder that leaves the archive": Fault(
        "m.mar",
        model(Entry("../evil/")),
        "MAR111 Folder `../evil` has a `..` in its path; rename it",
        raises="Detected Zip Slip vulnerability",
    ),
    "file and folder": Fault(
        "m.mar",
        model(Entry("x", b"x"), Entry("x/")),
        "MAR113 Member `x` is both a file and a folder; rename the file or the folder",
        raises="IOException|IllegalArgumentException",
    ),
}
