"""Whether a folder that `from_pretrained` loads has what is read there.

A call with an argument that may change where it looks is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from hatch_mar.checks.opened_files.making import Made
from hatch_mar.checks.pretrained.downloads import DOWNLOAD, is_there, shorten_name
from hatch_mar.checks.pretrained.libraries import HUB_NAME, find_downloader
from hatch_mar.checks.pretrained.model_folder import ADAPTER, CONFIG, EXPECTED, WEIGHTS, Folder
from hatch_mar.checks.references.absent import advise, advise_packing, describe_absence, find_elsewhere
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.pysource.rehearsal.events import Call
from hatch_mar.pysource.rehearsal.paths import MODEL_DIR, member_name
from hatch_mar.text import quote, quote_some

INCOMPLETE = Rule(
    code="MAR258",
    severity="warning",
    title="A folder that `from_pretrained` loads is incomplete",
    consequence="the worker dies with `OSError` or `ValueError`, or goes on with random weights",
    fix="pack it there: `extra-files` packs at the root, `force-include` anywhere",
)
CODE = Rule(
    code="MAR259",
    severity="warning",
    title="Code that `trust_remote_code` imports is not packed",
    consequence="`from_pretrained` looks for it beside the file that names it, and dies with `OSError`",
    fix="pack it there: `extra-files` packs at the root, `force-include` anywhere",
)
ELSEWHERE = {
    *("subfolder", "gguf_file", "model_kwargs", "modules", "state_dict", "from_tf", "from_flax", "variant"),
    "use_safetensors",
}
"""Arguments that change which files are read."""
MOST_LOOKED_AT = 100
"""Files of a folder, beside which there may be others that are not packed."""
REMOTE = "--"
"""Between a repository and what is imported of it."""


def check_call(subject: Subject, call: Call, made: Made) -> Iterator[Finding]:
    reader, path = find_reader(call), find_path(subject, call)
    if not reader or path is None or not ELSEWHERE.isdisjoint(call.keywords):
        return
    # what is not there may be brought after the build, or has been made
    if path in subject.members or subject.may_grow or made.may_have(path):
        return
    place, name = subject.place(call.module.member, call.line), f"`{shorten_name(call.name)}`"
    if path in (".", *subject.folders):
        yield from check_folder(Folder(subject, path), call, reader, place, made)
    else:
        text = f"{name} loads the folder {describe_absence(subject, [path])}"
        yield INCOMPLETE.at(place, text, advise_packing(subject, path, subject.root and subject.root / path))


def find_reader(call: Call) -> str | None:
    """The class of transformers whose `from_pretrained` is called, by this call or within it."""
    match call.name.split("."):
        case ["transformers", *_, name, "from_pretrained"]:
            return name
        case ["transformers", "pipeline"] | ["sentence_transformers", "SentenceTransformer"]:
            return "AutoModel"
    return None


def find_path(subject: Subject, call: Call) -> str | None:
    """The folder that is loaded, as a name in the archive, unless it is one for the Hugging Face Hub."""
    known = find_downloader(call.name)
    path = call.argument(known.position, known.keyword) if known else None
    name = member_name(path) if isinstance(path, str) else None
    if not isinstance(path, str) or name is None:
        return None
    is_local = path.startswith(MODEL_DIR) or name in subject.folders or not re.fullmatch(HUB_NAME, path)
    return name if is_local or (subject.root and (subject.root / name).is_dir()) else None


def check_folder(folder: Folder, call: Call, reader: str, place: Place, made: Made) -> Iterator[Finding]:
    name = f"`{shorten_name(call.name)}`"
    if call.name.startswith("sentence_transformers.") and "modules.json" in folder.files:
        return
    base = folder.find_base(reader)
    if base and re.fullmatch(HUB_NAME, base) and not is_there(folder.subject, base, made):
        yield DOWNLOAD.at(place, f"{name} downloads {quote(base)}, which {quote(folder.path(ADAPTER))} names")
    elif lacking := folder.find_lacking(reader, call.keywords):
        text = f"{name} reads {describe_lacking(folder, lacking)}"
        yield INCOMPLETE.at(place, text, advise_beside(folder, lacking[0]))
    elif folder.lacks_type(reader) and "config" not in call.keywords:
        text = f"{name} reads {quote(folder.path(CONFIG))}, which has no `model_type`"
        yield INCOMPLETE.at(place, text, "pack the file that `save_pretrained` writes")
    elif misfit := folder.find_misfit(reader, call.keywords):
        file, description = misfit
        kind = EXPECTED[file].label
        text = f"{name} reads {quote(folder.path(file))}, which must be {kind}, but is: {description}"
        yield INCOMPLETE.at(place, text, "save the model with `save_pretrained`")
    elif call.keywords.get("trust_remote_code") is True:
        yield from check_code(folder, reader, place, name)


def check_code(folder: Folder, reader: str, place: Place, name: str) -> Iterator[Finding]:
    """The code that a folder's own files name for `trust_remote_code`."""
    for path in folder.find_code(reader):
        repository, is_remote, _ = path.rpartition(REMOTE)
        file = f"{path.partition('.')[0]}.py"
        if is_remote:
            yield DOWNLOAD.at(place, f"{name} downloads code of {quote(repository)}")
        elif file not in folder.files:
            absence = describe_absence(folder.subject, [folder.path(file)])
            yield CODE.at(place, f"{name} imports {absence}", advise_beside(folder, file))


def describe_lacking(folder: Folder, names: Sequence[str]) -> str:
    """The end of a sentence about files of which one would do: "`a` or `b`, and finds neither"."""
    paths = [folder.path(name) for name in names]
    if len(paths) == 1:
        return describe_absence(folder.subject, paths)
    others = list(filter(None, (find_elsewhere(folder.subject, path) for path in paths)))
    if not others and names == WEIGHTS[::2]:
        others = folder.list_weights()
    but = f", but the archive has {quote_some(others)}" if others else ""
    return f"{' or '.join(map(quote, paths))}, and finds neither{but}"


def advise_beside(folder: Folder, name: str) -> str | None:
    """How to pack a file that lies, in the project, beside one that is packed in the folder."""
    members = islice(folder.files.values(), MOST_LOOKED_AT)
    return next(filter(None, (advise(folder.subject, member, [name]) for member in members)), None)
