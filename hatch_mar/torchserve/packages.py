"""Which modules a worker can import from outside its archive."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from hatch_mar.budget import Budget
from hatch_mar.torchserve.distributions import LISTED
from hatch_mar.torchserve.installed import Installed, normalize_name
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
OF_PYTHON = sys.stdlib_module_names | OTHER_PYTHONS | {"__main__"}


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
        self.server = Installed(SERVER_PACKAGES | self.added)

    @cached_property
    def named(self) -> frozenset[str | None]:
        """The required distributions, normalized; None stands for any number whose names are not known."""
        if not self.requirements:
            return frozenset()
        from hatch_mar.torchserve.requirements_file import distributions

        return frozenset(distributions(self.requirements, self.budget, self.path, self.read))

    @cached_property
    def required(self) -> Installed:
        """What pip installs, as far as it is known."""
        return Installed(name for name in self.named if name)

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
        return module in OF_PYTHON or self.has_installed(module)

    def has_installed(self, module: str) -> bool:
        """Whether the server or the archive's requirements bring a module, or may."""
        return self.server.has(module) or self.brings(module)

    def brings(self, module: str) -> bool:
        """Whether the archive's requirements bring a module, or may."""
        return None in self.named or self.requires(module)

    def requires(self, module: str) -> bool:
        """Whether the archive's requirements are known to bring a module."""
        return self.required.has(module)

    def may_bring(self, module: str) -> bool:
        """Whether a required package, or one in `server-packages`, may have a module without it being known.

        Its name is like the module's, or it is required with an extra, which may bring anything.
        """
        return self.required.may_have(module) or Installed(self.added).may_have(module)

    def is_on_server(self, distribution: str) -> bool:
        return normalize_name(distribution) in self.server.names
