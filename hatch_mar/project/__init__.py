"""What a project declares: its `pyproject.toml`, its build backend, its requirements and its time."""
