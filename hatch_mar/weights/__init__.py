"""What a weights file is, and what loading it would import, read from its bytes without torch."""
