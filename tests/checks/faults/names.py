"""Manifests and names on which TorchServe fails, in sound containers."""

from __future__ import annotations

from hatch_mar.archive.manifest import MANIFEST_NAME
from tests.checks.containers import FILES, MANIFEST, Entry, gz, model, tar, zipped
from tests.checks.faults.fault import MAR, Fault, Tree


def manifest(document: str) -> bytes:
    return zipped(Entry(MANIFEST_NAME, document.encode()), Entry("h.py", b"#"))


def manifest_tree(document: str) -> Tree:
    return {MANIFEST_NAME: document.encode(), "h.py": b"#"}


FOLDERS = {
    "directory with nothing but the manifest": Fault(
        "m",
        {MANIFEST_NAME: MANIFEST},
        "MAR122 `m` contains only the manifest; choose another `archive-format`, or add a file",
        tree={"MANIFEST.json": MANIFEST},
        model=None,
    ),
}

NAMES = {
    "member that leaves the archive": Fault(
        "m.mar",
        model(Entry("../evil", b"x")),
        "m.mar/../evil: MAR111 Member `../evil` has a `..` in its path; rename it",
        raises="Detected Zip Slip vulnerability",
    ),
    "member without a name": Fault(
        "m.mar",
        model(Entry("a/.", b"x")),
        "m.mar/a/.: MAR111 Member `a/.` has no name of its own; rename it",
        raises="Exception",
    ),
    "member with a long name": Fault(
        "m.mar",
        model(Entry("é" * 128, b"x", flags=0x800)),
        f"m.mar/{'é' * 128}: MAR111 Member `{'é' * 128}`"
        " has a name of 256 bytes, where Linux allows 255; rename it",
        raises="File name too long",
    ),
    "member with a long path": Fault(
        "m.mar",
        model(Entry("a/" * 2040 + "b", b"x")),
        f"m.mar/{'a/' * 2040}b: MAR111 Member `{'a/' * 99}a…`"
        " has a path of 4081 bytes, which is more than Linux allows; rename it",
        raises="Exception",
    ),
    "file that is a folder": Fault(
        "m.mar",
        model(Entry("a", b"x"), Entry("a/b", b"x")),
        "m.mar/a: MAR113 Member `a` is a file, but also the folder of `a/b`; rename the file or the folder",
        raises="Exception",
    ),
    "duplicate": Fault(
        "m.mar",
        model(Entry("w.pt", b"other")),
        "m.mar/w.pt: MAR112 Member `w.pt` appears 2 times; keep one of them",
        tree={**FILES, "w.pt": b"other"},
    ),
    "manifest in lower case": Fault(
        "m.mar",
        model(Entry("mar-inf/manifest.json", b"x")),
        "m.mar/mar-inf/manifest.json:"
        f" MAR115 Member `mar-inf/manifest.json` differs from `{MANIFEST_NAME}` only by case;"
        f" remove it, or write its name as `{MANIFEST_NAME}`",
        tree={**FILES, "mar-inf/manifest.json": b"x"},
    ),
    "dots in the file name": Fault(
        "a..b.mar",
        MAR,
        "a..b.mar: MAR121 The file name `a..b.mar` has two dots in a row; remove one of the dots",
        raises="Relative path is not allowed in url",
    ),
    "member that leaves the tar": Fault(
        "m.tar.gz",
        gz(tar({**FILES, "../evil": b"x"})),
        "m.tar.gz/../evil: MAR111 Member `../evil` has a `..` in its path; rename it",
        raises="Detected Zip Slip vulnerability",
    ),
    "no model": Fault(
        "m.mar",
        manifest("{}"),
        "m.mar/MAR-INF/MANIFEST.json: MAR102 The manifest has no `model`;"
        ' add `"model"` with `modelName`, `modelVersion` and `handler`',
        tree=manifest_tree("{}"),
        model=None,
    ),
    "model is null": Fault(
        "m.mar",
        manifest('{"model": null}'),
        "m.mar/MAR-INF/MANIFEST.json: MAR101 `model` in the manifest is not an object;"
        " make it an object, with `modelName`, `modelVersion` and `handler`",
        raises="NullPointerException",
    ),
    "model is an array": Fault(
        "m.mar",
        manifest('{"model": []}'),
        "m.mar/MAR-INF/MANIFEST.json: MAR101 `model` in the manifest is not an object;"
        " make it an object, with `modelName`, `modelVersion` and `handler`",
        raises="Failed to parse signature.json",
    ),
    "model's version is an array": Fault(
        "m.mar",
        manifest('{"model": {"modelName": "m", "modelVersion": [1]}}'),
        "m.mar/MAR-INF/MANIFEST.json: MAR103 `model.modelVersion` in the manifest is not a string;"
        " make it a string",
        raises="Failed to parse signature.json",
    ),
    "date is an object": Fault(
        "m.mar",
        manifest('{"createdOn": {}, "model": {"modelName": "m"}}'),
        "m.mar/MAR-INF/MANIFEST.json: MAR103 `createdOn` in the manifest is not a string; make it a string",
        raises="Failed to parse signature.json",
    ),
    "no model name": Fault(
        "m.mar",
        manifest('{"model": {"modelVersion": "1"}}'),
        "m.mar/MAR-INF/MANIFEST.json: MAR104 The manifest has no model name; add `modelName` to its `model`",
        tree=manifest_tree('{"model": {"modelVersion": "1"}}'),
        model=None,
    ),
}
