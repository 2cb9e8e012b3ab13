"""Which packages a TorchServe server has before any archive brings its own.

The server is the official image, `pytorch/torchserve`, as of TorchServe 0.12 (pytorch/serve,
docker/Dockerfile): it has the packages of requirements/torch_linux.txt and common.txt, and
TorchServe's wheel with those that setup.py requires.
"""

SERVER_PACKAGES = frozenset(
    [
        # docker/Dockerfile
        *("pip", "setuptools", "torchserve", "torch-model-archiver", "torch-workflow-archiver"),
        # setup.py, which is all that the bare wheel brings
        *("packaging", "pillow", "psutil", "wheel"),
        # requirements/torch_linux.txt and torch_common.txt
        *("torch", "torchvision", "torchaudio", "cython", "numpy"),
        # requirements/common.txt
        *("captum", "ninja", "pynvml", "pyyaml", "requests"),
        # what torch requires, on a GPU too
        *("filelock", "fsspec", "jinja2", "markupsafe", "mpmath", "networkx", "nvidia-cublas-cu12"),
        *("nvidia-cuda-runtime-cu12", "nvidia-cudnn-cu12", "sympy", "triton", "typing-extensions"),
        # what captum requires, and matplotlib for it
        *("contourpy", "cycler", "fonttools", "kiwisolver", "matplotlib", "pyparsing", "python-dateutil"),
        "six",
        # what requests requires
        *("certifi", "charset-normalizer", "idna", "urllib3"),
    ]
)
"""Distributions, by their normalized names."""

OWN_PACKAGES = frozenset(["torch", "torchserve"])
"""Those of which a second copy, of another version, breaks a worker."""

NEWER_MODULES = ("numpy._core", "pathlib._local")
"""Modules of numpy 1.26 and Python 3.13 that pickles name; the image has numpy 1.24.3
(requirements/torch_common.txt) and Python 3.9 (docker/Dockerfile)."""
