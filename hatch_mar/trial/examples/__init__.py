"""Requests, the answers they should get, and how the two are compared."""
