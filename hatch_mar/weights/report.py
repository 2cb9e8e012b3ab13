"""What is known of a weights file."""

from __future__ import annotations

from typing import NamedTuple

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.pickles.allowlist import WEIGHTS_ONLY_GLOBALS
from hatch_mar.weights.wording import counted, printable, quoted


class Weights(NamedTuple):
    """A weights file, as its own bytes tell it."""

    kind: Kind
    reason: str = ""
    """For what is missing, truncated, corrupt or unknown: why it is taken for that."""

    tensors: int = 0
    """Tensors of the state_dict, or in the whole file where there is none."""
    dtypes: tuple[str, ...] = ()
    """`float32`, ... without repetition, the most frequent first."""
    state_dict: tuple[str, ...] = ()
    """A checkpoint's keys that lead to its state_dict: `("model",)`."""
    prefix: str = ""
    """What every key of the state_dict begins with because a wrapper was saved, not the
    model: `module.` (DataParallel), `_orig_mod.` (torch.compile), or both."""
    type: str = ""
    """The class of a pickled object: `torchvision.models.resnet.ResNet`."""

    lite: bool = False
    """TorchScript for the lite interpreter."""
    legacy: bool = False
    """Written as torch before 1.6 did: not a zip."""

    oid: str = ""
    """A pointer's name for the real file."""
    real_size: int | None = None
    """Bytes of the real file, where a pointer tells."""

    globals: tuple[tuple[str, str], ...] = ()
    """The (module, name) pairs that unpickling would import, Python 2's names translated."""
    complete: bool = True
    """False: the pickles could not be read to their ends, so `globals` may lack some.
    Always False for what is truncated, corrupt or unknown."""

    damage: tuple[str, ...] = ()
    """Why torch would not load the file, or would load other numbers than were saved."""
    refusals: tuple[str, ...] = ()
    """Why `torch.load(weights_only=True)` would refuse it, its globals aside."""
    remarks: tuple[str, ...] = ()
    """What torch loads but did not write so."""

    @property
    def unsafe_globals(self) -> tuple[tuple[str, str], ...]:
        """The globals that `weights_only` does not allow: each may run any code."""
        return tuple(pair for pair in self.globals if pair not in WEIGHTS_ONLY_GLOBALS)

    def describe(self) -> str:
        """One line: "state_dict, 42 tensors, float32"."""
        parts = [self._what()]
        if self.tensors and self.kind is not Kind.TENSOR:
            parts.append(counted(self.tensors, "tensor"))
        parts.extend(self.dtypes)
        if self.prefix:
            parts.append(f"every key begins with `{self.prefix}`")
        if self.legacy:
            parts.append("in the format of torch before 1.6")
        return ", ".join(parts)

    def _what(self) -> str:
        label = self.kind.label
        if self.kind is Kind.CHECKPOINT:
            where = "".join(f"[{printable(key)!r}]" for key in self.state_dict)
            return f"checkpoint with its state_dict at {where}"
        if self.kind is Kind.LFS_POINTER and self.real_size is not None:
            return f"{label} (the real file has {counted(self.real_size, 'byte')})"
        if self.kind is Kind.TORCHSCRIPT and self.lite:
            return f"{label} for the lite interpreter"
        if self.type:
            return (
                f"{label} of {quoted(self.type)}"
                if self.kind is Kind.PICKLE
                else f"{label} {quoted(self.type)}"
            )
        return f"{label}: {self.reason}" if self.reason else label
