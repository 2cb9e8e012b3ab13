"""The models of a repository, for each of which there is to be an archive."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hatch_mar.checks.references.numbered import NUMBERED
from hatch_mar.proposal.hub_folders import HubFolder
from hatch_mar.proposal.naming import Origin
from hatch_mar.proposal.repository import folder_of, join
from hatch_mar.proposal.weights_files import POINTERS, WeightsFile
from hatch_mar.text import count_of
from hatch_mar.weights.kind import Kind

FORMS = {
    Kind.TORCHSCRIPT: "scripted",
    Kind.ONNX: "onnx",
    Kind.SAFETENSORS: "safetensors",
    Kind.EXPORTED_PROGRAM: "exported",
    Kind.AOTINDUCTOR: "compiled",
    Kind.GGUF: "gguf",
}
"""What a name tells of a model that may be there as a state_dict too."""
OF_LLAMA = re.compile(r"(consolidated)\.(\d{2})(\.\w+)$")
"""The shards of Meta's own files, `consolidated.00.pth`."""
TO_FETCH = "weights that DVC has yet to fetch"
UNFETCHED = {".onnx": Kind.ONNX, ".pt": Kind.TORCHSCRIPT, ".safetensors": Kind.SAFETENSORS}
"""What weights are taken for by their suffix as long as they are not there; others for a state_dict."""


class Model(NamedTuple):
    """A model, with paths relative to the repository's root."""

    origin: Origin
    kind: Kind | None
    """What its weights are; None for a folder that `from_pretrained` reads."""
    description: str
    weights: tuple[str, ...] = ()
    extra_files: tuple[str, ...] = ()
    folders: Mapping[str, str] = {}
    """Folders that are packed whole, each with its name in the archive."""
    unread: tuple[str, ...] = ()
    """Weights in `folders` that are left out, so that these are not packed whole."""
    needs_handler: bool = False
    """Whether TorchServe's own handlers do not load it, whatever its kind."""
    base: str = ""
    """The model that it is an adapter for; empty if it is not one."""

    @property
    def path(self) -> str:
        """What a person calls it: its first file, or its folder."""
        return self.weights[0] if self.weights else self.origin.path

    @property
    def home(self) -> str:
        """The folder that it is in."""
        return self.origin.path if self.origin.is_folder else folder_of(self.origin.path)


def list_models(found: Sequence[WeightsFile], hubs: Sequence[HubFolder]) -> list[Model]:
    """The models that weights are of, in the order of the weights."""
    models: dict[object, Model] = {}
    shards: dict[tuple[str, str], list[WeightsFile]] = defaultdict(list)
    for file in found:
        hub = next((hub for hub in hubs if hub.owns(file.path)), None)
        name = NUMBERED.fullmatch(file.name.name) or OF_LLAMA.fullmatch(file.name.name)
        if hub:
            models.setdefault(hub.path, model_of_folder(hub))
        elif name:
            key = folder_of(file.path), name[1] + "".join(name.groups()[2:])
            shards[key].append(file)
            models[key] = model_of_shards(shards[key])
        else:
            models[file] = model_of_file(file)
    return [*models.values()]


def model_of_folder(hub: HubFolder) -> Model:
    what = "An adapter" if hub.base else "A model"
    return Model(
        Origin(hub.path, is_folder=True),
        None,
        f"{what} that `from_pretrained` loads",
        hub.list_patterns(),
        hub.extra_files,
        hub.folders,
        hub.unread,
        base=hub.base,
    )


def model_of_shards(shards: Sequence[WeightsFile]) -> Model:
    first = shards[0]
    stem = OF_LLAMA.sub(r"\1\3", NUMBERED.sub(r"\1\4", first.path))
    paths = tuple(sorted(each.path for each in shards))
    description = f"{count_of(len(paths), 'shard')} of {first.kind.label}"
    return Model(Origin(stem), first.kind, description, paths, needs_handler=True)


def model_of_file(file: WeightsFile) -> Model:
    is_there = file.kind not in POINTERS
    kind = file.kind if is_there else UNFETCHED.get(file.suffix, Kind.STATE_DICT)
    beside = (join(folder_of(file.path), each.path) for each in file.weights.external)
    weights = (file.path, *dict.fromkeys(beside))
    origin = Origin(file.path, form=FORMS.get(kind, ""))
    description = TO_FETCH if file.kind is Kind.DVC_FILE else file.weights.describe()
    return Model(origin, kind, description, weights, needs_handler=file.weights.lite)
