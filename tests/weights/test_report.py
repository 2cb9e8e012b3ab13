from __future__ import annotations

import pytest

from hatch_mar.weights import Kind, Weights
from hatch_mar.weights.wording import counted, quoted, some


class TestWeights:
    def test_unsafe_globals(self):
        """Those outside torch's allow-list, in their order."""
        pairs = (("posix", "system"), ("torch", "Size"), ("builtins", "eval"))

        assert Weights(Kind.PICKLE, globals=pairs).unsafe_globals == (
            ("posix", "system"),
            ("builtins", "eval"),
        )

    @pytest.mark.parametrize(
        ("weights", "words"),
        [
            (Weights(Kind.STATE_DICT, tensors=42, dtypes=("float32",)), "state_dict, 42 tensors, float32"),
            (Weights(Kind.TORCHSCRIPT), "TorchScript"),
            (Weights(Kind.LFS_POINTER, real_size=123), "git-lfs pointer (the real file has 123 bytes)"),
            (Weights(Kind.MODULE, type="a.B"), "pickled module `a.B`"),
            (Weights(Kind.CORRUPT, "a zip, but"), "corrupt: a zip, but"),
            (
                Weights(Kind.CHECKPOINT, state_dict=("a", "b\n")),
                "checkpoint with its state_dict at ['a']['b\\\\n']",
            ),
        ],
    )
    def test_describe(self, weights: Weights, words: str):
        assert words == weights.describe()

    @pytest.mark.parametrize("kind", Kind)
    def test_labels(self, kind: Kind):
        """Every kind has a word for people, and another for machines."""
        assert kind.label
        assert kind.value == kind.value.lower()
        assert Weights(kind).describe()


class TestWords:
    def test_quoted(self):
        """A foreign name stays in its line, and short."""
        assert quoted("a\nb\x1b") == "`a\\nb\\x1b`"
        assert quoted("\udc80") == "`\\udc80`"
        assert len(quoted("x" * 1000)) == 85

    def test_counted(self):
        assert (counted(1, "byte"), counted(2, "byte")) == ("1 byte", "2 bytes")

    def test_some(self):
        assert some(["a", "b", "a"]) == ("a", "b")
        assert len(some(str(number) for number in range(100))) == 21
