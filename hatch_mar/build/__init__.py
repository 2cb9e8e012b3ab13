"""A project's archives: planned, checked, then written."""
