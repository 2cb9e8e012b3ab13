"""Writing an archive as one artifact, whole or not at all, and only if it would change."""
