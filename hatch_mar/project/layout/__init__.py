"""From an archive's configuration and the project's files to an `Archive`."""
