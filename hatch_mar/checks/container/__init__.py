"""What TorchServe does not unpack, or not as everything else does: a zip, a `.tar.gz` or a directory."""
