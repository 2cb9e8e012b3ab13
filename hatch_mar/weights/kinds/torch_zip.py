"""What a zip holds: torch.save since 1.6, TorchScript, an exported program, or something else."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.pickle_contents import contents, misfits
from hatch_mar.weights.kinds.pickle_file import imports, is_complete, read_all, unfinished
from hatch_mar.weights.kinds.zip_index import (
    Entry,
    ZipFault,
    ZipIndex,
    content,
    read_index,
    unreachable,
)
from hatch_mar.weights.pickles import interpreter
from hatch_mar.weights.pickles.interpreter import Pickle
from hatch_mar.weights.pickles.torch_objects import Storage
from hatch_mar.weights.report import Weights
from hatch_mar.weights.view import View
from hatch_mar.weights.wording import counted, quoted, some
from hatch_mar.zip_records import DEFLATED, PATCHED, STORED

LARGEST_MARK = 64
"""Bytes of the small records: `version`, `byteorder`, `archive_format`."""
VERSIONS = range(1, 11)
"""Of the file format (caffe2/serialize/versions.h)."""
ROOTLESS_EXPORT = "serialized_exported_program.json"
"""torch.export.save until 2.6 or so wrote a zip without a root."""


def inspect_zip(view: View) -> Weights:
    """A file that begins as a zip does."""
    try:
        return Records(view, read_index(view)).weights()
    except ZipFault as fault:
        kind = Kind.TRUNCATED if fault.cut else Kind.CORRUPT
        what = (
            "a zip, as torch writes it, of which the end is missing" if fault.cut else f"a zip, but {fault}"
        )
        return Weights(kind, what, complete=False)


class Records:
    """The records of a zip, by their names below its one root (caffe2/serialize/inline_container.cc)."""

    def __init__(self, view: View, index: ZipIndex) -> None:
        self.view = view
        self.index = index
        first = index.entries[0].name if index.entries else ""
        self.root = first.partition("/")[0] + "/" if "/" in first else ""
        start = len(self.root)
        self.by_name = {
            entry.folded[start:]: entry for entry in index.entries if entry.name.startswith(self.root)
        }

    def weights(self) -> Weights:
        if self.root + "constants.pkl" in (entry.name for entry in self.index.entries):
            # torch.load asks for this very name, in this case, and leaves data.pkl to C++ if it is there.
            lacking = () if "data.pkl" in self.by_name else ("record `data.pkl` is missing",)
            return self.of_torch(Weights(Kind.TORCHSCRIPT, lite="bytecode.pkl" in self.by_name), lacking)
        found = self.other()
        pickle = self.by_name.get("data.pkl")
        if pickle is None:
            return found
        saved = self.saved(pickle)
        if found.kind is Kind.ZIP:
            return saved
        remarks = (*found.remarks, "torch.load would unpickle its record `data.pkl`")
        return found._replace(globals=saved.globals, complete=saved.complete, remarks=remarks)

    def other(self) -> Weights:
        """What neither torch.jit.save nor torch.save wrote."""
        names = [entry.name for entry in self.index.entries]
        if ROOTLESS_EXPORT in names:
            return Weights(Kind.EXPORTED_PROGRAM)
        if self.mark("archive_format") == b"pt2":
            return self.of_torch(self.pt2())
        if "model.json" in self.by_name and any(name.startswith("tensors/") for name in self.by_name):
            return Weights(Kind.TORCHSCRIPT)
        if names and all(name.endswith(".npy") for name in names):
            return Weights(Kind.NPZ, tensors=len(names))
        return Weights(Kind.ZIP, f"of {counted(len(names), 'file')}, and none of torch")

    def pt2(self) -> Weights:
        """A package of torch.export (torch/export/pt2_archive/constants.py)."""
        if any(name.startswith("models/") and name.endswith(".json") for name in self.by_name):
            return Weights(Kind.EXPORTED_PROGRAM)
        if any(name.startswith("data/aotinductor/") for name in self.by_name):
            return Weights(Kind.AOTINDUCTOR)
        return Weights(Kind.ZIP, "a PT2 archive without a model")

    def saved(self, entry: Entry) -> Weights:
        """What torch.save wrote."""
        if entry.size > interpreter.LARGEST_PICKLE:
            limit = f"it has more than the {interpreter.LARGEST_PICKLE} bytes that are read"
            return self.of_torch(Weights(Kind.PICKLE, complete=False, remarks=(unfinished(limit),)))
        try:
            data = content(self.view, entry, interpreter.LARGEST_PICKLE)
        except ZipFault as fault:
            return Weights(Kind.CORRUPT, f"a zip of torch.save, but {fault}", complete=False)
        pickles = read_all(data)
        first = pickles[0]
        if first.fault:
            found = Weights(Kind.PICKLE, globals=first.globals, refusals=first.refusals, complete=False)
            if first.blind:
                return self.of_torch(found._replace(remarks=(unfinished(first.fault),)))
            reason = f"a zip of torch.save, but its pickle cannot be read: {first.fault}"
            return found._replace(kind=Kind.CORRUPT, reason=reason)
        after = len(data) - first.end
        found = contents(first)._replace(
            globals=imports(pickles, 1),
            complete=is_complete(pickles, 1),
            refusals=first.refusals,
            remarks=(f"{counted(after, 'byte')} after the pickle's STOP",) if after else (),
        )
        return self.of_torch(found, misfits(first), self.lacking(first), self.altered(entry, data))

    def of_torch(self, found: Weights, *damage: Iterable[str]) -> Weights:
        """The same with its damage, that at which torch's reader of zips stops included."""
        remarks = list(found.remarks)
        if self.index.after:
            remarks.append(f"{counted(self.index.after, 'byte')} after the end of the zip")
        if self.without_crc():
            remarks.append(
                "its CRCs are switched off, so damage cannot be seen; "
                "save it again after torch.serialization.set_crc32_options(True)"
            )
        return found._replace(damage=some(chain(*damage, self.faults())), remarks=some(remarks))

    def faults(self) -> Iterator[str]:
        if len(self.by_name) < len(self.index.entries) or not self.root:
            yield "it has files outside of its one folder"
        version = self.mark(".data/version") or self.mark("version")
        if version is None:
            yield "record `version` is missing"
        elif not version.strip().isdigit() or int(version) not in VERSIONS:
            yield "its format's version is unknown"
        if self.mark("byteorder") not in (None, b"little", b"big"):
            yield "its byte order is unknown"
        if not (self.mark(".storage_alignment") or b"64").isdigit():
            yield "its alignment is no number"
        if not (self.mark(".data/serialization_id") or b"").isascii():
            yield "its serialization id is no text"
        for entry in self.index.entries:
            if not is_text(entry.name):
                yield f"record {quoted(entry.name)} has a name that is no UTF-8"
            if entry.method not in (STORED, DEFLATED) or entry.flags & PATCHED:
                yield f"record {quoted(entry.name)} is compressed in a way that torch cannot read"
            elif entry.method == STORED and entry.size != entry.packed:
                yield f"record {quoted(entry.name)} has two sizes"
        for entry in unreachable(self.view, self.index):
            yield f"record {quoted(entry.name)} is not where the directory says"

    def lacking(self, pickle: Pickle) -> Iterator[str]:
        """Storages without their bytes, or with too few or too many."""
        for storage in pickle.storages:
            entry = self.by_name.get("data/" + folded(storage.key))
            if entry is None:
                yield f"record {quoted('data/' + storage.key)} is missing"
            elif is_elsewhere(storage) or storage.size is None:
                continue
            elif entry.size != storage.size:
                name, has = quoted("data/" + storage.key), counted(entry.size, "byte")
                yield f"record {name} has {has}, its tensor needs {storage.size}"

    def altered(self, entry: Entry, data: bytes) -> Iterator[str]:
        if zlib.crc32(data) != entry.crc and not self.without_crc():
            yield f"record {quoted(entry.name)} has another CRC than was saved, and torch does not notice"

    def without_crc(self) -> bool:
        """Written under `torch.serialization.set_crc32_options(False)`: every CRC is 0."""
        return any(entry.size for entry in self.index.entries) and not any(
            entry.crc for entry in self.index.entries
        )

    def mark(self, name: str) -> bytes | None:
        """A small record, or None where it is missing or cannot be one."""
        entry = self.by_name.get(name)
        if entry is None:
            return None
        try:
            return content(self.view, entry, LARGEST_MARK)
        except ZipFault:
            return b"?"


def is_elsewhere(storage: Storage) -> bool:
    return storage.location == "meta"


def is_text(name: str) -> bool:
    """Not decoded with `surrogateescape`."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def folded(name: str) -> str:
    return name.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
