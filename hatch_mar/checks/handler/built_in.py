"""TorchServe's own handlers: what each needs that not every server, and no other handler, has.

pytorch/serve, the imports of ts/torch_handler/*.py and of ts/handler_utils.
"""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.torchserve.packages import Environment

PACKAGES = Rule(
    code="MAR221",
    severity="warning",
    title="A built-in handler needs a package that TorchServe does not bring",
    consequence="on a server without it the worker dies with `No module named …`",
    fix="add to the archive's requirements what the server lacks",
)
VOCABULARY = Rule(
    code="MAR222",
    severity="error",
    title="A text handler has no vocabulary",
    consequence="the worker dies with `Missing the source_vocab file`",
    fix="add `source_vocab.pt` to `extra-files`",
)
HIDDEN = Rule(
    code="MAR223",
    severity="warning",
    title="A file of the archive goes before the built-in handler",
    consequence="TorchServe runs the file",
    fix="name the handler with `.py` if the file is meant, and rename the file if not",
)

VISION = ("captum", "torchvision")
NEEDS = {
    "image_classifier": VISION,
    "image_segmenter": VISION,
    "object_detector": VISION,
    "vision_handler": ("captum",),
    "text_classifier": ("captum",),
    "text_handler": ("captum",),
    "dali_handler": ("captum", "nvidia.dali"),
    "dali_image_classifier": ("captum", "nvidia.dali"),
    "vllm_handler": ("vllm",),
    "trt_llm_handler": ("tensorrt_llm", "transformers"),
    "distributed.base_pippy_handler": ("pippy",),
    "distributed.base_deepspeed_handler": ("deepspeed",),
}
"""What they import beyond what comes with TorchServe's wheel and torch."""

TEXT = ("text_classifier", "text_handler")


def check(subject: Subject, name: str, environment: Environment) -> Iterator[Finding]:
    origin = subject.set_by("handler")
    if absent := [need for need in NEEDS.get(name, ()) if not environment.brings(need)]:
        packages = " and ".join(f"`{need}`" for need in absent)
        verb = "is" if len(absent) == 1 else "are"
        text = f"Handler `{name}` imports {packages}, which {verb} not among the archive's requirements"
        yield PACKAGES.at(origin, text)
    if name not in TEXT:
        return
    vocabulary = subject.value("sourceVocab") or "source_vocab.pt"
    if vocabulary not in subject.members:
        text = f"Handler `{name}` reads `{vocabulary}` at the archive's root, which is not there"
        yield VOCABULARY.at(origin, text)


def check_hidden(subject: Subject, name: str, file: str) -> Iterator[Finding]:
    text = f"Handler `{name}` is one of TorchServe's own, but the archive's `{file}` goes before it"
    yield HIDDEN.at(subject.set_by("handler"), text)
