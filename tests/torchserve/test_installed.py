"""The modules of distributions, by their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from hatch_mar.torchserve.installed import Installed, normalize_name


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy", "numpy"),
        ("faiss", "faiss-cpu"),
        ("paste", "paste-deploy-more"),
        ("dotenv", "python-dotenv"),
        ("jwt", "pyjwt"),
        ("opengl", "pyopengl-accelerate"),
        ("Levenshtein", "levenshtein"),
        ("charset_normalizer", "charset-normalizer"),
        ("PIL", "pillow"),
        ("scipy", "scikit-learn"),
    ],
)
def test_has(module: str, name: str):
    """A distribution has what its name says, what the table says, and what its requirements have."""
    assert Installed([name]).has(module)
    assert not Installed(["other"]).has(module)


def test_many():
    """One of very many is found as one of few is, and a long name does not become ever more names."""
    names = {f"name-{number}" for number in range(10_000)} | {"-".join("a" * 10_000)}
    many = Installed(names)

    assert (many.has("name_9999"), many.has("nothing")) == (True, False)
    assert (many.may_have("the_name"), many.may_have("nothing")) == (True, False)
    assert len(many.importable) < 3 * len(names)


@pytest.mark.parametrize("name", ["scikit-image", "skim", "the-skimage", "sk-image", "other[extra]"])
def test_may_have(name: str):
    """A word of the module's name is one of the distribution's, is in one, or has one in itself."""
    assert Installed([name]).may_have("skimage.io")


@pytest.mark.parametrize("name", ["scikit-learn", "ski", "age", "torch-model", "numpy"])
def test_may_not_have(name: str):
    assert not Installed([name]).may_have("skimage.io")
    assert not Installed([name]).may_have("torch_models")


@given(st.from_regex(r"[A-Za-z0-9]([-_.A-Za-z0-9]{0,10}[A-Za-z0-9])?", fullmatch=True))
def test_normalize(name: str):
    assert normalize_name(name) == canonicalize_name(name)
