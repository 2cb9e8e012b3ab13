"""The kinds of file that are given as weights, by design or by mistake."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """What a file is. The value is a stable name for machines, `label` is for people."""

    EMPTY = "empty"
    LFS_POINTER = "lfs-pointer"
    ANNEX_POINTER = "annex-pointer"
    DVC_FILE = "dvc-file"
    """The `.dvc` file, not what it stands for."""
    HTML = "html"
    """A web page, or an object store's XML, saved under the name of the weights."""
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"

    TORCHSCRIPT = "torchscript"
    STATE_DICT = "state-dict"
    CHECKPOINT = "checkpoint"
    """A dictionary that holds a state_dict and other things."""
    TENSOR = "tensor"
    MODULE = "module"
    """A whole `torch.nn.Module`, pickled."""
    PICKLE = "pickle"
    EXPORTED_PROGRAM = "exported-program"
    AOTINDUCTOR = "aotinductor"

    SAFETENSORS = "safetensors"
    ONNX = "onnx"
    GGUF = "gguf"
    TFLITE = "tflite"
    HDF5 = "hdf5"
    NPY = "npy"
    NPZ = "npz"
    ELF = "elf"
    MACHO = "macho"
    PE = "pe"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    ZSTD = "zstd"
    XZ = "xz"
    SEVEN_ZIP = "7z"
    TAR = "tar"
    ZIP = "zip"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """The kind in words: "git-lfs pointer", "TorchScript"."""
        return LABELS.get(self, self.value)


LABELS = {
    Kind.EMPTY: "empty file",
    Kind.LFS_POINTER: "git-lfs pointer",
    Kind.ANNEX_POINTER: "git-annex pointer",
    Kind.DVC_FILE: ".dvc file",
    Kind.HTML: "web page",
    Kind.TORCHSCRIPT: "TorchScript",
    Kind.STATE_DICT: "state_dict",
    Kind.MODULE: "pickled module",
    Kind.EXPORTED_PROGRAM: "ExportedProgram",
    Kind.AOTINDUCTOR: "AOTInductor package",
    Kind.ONNX: "ONNX model",
    Kind.GGUF: "GGUF model",
    Kind.TFLITE: "TensorFlow Lite model",
    Kind.HDF5: "HDF5 file",
    Kind.NPY: "NumPy array",
    Kind.NPZ: "archive of NumPy arrays",
    Kind.ELF: "ELF shared library",
    Kind.MACHO: "Mach-O shared library",
    Kind.PE: "Windows shared library",
    Kind.GZIP: "gzip file",
    Kind.BZIP2: "bzip2 file",
    Kind.ZSTD: "zstd file",
    Kind.XZ: "xz file",
    Kind.SEVEN_ZIP: "7z archive",
    Kind.TAR: "tar archive",
    Kind.ZIP: "zip archive",
}
