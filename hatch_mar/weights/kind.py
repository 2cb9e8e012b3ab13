"""The kinds of file that are given as weights, by design or by mistake."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """What a file is. The value is a stable name for machines, `label` is for people."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Kind:
        kind = object.__new__(cls)
        kind._value_, kind.label = value, label or value
        return kind

    EMPTY = "empty", "empty file"
    LFS_POINTER = "lfs-pointer", "git-lfs pointer"
    ANNEX_POINTER = "annex-pointer", "git-annex pointer"
    DVC_FILE = "dvc-file", ".dvc file"
    HTML = "html", "web page"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"

    TORCHSCRIPT = "torchscript", "TorchScript"
    STATE_DICT = "state-dict", "state_dict"
    CHECKPOINT = "checkpoint"
    TENSOR = "tensor"
    MODULE = "module", "pickled module"
    PICKLE = "pickle"
    EXPORTED_PROGRAM = "exported-program", "ExportedProgram"
    AOTINDUCTOR = "aotinductor", "AOTInductor package"

    SAFETENSORS = "safetensors"
    ONNX = "onnx", "ONNX model"
    GGUF = "gguf", "GGUF model"
    TFLITE = "tflite", "TensorFlow Lite model"
    HDF5 = "hdf5", "HDF5 file"
    NPY = "npy", "NumPy array"
    NPZ = "npz", "archive of NumPy arrays"
    ELF = "elf", "ELF shared library"
    MACHO = "macho", "Mach-O shared library"
    PE = "pe", "Windows shared library"
    GZIP = "gzip", "gzip file"
    BZIP2 = "bzip2", "bzip2 file"
    ZSTD = "zstd", "zstd file"
    XZ = "xz", "xz file"
    SEVEN_ZIP = "7z", "7z archive"
    TAR = "tar", "tar archive"
    ZIP = "zip", "zip archive"
    UNKNOWN = "unknown"
