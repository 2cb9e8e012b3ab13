from __future__ import annotations

from hatch_mar.trial.worker.stand_in.ts.metrics.dimension import Dimension
from hatch_mar.trial.worker.stand_in.ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl
from hatch_mar.trial.worker.stand_in.ts.metrics.metric_type_enum import MetricTypes


class TestMetricsCacheYamlImpl:
    def test_dropped(self):
        """Whatever a handler measures is accepted."""
        cache = MetricsCacheYamlImpl("metrics.yaml")
        cache.initialize_cache()
        cache.add_counter("a", 1, 0, "count")
        cache.add_metric_to_cache("b", "ms", [Dimension("Level", "Model")]).add_or_update(2, ["x"])
        cache.get_metric("b", MetricTypes.GAUGE).update(3)
        cache.set_request_ids({0: "a"})

        assert cache.request_ids == {0: "a"}
