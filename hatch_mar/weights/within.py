"""What lies inside files of kinds that are taken for safe: pickles, and code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hatch_mar.budget import Budget
from hatch_mar.text import quote
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.compressed import Look, find_compressed
from hatch_mar.weights.kinds.expressions import find_evaluated
from hatch_mar.weights.kinds.legacy_tar import list_members
from hatch_mar.weights.kinds.numpy_array import LOADER as NUMPY
from hatch_mar.weights.kinds.numpy_array import find_objects
from hatch_mar.weights.kinds.torchscript import LOADER as TORCHSCRIPT
from hatch_mar.weights.kinds.torchscript import find_effects
from hatch_mar.weights.kinds.yaml_tags import find_tagged
from hatch_mar.weights.kinds.zip_index import IndexEntry, ZipFault, open_leniently, read_index
from hatch_mar.weights.loading import Loading
from hatch_mar.weights.view import View

MOST_RECORDS = 10_000
LARGEST_RECORD = 16 << 20
"""Bytes of a record that is deflated."""
LARGEST_DOCUMENT = 64 << 20
"""Bytes of a document that is read whole: code, and the JSON of a model."""
UNSEEN = f"only its first {MOST_RECORDS} records are looked at"
OF_OBJECTS = (".npy", ".pt", ".pkl")
"""Suffixes of records that may be pickles."""
ZIPS = {
    Kind.NPZ: NUMPY,
    Kind.ZIP: "",
    Kind.EXPORTED_PROGRAM: "torch.export.load",
    Kind.AOTINDUCTOR: "torch.export.load",
    Kind.TORCHSCRIPT: TORCHSCRIPT,
}
"""Kinds of zips, and who loads them; what is in any other zip is loaded by whoever that is for."""
DOCUMENTED = (Kind.EXPORTED_PROGRAM, Kind.AOTINDUCTOR, Kind.TORCHSCRIPT)
"""Those with code, or with expressions that are evaluated."""


def find_within(view: View, kind: Kind, name: str, look: Look, budget: Budget) -> Iterator[Loading]:
    """What loaders would import and do for the content of a file of this kind.

    `look` looks at a part of it as at a file of its own.
    """
    if kind is Kind.NPY:
        yield from find_objects(view, budget)
    elif kind is Kind.TAR:
        yield from find_in_tar(view, look, budget)
    elif kind in ZIPS:
        yield from find_in_zip(view, kind, look, budget)
    elif kind in (Kind.GZIP, Kind.BZIP2, Kind.XZ, Kind.ZSTD, Kind.SEVEN_ZIP, Kind.UNKNOWN):
        yield from find_compressed(view, name, look, budget)
        if kind is Kind.UNKNOWN:
            yield from find_tagged(view, name, budget)


def find_in_tar(view: View, look: Look, budget: Budget) -> Iterator[Loading]:
    for number, (raw, member) in enumerate(list_members(view)):
        name = raw.decode("utf-8", "replace")
        if number < MOST_RECORDS:
            budget.spend("files", 1)
            yield from tell(look(member, name), f"member {quote(name)}")
        elif name.lower().endswith(OF_OBJECTS):
            yield Loading("pickle.load", unknown=UNSEEN)
            return


def find_in_zip(view: View, kind: Kind, look: Look, budget: Budget) -> Iterator[Loading]:
    try:
        entries = read_index(view).entries
    except ZipFault:
        return
    first, others = entries[:MOST_RECORDS], entries[MOST_RECORDS:]
    loader = ZIPS[kind]
    if kind is not Kind.TORCHSCRIPT:
        yield from find_in_records(view, first, look, loader, budget)
    document = is_code if kind is Kind.TORCHSCRIPT else is_json
    is_unseen = document if kind in DOCUMENTED else is_of_objects
    if any(map(is_unseen, others)):
        yield Loading(loader or "pickle.load", unknown=UNSEEN)
    if kind not in DOCUMENTED:
        return
    documents = list(filter(document, first))
    for entry in documents:
        if entry.size > LARGEST_DOCUMENT:
            unknown = f"it has more than the {LARGEST_DOCUMENT} bytes that are read"
            yield Loading(loader, f"record {quote(entry.name)}", unknown=unknown)
    contents = read_records(view, documents)
    if kind is Kind.TORCHSCRIPT:
        yield from find_effects(contents, budget)
        return
    for _, content in contents:
        yield from find_evaluated(content)


def find_in_records(
    view: View, entries: Sequence[IndexEntry], look: Look, loader: str, budget: Budget
) -> Iterator[Loading]:
    """What is found in the records of a zip, each looked at as a file."""
    for entry in entries:
        budget.spend("files", 1)
        content = open_leniently(view, entry, LARGEST_RECORD)
        part = f"record {quote(entry.name)}"
        if content is not None:
            yield from tell(look(content, entry.name), part, loader)
        elif is_of_objects(entry):
            yield Loading(loader or "pickle.load", part, unknown="it cannot be decompressed")


def tell(loadings: tuple[Loading, ...], part: str, loader: str = "") -> Iterator[Loading]:
    """The loadings of a part that are worth telling, as those of the whole."""
    for loading in loadings:
        if loading.is_worth_telling:
            yield loading._replace(part=part, loader=loader or loading.loader)


def read_records(view: View, entries: Iterable[IndexEntry]) -> Iterator[tuple[str, bytes]]:
    """The names and the bytes of records, as far as they can be read."""
    for entry in entries:
        content = open_leniently(view, entry, LARGEST_DOCUMENT)
        if content:
            yield entry.name, content.read(0, LARGEST_DOCUMENT)


def is_of_objects(entry: IndexEntry) -> bool:
    return entry.folded.endswith(OF_OBJECTS)


def is_json(entry: IndexEntry) -> bool:
    return entry.folded.endswith(".json")


def is_code(entry: IndexEntry) -> bool:
    return "/code/" in f"/{entry.folded}" and entry.folded.endswith(".py")
