"""What the benchmarks measured."""

from __future__ import annotations

from parts.benchmarks import show_results


def test_show_results():
    """The table is shown as it is, without what surrounds it."""
    header, rule, *rows = show_results().splitlines()

    assert header == "| Work | Command | Seconds | Ratio | Peak MiB |"
    assert set(rule) <= set("|-: ")
    assert len(rows) > 10
    assert all(row.count("|") == header.count("|") for row in rows)
