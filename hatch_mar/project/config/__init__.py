"""`[tool.mar]`, read and validated into one configuration per archive."""
