"""Downloads the files of `[[tool.mar.remote-files]]`."""
