"""Holds `ts`, which `hatch-mar try` puts on the worker's path where torchserve is not installed."""
