"""What an archive is, and how one is written to disk and read back."""
