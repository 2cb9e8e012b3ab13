"""Archives rolled out to a TorchServe that is serving."""
