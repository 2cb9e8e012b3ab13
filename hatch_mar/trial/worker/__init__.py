"""TorchServe's worker without its server: its directory, its environment, its process, its errors."""
