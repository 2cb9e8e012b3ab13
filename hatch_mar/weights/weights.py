"""What is known of a weights file."""

from __future__ import annotations

from typing import NamedTuple

from hatch_mar.text import count_of, escape, quote
from hatch_mar.weights.external_file import ExternalFile
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.loading import Loading


class Weights(NamedTuple):
    """What a weights file is, according to its own bytes."""

    kind: Kind
    reason: str = ""
    """Why the file is called truncated, corrupt or unknown."""

    tensors: int = 0
    """Tensors in the state_dict, or in the whole file if it has no state_dict."""
    dtypes: tuple[str, ...] = ()
    """Their distinct dtypes, the most frequent first: `float32`."""
    keys: tuple[str, ...] = ()
    """Those that lead to the state_dict, or the module, in a checkpoint: `("model",)`."""
    prefix: str = ""
    """What every key of the state_dict begins with if a wrapper was saved instead of the
    model: `module.` (DataParallel), `_orig_mod.` (torch.compile), or both."""
    type: str = ""
    """The class of a pickled object: `torchvision.models.resnet.ResNet`."""

    lite: bool = False
    """TorchScript for the lite interpreter."""
    legacy: bool = False
    """In the format of torch before 1.6, which is not a zip."""

    real_size: int | None = None
    """The real file's bytes, if a git-lfs pointer says so."""
    external: tuple[ExternalFile, ...] = ()
    """The files beside an ONNX model that have its tensors' data."""

    saved_on: tuple[str, ...] = ()
    """The devices that tensors were on, and are loaded to, apart from the CPU: `cuda:0`."""
    operators: tuple[str, ...] = ()
    """The operators of TorchScript that torch does not have: `torchvision::nms`."""
    devices: tuple[str, ...] = ()
    """The GPUs that the code of TorchScript uses, wherever it is loaded to: `cuda:0`."""

    loadings: tuple[Loading, ...] = ()
    """What loaders would import and do, whatever the kind."""

    damage: tuple[str, ...] = ()
    """Why torch would not load the file, or would load other numbers than were saved."""

    def describe(self) -> str:
        """The weights in one line: "state_dict, 42 tensors, float32"."""
        parts = [self.describe_kind()]
        if self.tensors and self.kind is not Kind.TENSOR:
            parts.append(count_of(self.tensors, "tensor"))
        parts.extend(self.dtypes)
        if self.prefix:
            parts.append(f"every key begins with `{self.prefix}`")
        if self.legacy:
            parts.append("in the format of torch before 1.6")
        return ", ".join(parts)

    def describe_kind(self) -> str:
        label = self.kind.label
        keys = "".join(f"[{escape(key)!r}]" for key in self.keys)
        if self.kind is Kind.CHECKPOINT:
            return f"checkpoint with its state_dict at {keys}"
        if self.kind is Kind.MODULE and keys:
            return f"checkpoint with a {label} {quote(self.type)} at {keys}"
        if self.kind is Kind.LFS_POINTER and self.real_size is not None:
            return f"{label} (the real file has {count_of(self.real_size, 'byte')})"
        if self.kind is Kind.TORCHSCRIPT and self.lite:
            return f"{label} for the lite interpreter"
        if self.type:
            of = " of" if self.kind is Kind.PICKLE else ""
            return f"{label}{of} {quote(self.type)}"
        return f"{label}: {self.reason}" if self.reason else label
