"""Rolls archives out to a running TorchServe."""
