from __future__ import annotations

import pytest

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.weights import Weights


class TestWeights:
    @pytest.mark.parametrize(
        ("weights", "words"),
        [
            (Weights(Kind.STATE_DICT, tensors=42, dtypes=("float32",)), "state_dict, 42 tensors, float32"),
            (Weights(Kind.TORCHSCRIPT), "TorchScript"),
            (Weights(Kind.LFS_POINTER, real_size=123), "git-lfs pointer (the real file has 123 bytes)"),
            (Weights(Kind.MODULE, type="a.B"), "pickled module `a.B`"),
            (
                Weights(Kind.MODULE, type="a.B", keys=("model",)),
                "checkpoint with a pickled module `a.B` at ['model']",
            ),
            (Weights(Kind.CORRUPT, "a zip, but"), "corrupt: a zip, but"),
            (
                Weights(Kind.CHECKPOINT, keys=("a", "b\n")),
                "checkpoint with its state_dict at ['a']['b\\\\n']",
            ),
        ],
    )
    def test_describe(self, weights: Weights, words: str):
        assert weights.describe() == words
