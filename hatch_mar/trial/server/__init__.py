"""A real TorchServe on this machine: its process, its HTTP interfaces, its log."""
