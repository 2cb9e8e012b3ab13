"""Which modules a worker can import from outside its archive."""

from __future__ import annotations

import pytest

from hatch_mar.torchserve.packages import Environment


@pytest.mark.parametrize("module", ["json", "tomllib", "distutils", "torch", "ts", "numpy", "PIL", "yaml"])
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
        ("tokenizers", "transformers"),
    ],
)
def test_requires(module: str, requirements: str):
    """A distribution may be called otherwise than its modules, or bring others along."""
    top = module.partition(".")[0]

    assert Environment(requirements.encode()).requires(top)
    assert not Environment(b"other").requires(top)


def test_unknown():
    """A requirement whose name is not known may bring anything, but is not known to."""
    environment = Environment(b"git+https://example.org/pkg")

    assert environment.brings("anything")
    assert not environment.requires("anything")
