"""Which modules a worker can import from outside its archive."""

from __future__ import annotations

import pytest

from hatch_mar.torchserve.packages import Environment


@pytest.mark.parametrize(
    "module",
    [
        *(
            "json",
            "__main__",
            "tomllib",
            "distutils",
            "torch",
            "torchgen",
            "functorch",
            "torchvision",
            "torchaudio",
        ),
        *("ts", "numpy", "PIL", "yaml", "captum", "pynvml", "matplotlib", "mpl_toolkits", "dateutil"),
        *("requests", "charset_normalizer", "setuptools", "pkg_resources", "Cython", "nvidia", "triton"),
        *("model_archiver", "typing_extensions", "jinja2"),
    ],
)
def test_always(module: str):
    """Python's own modules, of any version, and what every TorchServe has."""
    assert Environment().has(module)
    assert not Environment().brings(module)


@pytest.mark.parametrize(
    ("module", "requirements"),
    [
        ("cv2", "opencv-python-headless>=4"),
        ("yaml", "PyYAML==6"),
        ("dateutil", "python-dateutil"),
        ("jwt", "PyJWT[crypto]"),
        ("faiss", "faiss-cpu"),
        ("google.protobuf", "protobuf"),
        ("google.protobuf", "google-cloud-storage"),
        ("azure.storage.blob", "azure-storage-blob"),
        ("tokenizers", "transformers"),
        ("joblib", "sentence-transformers"),
        ("botocore", "boto3"),
        ("bson", "pymongo"),
        ("pywt", "PyWavelets"),
        ("whisper", "openai-whisper"),
    ],
)
def test_requires(module: str, requirements: str):
    """A distribution may have another name than its modules, or bring others along."""
    assert Environment(requirements.encode()).requires(module)
    assert not Environment(b"other").requires(module)


@pytest.mark.parametrize(
    ("module", "requirements"),
    [
        ("sam2", "SAM-2"),
        ("anything", "ray[serve]"),
        ("foo_sdk", "acme-foo-python"),
        ("skimagery", "scikit-image"),
        ("google.genai", "google-cloud-storage"),
    ],
)
def test_may_bring(module: str, requirements: str):
    """A name that is like the module's may be of a distribution that has it."""
    assert Environment(requirements.encode()).may_bring(module)
    assert Environment(server_packages=[requirements]).may_bring(module)
    assert not Environment(requirements.encode()).requires(module)


@pytest.mark.parametrize(
    ("module", "requirements"),
    [
        ("torch_geometric", "pytorch-lightning"),
        ("utils", "data-utils"),
        ("lru", "truecolor"),
        ("a", "git+https://x/a"),
    ],
)
def test_may_not_bring(module: str, requirements: str):
    """Words that many names have say nothing, nor do a few letters."""
    assert not Environment(requirements.encode()).may_bring(module)


def test_unknown():
    """A requirement whose name is not known may bring anything, but is not known to."""
    environment = Environment(b"git+https://example.org/pkg")

    assert environment.brings("anything")
    assert not environment.requires("anything")


@pytest.mark.parametrize(
    ("requirements", "server_packages", "expected"),
    [
        (b"", (), False),
        (b"numpy\nscikit-learn\nscipy\n", (), False),
        (b"fastai\n", (), True),
        (b"git+https://example.org/pkg", (), True),
        (b"", ("fastai",), True),
    ],
)
def test_requires_unknown(requirements: bytes, server_packages: tuple[str, ...], expected: bool):
    """Of a distribution in no list, what else it is installed with is not known."""
    environment = Environment(requirements, server_packages)

    assert environment.requires_unknown is expected
    assert environment.adds_any is bool(requirements or server_packages)


def test_server_packages():
    """`server-packages` come with what they require, and are not requirements of the archive."""
    environment = Environment(server_packages=("tensorrt_LLM",))

    assert environment.has("tensorrt_llm")
    assert environment.has("transformers")
    assert not environment.brings("tensorrt_llm")
    assert environment.is_on_server("TensorRT.llm")


@pytest.mark.parametrize("module", ["cv2", "tqdm", "nvidia.dali", "deepspeed"])
def test_absent(module: str):
    """What nothing brings is not there."""
    assert not Environment().has(module)
