"""What the worker does with a handler, followed through the syntax of the archive's modules.

Nothing is run. Values that the syntax tells are computed, such as a path that is joined to the
model's directory; every other value is unknown, and what depends on an unknown condition is not
certain. So all that is said to happen does happen, but not all that happens is seen.
"""
