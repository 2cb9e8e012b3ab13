"""What lies inside files of kinds that are taken for safe: pickles, and code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from hatch_mar.budget import FILES, RECORDS
from hatch_mar.text import quote
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.compressed import BY_METHOD, CLOSED, Look, find_compressed, find_packed, inflate
from hatch_mar.weights.kinds.expressions import find_evaluated
from hatch_mar.weights.kinds.numpy_array import LOADER as NUMPY
from hatch_mar.weights.kinds.numpy_array import MAGIC, find_objects
from hatch_mar.weights.kinds.tar_file import PICKLES, find_legacy, list_members
from hatch_mar.weights.kinds.torchscript import LOADER as TORCHSCRIPT
from hatch_mar.weights.kinds.torchscript import find_effects
from hatch_mar.weights.kinds.yaml_tags import find_tagged
from hatch_mar.weights.kinds.zip_index import (
    MOST_ENTRIES,
    IndexEntry,
    list_entries,
    locate_content,
    open_leniently,
    read_index,
)
from hatch_mar.weights.loading import Loading
from hatch_mar.weights.view import View
from hatch_mar.zip_records import END_SIGNATURE, LOCAL_SIGNATURE, STORED, ZipFault

MOST_RECORDS = 10_000
LARGEST_DOCUMENT = 64 << 20
"""Bytes of a document that is read whole: code, and the JSON of a model."""
UNSEEN = f"only its first {MOST_RECORDS} records are looked at"
OF_OBJECTS = (".npy", ".pt", ".pkl")
"""Suffixes of records that may be pickles."""
ZIPS = {
    Kind.NPZ: NUMPY,
    Kind.ZIP: "",
    Kind.CORRUPT: "",
    Kind.UNKNOWN: "",
    Kind.EXPORTED_PROGRAM: "torch.export.load",
    Kind.AOTINDUCTOR: "torch.export.load",
}
"""Kinds of zips whose records are all looked at, and who loads them, or nothing if anybody may.

An unknown file may have a zip at its end.
"""
OF_TORCH = re.compile(
    r"(?:[^/]*/)?(?:(?:data|constants|tensors)/\d+|code/.*\.(?:py|debug_pkl)"
    r"|(?:data|constants|bytecode|attributes|mobile_debug_handles)\.pkl)"
)
"""Records that torch.save and TorchScript write: numbers, code, and pickles for torch's own readers."""
INERT = """
    build_boollist build_doublelist build_intlist build_tensor_from_id build_tensorlist restore_type_tag
"""
OF_TRACES = frozenset(("torch.jit._pickle", name) for name in INERT.split())
"""Functions that give back what they get (torch/jit/_pickle.py), in the inputs that a trace keeps."""


def find_within(view: View, kind: Kind, name: str, look: Look) -> Iterator[Loading]:
    """What loaders would import and do for the content of a file of this kind.

    `look` looks at a part of it as at a file of its own.
    """
    if kind is Kind.NPY:
        yield from find_objects(view)
    elif kind is Kind.TAR:
        yield from find_in_tar(view, name, look)
    elif view.read(0, 4) in (LOCAL_SIGNATURE, END_SIGNATURE) or name.lower().endswith(".zip"):
        yield from find_in_zip(view, kind, look)
    # whatever it is called: the bytes of another kind's mark may stand in a text, and where gzip has its time
    yield from find_compressed(view, name, look)
    yield from find_tagged(view, name)


def find_in_tar(view: View, name: str, look: Look) -> Iterator[Loading]:
    seen: set[bytes] = set()
    for number, (raw, member) in enumerate(list_members(view)):
        view.budget.spend(RECORDS)
        if raw in PICKLES:
            seen.add(raw)
        inner = raw.decode("utf-8", "replace")
        if number < MOST_RECORDS or raw in PICKLES:
            view.budget.spend(FILES)
            loader = "torch.load" if raw in PICKLES else ""
            yield from tell(look(member, inner), f"member {quote(inner)}", loader)
        elif inner.lower().endswith(OF_OBJECTS):
            yield Loading("pickle.load", unknown=UNSEEN)
            break
    yield from find_legacy(frozenset(seen), name)


def find_in_zip(view: View, kind: Kind, look: Look) -> Iterator[Loading]:
    entries = read_entries(view)
    files = entries if kind in ZIPS else [entry for entry in entries if is_file(view, entry)]
    loader = ZIPS.get(kind, "")
    for loading in find_in_records(view, files[:MOST_RECORDS], look, loader):
        if kind is not Kind.TORCHSCRIPT or not is_torchscripts(loading):
            yield loading
    if any(map(is_of_objects, files[MOST_RECORDS:])):
        yield Loading(loader or "pickle.load", unknown=UNSEEN)
    if kind is Kind.TORCHSCRIPT:
        code = list(filter(is_code, entries))
        yield from find_unread(code, TORCHSCRIPT)
        yield from find_effects(read_records(view, code), view.budget)
    elif kind in (Kind.EXPORTED_PROGRAM, Kind.AOTINDUCTOR):
        models = list(filter(is_json, entries))
        yield from find_unread(models, ZIPS[kind])
        for _, content in read_records(view, models):
            yield from find_evaluated(content, view.budget)


def find_in_records(view: View, entries: Sequence[IndexEntry], look: Look, loader: str) -> Iterator[Loading]:
    """What is found in the records of a zip, each looked at as a file."""
    for entry in entries:
        view.budget.spend(FILES)
        content = locate_content(view, entry)
        if content is None:
            continue
        if entry.method == STORED:
            found = look(content, entry.name)
        elif entry.method in BY_METHOD:
            found = find_packed(content, BY_METHOD[entry.method], entry.name, look)
        else:
            found = (Loading("pickle.load", unknown=CLOSED),)
        yield from tell(found, f"record {quote(entry.name)}", loader)


def find_unread(entries: Sequence[IndexEntry], loader: str) -> Iterator[Loading]:
    """The documents that `read_records` leaves out."""
    for entry in entries[:MOST_RECORDS]:
        if entry.size > LARGEST_DOCUMENT:
            unknown = f"it has more than the {LARGEST_DOCUMENT} bytes that are read"
            yield Loading(loader, f"record {quote(entry.name)}", unknown=unknown)
    if len(entries) > MOST_RECORDS:
        yield Loading(loader, unknown=UNSEEN)


def read_entries(view: View) -> Sequence[IndexEntry]:
    """The entries of a zip; of a damaged one those that some reader may find, but for torch.load's pickle."""
    try:
        return read_index(view).entries
    except ZipFault:
        found = (entry for entry in list_entries(view) if not entry.folded.endswith("data.pkl"))
        return list(dict.fromkeys(islice(found, MOST_ENTRIES)))


def is_file(view: View, entry: IndexEntry) -> bool:
    """Whether a record of a torch file is for others than torch: by its name, or as an array of numpy."""
    return OF_TORCH.fullmatch(entry.folded) is None or holds_array(view, entry)


def is_torchscripts(loading: Loading) -> bool:
    """Whether a record asks for no more than what TorchScript writes, as of the inputs of a trace."""
    return OF_TRACES.issuperset(loading.unsafe_globals) and not (loading.unknown or loading.effects)


def holds_array(view: View, entry: IndexEntry) -> bool:
    content = locate_content(view, entry)
    if content and entry.method in BY_METHOD:
        content = inflate(content, BY_METHOD[entry.method], len(MAGIC))
    return content is not None and content.read(0, len(MAGIC)) == MAGIC


def tell(loadings: tuple[Loading, ...], part: str, loader: str = "") -> Iterator[Loading]:
    """The loadings of a part that are worth telling, as those of the whole."""
    for loading in loadings:
        if loading.is_worth_telling:
            yield loading._replace(part=part, loader=loader or loading.loader)


def read_records(view: View, entries: Sequence[IndexEntry]) -> Iterator[tuple[str, bytes]]:
    """The names and the bytes of records, as far as they can be read."""
    for entry in entries[:MOST_RECORDS]:
        content = open_leniently(view, entry, LARGEST_DOCUMENT)
        if content:
            yield entry.name, content.read(0, LARGEST_DOCUMENT)


def is_of_objects(entry: IndexEntry) -> bool:
    return entry.folded.endswith(OF_OBJECTS)


def is_json(entry: IndexEntry) -> bool:
    return entry.folded.endswith(".json")


def is_code(entry: IndexEntry) -> bool:
    return "/code/" in f"/{entry.folded}" and entry.folded.endswith(".py")
