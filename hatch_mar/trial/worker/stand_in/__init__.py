"""Contains `ts`, which `hatch-mar try` puts on the worker's path if torchserve is not installed."""
