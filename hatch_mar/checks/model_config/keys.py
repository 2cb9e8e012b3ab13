"""The keys that TorchServe's Java half reads in a model configuration.

pytorch/serve, frontend/archive/src/main/java/org/pytorch/serve/archive/model/ModelConfig.java:
a value of another type is ignored with a warning in the log, a value out of range is ignored
or replaced, and an unknown key is left to the handler. The integers are Java's `int`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from hatch_mar.checks.model_config.file import ConfigFile
from hatch_mar.checks.model_config.types import (
    BOOLEAN,
    DEVICE_IDS,
    LARGEST_INT,
    STRING,
    TABLE,
    ValueType,
    choice,
    integer,
)
from hatch_mar.finding import Finding, Rule
from hatch_mar.text import ask_if_meant, shorten
from hatch_mar.torchserve.handlers import CONFIG_KEYS
from hatch_mar.torchserve.model_config import DEFAULT_TIMEOUT, Table, in_yaml

UNKNOWN = Rule(
    code="MAR513",
    severity="warning",
    title="A key of the model configuration is misspelled",
    consequence="TorchServe takes it for a setting of the handler, and uses its own default",
    fix="spell it as TorchServe does",
)
TYPE = Rule(
    code="MAR514",
    severity="warning",
    title="A value of the model configuration has the wrong type",
    consequence="TorchServe ignores it, with a warning in its log",
    fix="give it a value of that type",
)
RANGE = Rule(
    code="MAR515",
    severity="warning",
    title="A value of the model configuration is out of range",
    consequence="TorchServe ignores it or uses another one",
    fix="give it a value within the range, or leave the key out",
)

IGNORED = "TorchServe ignores it"

KEYS: Mapping[str, ValueType] = {
    "minWorkers": integer(1, "TorchServe uses 1"),
    "maxWorkers": integer(0, IGNORED),
    "batchSize": integer(1, "TorchServe uses 1"),
    "maxBatchDelay": integer(0, IGNORED),
    "responseTimeout": integer(1, f"TorchServe uses {DEFAULT_TIMEOUT}"),
    "startupTimeout": integer(1, f"TorchServe uses {DEFAULT_TIMEOUT}"),
    "deviceType": choice("cpu", "gpu"),
    "deviceIds": DEVICE_IDS,
    "parallelType": choice("pp", "tp", "pptp", "custom"),
    "parallelLevel": integer(0, IGNORED),
    "torchrun": TABLE,
    # TorchServe multiplies it by 1000, as an int
    "maxRetryTimeoutInSec": integer(0, "TorchServe uses 0", LARGEST_INT // 1000),
    "clientTimeoutInMills": integer(0, "TorchServe uses 0, which means no timeout"),
    "jobQueueSize": integer(1, "TorchServe uses the server's `job_queue_size`"),
    "useJobTicket": BOOLEAN,
    "useVenv": BOOLEAN,
    "continuousBatching": BOOLEAN,
    "asyncCommunication": BOOLEAN,
    "sequenceBatching": BOOLEAN,
    "sequenceMaxIdleMSec": integer(0, "TorchServe uses 0"),
    "sequenceTimeoutMSec": integer(0, "TorchServe uses 0"),
    "maxSequenceJobQueueSize": integer(1, "TorchServe uses 1"),
    "maxNumSequence": integer(1, "TorchServe uses 1"),
}

TORCHRUN_KEYS: Mapping[str, ValueType] = {
    "nnodes": integer(1, "TorchServe uses 1"),
    "nproc-per-node": integer(1, "TorchServe uses 1"),
    "rdzv-backend": STRING,
    "rdzv-endpoint": STRING,
    "rdzv-conf": STRING,
    "monitor-interval": integer(1, "TorchServe uses 5"),
    "node-rank": integer(0, "TorchServe uses 0"),
    "OMP_NUMBER_THREADS": integer(1, "TorchServe uses 1"),
}


def check(file: ConfigFile, config: Table) -> Iterator[Finding]:
    yield from check_values(file, config, KEYS)
    yield from check_delay(file, config)
    for key in config:
        if key not in KEYS and (meant := nearest_key(key, (*KEYS, *CONFIG_KEYS))):
            place = file.place(config.lines.get(key))
            yield UNKNOWN.at(place, f"TorchServe does not know the key `{key}`", ask_if_meant(meant))
    torchrun = config.table("torchrun")
    if torchrun is not None:
        yield from check_values(file, torchrun, TORCHRUN_KEYS, "torchrun.")


def check_values(
    file: ConfigFile, table: Table, keys: Mapping[str, ValueType], prefix: str = ""
) -> Iterator[Finding]:
    for key, kind in keys.items():
        if key not in table:
            continue
        value, place = table[key], file.place(table.lines.get(key))
        if not kind.has(value):
            yield TYPE.at(
                place, f"TorchServe ignores `{prefix}{key}`, which must be {kind.describe_misfit(value)}"
            )
        elif fault := kind.describe_fault(value):
            shown = shorten(str(value)) if isinstance(value, list) else in_yaml(value)
            yield RANGE.at(place, f"`{prefix}{key}: {shown}` is out of range: {fault}")


def check_delay(file: ConfigFile, config: Table) -> Iterator[Finding]:
    """A delay of 0 counts as not set (ModelManager.java); continuous batching never waits anyway."""
    delay = config.get("maxBatchDelay")
    if delay == 0 and not isinstance(delay, bool) and config.get("continuousBatching") is not True:
        place = file.place(config.lines.get("maxBatchDelay"))
        message = "`maxBatchDelay: 0` is out of range: TorchServe uses its default, 100 milliseconds"
        yield RANGE.at(place, message, "set it to 1, or leave it out")


def effective_value(config: Table, key: str) -> object:
    """The value of a key that TorchServe uses; None if it uses its default."""
    value, kind = config.get(key), KEYS[key]
    return value if kind.has(value) and kind.describe_fault(value) is None else None


def nearest_key(word: object, known: tuple[str, ...]) -> str | None:
    """The known key that a misspelled one stands for; None if the key is known, or like no other."""
    if not isinstance(word, str) or word in known:
        return None
    squeezed = {re.sub(r"[^a-z0-9]", "", key.lower()): key for key in known}
    mine = re.sub(r"[^a-z0-9]", "", word.lower())
    close = difflib.get_close_matches(mine[:60], squeezed, n=1, cutoff=0.88) if len(mine) > 4 else []
    return squeezed.get(mine) or (squeezed[close[0]] if close else None)
