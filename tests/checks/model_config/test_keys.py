"""Keys and values that TorchServe ignores or replaces are found, and no others."""

from __future__ import annotations

import pytest

from tests.checks.model_config import FILE, found

TYPE = "give it a value of that type"
KEEP = "give it a value within the range, or leave the key out"

FAULTS: list[tuple[str, str]] = [
    *(
        (f"{wrong}: 2\n", f":1: MAR513 TorchServe does not know the key `{wrong}`; did you mean `{right}`?")
        for wrong, right in {
            "BatchSize": "batchSize",
            "batch_size": "batchSize",
            "batchsize": "batchSize",
            "maxWorker": "maxWorkers",
            "response-timeout": "responseTimeout",
            "torchRun": "torchrun",
            "deviceId": "deviceIds",
            "PT2": "pt2",
            "handlers": "handler",
        }.items()
    ),
    *(
        (
            f"batchSize: {value}\n",
            f":1: MAR514 TorchServe ignores `batchSize`, which must be an integer{shown}; {TYPE}",
        )
        for value, shown in {
            "'4'": ', not the string "4"',
            "5.0": ", not the number with a point 5.0",
            "": ", not null",
            "true": ", not the boolean true",
            "[4]": ", not a list",
            "{a: 4}": ", not a table",
            "2147483648": " of 32 bits, not 2147483648",
            "2020-02-03": ", not the date 2020-02-03",
        }.items()
    ),
    (
        "deviceIds: [0, '1']\n",
        (f":1: MAR514 TorchServe ignores `deviceIds`, which must be a list of integers only; {TYPE}"),
    ),
    (
        "useJobTicket: 1\n",
        f":1: MAR514 TorchServe ignores `useJobTicket`, which must be a boolean, not the integer 1; {TYPE}",
    ),
    (
        "parallelType: tp\ntorchrun: {nnodes: '2'}\n",
        (
            ":2: MAR514 TorchServe ignores `torchrun.nnodes`, which must be an integer, not the string"
            f' "2"; {TYPE}'
        ),
    ),
    ("batchSize: 0\n", f":1: MAR515 `batchSize: 0` is out of range: TorchServe uses 1; {KEEP}"),
    (
        "responseTimeout: -1\n",
        f":1: MAR515 `responseTimeout: -1` is out of range: TorchServe uses 120; {KEEP}",
    ),
    (
        "deviceType: neuron\n",
        (
            ':1: MAR515 `deviceType: "neuron"` is out of range: TorchServe ignores it; it knows `cpu`, `gpu`;'
            f" {KEEP}"
        ),
    ),
    (
        "deviceIds: [0, -1]\n",
        f":1: MAR515 `deviceIds: [0, -1]` is out of range: TorchServe drops the list; {KEEP}",
    ),
    (
        "maxRetryTimeoutInSec: 3000000\n",
        (
            ":1: MAR515 `maxRetryTimeoutInSec: 3000000` is out of range: TorchServe allows no"
            " more than 2147483;"
            f" {KEEP}"
        ),
    ),
    (
        "batchSize: 2\nmaxBatchDelay: 0\n",
        (
            ":2: MAR515 `maxBatchDelay: 0` is out of range: TorchServe uses its default, 100 milliseconds;"
            " set it to 1, or leave it out"
        ),
    ),
]


class TestCheck:
    @pytest.mark.parametrize(("config", "expected"), FAULTS)
    def test_fault(self, config: str, expected: str):
        """What TorchServe ignores or replaces is found, with its line."""
        assert found(config) == [FILE + expected]

    @pytest.mark.parametrize(
        "config",
        [
            "batchSize: 0x10\njobQueueSize: 1_000\nclientTimeoutInMills: 0\n",
            "deviceType: GPU\ndeviceIds: [0, 1]\n",
            "deviceType: ''\ndeviceIds: []\n",
            "maxBatchDelay: 0\ncontinuousBatching: true\n",
        ],
    )
    def test_good(self, config: str):
        """What TorchServe uses is not a fault."""
        assert found(config) == []

    @pytest.mark.parametrize("key", ["model_path", "labels", "device", "threshold", "mii", "pool", "model"])
    def test_own(self, key: str):
        """A handler may have settings of its own."""
        assert found(f"{key}: 1\n") == []
