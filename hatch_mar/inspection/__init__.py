"""What is in an archive, and how two archives differ."""
