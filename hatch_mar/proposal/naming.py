"""Names of models, after the files that they are in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from hatch_mar.weights.weights_suffixes import OF_WEIGHTS

GENERAL = re.compile(
    r"(?:pytorch|models?|weights?|checkpoints?|ckpt|best|last|final|latest|outputs?|state|dict|net|network"
    r"|adapter|diffusion|traced|scripted|saved|exported|trained|epoch|step|[-_.\d=])+"
)
"""Names of files that say nothing of the model."""
FOLDERS = re.compile(
    r"(?:models?|weights?|checkpoints?|out|outputs?|runs?|exp|train|artifacts?|data|assets|src|lib|resources"
    r"|files|results?|logs?|saved|exports?|exported|version|lightning|serving|onnx|torchscript|pytorch|[-_.\d])+"
)
"""Names of folders that say no more."""
LONGEST = 100
"""Characters of a name."""


class Origin(NamedTuple):
    """What a model is named after."""

    path: str
    """A file, or a folder with all of the model."""
    is_folder: bool = False
    form: str = ""
    """What tells it from another model of the same name: `onnx`."""


def name_models(origins: Sequence[Origin]) -> list[str]:
    """A valid name for each model, no two of which are one on file systems that ignore case.

    Empty for a single model whose path says nothing of it.
    """
    if len(origins) == 1:
        return [make_valid(find_word(origins[0]))]
    ways = [list(list_names(origin)) for origin in origins]
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


def list_names(origin: Origin) -> list[str]:
    """Names for a model, of which the later ones say more."""
    stem = stem_of(origin.path)
    name = make_valid(find_word(origin) or stem) or "model"
    folders = PurePosixPath(origin.path).parts[:-1]
    longer = [make_valid("-".join((*folders[-count:], stem))) or name for count in (1, 2) if folders]
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
    words = [stem] if not (FOLDERS if origin.is_folder else GENERAL).fullmatch(stem.lower()) else []
    words += [folder for folder in reversed(folders) if not FOLDERS.fullmatch(folder.lower())]
    return next(filter(make_valid, words), "")


def stem_of(path: str) -> str:
    """A file's name without the suffixes of weights: `model_best` of `model_best.pth.tar`."""
    name = PurePosixPath(path)
    while name.suffix.lower() in OF_WEIGHTS:
        name = PurePosixPath(name.stem)
    return name.name


def make_valid(word: str) -> str:
    """The word as the name of a model, which begins with a letter; empty if nothing is left of it."""
    name = re.sub(r"\.{2,}", ".", re.sub(r"[^A-Za-z0-9_.-]+", "-", word)).strip("-_.")[:LONGEST]
    return f"model-{name}" if name[:1].isdigit() else name
