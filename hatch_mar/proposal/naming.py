"""Names of models, after the files that they are in."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from hatch_mar.weights.weights_suffixes import OF_WEIGHTS

MEASURE = re.compile(r"([a-z_]+)=(\d+(?:\.\d+)?)")
"""What a training has reached, as Lightning writes it: `val_loss=0.25`."""
UNSPEAKABLE = r"[0-9a-f]{12,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:offline-)?run-\d{8}_\d{6}-\w+"
"""Hashes, and what MLflow and wandb call their runs."""
GENERAL = re.compile(
    r"(?:pytorch|models?|weights?|checkpoints?|ckpt|best|last|final|latest|outputs?|state|dict|net|network"
    r"|adapter|diffusion|consolidated|traced|scripted|quantized|saved|exported|trained|epoch|step|[-_.\d=])+"
    rf"|{UNSPEAKABLE}|"
)
"""Names of files that say nothing of the model."""
FOLDERS = re.compile(
    r"(?:models?|weights?|checkpoints?|out|outputs?|runs?|exp|train|artifacts?|data|assets|src|lib|resources"
    r"|files|results?|logs?|saved|exports?|exported|version|lightning|serving|onnx|torchscript|pytorch"
    r"|notebooks?|pretrained|trained|snapshots|blobs|mlruns|wandb|work|dirs?|detect|segment|classify"
    rf"|[-_.\d])+|{UNSPEAKABLE}"
)
"""Names of folders that say no more."""
TIME = re.compile(r"\d{8}[-_T]?\d{4,6}[-_]")
"""When a training began, before what it was of."""
CACHED = re.compile(r"models--(?:.*?--)?(?=.)")
"""What the folder of a model in the cache of Hugging Face's hub begins with, and its owner."""
OF_SCRIPTS = (".torchscript", ".ts", ".ptl")
LONGEST = 100
"""Characters of a name."""


class Origin(NamedTuple):
    """What a model is named after."""

    path: str
    """A file, or a folder with all of the model."""
    is_folder: bool = False
    form: str = ""
    """What tells it from another model of the same name: `onnx`."""


def name_models(origins: Sequence[Origin], project: str = "") -> list[str]:
    """A valid name for each model, no two of which are one on file systems that ignore case.

    Of several models, one whose path says nothing of it is called as the project, if that can name a model.
    Empty for a single one.
    """
    if len(origins) == 1:
        return [make_valid(find_word(origins[0]))]
    ways = [list_names(origin, project) for origin in origins]
    while clashing := find_clashing([each[0] for each in ways]):
        changing = [number for number in clashing if len(ways[number]) > 1]
        # one that says its form leaves the short name to the other
        changing = [number for number in changing if origins[number].form] or changing
        if not changing:
            break
        for number in changing:
            ways[number].pop(0)
    return list(number_alike([each[0] for each in ways]))


def find_clashing(names: Sequence[str]) -> list[int]:
    """The numbers of the names that are one for a file system that ignores case."""
    taken = Counter(name.casefold() for name in names)
    return [number for number, name in enumerate(names) if taken[name.casefold()] > 1]


def list_names(origin: Origin, project: str) -> list[str]:
    """Names for a model, of which the later ones say more."""
    stem = stem_of(origin.path)
    word = find_word(origin)
    name = make_valid(word or stem) or "model"
    folders = PurePosixPath(origin.path).parts[:-1]
    longer = [make_valid("-".join((*folders[-count:], stem))) or name for count in (1, 2) if folders]
    if project and not word:
        name, longer = project, [name, *longer]
    if not origin.form:
        return [name, *longer]
    return [name, *(f"{each}-{origin.form}" for each in (name, *longer))]


def number_alike(names: Sequence[str]) -> Iterator[str]:
    """The names, of which those that occur again get a number."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name.casefold()] += 1
        count = seen[name.casefold()]
        yield name if count == 1 else f"{name}-{count}"


def find_word(origin: Origin) -> str:
    """The part of a path that says what the model is; empty if none does."""
    *folders, _ = ("", *PurePosixPath(origin.path).parts)
    stem = stem_of(origin.path)
    general = FOLDERS if origin.is_folder else GENERAL
    words = [stem] if not general.fullmatch(MEASURE.sub("", stem.lower())) else []
    words += [folder for folder in reversed(folders) if not FOLDERS.fullmatch(folder.lower())]
    return next(filter(make_valid, words), "")


def stem_of(path: str) -> str:
    """A file's name without the suffixes of weights: `model_best` of `model_best.pth.tar`."""
    name = PurePosixPath(path)
    while name.suffix.lower() in (*OF_WEIGHTS, *OF_SCRIPTS):
        name = PurePosixPath(name.stem)
    return name.name


def make_valid(word: str) -> str:
    """The word as the name of a model, which begins with a letter; empty if nothing is left of it."""
    # `é` is an `e` and an accent
    letters = "".join(each for each in unicodedata.normalize("NFKD", word) if not unicodedata.combining(each))
    said = TIME.sub("", CACHED.sub("", letters, count=1), count=1)
    name = re.sub(r"\.{2,}", ".", re.sub(r"[^A-Za-z0-9_.-]+", "-", said)).strip("-_.")[:LONGEST]
    return f"model-{name}" if name[:1].isdigit() else name
