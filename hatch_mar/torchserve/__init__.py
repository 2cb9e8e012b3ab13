"""What TorchServe does, as facts without verdicts."""
