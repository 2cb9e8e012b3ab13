"""Walking directory trees, and replacing files and directories atomically."""
