"""The weights in a repository, known by their content, wherever they lie and whatever their suffix."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import NamedTuple

from hatch_mar.archive.archive import FileSource, Member
from hatch_mar.budget import Budget, Exhausted
from hatch_mar.errors import ReadError
from hatch_mar.inspection.contents import inspect_contents
from hatch_mar.project.config.models import PYPROJECT
from hatch_mar.project.unfetched import ANNEX
from hatch_mar.proposal.locked import find_locked
from hatch_mar.proposal.omissions import Omissions
from hatch_mar.proposal.repository import Repository, can_be_declared, is_of_tests
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.weights import Weights
from hatch_mar.weights.weights_suffixes import OF_TORCH

MOST_FILES, MOST_OTHERS = 10_000, 2_000
"""Files that are looked into, of which so many at most have no suffix of a model: some seconds' worth."""

MODELS = frozenset(
    (
        *(Kind.TORCHSCRIPT, Kind.STATE_DICT, Kind.CHECKPOINT, Kind.MODULE, Kind.EXPORTED_PROGRAM),
        *(Kind.AOTINDUCTOR, Kind.SAFETENSORS, Kind.ONNX, Kind.GGUF),
    )
)
"""The kinds that are models, or their numbers."""
POINTERS = frozenset((Kind.LFS_POINTER, Kind.ANNEX_POINTER, Kind.DVC_FILE))
"""What stands for weights that have yet to be fetched."""
BROKEN = frozenset((Kind.EMPTY, Kind.TRUNCATED, Kind.CORRUPT, Kind.HTML))
ESTIMATORS = ("sklearn.", "xgboost.", "lightgbm.", "catboost.")
"""Packages whose pickled objects are models."""

OF_MODELS = (*OF_TORCH, ".safetensors", ".onnx", ".pt2", ".gguf")
"""The suffixes of models, whose files are looked into before any other."""
OF_DATA = (".npy", ".npz", ".h5", ".hdf5", ".dat", ".csv", ".parquet", ".so", ".tar", ".zip", ".gz")
"""Those of data, whose files are looked into last."""
OF_TENSORFLOW = (".keras", ".tflite")
SAVED_MODEL = "saved_model.pb"
DVC = ".dvc"
"""The suffix of what DVC keeps in the place of a file."""
MEDIA = ("image", "text", "audio", "video", "font")
DOCUMENTS = ("application/json", "application/pdf", "application/javascript", "application/xml")


class WeightsFile(NamedTuple):
    """A file of weights that an archive could have."""

    path: str
    """Relative to the repository's root."""
    weights: Weights

    @property
    def kind(self) -> Kind:
        return self.weights.kind

    @property
    def name(self) -> PurePosixPath:
        return PurePosixPath(self.path)

    @property
    def suffix(self) -> str:
        return self.name.suffix.lower()


def find_weights_files(repository: Repository, omissions: Omissions) -> list[WeightsFile]:
    """The weights that a person might ship, in the order of the repository."""
    described = (path for path in repository.files if path.endswith(DVC))
    present = {path for path in described if (repository.root / path.removesuffix(DVC)).exists()}
    files = sorted(
        (path for path in repository.files if path not in present and may_be_weights(path)),
        key=rank_by_suffix,
    )
    found: dict[str, WeightsFile] = {}
    budget = Budget()
    named = sum(1 for path in files if rank_by_suffix(path) == 0)
    most = min(MOST_FILES, named + MOST_OTHERS)
    for number, path in enumerate(files):
        if number == most:
            omissions.add("there are too many files to look into all of them", *files[number:])
            break
        try:
            file = look_into(path, repository, budget)
        except Exhausted:
            omissions.add("there is too much in the files to look into all of them", *files[number:])
            break
        except (ReadError, OSError):
            if rank_by_suffix(path) == 0:
                omissions.add("cannot be read", path)
            continue
        if is_proposed(file, omissions):
            found[file.path] = file
    for path in find_locked(repository):
        if path not in found and is_proposed(file := WeightsFile(path, Weights(Kind.DVC_FILE)), omissions):
            found[path] = file
    kept = leave_out_pickles(found.values(), omissions)
    order = {path: number for number, path in enumerate(repository.files)}
    return sorted(kept, key=lambda file: order.get(file.path, len(order)))


def leave_out_pickles(found: Collection[WeightsFile], omissions: Omissions) -> list[WeightsFile]:
    """The weights without pickles of other packages, such as scalers, where there is a model besides."""
    pickles = [file.path for file in found if file.kind is Kind.PICKLE]
    if len(pickles) == len(found):
        return [*found]
    omissions.add("pickles beside a model; if its handler reads them, add them to `extra-files`", *pickles)
    return [file for file in found if file.kind is not Kind.PICKLE]


def may_be_weights(path: str) -> bool:
    """Whether a file's suffix is not that of text, code, pictures or sounds."""
    kind, _ = TYPES.guess_type(path)
    return kind is None or not (kind.startswith(MEDIA) or kind in DOCUMENTS)


TYPES = mimetypes.MimeTypes()
"""Python's own list, whatever the system's says."""


def rank_by_suffix(path: str) -> int:
    _, suffix = os.path.splitext(path.lower())
    return 0 if suffix in (*OF_MODELS, DVC) else 1 if suffix not in OF_DATA else 2


def look_into(path: str, repository: Repository, budget: Budget) -> WeightsFile:
    """What a file is.

    Raises:
        Exhausted: the budget does not suffice.
        ReadError, OSError: it cannot be read.
    """
    file = repository.root / path
    if os.path.islink(file) and not file.exists() and ANNEX in os.readlink(file).replace("\\", "/"):
        return WeightsFile(path, Weights(Kind.ANNEX_POINTER))
    budget.release_memory()
    weights = inspect_contents(Member(PurePosixPath(path).name, FileSource(file)), budget)
    if weights.kind is Kind.DVC_FILE:
        return WeightsFile(path.removesuffix(DVC), weights)
    return WeightsFile(path, weights)


def is_proposed(file: WeightsFile, omissions: Omissions) -> bool:
    """Whether a person might ship a file; what looks like weights, and is not, is said to be left out."""
    weights, path = file.weights, file.path
    is_named_so = file.suffix in OF_MODELS
    if weights.kind in POINTERS:
        is_model = is_named_so
    else:
        is_model = weights.kind in MODELS or weights.type.startswith(ESTIMATORS)
    if not is_model:
        if is_named_so:
            is_what = "unusable" if weights.kind in BROKEN else "not a model"
            omissions.add(f"{is_what} ({weights._replace(reason='').describe_kind()})", path)
        elif weights.kind is Kind.DVC_FILE and not file.suffix:
            omissions.add("DVC has yet to fetch what is in it; run `dvc pull`, and look again", path)
        elif file.suffix in OF_TENSORFLOW or file.name.name == SAVED_MODEL:
            omissions.add("TorchServe has no handler for models of TensorFlow", path)
        return False
    if is_of_tests(path):
        omissions.add("part of the tests", path)
        return False
    if not can_be_declared(path):
        omissions.add(f"`{PYPROJECT}` cannot have such a name; rename it", path)
        return False
    return True
