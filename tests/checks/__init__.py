"""Archives in memory, and what a check finds in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from textwrap import dedent
from typing import Any

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.manifest import Manifest
from hatch_mar.checks import rules
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from tests.archives import INSTANT

Files = Mapping[str, str | bytes]

HANDLER = """\
class Handler:
    def initialize(self, context): ...
    def handle(self, data, context): ...
"""
BASE = "from ts.torch_handler.base_handler import BaseHandler\nclass Handler(BaseHandler): ...\n"
NET = "from torch import nn\nclass Net(nn.Module): ...\n"


def subject(files: Files, handler: str = "h.py", *, model: Mapping[str, Any] = {}, **keys: Any) -> Subject:
    """An archive of these files as a check sees it; `model` are further keys of the manifest's `model`."""
    manifest = Manifest.for_model(
        model_name="digits", model_version="1.0", handler=handler, created=INSTANT, **keys
    )
    document = {**manifest.document, "model": {**manifest.model, **model}}
    members = tuple(Member(name, BytesSource(encoded(data))) for name, data in files.items())
    return Subject(Archive(manifest._replace(document=document), members), "digits.mar")


def encoded(data: str | bytes) -> bytes:
    return data if isinstance(data, bytes) else dedent(data).encode()


def found(check: Callable[[Subject], Iterator[Finding]], *arguments: Any, **keys: Any) -> list[str]:
    """What a check finds in an archive, as text."""
    return [str(finding) for finding in check(subject(*arguments, **keys))]


def rules_of(family: str) -> list[Rule]:
    """The rules whose codes begin with, for example, `MAR2`."""
    return [rule for rule in rules() if rule.code.startswith(family)]
