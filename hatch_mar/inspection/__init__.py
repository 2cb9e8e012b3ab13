"""What is in an archive, and what sets two archives apart."""
