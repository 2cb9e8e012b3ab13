"""Which modules a worker can import from outside its archive.

A requirement names a distribution, an import names a module. Mostly the two names are alike;
the tables have well-known cases where they are not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import cached_property

from hatch_mar.budget import Budget
from hatch_mar.torchserve.server_packages import SERVER_PACKAGES

OTHER_PYTHONS = frozenset(
    [
        *("aifc", "annotationlib", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "compression"),
        *("crypt", "distutils", "imghdr", "imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib"),
        *("ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau", "telnetlib", "tomllib", "uu", "xdrlib"),
    ]
)
"""Modules of older and newer standard libraries, since the server may have another Python."""

DISTRIBUTIONS = {
    "bs4": ("beautifulsoup4",),
    "attr": ("attrs",),
    "Bio": ("biopython",),
    "clip": ("openai-clip",),
    "Crypto": ("pycryptodome",),
    "cv2": (
        *("opencv-python", "opencv-python-headless"),
        *("opencv-contrib-python", "opencv-contrib-python-headless"),
    ),
    "fitz": ("pymupdf",),
    "functorch": ("torch",),
    "git": ("gitpython",),
    "google": ("protobuf", "googleapis-common-protos"),
    "grpc": ("grpcio",),
    "imblearn": ("imbalanced-learn",),
    "lightning_fabric": ("lightning",),
    "model_archiver": ("torch-model-archiver",),
    "mpl_toolkits": ("matplotlib",),
    "MySQLdb": ("mysqlclient",),
    "PIL": ("pillow", "pillow-simd"),
    "pippy": ("torchpippy",),
    "pkg_resources": ("setuptools",),
    "pylab": ("matplotlib",),
    "pynvml": ("nvidia-ml-py",),
    "pythonjsonlogger": ("python-json-logger",),
    "pytorch_lightning": ("lightning",),
    "sagemaker_pytorch_serving_container": ("sagemaker-pytorch-inference",),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn",),
    "skvideo": ("sk-video", "scikit-video"),
    "tensorrt": ("nvidia-tensorrt",),
    "torchgen": ("torch",),
    "ts": ("torchserve", "torchserve-nightly"),
    "workflow_archiver": ("torch-workflow-archiver",),
    "yaml": ("pyyaml",),
}
"""Modules whose distributions have another name, beyond what `bring` can tell from the name."""

BROUGHT = {
    "accelerate": ("huggingface_hub", "safetensors"),
    "datasets": ("pandas", "pyarrow", "huggingface_hub", "dateutil", "dill"),
    "diffusers": ("huggingface_hub", "safetensors", "regex", "tokenizers"),
    "easyocr": ("torchvision", "cv2", "scipy", "skimage", "shapely"),
    "librosa": ("soundfile", "scipy", "sklearn", "joblib", "numba", "audioread", "soxr"),
    "lightning": ("torchmetrics", "lightning_utilities"),
    "open-clip-torch": ("torchvision", "timm", "regex", "ftfy", "huggingface_hub", "safetensors"),
    "pandas": ("dateutil", "pytz", "six"),
    "peft": ("transformers", "accelerate", "huggingface_hub", "safetensors", "tokenizers"),
    "pytorch-lightning": ("torchmetrics", "lightning_utilities"),
    "scikit-image": ("scipy", "imageio", "tifffile", "skimage"),
    "scikit-learn": ("scipy", "joblib", "threadpoolctl"),
    "seaborn": ("pandas", "dateutil", "pytz"),
    "segmentation-models-pytorch": ("torchvision", "timm", "huggingface_hub"),
    "sentence-transformers": (
        *("transformers", "tokenizers", "huggingface_hub", "safetensors", "regex", "sklearn", "scipy"),
        *("joblib", "threadpoolctl"),
    ),
    "tensorrt-llm": ("transformers", "tokenizers", "huggingface_hub", "tensorrt", "safetensors"),
    "timm": ("torchvision", "huggingface_hub", "safetensors"),
    "transformers": ("tokenizers", "huggingface_hub", "safetensors", "regex"),
    "ultralytics": ("torchvision", "cv2", "pandas", "scipy", "seaborn"),
    "vllm": (
        "transformers",
        "tokenizers",
        "huggingface_hub",
        "safetensors",
        "fastapi",
        "pydantic",
        "torchvision",
    ),
}
"""Modules that a distribution brings because it requires their distributions."""


class Environment:
    """The modules that a worker can import, from the server or by the archive's requirements file."""

    def __init__(
        self, requirements: bytes = b"", server_packages: Iterable[str] = (), budget: Budget | None = None
    ) -> None:
        self.requirements = requirements
        self.budget = budget or Budget()
        self.server = SERVER_PACKAGES.union(map(normalize_name, server_packages))

    @cached_property
    def required(self) -> frozenset[str | None]:
        """The required distributions, normalized; None stands for any number whose names are not known."""
        if not self.requirements:
            return frozenset()
        from hatch_mar.torchserve.requirements_file import distributions

        return frozenset(distributions(self.requirements, self.budget))

    def has(self, module: str) -> bool:
        """Whether a module is there, or may be: Python's own, the server's or a required one."""
        return module in sys.stdlib_module_names or module in OTHER_PYTHONS or self.has_installed(module)

    def has_installed(self, module: str) -> bool:
        """Whether the server or the archive's requirements bring a module, or may."""
        return bring(self.server, module) or self.brings(module)

    def brings(self, module: str) -> bool:
        """Whether the archive's requirements bring a module, or may."""
        return None in self.required or self.requires(module)

    def requires(self, module: str) -> bool:
        """Whether the archive's requirements are known to bring a module."""
        return bring(self.required, module)

    def is_on_server(self, distribution: str) -> bool:
        return normalize_name(distribution) in self.server


def bring(distributions: Iterable[str | None], module: str) -> bool:
    """Whether any of the distributions has a module, or requires another that has it."""
    known, name = DISTRIBUTIONS.get(module, ()), normalize_name(module)
    prefixes = (f"{name}-", f"py{name}-")
    return any(
        distribution
        and (
            distribution in known
            # `faiss-cpu`, `python-dotenv`, `PyJWT`
            or distribution in (name, f"python-{name}", f"py{name}")
            or distribution.startswith(prefixes)
            or module in BROUGHT.get(distribution, ())
        )
        for distribution in distributions
    )


def normalize_name(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503); without `packaging`, which is slow to import."""
    return re.sub(r"[-_.]+", "-", name).lower()
