"""Puts archives into a directory or a store, under the names that a layout gives them."""
