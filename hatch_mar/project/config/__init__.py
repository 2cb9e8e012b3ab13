"""Reads and validates `[tool.mar]`, giving a configuration for each archive."""
