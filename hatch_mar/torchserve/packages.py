"""Which modules a worker can import from outside its archive."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from hatch_mar.budget import Budget
from hatch_mar.torchserve.distributions import LISTED, add_required, list_known, strip_submodules
from hatch_mar.torchserve.server_packages import SERVER_PACKAGES

if TYPE_CHECKING:
    from hatch_mar.torchserve.requirements_file import Read

OTHER_PYTHONS = frozenset(
    [
        *("aifc", "annotationlib", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "compression"),
        *("crypt", "distutils", "imghdr", "imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib"),
        *("ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau", "telnetlib", "tomllib", "uu", "xdrlib"),
    ]
)
"""Modules of older and newer standard libraries, since the server may have another Python."""

GENERIC_WORDS = frozenset(
    [
        *("ai", "api", "app", "client", "common", "core", "cpu", "cuda", "data", "gpu", "lib", "library"),
        *("ml", "model", "models", "nlp", "package", "py", "python", "pytorch", "sdk", "server", "serving"),
        *("test", "tool", "tools", "torch", "util", "utils"),
    ]
)
"""Words of names that say nothing about whose they are."""
ALIKE = 4
"""Letters of a word that are enough if another word has them: `image` in `skimage`."""


class Environment:
    """The modules that a worker can import, from the server or by the archive's requirements file."""

    def __init__(
        self,
        requirements: bytes = b"",
        server_packages: Iterable[str] = (),
        budget: Budget | None = None,
        *,
        path: str = "",
        read: Read = lambda _: None,
    ) -> None:
        self.requirements = requirements
        self.path = path
        self.read = read
        """What gives the bytes of files that the one at `path` includes."""
        self.budget = budget or Budget()
        self.added = frozenset(map(normalize_name, server_packages))
        """What the server has beyond TorchServe's own image."""
        self.server = add_required(SERVER_PACKAGES | self.added)

    @cached_property
    def named(self) -> frozenset[str | None]:
        """The required distributions, normalized; None stands for any number whose names are not known."""
        if not self.requirements:
            return frozenset()
        from hatch_mar.torchserve.requirements_file import distributions

        return frozenset(distributions(self.requirements, self.budget, self.path, self.read))

    @cached_property
    def required(self) -> frozenset[str]:
        """The distributions that pip installs, as far as they are known."""
        return add_required(name for name in self.named if name)

    @property
    def adds_any(self) -> bool:
        """Whether there is anything beyond TorchServe's own image, which may bring newer ones."""
        return bool(self.named or self.added)

    @property
    def requires_unknown(self) -> bool:
        """Whether pip, or the server, may install more than is known for what is required."""
        return any(name not in LISTED and name not in SERVER_PACKAGES for name in (*self.named, *self.added))

    def has(self, module: str) -> bool:
        """Whether a module is there, or may be: Python's own, the server's or a required one."""
        return module in sys.stdlib_module_names or module in OTHER_PYTHONS or self.has_installed(module)

    def has_installed(self, module: str) -> bool:
        """Whether the server or the archive's requirements bring a module, or may."""
        return bring(self.server, module) or self.brings(module)

    def brings(self, module: str) -> bool:
        """Whether the archive's requirements bring a module, or may."""
        return None in self.named or self.requires(module)

    def requires(self, module: str) -> bool:
        """Whether the archive's requirements are known to bring a module."""
        return bring(self.required, module)

    def may_bring(self, module: str) -> bool:
        """Whether a required package, or one in `server-packages`, may have a module without it being known.

        Its name is like the module's, or it is required with an extra, which may bring anything.
        """
        named = self.added.union(name for name in self.named if name)
        return any("[" in name or are_alike(strip_submodules(module), name) for name in named)

    def is_on_server(self, distribution: str) -> bool:
        return normalize_name(distribution) in self.server


def bring(distributions: Iterable[str], module: str) -> bool:
    """Whether any of the distributions is known to have a module, by the table or by its name."""
    part = strip_submodules(module)
    known, name = list_known(part), normalize_name(part)
    prefixes = (f"{name}-", f"py{name}-")
    return any(
        distribution in known
        # `faiss-cpu`, `python-dotenv`, `PyJWT`
        or distribution in (name, f"python-{name}", f"py{name}")
        or distribution.startswith(prefixes)
        for distribution in distributions
    )


def are_alike(module: str, distribution: str) -> bool:
    """Whether names have a word in common, so that one may be of the other: `whisper`, `openai-whisper`."""
    return any(
        one == other or (min(len(one), len(other)) >= ALIKE and (one in other or other in one))
        for one in words_of(module)
        for other in words_of(distribution)
    )


def words_of(name: str) -> set[str]:
    return {word for word in normalize_name(name).split("-") if word not in GENERIC_WORDS}


def normalize_name(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503); without `packaging`, which is slow to import."""
    return re.sub(r"[-_.]+", "-", name).lower()
