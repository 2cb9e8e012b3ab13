"""What a zip holds: torch.save since 1.6, TorchScript, an exported program, or something else."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from hatch_mar.text import count_of, first_messages, quote
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.pickle_contents import find_misfits, inspect_contents
from hatch_mar.weights.kinds.pickle_file import globals_of, is_complete, parse_pickles, unread_remark
from hatch_mar.weights.kinds.zip_index import (
    IndexEntry,
    ZipFault,
    ZipIndex,
    find_unreachable,
    read_content,
    read_index,
)
from hatch_mar.weights.pickles import interpreter
from hatch_mar.weights.pickles.interpreter import Pickle
from hatch_mar.weights.pickles.torch_objects import Storage
from hatch_mar.weights.view import View
from hatch_mar.weights.weights import Weights
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
        return Records(view, read_index(view)).inspect()
    except ZipFault as fault:
        kind = Kind.TRUNCATED if fault.cut else Kind.CORRUPT
        reason = "a zip whose end is missing" if fault.cut else f"a zip, but {fault}"
        return Weights(kind, reason, complete=False)


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

    def inspect(self) -> Weights:
        if self.root + "constants.pkl" in (entry.name for entry in self.index.entries):
            # torch.load asks for exactly this name, in this case, and then leaves data.pkl to C++.
            missing = () if "data.pkl" in self.by_name else ("record `data.pkl` is missing",)
            script = Weights(Kind.TORCHSCRIPT, lite="bytecode.pkl" in self.by_name)
            return self.with_damage(script, missing)
        other = self.inspect_other()
        pickle = self.by_name.get("data.pkl")
        if pickle is None:
            return other
        saved = self.inspect_saved(pickle)
        if other.kind is Kind.ZIP:
            return saved
        remarks = (*other.remarks, "torch.load would unpickle its record `data.pkl`")
        return other._replace(globals=saved.globals, complete=saved.complete, remarks=remarks)

    def inspect_other(self) -> Weights:
        """What neither torch.jit.save nor torch.save wrote."""
        names = [entry.name for entry in self.index.entries]
        if ROOTLESS_EXPORT in names:
            return Weights(Kind.EXPORTED_PROGRAM)
        if self.read_mark("archive_format") == b"pt2":
            return self.with_damage(self.inspect_pt2())
        if "model.json" in self.by_name and any(name.startswith("tensors/") for name in self.by_name):
            return Weights(Kind.TORCHSCRIPT)
        if names and all(name.endswith(".npy") for name in names):
            return Weights(Kind.NPZ, tensors=len(names))
        return Weights(Kind.ZIP, f"{count_of(len(names), 'file')}, and none of torch's")

    def inspect_pt2(self) -> Weights:
        """A package of torch.export (torch/export/pt2_archive/constants.py)."""
        if any(name.startswith("models/") and name.endswith(".json") for name in self.by_name):
            return Weights(Kind.EXPORTED_PROGRAM)
        if any(name.startswith("data/aotinductor/") for name in self.by_name):
            return Weights(Kind.AOTINDUCTOR)
        return Weights(Kind.ZIP, "a PT2 archive without a model")

    def inspect_saved(self, entry: IndexEntry) -> Weights:
        """What torch.save wrote."""
        if entry.size > interpreter.LARGEST_PICKLE:
            limit = f"it has more than the {interpreter.LARGEST_PICKLE} bytes that are read"
            return self.with_damage(Weights(Kind.PICKLE, complete=False, remarks=(unread_remark(limit),)))
        try:
            data = read_content(self.view, entry, interpreter.LARGEST_PICKLE)
        except ZipFault as fault:
            return Weights(Kind.CORRUPT, f"a zip of torch.save, but {fault}", complete=False)
        pickles = parse_pickles(data)
        first = pickles[0]
        if first.fault:
            weights = Weights(Kind.PICKLE, globals=first.globals, refusals=first.refusals, complete=False)
            if first.blind:
                return self.with_damage(weights._replace(remarks=(unread_remark(first.fault),)))
            reason = f"a zip of torch.save, but its pickle cannot be read: {first.fault}"
            return weights._replace(kind=Kind.CORRUPT, reason=reason)
        after = len(data) - first.end
        weights = inspect_contents(first)._replace(
            globals=globals_of(pickles, 1),
            complete=is_complete(pickles, 1),
            refusals=first.refusals,
            remarks=(f"{count_of(after, 'byte')} after the pickle's STOP",) if after else (),
        )
        damage = find_misfits(first), self.find_incomplete(first), self.find_altered(entry, data)
        return self.with_damage(weights, *damage)

    def with_damage(self, weights: Weights, *damage: Iterable[str]) -> Weights:
        """The same weights with this damage, and that at which torch's reader of zips stops."""
        remarks = list(weights.remarks)
        if self.index.after:
            remarks.append(f"{count_of(self.index.after, 'byte')} after the end of the zip")
        if self.is_without_crcs():
            remarks.append(
                "its CRCs are switched off, so damage cannot be detected; "
                "save it again after torch.serialization.set_crc32_options(True)"
            )
        every = first_messages(chain(*damage, self.find_faults()))
        return weights._replace(damage=every, remarks=first_messages(remarks))

    def find_faults(self) -> Iterator[str]:
        if len(self.by_name) < len(self.index.entries) or not self.root:
            yield "it has files outside its root folder"
        version = self.read_mark(".data/version") or self.read_mark("version")
        if version is None:
            yield "record `version` is missing"
        elif not version.strip().isdigit() or int(version) not in VERSIONS:
            yield "its format version is unknown"
        if self.read_mark("byteorder") not in (None, b"little", b"big"):
            yield "its byte order is unknown"
        if not (self.read_mark(".storage_alignment") or b"64").isdigit():
            yield "its alignment is not a number"
        if not (self.read_mark(".data/serialization_id") or b"").isascii():
            yield "its serialization id is not text"
        for entry in self.index.entries:
            if not is_utf_8(entry.name):
                yield f"record {quote(entry.name)} has a name that is not UTF-8"
            if entry.method not in (STORED, DEFLATED) or entry.flags & PATCHED:
                yield f"record {quote(entry.name)} is compressed in a way that torch cannot read"
            elif entry.method == STORED and entry.size != entry.packed:
                yield f"record {quote(entry.name)} has two sizes"
        for entry in find_unreachable(self.view, self.index):
            yield f"record {quote(entry.name)} is not where the directory says"

    def find_incomplete(self, pickle: Pickle) -> Iterator[str]:
        """Storages whose record is missing, too short or too long."""
        for storage in pickle.storages:
            entry = self.by_name.get("data/" + fold_ascii(storage.key))
            if entry is None:
                yield f"record {quote('data/' + storage.key)} is missing"
            elif is_elsewhere(storage) or storage.size is None:
                continue
            elif entry.size != storage.size:
                name, size = quote("data/" + storage.key), count_of(entry.size, "byte")
                yield f"record {name} has {size}, but its tensor needs {storage.size}"

    def find_altered(self, entry: IndexEntry, data: bytes) -> Iterator[str]:
        if zlib.crc32(data) != entry.crc and not self.is_without_crcs():
            yield f"record {quote(entry.name)} does not match its CRC, which torch does not check"

    def is_without_crcs(self) -> bool:
        """Whether `torch.serialization.set_crc32_options(False)` was set, which makes every CRC 0."""
        return any(entry.size for entry in self.index.entries) and not any(
            entry.crc for entry in self.index.entries
        )

    def read_mark(self, name: str) -> bytes | None:
        """A small record; None if it is missing, `?` if it cannot be read."""
        entry = self.by_name.get(name)
        if entry is None:
            return None
        try:
            return read_content(self.view, entry, LARGEST_MARK)
        except ZipFault:
            return b"?"


def is_elsewhere(storage: Storage) -> bool:
    return storage.location == "meta"


def is_utf_8(name: str) -> bool:
    """Whether decoding the name needed no `surrogateescape`."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def fold_ascii(name: str) -> str:
    """The name as torch looks it up (`IndexEntry.folded`)."""
    return name.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
