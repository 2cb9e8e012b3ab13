"""What a repository could declare in `[tool.mar]`, read from its files. None of its code runs."""
