"""Runs an archive as TorchServe's worker would, or through a TorchServe, and compares its answers.

Nothing else in this package runs an archive's code, and it only ever runs in another process.
"""
