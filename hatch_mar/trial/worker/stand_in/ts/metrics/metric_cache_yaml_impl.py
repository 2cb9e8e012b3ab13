"""Metrics that are accepted and dropped, after ts/metrics/metric_cache_{abstract,yaml_impl}.py."""

from typing import Any

from .metric_type_enum import MetricTypes


class Metric:
    def add_or_update(self, *arguments: Any, **options: Any) -> None: ...

    def update(self, *arguments: Any, **options: Any) -> None: ...


class MetricsCacheYamlImpl:
    def __init__(self, config_file_path: str) -> None:
        self.config_file_path = config_file_path
        self.model_name: str | None = None
        self.request_ids: Any = None

    def initialize_cache(self) -> None: ...

    def set_request_ids(self, request_ids: Any) -> None:
        self.request_ids = request_ids

    def add_metric_to_cache(
        self,
        metric_name: str,
        unit: str,
        dimension_names: Any = (),
        metric_type: MetricTypes = MetricTypes.COUNTER,
    ) -> Metric:
        return Metric()

    def get_metric(self, metric_name: str, metric_type: MetricTypes = MetricTypes.COUNTER) -> Metric:
        return Metric()

    def add_metric(self, *arguments: Any, **options: Any) -> None: ...

    add_counter = add_time = add_size = add_percent = add_error = add_metric
