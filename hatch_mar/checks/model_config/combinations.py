"""Settings that TorchServe uses only together, or that break it together.

pytorch/serve, frontend/server/src/main/java/org/pytorch/serve: ModelServer.java and
util/ApiUtils.java for workers, wlm/Model.java and wlm/WorkerLifeCycle.java for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.checks.model_config.file import ConfigFile
from hatch_mar.checks.model_config.keys import TORCHRUN_KEYS, effective_value, nearest_key
from hatch_mar.finding import Finding, Rule
from hatch_mar.text import ask_if_meant
from hatch_mar.torchserve import runtimes
from hatch_mar.torchserve.model_config import Table

WORKERS = Rule(
    code="MAR516",
    severity="warning",
    title="`minWorkers` and `maxWorkers` are not used",
    consequence="TorchServe uses them only if both are set, and `maxWorkers` is not below `minWorkers`",
    fix="set both, `maxWorkers` not below `minWorkers`",
)
PARALLEL = Rule(
    code="MAR517",
    severity="warning",
    title="Settings of parallel workers are not used",
    consequence="TorchServe uses `parallelType` only together with `torchrun` or `parallelLevel`",
    fix="set the other one, or leave this one out",
)
NO_TORCHRUN = Rule(
    code="MAR518",
    title="`parallelLevel` is set without `torchrun`",
    consequence="for `pp`, `tp` and `pptp`, no worker starts: `NullPointerException` in `attachRunner`",
    fix="set `torchrun: {nproc-per-node: …}` instead of `parallelLevel`",
)
LEVELS = Rule(
    code="MAR519",
    severity="warning",
    title="`parallelLevel` and `torchrun` disagree",
    consequence=(
        "TorchServe waits for as many processes as the key that comes last in the file says, and torchrun"
        " starts as many as `nproc-per-node` says"
    ),
    fix="leave `parallelLevel` out",
)
TORCHRUN_KEY = Rule(
    code="MAR520",
    severity="warning",
    title="A key of `torchrun` is not passed on",
    consequence="torchrun starts without it",
    fix="leave it out",
)
VENV = Rule(
    code="MAR521",
    severity="warning",
    title="`useVenv` is not used",
    consequence="TorchServe makes virtual environments only for the runtime `python`",
    fix='set `runtime = "python"`, or leave it out',
)
SEQUENCES = Rule(
    code="MAR522",
    title="`sequenceBatching` is set without `sequenceMaxIdleMSec`",
    consequence="every request fails with status 500, since `jobGroupLock` is null",
    fix="set `sequenceMaxIdleMSec` to more than 0",
)
SEQUENCE_KEY = Rule(
    code="MAR523",
    severity="warning",
    title="A setting for sequences is not used",
    consequence="TorchServe uses it only with `sequenceBatching: true` and `sequenceMaxIdleMSec` above 0",
    fix="set them too, or leave this one out",
)

NEVER_PASSED = ("rdzv-conf", "monitor-interval", "node-rank")
"""Keys that `TorchRun.build` reads and `attachRunner` does not pass on."""

SEQUENCE_KEYS = ("sequenceMaxIdleMSec", "sequenceTimeoutMSec", "maxSequenceJobQueueSize", "maxNumSequence")


def check(file: ConfigFile, config: Table) -> Iterator[Finding]:
    yield from check_workers(file, config)
    yield from check_parallel(file, config)
    yield from check_torchrun(file, config)
    yield from check_sequences(file, config)
    runtime = file.subject.manifest.runtime
    if config.get("useVenv") is True and runtime != runtimes.DEFAULT:
        place = file.place(config.lines.get("useVenv"))
        yield VENV.at(place, f"TorchServe makes no virtual environment for the runtime `{runtime}`")


def check_workers(file: ConfigFile, config: Table) -> Iterator[Finding]:
    for one, other in (("minWorkers", "maxWorkers"), ("maxWorkers", "minWorkers")):
        if one in config and other not in config:
            place = file.place(config.lines.get(one))
            yield WORKERS.at(place, f"TorchServe does not use `{one}` without `{other}`")
    least, most = effective_value(config, "minWorkers"), effective_value(config, "maxWorkers")
    if isinstance(least, int) and isinstance(most, int) and most < least:
        place = file.place(config.lines.get("maxWorkers"))
        message = f"TorchServe uses neither `minWorkers: {least}` nor `maxWorkers: {most}`, which is less"
        yield WORKERS.at(place, message)


def check_parallel(file: ConfigFile, config: Table) -> Iterator[Finding]:
    kind = str(effective_value(config, "parallelType") or "").lower()
    level, torchrun = effective_value(config, "parallelLevel"), config.table("torchrun")
    place = file.place(config.lines.get("parallelType"))
    if not kind:
        for key, is_set in (("torchrun", torchrun is not None), ("parallelLevel", bool(level))):
            if is_set:
                message = f"TorchServe does not use `{key}` without `parallelType`"
                yield PARALLEL.at(file.place(config.lines.get(key)), message)
    elif torchrun is None and not level:
        other = "`parallelLevel`" if kind == "custom" else "`torchrun`"
        yield PARALLEL.at(place, f"TorchServe does not use `parallelType: {kind}` without {other}")
    elif torchrun is None and kind != "custom":
        message = (
            f"TorchServe starts no worker for `parallelType: {kind}` with `parallelLevel` and no `torchrun`"
        )
        yield NO_TORCHRUN.at(place, message)
    elif torchrun is not None and kind == "custom":
        message = "TorchServe does not run torchrun for `parallelType: custom`"
        yield PARALLEL.at(file.place(config.lines.get("torchrun")), message, "set `parallelLevel` instead")


def check_torchrun(file: ConfigFile, config: Table) -> Iterator[Finding]:
    torchrun = config.table("torchrun")
    if torchrun is None:
        return
    processes, level = torchrun.get("nproc-per-node", 1), config.get("parallelLevel")
    if level is not None and level != processes:
        place = file.place(config.lines.get("parallelLevel"))
        message = f"`parallelLevel: {level}` is not torchrun's `nproc-per-node: {processes}`"
        yield LEVELS.at(place, message)
    for key in torchrun:
        place = file.place(torchrun.lines.get(key))
        if key in NEVER_PASSED:
            yield TORCHRUN_KEY.at(place, f"TorchServe does not pass `torchrun.{key}` on")
        elif key not in TORCHRUN_KEYS:
            meant = nearest_key(key, tuple(TORCHRUN_KEYS))
            fix = ask_if_meant(meant) if meant else None
            yield TORCHRUN_KEY.at(place, f"TorchServe does not know the key `torchrun.{key}`", fix)


def check_sequences(file: ConfigFile, config: Table) -> Iterator[Finding]:
    idle = effective_value(config, "sequenceMaxIdleMSec")
    if config.get("sequenceBatching") is True:
        if not idle:
            place = file.place(config.lines.get("sequenceBatching"))
            message = "`sequenceBatching: true` needs a `sequenceMaxIdleMSec` above 0"
            yield SEQUENCES.at(place, message)
        return
    for key in SEQUENCE_KEYS:
        if key in config:
            place = file.place(config.lines.get(key))
            yield SEQUENCE_KEY.at(place, f"TorchServe does not use `{key}` without `sequenceBatching: true`")
