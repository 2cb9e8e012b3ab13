from __future__ import annotations

import pytest

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.weights import Weights


class TestKind:
    @pytest.mark.parametrize("kind", Kind)
    def test_label(self, kind: Kind):
        """Every kind has a label for people and a value for machines."""
        assert kind.label
        assert kind.value.lower() == kind.value
        assert Weights(kind).describe()
