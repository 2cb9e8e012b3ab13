"""The kinds of weights file, one module each."""
