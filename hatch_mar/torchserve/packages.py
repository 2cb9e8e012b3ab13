"""Which packages a worker's environment has, by the names they are imported by.

A requirement names a distribution, an import a module. Mostly the two are alike; the
tables have well-known cases where they are not.
"""

from __future__ import annotations

import sys
from functools import cached_property

OTHER_PYTHONS = frozenset(
    [
        *("aifc", "annotationlib", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "compression"),
        *("crypt", "distutils", "imghdr", "imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib"),
        *("ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau", "telnetlib", "tomllib", "uu", "xdrlib"),
    ]
)
"""Modules of the standard library before or after the Python that checks; the server's may be another."""

TORCHSERVE = frozenset(
    [
        *("ts", "torch", "torchgen", "functorch", "numpy", "PIL", "psutil", "packaging", "yaml", "captum"),
        *("pynvml", "wheel", "ninja", "requests", "urllib3", "certifi", "idna", "charset_normalizer"),
        *("setuptools", "pkg_resources", "pip", "typing_extensions", "sympy", "mpmath", "networkx", "jinja2"),
        *("markupsafe", "fsspec", "filelock", "triton", "tqdm", "matplotlib", "nvidia", "Cython", "cython"),
    ]
)
"""TorchServe, what it requires (its requirements/common.txt), PyTorch, and what these bring."""

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
    "git": ("gitpython",),
    "google": ("protobuf", "googleapis-common-protos"),
    "grpc": ("grpcio",),
    "imblearn": ("imbalanced-learn",),
    "lightning_fabric": ("lightning",),
    "MySQLdb": ("mysqlclient",),
    "PIL": ("pillow", "pillow-simd"),
    "pippy": ("torchpippy",),
    "pkg_resources": ("setuptools",),
    "pynvml": ("nvidia-ml-py",),
    "pythonjsonlogger": ("python-json-logger",),
    "pytorch_lightning": ("lightning",),
    "sagemaker_pytorch_serving_container": ("sagemaker-pytorch-inference",),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn",),
    "skvideo": ("sk-video", "scikit-video"),
    "tensorrt": ("nvidia-tensorrt",),
    "yaml": ("pyyaml",),
}
"""Import names whose distribution is called otherwise, beyond what `alike` sees."""

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
"""Import names that come along with a distribution, since it requires them."""


class Environment:
    """The modules that a worker can import from outside its archive.

    Args:
        requirements: the archive's requirements file.
    """

    def __init__(self, requirements: bytes = b"") -> None:
        self.requirements = requirements

    @cached_property
    def names(self) -> frozenset[str | None]:
        """The required distributions, normalized; None stands for any number whose names are not known."""
        if not self.requirements:
            return frozenset()
        from hatch_mar.torchserve.requirements_file import distributions

        return frozenset(distributions(self.requirements))

    @cached_property
    def brought(self) -> frozenset[str]:
        return frozenset(name for required in self.names if required for name in BROUGHT.get(required, ()))

    def has(self, module: str) -> bool:
        """Whether a top-level module is there, or may be."""
        return (
            module in sys.stdlib_module_names
            or module in OTHER_PYTHONS
            or module in TORCHSERVE
            or self.brings(module)
        )

    def brings(self, module: str) -> bool:
        """Whether the archive's requirements bring a module, or may."""
        return None in self.names or self.requires(module)

    def requires(self, module: str) -> bool:
        """Whether the archive's requirements bring a top-level module."""
        known = DISTRIBUTIONS.get(module, ())
        return module in self.brought or any(
            name and (name in known or alike(module, name)) for name in self.names
        )


def alike(module: str, name: str) -> bool:
    """Whether a distribution's name tells that it has a module: `faiss-cpu`, `python-dotenv`, `PyJWT`."""
    from packaging.utils import canonicalize_name

    wanted = canonicalize_name(module)
    return name in (wanted, f"python-{wanted}", f"py{wanted}") or name.startswith(
        (f"{wanted}-", f"py{wanted}-")
    )
