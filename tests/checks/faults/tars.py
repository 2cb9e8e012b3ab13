"""Tars that TorchServe cannot read, or not completely."""

from __future__ import annotations

import tarfile

from hatch_mar.archive.manifest import MANIFEST_NAME
from tests.checks.containers import FILES, MANIFEST, changed, gz, header, special, tar
from tests.checks.faults.fault import (
    AGAIN,
    COPY,
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

LATIN = {**FILES, "\udce9.txt": b""}


def tar_without_end() -> bytes:
    data = tar().rstrip(b"\0")
    return data + bytes(-len(data) % 512)


def long_name(name: str) -> bytes:
    """GNU's header for a long name."""
    data = name.encode() + b"\0"
    return header("././@LongLink", b"L", len(data)) + data + bytes(-len(data) % 512)


TARS = {
    "zip in a .zip": Fault(
        "m.zip",
        MAR,
        "MAR831 `--models all` skips `m.zip`; rename it, or name it in `--models`\n"
        "MAR821 TorchServe takes `m.zip` for a `.tar.gz`, but it begins with b'PK\\x03\\x04', like a zip;"
        " give the file a name that ends in `.mar`",
        raises="Input is not in the .gz format",
    ),
    "plain tar": Fault(
        "m.tar.gz",
        tar(),
        "MAR821 TorchServe takes `m.tar.gz` for a `.tar.gz`, but it begins with b'm/MA';"
        " build the archive again",
        raises="Input is not in the .gz format",
    ),
    "tgz": Fault(
        "m.tgz",
        TGZ,
        "MAR831 `--models all` skips `m.tgz`; rename it, or name it in `--models`",
        tree=FILES,
    ),
    "tar without members": Fault(
        "m.tar.gz", gz(tar({})), f"MAR801 The tar has no members; {AGAIN}", tree={}, model=None
    ),
    "text": Fault(
        "m.tar.gz", gz(b"text"), f"MAR802 The tar ends within a header; {WHOLE}", tree={}, model=None
    ),
    "no tar": Fault(
        "m.tar.gz",
        gz(b"text" * 1000),
        f"MAR803 The file is damaged: its content is not a tar; {COPY}",
        raises="Corrupted TAR archive",
    ),
    "cut off gzip": Fault(
        "m.tar.gz", TGZ[:-200], f"MAR802 The file is cut off; {WHOLE}", raises="(EOF|Truncated|corrupt)"
    ),
    "cut off tar": Fault(
        "m.tar.gz",
        gz(tar()[: tar().index(FILES["w.pt"]) + 600]),
        f"MAR802 Member `m/w.pt` is cut off; {WHOLE}",
        raises="Truncated TAR archive",
    ),
    "cut off in a header": Fault(
        "m.tar.gz",
        gz(tar()[: tar().index(b"m/w.pt") + 200]),
        f"MAR802 The tar ends within a header; {WHOLE}",
        tree=less("w.pt"),
    ),
    "empty block in the tar": Fault(
        "m.tar.gz",
        gz(tar()[: tar().index(b"m/w.pt")] + bytes(512) + tar()[tar().index(b"m/w.pt") :]),
        f"MAR803 The file is damaged: a header of the tar does not match its checksum; {COPY}",
        tree=less("w.pt"),
    ),
    "wrong header in the tar": Fault(
        "m.tar.gz",
        gz(flipped(tar(), tar().index(b"m/w.pt") + 2)),
        f"MAR803 The file is damaged: a header of the tar does not match its checksum; {COPY}",
        tree={**less("w.pt"), "g.pt": FILES["w.pt"]},
    ),
    "wrong length in a pax header": Fault(
        "m.tar.gz",
        gz(header("x", b"x", 9) + b"99 path=x" + bytes(503) + tar()),
        f"MAR803 The file is damaged: an extended header has the wrong length; {COPY}",
        raises="exceeds size of header record",
    ),
    "name in Latin-1": Fault(
        "m.tar.gz",
        gz(tar(LATIN, form=tarfile.GNU_FORMAT)),
        "MAR804 The name of member b'm/\\xe9.txt' is not UTF-8;"
        " build the archive with a tool that writes names in UTF-8",
        tree={**FILES, "?.txt": b""},
    ),
    "no files": Fault(
        "m.tar.gz",
        gz(
            tar(
                {
                    **FILES,
                    "hard": special(tarfile.LNKTYPE, "m/w.pt"),
                    "soft": special(tarfile.SYMTYPE, "w.pt"),
                    "null": special(tarfile.CHRTYPE),
                    "pipe": special(tarfile.FIFOTYPE),
                }
            )
        ),
        f"MAR805 Member `m/hard` is a hard link; {TARGET}\n"
        f"MAR805 Member `m/soft` is a symbolic link; {TARGET}\n"
        f"MAR805 Member `m/null` is a device; {TARGET}\n"
        f"MAR805 Member `m/pipe` is a pipe; {TARGET}",
        tree={**FILES, "hard": b"", "soft": b"", "null": b"", "pipe": b""},
    ),
    "bomb": Fault(
        "m.tar.gz",
        gz(tar({**FILES, "zeros.pt": ZEROS})),
        f"MAR806 The members unpack to more than 250 times the file's size; {TRUST}",
        tree={**FILES, "zeros.pt": ZEROS},
    ),
    "flat": Fault(
        "m.tar.gz",
        gz(tar(root="")),
        f"MAR807 TorchServe looks for `{MANIFEST_NAME}`, which is packed as `{MANIFEST_NAME}`; {ROOT}",
        tree={**less(MANIFEST_NAME), "MANIFEST.json": MANIFEST},
        model=None,
    ),
    "too deep": Fault(
        "m.tar.gz",
        gz(tar(root="models/m/")),
        f"MAR807 TorchServe looks for `{MANIFEST_NAME}`, which is packed as `models/m/{MANIFEST_NAME}`;"
        f" {ROOT}",
        tree={f"m/{name}": data for name, data in FILES.items()},
        model=None,
    ),
    "several gzips, cut between members": Fault(
        "m.tar.gz",
        gz(tar()[: tar().index(b"m/w.pt")], tar()[tar().index(b"m/w.pt") :]),
        (
            "MAR822 The file holds several gzips, of which TorchServe reads only the first;"
            " compress the whole tar into one gzip, as `gzip` does"
        ),
        tree=less("w.pt"),
    ),
    "several roots": Fault(
        "m.tar.gz",
        gz(tar({f"m/{name}": data for name, data in FILES.items()} | {"code/c.py": b"#"}, root="")),
        "MAR823 The tar has several roots, `m` and `code`; pack everything into one folder, or into `.`",
        tree={**FILES, "c.py": b"#"},
    ),
    "several roots, one of them the file itself": Fault(
        "m.tar.gz",
        gz(tar({f"m/{name}": data for name, data in FILES.items()} | {"README": b"#"}, root="")),
        "MAR823 The tar has several roots, `m` and `.`; pack everything into one folder, or into `.`",
        tree={**FILES, "README": b"#"},
    ),
    "two names": Fault(
        "m.tar.gz",
        gz(tar_without_end() + changed(header("a", b"0", 0), {257: bytes(8), 345: b"m"}) + bytes(1024)),
        "MAR824 Member `m/a` is named `a` as well; pack the files again, with one tool",
        tree={**FILES, "a": b""},
    ),
    "two long names": Fault(
        "m.tar.gz",
        gz(tar_without_end() + long_name("m/a") + long_name("m/b") + header("m/c", b"0", 0) + bytes(1024)),
        f"MAR803 The file is damaged: a member has two extended headers of one kind; {COPY}",
        tree={**FILES, "a": b""},
    ),
    "sparse": Fault(
        "m.tar.gz",
        gz(tar({**FILES, "s": special(b"S")}, form=1)),
        "MAR825 Member `m/s` is sparse; pack it without `--sparse`; compressed zeros take no room either",
        tree={**FILES, "s": b""},
    ),
}
