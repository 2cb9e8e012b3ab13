"""A real TorchServe on this machine."""
