"""Checks an archive against a list of digests, or against a build."""
