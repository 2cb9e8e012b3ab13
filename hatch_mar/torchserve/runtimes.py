"""What runs a handler: the values of a manifest's `runtime`."""

from __future__ import annotations

DEFAULT = "python"
"""What TorchServe takes if the manifest has no runtime."""
CPP = "LSP"
"""TorchServe's C++ worker."""
KNOWN = (DEFAULT, "python3", CPP)
"""Those of TorchServe (frontend/archive/…/Manifest.java) and of torch-model-archiver 0.12."""
FORMER = ("python2",)
"""Those that only older versions of TorchServe have."""
