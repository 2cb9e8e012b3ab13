"""Plans, checks and writes the archives of a project."""
