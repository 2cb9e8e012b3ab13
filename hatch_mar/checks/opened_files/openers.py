"""Which functions open a file to read it, and by which argument it is named."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hatch_mar.pysource.rehearsal.events import Call
from hatch_mar.pysource.rehearsal.known_values import Value

Argument = tuple[int, str]
"""The argument that names the file: its position and its keyword."""

WITH_MODE: Mapping[str, tuple[Argument, int]] = {
    **dict.fromkeys(("open", "io.open"), ((0, "file"), 1)),
    **dict.fromkeys(("codecs.open", "gzip.open", "bz2.open", "lzma.open"), ((0, "filename"), 1)),
    "pathlib.Path.open": ((0, "self"), 1),
    "zipfile.ZipFile": ((0, "file"), 1),
    "tarfile.open": ((0, "name"), 1),
    "h5py.File": ((0, "name"), 1),
    "torchaudio.open": ((0, "uri"), 1),
}
"""Functions that write a file, or read it, as the argument `mode` at this position says."""

READERS: Mapping[str, Argument] = {
    "pathlib.Path.read_text": (0, "self"),
    "pathlib.Path.read_bytes": (0, "self"),
    "torch.load": (0, "f"),
    "torch.jit.load": (0, "f"),
    "torch.export.load": (0, "f"),
    "torch.ops.load_library": (0, "path"),
    "torch.classes.load_library": (0, "path"),
    "torch.package.PackageImporter": (0, "file_or_buffer"),
    "torch._export.aot_load": (0, "so_path"),
    "torch._inductor.aoti_load_package": (0, "path"),
    "torchvision.io.read_image": (0, "path"),
    "torchaudio.load": (0, "uri"),
    "safetensors.safe_open": (0, "filename"),
    "safetensors.torch.load_file": (0, "filename"),
    "safetensors.torch.load_model": (1, "filename"),
    "numpy.load": (0, "file"),
    "numpy.loadtxt": (0, "fname"),
    "numpy.genfromtxt": (0, "fname"),
    "numpy.fromfile": (0, "file"),
    "joblib.load": (0, "filename"),
    **{f"pandas.read_{kind}": (0, "filepath_or_buffer") for kind in ("csv", "table", "fwf", "sas", "stata")},
    **{f"pandas.read_{kind}": (0, "path") for kind in ("parquet", "feather", "orc")},
    **{f"pandas.read_{kind}": (0, "io") for kind in ("excel", "html")},
    "pandas.read_json": (0, "path_or_buf"),
    "pandas.read_pickle": (0, "filepath_or_buffer"),
    "pandas.read_hdf": (0, "path_or_buf"),
    "PIL.Image.open": (0, "fp"),
    "PIL.ImageFont.truetype": (0, "font"),
    "cv2.imread": (0, "filename"),
    "cv2.CascadeClassifier": (0, "filename"),
    "cv2.FileStorage": (0, "source"),
    "cv2.dnn.readNet": (0, "model"),
    "cv2.dnn.readNetFromONNX": (0, "onnxFile"),
    "imageio.imread": (0, "uri"),
    "librosa.load": (0, "path"),
    "soundfile.read": (0, "file"),
    "onnx.load": (0, "f"),
    "onnxruntime.InferenceSession": (0, "path_or_bytes"),
    "openvino.Core.read_model": (0, "model"),
    "tflite_runtime.interpreter.Interpreter": (0, "model_path"),
    "tensorflow.lite.Interpreter": (0, "model_path"),
    "tensorflow.keras.models.load_model": (0, "filepath"),
    "keras.models.load_model": (0, "filepath"),
    "keras.saving.load_model": (0, "filepath"),
    "xgboost.Booster.load_model": (0, "fname"),
    "xgboost.XGBClassifier.load_model": (0, "fname"),
    "xgboost.XGBRegressor.load_model": (0, "fname"),
    "lightgbm.Booster": (1, "model_file"),
    "catboost.CatBoostClassifier.load_model": (0, "fname"),
    "catboost.CatBoostRegressor.load_model": (0, "fname"),
    "fasttext.load_model": (0, "path"),
    "gensim.models.KeyedVectors.load": (0, "fname"),
    "gensim.models.KeyedVectors.load_word2vec_format": (0, "fname"),
    "gensim.models.Word2Vec.load": (0, "fname"),
    "faiss.read_index": (0, "fname"),
    "annoy.AnnoyIndex.load": (0, "fn"),
    "sentencepiece.SentencePieceProcessor": (0, "model_file"),
    "sentencepiece.SentencePieceProcessor.Load": (0, "model_file"),
    "sentencepiece.SentencePieceProcessor.load": (0, "model_file"),
    "sentencepiece.SentencePieceProcessor.LoadFromFile": (0, "arg"),
    "tokenizers.Tokenizer.from_file": (0, "path"),
    "kenlm.Model": (0, "path"),
    "ctypes.CDLL": (0, "name"),
    "ctypes.cdll.LoadLibrary": (0, "name"),
    "importlib.util.spec_from_file_location": (1, "location"),
    "runpy.run_path": (0, "path_name"),
    **{f"shutil.{name}": (0, "src") for name in ("copy", "copy2", "copyfile", "copytree", "move")},
    "shutil.unpack_archive": (0, "filename"),
    **{f"os.{name}": (0, "path") for name in ("listdir", "scandir")},
    "pathlib.Path.iterdir": (0, "self"),
}
"""Functions that read a file, or a folder, whatever else they are told."""

SEARCHED = {"ctypes.CDLL", "ctypes.cdll.LoadLibrary", "PIL.ImageFont.truetype"}
"""Those that look for a name without a folder in places of the system."""

OF_NETWORK = re.compile(r"[A-Za-z][\w+.-]*://")
"""How an address begins, such as `https://` or `s3://`, which some of them take for a path, too."""


def opened_path(call: Call) -> str | None:
    """The path that a call opens to read it, if it does and the path is known."""
    if call.name in WITH_MODE:
        if is_written(call):
            return None
        (position, keyword), _ = WITH_MODE[call.name]
    elif call.name in READERS:
        position, keyword = READERS[call.name]
    else:
        return None
    path = call.argument(position, keyword)
    if not isinstance(path, str) or OF_NETWORK.match(path):
        return None
    return None if call.name in SEARCHED and "/" not in path else path


def written_path(call: Call) -> Value:
    """The path of a file that a call may write; None if it opens none to write it."""
    if call.name not in WITH_MODE or not is_written(call):
        return None
    (position, keyword), _ = WITH_MODE[call.name]
    return call.argument(position, keyword)


def is_written(call: Call) -> bool:
    """Whether the mode of a call is, or may be, one to write."""
    _, at = WITH_MODE[call.name]
    mode = call.argument(at, "mode")
    given = at < len(call.args) or "mode" in call.keywords or not call.is_whole
    return given and not (isinstance(mode, str) and "r" in mode)
