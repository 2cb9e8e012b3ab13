"""What TorchScript needs of the worker beyond torch: operators of other libraries, and the GPUs in its code.

An operator exists once the library that registers it has been imported or loaded, by anybody in the process.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Container, Iterable, Iterator
from functools import cached_property

from hatch_mar.archive.archive import Member
from hatch_mar.checks.handler_facts import built_in, handler_module, loads_as_base_handler
from hatch_mar.checks.load_calls import find_load_calls
from hatch_mar.checks.many import show_first
from hatch_mar.checks.packed_code import find_modules, find_words
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.text import quote, quote_some
from hatch_mar.torchserve.handlers import imports_of
from hatch_mar.torchserve.packages import Environment

UNREGISTERED = Rule(
    code="MAR431",
    title="TorchScript calls an operator that nothing registers",
    consequence="`torch.jit.load` fails with `Unknown builtin op`",
    fix=(
        "import the package that has it in the handler, or pack its library and load it with"
        " `torch.ops.load_library`"
    ),
)
NAMES_GPU = Rule(
    code="MAR432",
    severity="warning",
    title="TorchScript has a GPU written into its code",
    consequence=(
        "it fails on a server without a GPU, and in a worker on another GPU with `Expected all tensors to be"
        " on the same device`, whatever `map_location` it is loaded with"
    ),
    fix="take the device from an input (`x.device`) and save it again, or set `deviceType` to `gpu`",
)

OWNERS = {
    "image": "torchvision",
    "fbgemm": "fbgemm_gpu",
    "neuron": "torch_neuron",
    "tensorrt": "torch_tensorrt",
    "torch_ipex": "intel_extension_for_pytorch",
}
"""The modules that register namespaces which have another name."""
REGISTERING = re.compile(
    rb"\b(?:load_library|load_inline|cpp_extension|custom_op|triton_op|Library|CDLL|import_module|__import__)\b"
    rb"|torch\.library"
)
"""What code may register operators with, of any namespace."""
IMPORTS = re.compile(rb"\bimport\b")
LIBRARIES = (".so", ".pyd", ".dll", ".dylib", ".pyc", ".whl")
"""Suffixes of files that may register operators."""
TRIED = ("torch_tensorrt", "torch_xla", "openvino", "intel_extension_for_pytorch")
"""Modules that `BaseHandler` imports if they are there (ts/torch_handler/base_handler.py)."""
WITHOUT_OPERATORS = frozenset(
    [
        *("boto3", "botocore", "bs4", "cv2", "nltk", "orjson", "pandas", "pydantic", "regex", "scipy"),
        *("sentencepiece", "skimage", "sklearn", "soundfile", "tokenizers", "tqdm", "ts"),
    ]
)
"""Modules that do not import torch, or what registers operators, beyond those of the server's image."""


def check(subject: Subject) -> Iterator[Finding]:
    worker = Worker(subject)
    found = (
        (member.name, finding)
        for member in subject.archive.members
        for finding in check_member(subject, member, worker)
    )
    yield from show_first(subject, found)


class Worker:
    """What the worker imports and loads, found out once and if need be.

    Raises:
        Exhausted: too much Python has been read already.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    @cached_property
    def imported(self) -> frozenset[str] | None:
        return find_imported(self.subject)

    @cached_property
    def load_calls(self) -> Container[str]:
        return find_load_calls(self.subject)

    def loads(self, member: Member) -> bool:
        """Whether TorchServe or the handler certainly loads a file of TorchScript."""
        subject = self.subject
        if subject.named_member("serializedFile") is member and loads_as_base_handler(subject):
            return subject.value("modelFile") is None
        return member.name in self.load_calls


def check_member(subject: Subject, member: Member, worker: Worker) -> Iterator[Finding]:
    weights = subject.weights(member)
    if weights.operators and worker.imported is not None:
        for owner, operators in group_by_owner(weights.operators).items():
            if owner not in worker.imported:
                yield report_operators(subject, member, worker, owner, operators)
    if weights.devices and subject.setting("deviceType") != "gpu":
        devices = quote_some(weights.devices)
        text = f"The code of {quote(member.name)} always uses {devices}, whatever device it is loaded to"
        yield NAMES_GPU.at(subject.place(member), text)


def report_operators(
    subject: Subject, member: Member, worker: Worker, owner: str, operators: list[str]
) -> Finding:
    place, calls = subject.place(member), f"{quote(member.name)} calls {quote_some(operators)}"
    if subject.environment.requires(owner) or subject.environment.is_on_server(owner):
        text = f"{calls}, which `{owner}` registers, but nothing imports it"
        return UNREGISTERED.at(place, text, f"write `import {owner}` in the handler", severity="warning")
    text = f"{calls}, which neither torch nor anything in the archive has"
    return UNREGISTERED.at(place, text, severity=None if worker.loads(member) else "warning")


def group_by_owner(operators: Iterable[str]) -> dict[str, list[str]]:
    """Operators by the module that registers them."""
    found: dict[str, list[str]] = {}
    for operator in operators:
        namespace = operator.partition("::")[0]
        found.setdefault(OWNERS.get(namespace, namespace), []).append(operator)
    return found


def find_imported(subject: Subject) -> frozenset[str] | None:
    """The modules that are imported from outside the archive; None if any of it may register operators."""
    if any(name.endswith(LIBRARIES) for name in subject.members) or find_words(subject, REGISTERING):
        return None
    own = built_in(subject)
    if own is None and handler_module(subject) is None:
        return None
    imported = {*(own.imports if own else ()), *filter(subject.environment.has_installed, TRIED)}
    for module in find_modules(subject, IMPORTS):
        if module.tree is None:
            return None
        imported.update(name.partition(".")[0] for name in module.imported)
        imported.update(name for each in module.imported for name in imports_of(each))
    return None if any(may_register(subject, name) for name in imported) else frozenset(imported)


def may_register(subject: Subject, module: str) -> bool:
    """Whether a module may register operators of any namespace, or import what does."""
    if module in sys.stdlib_module_names or module in WITHOUT_OPERATORS or module in TRIED:
        return False
    is_own = module in subject.folders or subject.module(module) is not None
    return not is_own and not Environment().has_installed(module)
