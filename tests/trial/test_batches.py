from __future__ import annotations

import pytest

from hatch_mar.trial.candidate import batches_of


class TestBatches:
    @pytest.mark.parametrize(
        ("requests", "batch_size", "expected"),
        [
            (0, None, []),
            (1, None, [[0], [0, 0]]),
            (3, None, [[0], [1], [2], [0, 1, 2]]),
            (3, 8, [[0], [1], [2], [0, 1, 2]]),
            (3, 2, [[0], [1], [2], [0, 1], [2, 0]]),
            (4, 2, [[0], [1], [2], [3], [0, 1], [2, 3]]),
            (3, 1, [[0], [1], [2]]),
        ],
    )
    def test_batches(self, requests: int, batch_size: int | None, expected: list[list[int]]):
        """Each request alone, and then in a batch of several, no larger than TorchServe makes them."""
        assert batches_of(requests, batch_size) == expected
