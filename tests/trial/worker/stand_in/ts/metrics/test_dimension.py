from __future__ import annotations

from hatch_mar.trial.worker.stand_in.ts.metrics.dimension import Dimension


class TestDimension:
    def test_text(self):
        """A dimension is written with its value."""
        assert str(Dimension("Level", "Model")) == "Level:Model"
