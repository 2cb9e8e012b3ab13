"""What training leaves behind besides the weights that a person would ship."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from hatch_mar.checks.references.numbered import NUMBERED as NUMBERED_SHARD
from hatch_mar.proposal.naming import MEASURE, stem_of
from hatch_mar.proposal.omissions import Omissions
from hatch_mar.proposal.repository import folder_of
from hatch_mar.proposal.weights_files import WeightsFile
from hatch_mar.text import quote
from hatch_mar.weights.kind import Kind

NUMBERED = re.compile(r"(?<![a-z])(?:epoch|ep|global_?step|step|iter|iteration|checkpoint|ckpt)[-_=]?(\d+)")
NAMED = re.compile(r"(?<![a-z])(?:best|final|latest|last)(?![a-z])")
"""How names tell the stages of one training apart."""
COUNT = re.compile(r"[-_.]\d+$")
"""How they do where one of them is called something: `model_0004999.pth` beside `model_final.pth`."""
NO_NAME = re.compile(
    r"(?<![a-z])(?:pytorch|models?|weights?|checkpoint|ckpt|net|network|state|dict)(?![a-z])"
)
"""Words that some stages of a training have, and others do not."""
LESS_IS_BETTER = re.compile(r"loss|err|mae|mse|wer|cer|perplexity|ppl")
"""Measures that fall in a training."""
MOST_MODELS = 20
"""Models in one folder. Tensors that a network is trained with may look as its own do."""
OF_LIGHTNING = re.compile(r"(version_)(\d+)")
OF_ULTRALYTICS = re.compile(r"(exp|train)(\d*)")
"""What the folders of trainings are called, of which Ultralytics' are below `runs`."""
FOLDER = re.compile(r"checkpoint-(\d+)")
"""Where the Trainer of transformers saves a stage, beside the model that it ends with."""


def leave_out_stages(found: Sequence[WeightsFile], omissions: Omissions) -> list[WeightsFile]:
    """The weights, of each training only the best or else the last, without checkpoints of what is saved."""
    kept = leave_out_checkpoints(
        leave_out_folders(leave_out_trainings(found, omissions), omissions), omissions
    )
    runs: dict[object, list[WeightsFile]] = defaultdict(list)
    named = {name_run(file) for file in kept if NAMED.search(stem_of(file.path).lower())}
    for file in kept:
        numbered = name_run(file, COUNT.sub("", stem_of(file.path).lower()))
        runs[numbered if numbered in named else name_run(file)].append(file)
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


def leave_out_trainings(found: Sequence[WeightsFile], omissions: Omissions) -> list[WeightsFile]:
    """The weights, of trainings that were numbered by what ran them only those of the last."""
    last: dict[str, int] = {}
    for file in found:
        if training := number_training(file.path):
            place, number = training
            last[place] = max(number, last.get(place, 0))
    kept = []
    for file in found:
        training = number_training(file.path)
        if training is None or last[training[0]] == training[1]:
            kept.append(file)
        else:
            omissions.add("earlier trainings", file.path)
    return kept


def number_training(path: str) -> tuple[str, int] | None:
    """Where the training that a file is of is one of several, and its number there."""
    *folders, _ = path.split("/")
    for depth in reversed(range(len(folders))):
        above = folders[:depth]
        pattern = OF_ULTRALYTICS if "runs" in above else OF_LIGHTNING
        if found := pattern.fullmatch(folders[depth]):
            return "/".join((*above, found[1])), int(found[2] or 1)
    return None


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
    checkpoints = (file for file in found if file.kind is Kind.CHECKPOINT)
    left = dict.fromkeys(file.path for file in checkpoints if folder_of(file.path) in exported)
    omissions.add("checkpoints; the model itself is saved beside them", *left)
    return [file for file in found if file.path not in left]


def name_run(file: WeightsFile, stem: str = "") -> object:
    """What the stages of one training have in common; unlike anything else's for what is no stage.

    `stem` is that of the file, if it is not its own.
    """
    own = stem or stem_of(file.path).lower()
    rest, count = NUMBERED.subn("", NAMED.sub("\0", own))
    if not stem and not count and "\0" not in rest:
        return file.path
    name = re.sub(r"[\0\W_]+", " ", NO_NAME.sub("", MEASURE.sub("", rest))).strip()
    return folder_of(file.path), name, file.suffix


def rank_stage(file: WeightsFile) -> tuple[int, list[float]]:
    """In the order in which a person would ship them: the best, the one that measured best, the last."""
    stem = stem_of(file.path).lower()
    found = NAMED.search(stem)
    name = found[0] if found else ""
    if name in ("best", "final"):
        return ("best", "final").index(name), []
    if measured := [each for each in MEASURE.finditer(stem) if not NUMBERED.search(each[0])]:
        return 2, [float(each[2]) * (1 if LESS_IS_BETTER.search(each[1]) else -1) for each in measured]
    if name:
        return ("latest", "last").index(name) + 3, []
    return 5, [-int(number) for number in NUMBERED.findall(stem)]
