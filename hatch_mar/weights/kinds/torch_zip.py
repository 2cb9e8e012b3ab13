"""What a zip holds: torch.save since 1.6, TorchScript, an exported program, or something else."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from hatch_mar.text import count_of, first_messages, quote
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.pickle_file import loading_of, read_pickles
from hatch_mar.weights.kinds.pickled_value import find_devices, find_misfits, inspect_value, is_state_dict
from hatch_mar.weights.kinds.script_code import find_gpu_attributes, inspect_code
from hatch_mar.weights.kinds.zip_index import (
    IndexEntry,
    ZipIndex,
    find_unreachable,
    list_entries,
    open_leniently,
    read_content,
    read_index,
)
from hatch_mar.weights.loading import Loading
from hatch_mar.weights.pickles.interpreter import Pickle
from hatch_mar.weights.pickles.torch_objects import Dictionary
from hatch_mar.weights.view import View
from hatch_mar.weights.weights import Weights
from hatch_mar.zip_records import DEFLATED, PATCHED, STORED, ZipFault

LARGEST_PICKLE = 64 << 20
"""Bytes of a pickle that is deflated, or whose CRC is compared. That of 10,000 tensors has 2 MB."""
LARGEST_CODE = 64 << 20
"""Bytes of a module of TorchScript."""
MOST_MODULES = 10_000
MOST_CANDIDATES = 100
LARGEST_MARK = 64
"""Bytes of the small records: `version`, `byteorder`, `archive_format`."""
VERSIONS = range(1, 11)
"""Of the file format (caffe2/serialize/versions.h)."""
SCRIPT_MARK = "constants.pkl"
LONGEST_RECORD = 511
"""Bytes of a record's name, of which torch's reader of all names cuts off the rest
(caffe2/serialize/inline_container.cc, `getAllRecords`; miniz, `MZ_ZIP_MAX_ARCHIVE_FILENAME_SIZE`)."""
ROOTLESS_EXPORT = "serialized_exported_program.json"
"""torch.export.save until 2.6 or so wrote a zip without a root."""


def inspect_zip(view: View) -> Weights:
    try:
        return Records(view, read_index(view)).inspect()
    except ZipFault as fault:
        kind = Kind.TRUNCATED if fault.cut else Kind.CORRUPT
        reason = "a zip whose end is missing" if fault.cut else f"a zip, but {fault}"
        # some reader may take it as it is, and torch's takes much
        return Weights(kind, reason, loadings=find_hidden_zip(view))


def read_state_dict(view: View) -> Dictionary | None:
    """The state_dict that a whole file of torch.save is; None for anything else."""
    try:
        records = Records(view, read_index(view))
        entry = records.by_name.get("data.pkl")
        if entry is None or SCRIPT_MARK in records.by_name:
            return None
        data = read_content(view, entry, LARGEST_PICKLE)
    except ZipFault:
        return None
    pickle = read_pickles(view.unpacked(data))[0]
    if pickle.fault or not isinstance(pickle.value, Dictionary) or not is_state_dict(pickle.value):
        return None
    return pickle.value


def find_hidden_zip(view: View) -> tuple[Loading, ...]:
    """What would be imported from the pickles of a zip that some reader could find in the file."""
    pickles = [entry for entry in list_entries(view) if entry.folded.endswith("data.pkl")]
    found = follow_each(view, pickles[:MOST_CANDIDATES])
    if len(pickles) > MOST_CANDIDATES:
        found = (*found, Loading("torch.load", unknown=f"it has {len(pickles)} records named `data.pkl`"))
    return found


def follow_each(view: View, entries: Iterable[IndexEntry]) -> tuple[Loading, ...]:
    """What torch.load would import, whichever of these entries it takes for the pickle."""
    loadings = []
    for entry in entries:
        content = open_leniently(view, entry, LARGEST_PICKLE)
        if content is None:
            unknown = f"record {quote(entry.name)} cannot be read"
            loadings.append(Loading("torch.load", unknown=unknown))
            continue
        pickles = read_pickles(content)
        loadings.append(loading_of(pickles, 1, pickles[0].refusals))
    return tuple(dict.fromkeys(loadings))


def torch_name(entry: IndexEntry) -> str:
    """A record's name as torch lists it."""
    return entry.raw_name[:LONGEST_RECORD].decode("utf-8", "surrogateescape")


def is_code(name: str) -> bool:
    return name.startswith("code/") and name.endswith(".py")


class Records:
    """The records of a zip, by their names below its one root (caffe2/serialize/inline_container.cc)."""

    def __init__(self, view: View, index: ZipIndex) -> None:
        self.view, self.index = view, index
        first = index.entries[0].name if index.entries else ""
        self.root = first.partition("/")[0] + "/" if "/" in first else ""
        start = len(self.root)
        self.by_name = {
            entry.folded[start:]: entry for entry in index.entries if entry.name.startswith(self.root)
        }

    def inspect(self) -> Weights:
        if SCRIPT_MARK in (torch_name(entry)[len(self.root) :] for entry in self.index.entries):
            # torch.load asks for exactly this name, in this case, and then leaves data.pkl to C++.
            missing = () if "data.pkl" in self.by_name else ("record `data.pkl` is missing",)
            script = self.inspect_script()
            return self.with_damage(script, missing)
        other = self.inspect_other()
        pickle = self.by_name.get("data.pkl")
        if pickle is None:
            return other
        saved = self.inspect_saved(pickle)
        if other.kind is Kind.ZIP:
            return saved
        # which torch.load would unpickle
        return other._replace(loadings=saved.loadings)

    def inspect_script(self) -> Weights:
        entry = self.by_name.get("data.pkl")
        content = entry and open_leniently(self.view, entry, LARGEST_PICKLE)
        pickle = read_pickles(content)[0] if content else None
        code = inspect_code(
            self.read_code(), self.view.budget, find_gpu_attributes(pickle.value) if pickle else {}
        )
        return Weights(
            Kind.TORCHSCRIPT,
            lite="bytecode.pkl" in self.by_name,
            saved_on=find_devices(pickle) if pickle else (),
            operators=code.operators,
            devices=code.devices,
        )

    def read_code(self) -> Iterator[bytes]:
        entries = (entry for name, entry in self.by_name.items() if is_code(name))
        for entry in islice(entries, MOST_MODULES):
            if content := open_leniently(self.view, entry, LARGEST_CODE):
                yield content.read(0, LARGEST_CODE)

    def inspect_other(self) -> Weights:
        names = [entry.name for entry in self.index.entries]
        if ROOTLESS_EXPORT in names:
            return Weights(Kind.EXPORTED_PROGRAM)
        if self.read_mark("archive_format") == b"pt2":
            return self.with_damage(self.inspect_pt2())
        if "model.json" in self.by_name and any(name.startswith("tensors/") for name in self.by_name):
            return Weights(Kind.TORCHSCRIPT)
        if names and all(name.endswith(".npy") for name in names):
            return Weights(Kind.NPZ, tensors=len(names))
        return Weights(Kind.ZIP, f"{count_of(len(names), 'file')}, no torch files")

    def inspect_pt2(self) -> Weights:
        """A package of torch.export (torch/export/pt2_archive/constants.py)."""
        if any(name.startswith("models/") and name.endswith(".json") for name in self.by_name):
            return Weights(Kind.EXPORTED_PROGRAM)
        if any(name.startswith("data/aotinductor/") for name in self.by_name):
            return Weights(Kind.AOTINDUCTOR)
        return Weights(Kind.ZIP, "a PT2 archive without a model")

    def inspect_saved(self, entry: IndexEntry) -> Weights:
        if entry.size > LARGEST_PICKLE:
            return self.with_damage(Weights(Kind.PICKLE, loadings=follow_each(self.view, [entry])))
        try:
            data = read_content(self.view, entry, LARGEST_PICKLE)
        except ZipFault as fault:
            loadings = follow_each(self.view, [entry])
            return Weights(Kind.CORRUPT, f"a zip of torch.save, but {fault}", loadings=loadings)
        pickles = read_pickles(self.view.unpacked(data))
        first = pickles[0]
        loading = loading_of(pickles, 1, first.refusals)
        if first.fault:
            weights = Weights(Kind.PICKLE, loadings=(loading,))
            if first.blind:
                return self.with_damage(weights)
            reason = f"a zip of torch.save, but its pickle cannot be read: {first.fault}"
            return weights._replace(kind=Kind.CORRUPT, reason=reason)
        weights = inspect_value(first)._replace(loadings=(loading,))
        damage = [*find_misfits(first), *self.find_incomplete(first)]
        # `torch.serialization.set_crc32_options(False)` makes every CRC 0
        if zlib.crc32(data) != entry.crc and any(each.crc for each in self.index.entries):
            damage.append(f"record {quote(entry.name)} does not match its CRC, which torch does not check")
        return self.with_damage(weights, damage)

    def with_damage(self, weights: Weights, damage: Iterable[str] = ()) -> Weights:
        """The same weights with this damage, and that at which torch's reader of zips stops."""
        return weights._replace(damage=first_messages(chain(damage, self.find_faults())))

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
            if any("\ud800" <= character <= "\udfff" for character in entry.name):
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
            key = storage.key.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
            entry = self.by_name.get(f"data/{key}")
            if entry is None:
                yield f"record {quote('data/' + storage.key)} is missing"
            elif storage.location != "meta" and storage.size not in (None, entry.size):
                name, size = quote("data/" + storage.key), count_of(entry.size, "byte")
                yield f"record {name} has {size}, but its tensor needs {storage.size}"

    def read_mark(self, name: str) -> bytes | None:
        """A small record; None if it is missing, `?` if it cannot be read."""
        entry = self.by_name.get(name)
        if entry is None:
            return None
        try:
            return read_content(self.view, entry, LARGEST_MARK)
        except ZipFault:
            return b"?"
