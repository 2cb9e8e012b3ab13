"""Reads handwritten digits of 8 by 8 pixels."""
