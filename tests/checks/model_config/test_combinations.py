"""Settings that do not work together are found, and no others."""

from __future__ import annotations

import pytest

from tests.checks.model_config import FILE, found

UNUSED = "set the other one, or leave this one out"
BOTH = "set both, `maxWorkers` not below `minWorkers`"
SEQUENCE = "set them too, or leave this one out"

FAULTS: list[tuple[str, str]] = [
    ("minWorkers: 2\n", f":1: MAR516 TorchServe does not use `minWorkers` without `maxWorkers`; {BOTH}"),
    ("maxWorkers: 2\n", f":1: MAR516 TorchServe does not use `maxWorkers` without `minWorkers`; {BOTH}"),
    (
        "minWorkers: 2\nmaxWorkers: 1\n",
        f":2: MAR516 TorchServe uses neither `minWorkers: 2` nor `maxWorkers: 1`, which is less; {BOTH}",
    ),
    (
        "parallelType: tp\n",
        f":1: MAR517 TorchServe does not use `parallelType: tp` without `torchrun`; {UNUSED}",
    ),
    (
        "parallelType: custom\n",
        f":1: MAR517 TorchServe does not use `parallelType: custom` without `parallelLevel`; {UNUSED}",
    ),
    (
        "torchrun: {nproc-per-node: 4}\n",
        f":1: MAR517 TorchServe does not use `torchrun` without `parallelType`; {UNUSED}",
    ),
    (
        "parallelLevel: 4\n",
        f":1: MAR517 TorchServe does not use `parallelLevel` without `parallelType`; {UNUSED}",
    ),
    (
        "parallelType: custom\ntorchrun: {nproc-per-node: 4}\n",
        ":2: MAR517 TorchServe does not run torchrun for `parallelType: custom`; set `parallelLevel` instead",
    ),
    (
        "parallelType: PP\nparallelLevel: 2\n",
        (
            ":1: MAR518 TorchServe starts no worker for `parallelType: pp` with `parallelLevel`"
            " and no `torchrun`;"
            " set `torchrun: {nproc-per-node: …}` instead of `parallelLevel`"
        ),
    ),
    (
        "parallelType: tp\ntorchrun: {nproc-per-node: 4}\nparallelLevel: 2\n",
        ":3: MAR519 `parallelLevel: 2` is not torchrun's `nproc-per-node: 4`; leave `parallelLevel` out",
    ),
    (
        "parallelType: tp\ntorchrun:\n  node-rank: 1\n",
        ":3: MAR520 TorchServe does not pass `torchrun.node-rank` on; leave it out",
    ),
    (
        "parallelType: tp\ntorchrun:\n  nproc_per_node: 4\n",
        (
            ":3: MAR520 TorchServe does not know the key `torchrun.nproc_per_node`; did you mean"
            " `nproc-per-node`?"
        ),
    ),
    (
        "parallelType: tp\ntorchrun: {max-restarts: 4}\n",
        ":2: MAR520 TorchServe does not know the key `torchrun.max-restarts`; leave it out",
    ),
    (
        "sequenceBatching: true\n",
        (
            ":1: MAR522 `sequenceBatching: true` needs a `sequenceMaxIdleMSec` above 0;"
            " set `sequenceMaxIdleMSec` to more than 0"
        ),
    ),
    (
        "maxNumSequence: 4\n",
        f":1: MAR523 TorchServe does not use `maxNumSequence` without `sequenceBatching: true`; {SEQUENCE}",
    ),
]


class TestCheck:
    @pytest.mark.parametrize(("config", "expected"), FAULTS)
    def test_fault(self, config: str, expected: str):
        """What TorchServe does not use, or breaks on, is found, with its line."""
        assert found(config) == [FILE + expected]

    @pytest.mark.parametrize(
        "config",
        [
            "minWorkers: 1\nmaxWorkers: 1\nbatchSize: 8\nmaxBatchDelay: 50\nresponseTimeout: 60\n",
            "parallelType: tp\ntorchrun: {nproc-per-node: 4, OMP_NUMBER_THREADS: 2}\n",
            "parallelType: tp\ntorchrun: {nproc-per-node: 4}\nparallelLevel: 4\n",
            "parallelType: custom\nparallelLevel: 4\n",
            "sequenceBatching: true\nsequenceMaxIdleMSec: 10\nmaxNumSequence: 4\n",
            "useVenv: true\n",
        ],
    )
    def test_good(self, config: str):
        """What TorchServe uses is not a fault."""
        assert found(config) == []

    def test_venv(self):
        """Only the runtime `python` has virtual environments."""
        assert found("useVenv: true\n", runtime="python3") == [
            (
                f"{FILE}:1: MAR521 TorchServe makes no virtual environment for the runtime `python3`;"
                ' set `runtime = "python"`, or leave it out'
            )
        ]
