"""Folders as `save_pretrained` leaves them, and as Hugging Face's hub has them: each is one model."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from glob import has_magic
from typing import NamedTuple

from hatch_mar.checks.pretrained.model_folder import ADAPTER, WEIGHTS, Folder
from hatch_mar.checks.references import sentence_modules
from hatch_mar.checks.references.numbered import NUMBERED
from hatch_mar.checks.references.shards import SUFFIX, read_index
from hatch_mar.checks.subject import Subject
from hatch_mar.proposal.omissions import Omissions
from hatch_mar.proposal.repository import can_be_declared, folder_of, join
from hatch_mar.proposal.weights_files import WeightsFile
from hatch_mar.text import quote

PIPELINE = "model_index.json"
"""What diffusers knows the folders of a pipeline by."""
FORMS = ("onnx", "openvino", "coreml", "original")
"""Folders in that of a model, for other forms of it."""
ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")

READ = re.compile(
    r"(?:\w+_)?config(?:_\w+)?\.json"
    r"|(?:special_tokens_map|added_tokens|normalizer|modules|chat_template|model_index)\.json"
    r"|(?:tokenizer|vocab|spiece|source|target|sentencepiece[\w.]*)\.\w+|merges\.txt"
    r"|[\w.-]+\.(?:spm|bpe|tiktoken|jinja)"
    r"|(?:configuration|modeling|tokenization|processing|image_processing)_\w+\.py"
)
"""The names of the files that `from_pretrained` reads beside the weights."""


class HubFolder(NamedTuple):
    """The model in a folder; all paths are relative to the repository's root."""

    path: str
    """Empty for the root."""
    weights: tuple[str, ...]
    """What is loaded: a file, or an index and its shards; none if all are in `folders`."""
    extra_files: tuple[str, ...]
    folders: Mapping[str, str]
    """Those that the archive needs too, each with its name there."""
    base: str
    """The model that an adapter is for; empty if it is not an adapter."""
    unread: tuple[str, ...] = ()
    """Weights in `folders` that are not loaded."""

    def owns(self, path: str) -> bool:
        """Whether a file of weights is the model's, or another form of it."""
        folder, _, name = path.rpartition("/")
        if self.has_inside(path) or folder in [join(self.path, form) for form in FORMS]:
            return True
        # beside the folders of a pipeline may be a file with all of it
        is_named_so = not self.weights or name in (*WEIGHTS, *ADAPTER_WEIGHTS) or NUMBERED.fullmatch(name)
        return folder == self.path and (path in self.weights or bool(is_named_so))

    def has_inside(self, path: str) -> bool:
        """Whether a file is in one of the folders that are packed."""
        return any(path.startswith(f"{each}/") for each in self.folders)

    def list_patterns(self) -> tuple[str, ...]:
        """The weights, of which shards are one pattern if they are called so."""
        first, *shards = self.weights or ("",)
        found = [NUMBERED.fullmatch(shard) for shard in shards]
        patterns = {f"{each[1]}-*-of-{each[3]}{each[4]}" for each in found if each}
        if len(patterns) == 1 and all(found) and not has_magic(self.path):
            return first, *patterns
        return self.weights


def find_hub_folders(subject: Subject, found: Sequence[WeightsFile], omissions: Omissions) -> list[HubFolder]:
    """The folders of models that have any of the weights, in the order of the repository."""
    folders = [hub for path in list_folders(found) if (hub := read_folder(subject, path))]
    # a folder may be part of another model, as of a pipeline
    hubs = [hub for hub in folders if not any(other.has_inside(join(hub.path, "any")) for other in folders)]
    hubs = [hub._replace(unread=tuple(find_unread(hub, found))) for hub in hubs]
    for hub in hubs:
        others = [each.path for each in found if hub.owns(each.path) and not hub.has_inside(each.path)]
        unread = [*(path for path in others if path not in hub.weights), *hub.unread]
        loaded = quote(hub.weights[0]) if hub.weights else "other weights"
        omissions.add(f"`from_pretrained` loads {loaded} instead", *unread)
    return hubs


def find_unread(hub: HubFolder, found: Sequence[WeightsFile]) -> Iterator[str]:
    """The weights in a model's folders that are there in another form too, which is loaded instead."""
    inside = {each.path for each in found if hub.has_inside(each.path)}
    for path in sorted(inside):
        stem, _, rest = path.rpartition("/")[2].partition(".")
        folder = folder_of(path)
        plain = {join(folder, f"{stem}.safetensors")}
        if rest == "bin":
            plain.add(join(folder, f"{stem.removeprefix('pytorch_')}.safetensors"))
        elif "." in rest:  # a variant: `model.fp16.safetensors`
            plain.add(join(folder, f"{stem}.bin"))
        if path not in plain and plain & inside:
            yield path


def list_hub_files(files: Iterable[str], found: Sequence[WeightsFile]) -> Iterator[str]:
    """The files that may belong to such folders."""
    yield from (file.path for file in found)
    folders = {*list_folders(found)}
    for path in files:
        folder, _, name = path.rpartition("/")
        if folder in folders and (READ.fullmatch(name) or name in WEIGHTS):
            yield path


def list_folders(found: Sequence[WeightsFile]) -> list[str]:
    """Where the models that weights belong to may be described: beside them, or in the folder above."""
    own = [folder_of(file.path) for file in found]
    return [*dict.fromkeys(each for folder in own for each in (folder, folder_of(folder)))]


def read_folder(subject: Subject, path: str) -> HubFolder | None:
    """The model in a folder; None if it is not a folder of that kind."""
    folder = Folder(subject, path or ".")
    extra = tuple(join(path, name) for name in sorted(folder.files) if READ.fullmatch(name))
    if PIPELINE in folder.files:
        parts = [name for name in folder.read(PIPELINE) if has_folder(subject, join(path, name))]
        return HubFolder(path, (), extra, {join(path, name): name for name in parts}, "")
    base = folder.read(ADAPTER).get("base_model_name_or_path")
    names = ADAPTER_WEIGHTS if isinstance(base, str) else WEIGHTS if folder.config else ()
    weights = next((name for name in names if name in folder.files), None)
    if weights is None:
        return None
    files = [weights]
    if weights.endswith(SUFFIX):
        files += sorted(filter(is_beside, read_index(subject, folder.files[weights])))
        extra = tuple(each for each in extra if each != join(path, weights))
    modules = {join(path, name): name for name in list_modules(subject, folder)}
    loaded = tuple(join(path, name) for name in files)
    return HubFolder(path, loaded, extra, modules, base if isinstance(base, str) else "")


def is_beside(name: str) -> bool:
    """Whether a name in an index is that of a file in its folder."""
    return "/" not in name and can_be_declared(name)


def list_modules(subject: Subject, folder: Folder) -> list[str]:
    """The folders of the modules of sentence-transformers that a model has."""
    if sentence_modules.NAME not in folder.files:
        return []
    modules = sentence_modules.read_modules(subject, folder.files[sentence_modules.NAME])
    return [module.path for module in modules if has_folder(subject, folder.path(module.path))]


def has_folder(subject: Subject, path: str) -> bool:
    """Whether a repository has a folder; what is outside of it is none."""
    is_inside = subject.root is not None and ".." not in path.split("/")
    return is_inside and os.path.isdir(os.path.join(subject.root or "", path))
