"""Whether an archive is what was released: by a list of digests, or by building it again."""
