"""Files that handlers open."""
