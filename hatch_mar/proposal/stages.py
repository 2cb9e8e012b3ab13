"""What training leaves behind besides the weights that a person would ship."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from hatch_mar.checks.references.numbered import NUMBERED as NUMBERED_SHARD
from hatch_mar.proposal.omissions import Omissions
from hatch_mar.proposal.repository import folder_of
from hatch_mar.proposal.weights_files import WeightsFile
from hatch_mar.text import quote
from hatch_mar.weights.kind import Kind

NUMBERED = re.compile(r"(?<![a-z])(?:epoch|ep|global_?step|step|iter|iteration|checkpoint|ckpt)[-_=]?(\d+)")
NAMED = re.compile(r"(?<![a-z])(?:best|final|latest|last)(?![a-z])")
"""How names tell the stages of one training apart."""
MEASURE = re.compile(r"[a-z_]+=[\d.]+")
"""What a stage has reached, as Lightning writes it: `val_loss=0.25`."""
BEST = ("best", "final", "latest", "last")
"""The stages that are called something, in the order in which a person would ship them."""
MOST_MODELS = 20
"""Models in one folder. Tensors that a network is trained with may look as its own do."""
FOLDER = re.compile(r"checkpoint-(\d+)")
"""Where the Trainer of transformers saves a stage, beside the model that it ends with."""


def leave_out_stages(found: Sequence[WeightsFile], omissions: Omissions) -> list[WeightsFile]:
    """The weights, of each training only the best or else the last, without checkpoints of what is saved."""
    kept = leave_out_checkpoints(leave_out_folders(found, omissions), omissions)
    runs: dict[object, list[WeightsFile]] = defaultdict(list)
    for file in kept:
        runs[name_run(file)].append(file)
    chosen: set[str] = set()
    for stages in runs.values():
        best = min(stages, key=rank_stage)
        chosen.add(best.path)
        others = (each.path for each in stages if each is not best)
        omissions.add(f"other stages of the training of {quote(best.path)}", *others)
    return leave_out_data([file for file in kept if file.path in chosen], omissions)


def leave_out_data(found: Sequence[WeightsFile], omissions: Omissions) -> list[WeightsFile]:
    """The weights without those in folders that have so many that they must be data."""
    counts = Counter(folder_of(each.path) for each in found if not NUMBERED_SHARD.fullmatch(each.name.name))
    crowded = {folder for folder, count in counts.items() if count > MOST_MODELS}
    omissions.add(
        "so many files in one folder look like data",
        *(each.path for each in found if folder_of(each.path) in crowded),
    )
    return [each for each in found if folder_of(each.path) not in crowded]


def leave_out_folders(found: Sequence[WeightsFile], omissions: Omissions) -> list[WeightsFile]:
    """The weights without those in folders of stages, but for the last folder if the end is not saved."""
    ends = {folder_of(file.path) for file in found if stage_folder(file) is None}
    last: dict[str, int] = {}
    for file in found:
        if (stage := stage_folder(file)) and stage[0] not in ends:
            last[stage[0]] = max(stage[1], last.get(stage[0], 0))
    kept = []
    for file in found:
        stage = stage_folder(file)
        if stage is None or last.get(stage[0]) == stage[1]:
            kept.append(file)
        else:
            omissions.add("earlier stages of a training", file.path)
    return kept


def stage_folder(file: WeightsFile) -> tuple[str, int] | None:
    """The folder of a training, and the number of the stage in whose folder the weights are."""
    *above, folder, _ = ("", *file.path.split("/"))
    found = FOLDER.fullmatch(folder)
    return ("/".join(above[1:]), int(found[1])) if found else None


def leave_out_checkpoints(found: Sequence[WeightsFile], omissions: Omissions) -> list[WeightsFile]:
    """The weights without checkpoints, where those of a model were saved in the same folder."""
    exported = {folder_of(file.path) for file in found if file.kind is not Kind.CHECKPOINT}
    left = [each.path for each in found if each.kind is Kind.CHECKPOINT and folder_of(each.path) in exported]
    omissions.add("checkpoints; the model itself is saved beside them", *left)
    return [file for file in found if file.path not in left]


def name_run(file: WeightsFile) -> object:
    """What the stages of one training have in common; unlike anything else's for what is no stage."""
    stem = file.name.stem.lower()
    rest, count = NUMBERED.subn("", NAMED.sub("\0", stem))
    if not count and "\0" not in rest:
        return file.path
    name = re.sub(r"[\0\W_]+", " ", MEASURE.sub("", rest)).strip()
    return folder_of(file.path), name, file.suffix


def rank_stage(file: WeightsFile) -> tuple[int, list[int]]:
    stem = file.name.stem.lower()
    if found := NAMED.search(stem):
        return BEST.index(found[0]), []
    return len(BEST), [-int(number) for number in NUMBERED.findall(stem)]
