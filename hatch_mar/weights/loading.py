"""What a loader would do beyond reading numbers: import, call, write."""

from __future__ import annotations

from typing import Any, NamedTuple

from hatch_mar.text import quote_some
from hatch_mar.weights.pickles.allowlist import WEIGHTS_ONLY_GLOBALS
from hatch_mar.weights.pickles.code_runners import runs_code

NOT_OF_TORCH = "torch.save did not write it"
"""The refusal of any other pickle, which may be whole and harmless to the loader that it is for."""


class Loading(NamedTuple):
    """What one loader would import and do when it reads a file, or a part of it.

    There is one wherever a loader would unpickle something or run code, whatever the file is taken
    for otherwise. A file without any only has numbers and text for all loaders.
    """

    loader: str
    """As Python calls it: `torch.load`, `numpy.load(allow_pickle=True)`."""
    part: str = ""
    """The part of the file that it concerns: "record `b.npy`". Empty for the whole file."""
    globals: tuple[tuple[str, str], ...] = ()
    """The (module, name) pairs that it would import, with Python 2's names translated."""
    unknown: str = ""
    """Why it could not be followed to where the loader ends, so that it may import and do anything;
    empty if it could."""
    refusals: tuple[str, ...] = ()
    """Why `torch.load(weights_only=True)` would refuse it, apart from its globals."""
    effects: tuple[str, ...] = ()
    """What it does without importing anything: "writes a file"."""

    @property
    def unsafe_globals(self) -> tuple[tuple[str, str], ...]:
        """The globals that `weights_only` does not allow, any of which may run any code."""
        return tuple(pair for pair in self.globals if pair not in WEIGHTS_ONLY_GLOBALS)

    @property
    def code_runners(self) -> tuple[tuple[str, str], ...]:
        """The globals that run what they are given."""
        return tuple(pair for pair in self.unsafe_globals if runs_code(*pair))

    @property
    def is_worth_telling(self) -> bool:
        """Whether it does anything that torch does not allow, or might."""
        return bool(self.unsafe_globals or self.unknown or self.effects)

    def describe(self) -> str:
        """What the loader does beyond what torch allows, in one line; empty if it does nothing else."""
        does = list(self.effects)
        if self.unsafe_globals:
            does.insert(0, f"imports {quote_some(list(map('.'.join, self.unsafe_globals)))}")
        if self.unknown:
            does.append(f"does what cannot be determined: {self.unknown}")
        part = f" of {self.part}" if self.part else ""
        return f"`{self.loader}`{part} {'; '.join(does)}" if does else ""

    def to_json(self) -> dict[str, Any]:
        return {
            **self._asdict(),
            "globals": list(map(".".join, self.globals)),
            "unsafe_globals": list(map(".".join, self.unsafe_globals)),
            "code_runners": list(map(".".join, self.code_runners)),
        }
