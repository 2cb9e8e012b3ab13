"""Lays out an `Archive` from its configuration and the project's files."""
