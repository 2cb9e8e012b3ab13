"""What a proposal has the server install, which is what the server lacks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from hatch_mar.proposal.proposal import Proposal
from tests.proposal import HANDLER, SAFETENSORS, SCRIPTED, proposal_for

LEFT_OUT = "left out `requirements.txt`: TorchServe's image has everything listed there"
LATE = f"{HANDLER}    def initialize(self, context):\n        {{}}\n"


class TestFile:
    """A `requirements.txt` that belongs to a model."""

    @pytest.mark.parametrize(
        "text",
        [
            *("torch==2.1\ntorchvision\nPillow>=9  # images\n", "torchserve"),
            "--extra-index-url https://example.org\ntorch==2.1+cu118",
        ],
    )
    def test_on_server(self, tmp_path: Path, text: str):
        """One that would only hide the server's own torch is left out, once for all archives."""
        files = {"requirements.txt": text, "a.pt": SCRIPTED, "b.pt": SCRIPTED, "handler.py": HANDLER}
        found = proposal_for(tmp_path, files)

        assert "requirements-file" not in found.shared
        assert found.notes == [LEFT_OUT]

    @pytest.mark.parametrize(
        "text",
        [
            *("torch\ntransformers", "-r requirements/serving.txt", "-e .", "torch[onnx]", "./own.whl"),
            *("git+https://example.org/own", "numpy<2", "# nothing yet\n"),
        ],
    )
    def test_lacking(self, tmp_path: Path, text: str):
        """One that may bring anything else is proposed, such as another version of what the server has."""
        files = {"requirements.txt": text, "a.pt": SCRIPTED, "handler.py": HANDLER}

        assert proposal_for(tmp_path, files).shared["requirements-file"] == "requirements.txt"

    def test_link(self, tmp_path: Path):
        """Nobody knows what is in one that has yet to be fetched."""
        (tmp_path / "requirements.txt").symlink_to(".git/annex/objects/requirements.txt")
        found = proposal_for(tmp_path, {"a.pt": SCRIPTED, "handler.py": HANDLER})

        assert found.shared["requirements-file"] == "requirements.txt"

    def test_venv(self, tmp_path: Path):
        """A model with a virtual environment of its own may have another torch."""
        files = {"requirements.txt": "torch==2.1", "model-config.yaml": "useVenv: true", "a.pt": SCRIPTED}

        assert proposal_for(tmp_path, files).shared["requirements-file"] == "requirements.txt"


class TestDependencies:
    """The dependencies of the project."""

    def propose(
        self, root: Path, imports: str, *dependencies: str, files: Mapping[str, str] | None = None
    ) -> Proposal:
        sources = {"a.pt": SCRIPTED, "handler.py": f"{imports}\n{HANDLER}", **(files or {})}
        return proposal_for(root, sources, dependencies=dependencies)

    @pytest.mark.parametrize(
        ("imports", "dependency"),
        [
            ("import cv2", "opencv-python>=4"),
            ("from transformers.models import bert", "Sentence_Transformers"),
            ("from ts.torch_handler.vllm_handler import VLLMHandler", "vllm"),
        ],
    )
    def test_lacking(self, tmp_path: Path, imports: str, dependency: str):
        """They are required if the handler imports one that the server lacks."""
        found = self.propose(tmp_path, imports, "numpy", dependency)

        assert found.shared["requirements-from"] == ["dependencies"]
        assert found.notes == []

    def test_late(self, tmp_path: Path):
        """The handler may import it when it loads the model."""
        files = {"a.pt": SCRIPTED, "handler.py": LATE.format("import cv2")}
        found = proposal_for(tmp_path, files, dependencies=["opencv-python"])

        assert found.shared["requirements-from"] == ["dependencies"]

    def test_late_module(self, tmp_path: Path):
        """A module of the project that is imported then is packed."""
        files = {"a.pt": SCRIPTED, "reading.py": "", "handler.py": LATE.format("import reading")}

        assert proposal_for(tmp_path, files).shared["extra-files"] == ["reading.py"]

    @pytest.mark.parametrize(
        ("imports", "dependencies"),
        [
            ("import numpy", ["numpy", "opencv-python"]),
            ("import cv2", ["transformers"]),
            ("import cv2", []),
        ],
    )
    def test_not_needed(self, tmp_path: Path, imports: str, dependencies: list[str]):
        """They are not if the server has what is imported, or they do not bring it."""
        found = self.propose(tmp_path, imports, *dependencies)

        assert "requirements-from" not in found.shared
        assert found.notes == []

    def test_file(self, tmp_path: Path):
        """A requirements file is proposed instead, even if it lacks something, unless it is left out."""
        found = self.propose(
            tmp_path, "import cv2", "opencv-python", files={"requirements.txt": "transformers"}
        )
        assert found.shared["requirements-file"] == "requirements.txt"
        assert "requirements-from" not in found.shared

        found = self.propose(tmp_path, "import cv2", "opencv-python", files={"requirements.txt": "torch"})
        assert found.shared["requirements-from"] == ["dependencies"]
        assert found.notes == [LEFT_OUT]

    def test_torch(self, tmp_path: Path):
        """A second torch would hide the server's own, so that it is said what to do instead."""
        found = self.propose(tmp_path, "import cv2", "torch>=2", "opencv-python")

        assert "requirements-from" not in found.shared
        [note] = found.notes
        assert note == (
            "the code for `a.pt` imports `cv2`, which the server lacks; the project's dependencies have it,"
            " but would also install `torch`, hiding the server's own: list what the server lacks in a"
            ' dependency group, and set `requirements-from = ["dependency-groups.NAME"]`'
        )

    def test_torch_in_venv(self, tmp_path: Path):
        """With a virtual environment of its own, the model may have its own torch."""
        files = {"model-config.yaml": "useVenv: true"}
        found = self.propose(tmp_path, "import cv2", "torch>=2", "opencv-python", files=files)

        assert found.shared["requirements-from"] == ["dependencies"]

    def test_own_module(self, tmp_path: Path):
        """What the project has itself is packed, even if a dependency is called so."""
        files = {"a.pt": SCRIPTED, "cv2.py": "", "handler.py": f"import cv2\n{HANDLER}"}
        found = proposal_for(tmp_path, files, dependencies=["opencv-python"])

        assert found.shared["extra-files"] == ["cv2.py"]
        assert "requirements-from" not in found.shared

    def test_no_handler(self, tmp_path: Path):
        """Of a handler that is to be written, nobody knows what it imports."""
        found = proposal_for(tmp_path, {"a.safetensors": SAFETENSORS}, dependencies=["transformers"])

        assert "requirements-from" not in found.shared
