"""The files of `[[tool.mar.remote-files]]`, brought to their places."""
