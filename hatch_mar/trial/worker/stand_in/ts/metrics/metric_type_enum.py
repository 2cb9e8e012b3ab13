"""The kinds of metrics, after ts/metrics/metric_type_enum.py."""

import enum


class MetricTypes(enum.Enum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
