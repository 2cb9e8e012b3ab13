"""torch-model-archiver calls turned into `[tool.mar]` tables."""
