"""Findings about TorchServe's own handlers."""

from __future__ import annotations

import pytest

from hatch_mar.checks.handler import check
from hatch_mar.checks.subject import Subject
from hatch_mar.torchserve.handlers import BUILT_INS
from tests.checks import HANDLER, found, subject

MANIFEST = "digits.mar/MAR-INF/MANIFEST.json"


class TestBuiltIn:
    @pytest.mark.parametrize("name", BUILT_INS)
    def test_required(self, name: str) -> None:
        """Nothing is found if the archive requires what its built-in handler imports."""
        requirements = "nvidia-dali-cuda120\nvllm\ntensorrt-llm\ntorchpippy"
        files = {"requirements.txt": requirements, "source_vocab.pt": ""}
        assert found(check, files, name, requirements_file="requirements.txt") == []

    @pytest.mark.parametrize("name", ["image_classifier", "vision_handler", "base_handler"])
    def test_server(self, name: str) -> None:
        """What TorchServe's image has need not be required."""
        assert found(check, {}, name) == []

    def test_packages(self) -> None:
        assert found(check, {}, "trt_llm_handler") == [
            (
                f"{MANIFEST}: MAR221 Handler `trt_llm_handler` imports `tensorrt_llm` and `transformers`,"
                " which nothing installs on the server; add it to the archive's requirements, or to"
                " `server-packages` if the server has it"
            )
        ]

    def test_server_packages(self) -> None:
        """`server-packages` adds to what the server has."""
        made = subject({}, "trt_llm_handler")
        packages = ("tensorrt-llm",)

        assert list(check(Subject(made.archive, made.file_name, server_packages=packages))) == []

    def test_vocabulary(self) -> None:
        assert found(check, {"data/source_vocab.pt": ""}, "text_classifier") == [
            (
                f"{MANIFEST}: MAR222 Handler `text_classifier` reads `source_vocab.pt` at the archive's root,"
                " but it is not there; add `source_vocab.pt` to `extra-files`"
            )
        ]

    def test_vocabulary_of_manifest(self) -> None:
        """Old archives name the file in the manifest."""
        files = {"vocab.pt": ""}
        assert found(check, files, "text_classifier", model={"sourceVocab": "vocab.pt"}) == []
        assert len(found(check, files, "text_classifier", model={"sourceVocab": "other.pt"})) == 1

    def test_hidden(self) -> None:
        assert found(check, {"image_classifier.py": HANDLER}, "image_classifier") == [
            (
                f"{MANIFEST}: MAR223 Handler `image_classifier` is one of TorchServe's own, but the archive's"
                " `image_classifier.py` takes its place;"
                " add `.py` to the handler if the file is meant, or else rename the file"
            )
        ]

    def test_named_as_file(self) -> None:
        """A file may have the name of a built-in handler if the handler names it as a file."""
        source = "from ts.torch_handler.base_handler import BaseHandler\nclass H(BaseHandler): ...\n"
        assert found(check, {"image_classifier.py": source}, "image_classifier.py") == []


class TestDerived:
    """A class that is derived from one of TorchServe's handlers needs what that needs."""

    SOURCE = "from ts.torch_handler.text_handler import TextHandler\nclass H(TextHandler):\n    {}"

    @pytest.mark.parametrize("body", ["x = 1", "def initialize(self, context): super().initialize(context)"])
    def test_vocabulary(self, body: str) -> None:
        assert found(check, {"h.py": self.SOURCE.format(body)}) == [
            (
                f"{MANIFEST}: MAR222 `TextHandler`, which the handler is derived from, reads"
                " `source_vocab.pt` at the archive's root, but it is not there; add `source_vocab.pt` to"
                " `extra-files`"
            )
        ]
        assert found(check, {"h.py": self.SOURCE.format(body), "source_vocab.pt": ""}) == []

    @pytest.mark.parametrize(
        "body",
        [
            "def initialize(self, context): self.model = print",
            "def get_source_vocab_path(self, ctx): return 'x'",
        ],
    )
    def test_own_way(self, body: str) -> None:
        assert found(check, {"h.py": self.SOURCE.format(body)}) == []
