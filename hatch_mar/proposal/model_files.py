"""The files of a repository that can be model files: those with the one class of a network."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from hatch_mar.checks.subject import Subject
from hatch_mar.proposal.handler_files import has_handler
from hatch_mar.proposal.omissions import Omissions
from hatch_mar.proposal.python_files import dotted_path, name_bases, parse_files
from hatch_mar.proposal.repository import Repository
from hatch_mar.pysource.classes import describe_required, list_classes
from hatch_mar.pysource.module import Module
from hatch_mar.pysource.namespace import Namespace
from hatch_mar.text import quote

WORDS = tuple(map(re.compile, (rb"\bclass\b.*\bModule\b", rb"\bdef\s+forward\b", rb"\btorchvision\b|\bnn\.")))
"""One of these is in every model file."""
NETWORKS = ("torch.nn.", "torchvision.models.")
"""Where the base classes of networks are."""


class ModelFiles(NamedTuple):
    """What was found where a model file was looked for."""

    usable: list[str]
    """Those with one class, which is made without arguments."""
    others: list[str]
    """Why others cannot be model files, a line for each."""


def find_model_files(repository: Repository, subject: Subject, omissions: Omissions) -> ModelFiles:
    """The model files of a repository, in its order, without handlers."""
    found = ModelFiles([], [])
    for path, module in parse_files(repository, subject, WORDS, omissions).items():
        name = dotted_path(path)
        definitions = [each for found in module.classes for each in found.definitions]
        networks = [each for each in definitions if is_network(name, module, each)]
        if not networks or has_handler(subject, name, module):
            continue
        if module.only_class is None:
            shown = list_classes(module.classes)
            found.others.append(f"{quote(path)} defines {shown}, but a model file has only one class")
        elif required := describe_required(networks[0]):
            found.others.append(f"{quote(path)}: {required}")
        else:
            found.usable.append(path)
    return found


def is_network(name: str, module: Module, definition: ast.ClassDef) -> bool:
    """Whether a class is a `torch.nn.Module`, as far as its bases and its methods tell."""
    bases = name_bases(definition, module, name)
    is_derived = any(base.startswith(NETWORKS) for base in bases)
    return is_derived or (bool(bases) and Namespace(definition.body).has("forward"))
