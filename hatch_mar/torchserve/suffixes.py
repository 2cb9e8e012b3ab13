"""The suffixes of archives' files, and what TorchServe does with each."""

from __future__ import annotations

MODEL, WORKFLOW, TGZ = ".mar", ".war", ".tar.gz"
ZIPS = (MODEL, WORKFLOW)
"""Read as a zip; every other file is read as a `.tar.gz` (ModelArchive.java, WorkflowArchive.java)."""
ARCHIVES = (*ZIPS, TGZ)
"""Of the files that torch-model-archiver and torch-workflow-archiver write."""
LOADED = (*ARCHIVES, ".model")
"""Of the files that the server loads by itself (ModelServer.java)."""
UNPACKED = (*LOADED, ".tgz", ".zip")
"""Of the files that it unpacks when it is asked to load them; it links to anything else (ZipUtils.java)."""
