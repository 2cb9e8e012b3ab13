"""TorchServe's worker: its environment, its process, its errors."""
