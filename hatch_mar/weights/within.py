"""What lies inside files of kinds that are taken for safe: pickles, and code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

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
from hatch_mar.weights.kinds.yaml_tags import find_objects as find_yaml_objects
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
EXPORT = "torch.export.load"


def find_within(view: View, kind: Kind, name: str, look: Look, budget: Budget) -> Iterator[Loading]:
    """What loaders would import and do for the content of a file of this kind.

    `look` looks at a part of it as at a file of its own.
    """
    if kind is Kind.NPY:
        yield from find_objects(view, budget)
    elif kind in (Kind.NPZ, Kind.ZIP):
        yield from find_in_records(view, look, NUMPY if kind is Kind.NPZ else "")
    elif kind in (Kind.EXPORTED_PROGRAM, Kind.AOTINDUCTOR):
        yield from find_in_records(view, look, EXPORT)
        yield from find_unread(view, is_json, EXPORT)
        for _, document in read_records(view, is_json):
            yield from find_evaluated(document)
    elif kind is Kind.TORCHSCRIPT:
        yield from find_unread(view, is_code, TORCHSCRIPT)
        yield from find_effects(read_records(view, is_code), budget)
    elif kind is Kind.TAR:
        for raw, member in islice(list_members(view), MOST_RECORDS):
            inner = raw.decode("utf-8", "replace")
            yield from tell(look(member, inner), f"member {quote(inner)}")
    elif kind in (Kind.GZIP, Kind.BZIP2, Kind.XZ, Kind.ZSTD, Kind.SEVEN_ZIP, Kind.UNKNOWN):
        yield from find_compressed(view, name, look, budget)
        if kind is Kind.UNKNOWN:
            yield from find_yaml_objects(view, name)


def find_in_records(view: View, look: Look, loader: str) -> Iterator[Loading]:
    """What is found in the records of a zip, each looked at as a file."""
    for entry in list_records(view):
        content = open_leniently(view, entry, LARGEST_RECORD)
        part = f"record {quote(entry.name)}"
        if content is None:
            if entry.folded.endswith(OF_OBJECTS):
                yield Loading(loader or "pickle.load", part, unknown="it cannot be decompressed")
            continue
        yield from tell(look(content, entry.name), part, loader)
    if any(entry.folded.endswith(OF_OBJECTS) for entry in list_records(view, MOST_RECORDS, None)):
        yield Loading(loader or "pickle.load", unknown=UNSEEN)


def find_unread(view: View, wanted: Callable[[IndexEntry], bool], loader: str) -> Iterator[Loading]:
    """What cannot be told of documents that are too large to be read, or too many."""
    if any(map(wanted, list_records(view, MOST_RECORDS, None))):
        yield Loading(loader, unknown=UNSEEN)
    for entry in filter(wanted, list_records(view)):
        if entry.size > LARGEST_DOCUMENT:
            unknown = f"it has more than the {LARGEST_DOCUMENT} bytes that are read"
            yield Loading(loader, f"record {quote(entry.name)}", unknown=unknown)


def tell(loadings: tuple[Loading, ...], part: str, loader: str = "") -> Iterator[Loading]:
    """The loadings of a part that are worth telling, as those of the whole."""
    for loading in loadings:
        if loading.is_worth_telling:
            yield loading._replace(part=part, loader=loader or loading.loader)


def list_records(view: View, start: int = 0, stop: int | None = MOST_RECORDS) -> Iterator[IndexEntry]:
    try:
        return islice(iter(read_index(view).entries), start, stop)
    except ZipFault:
        return iter(())


def read_records(view: View, wanted: Callable[[IndexEntry], bool]) -> Iterator[tuple[str, bytes]]:
    """The names and the bytes of the records that are wanted, but for those of `find_unread`."""
    for entry in filter(wanted, list_records(view)):
        content = open_leniently(view, entry, LARGEST_DOCUMENT)
        if content:
            yield entry.name, content.read(0, LARGEST_DOCUMENT)


def is_json(entry: IndexEntry) -> bool:
    return entry.folded.endswith(".json")


def is_code(entry: IndexEntry) -> bool:
    return "/code/" in f"/{entry.folded}" and entry.folded.endswith(".py")
