"""A folder of the archive as `from_pretrained` of transformers reads it.

transformers/modeling_utils.py (`_get_resolved_checkpoint_files`), configuration_utils.py,
models/auto/tokenization_auto.py and models/auto/image_processing_auto.py.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from hatch_mar.archive.archive import Member
from hatch_mar.checks.references.json_file import read_json
from hatch_mar.checks.references.shards import read_index
from hatch_mar.checks.subject import Subject
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.weights_suffixes import OF_WEIGHTS

CONFIG = "config.json"
WEIGHTS = (
    *("model.safetensors", "model.safetensors.index.json"),
    *("pytorch_model.bin", "pytorch_model.bin.index.json"),
)
"""The first of them that is there is loaded."""
EXPECTED = {"model.safetensors": Kind.SAFETENSORS, "pytorch_model.bin": Kind.STATE_DICT}
KNOWN = {
    *(Kind.SAFETENSORS, Kind.STATE_DICT, Kind.CHECKPOINT, Kind.MODULE, Kind.TENSOR, Kind.TORCHSCRIPT),
    *(Kind.EXPORTED_PROGRAM, Kind.ONNX, Kind.GGUF, Kind.HDF5, Kind.TFLITE),
}
"""The kinds that a file cannot be taken for by mistake."""
PROCESSORS = ("preprocessor_config.json", "processor_config.json")
TOKENIZER = "tokenizer_config.json"
ADAPTER = "adapter_config.json"
"""With it, the model is loaded from elsewhere."""
RENAMED = "transformers_weights"
"""The setting by which weights may have another name."""

TYPES = {"model_type", "auto_map", "architecture"}
"""The settings by which a model's class is found; the last is timm's."""

OF_MODEL = re.compile(r"(?!TF|Flax)\w*(?:Model|For[A-Z]\w+)")
OF_TOKENIZER = re.compile(r"\w*Tokenizer(?:Fast)?")
OF_PROCESSOR = re.compile(r"\w*(?:ImageProcessor(?:Fast)?|FeatureExtractor)")

OF_WORDS = (
    *(".json", ".txt", ".model", ".spm", ".bpe", ".vocab", ".tiktoken", ".codes", ".dict", ".pkl", ".tsv"),
)
"""The suffixes of the words of tokenizers, which have many names."""
NOT_WORDS = {
    *(CONFIG, ADAPTER, *PROCESSORS, *WEIGHTS),
    *(TOKENIZER, "special_tokens_map.json", "added_tokens.json", "generation_config.json"),
    *("modules.json", "sentence_bert_config.json", "index_to_name.json", "setup_config.json"),
    "requirements.txt",
}
"""Files of such suffixes that have no words."""
WORDLESS = re.compile(r"(?i)byt5|myt5|canine|perceiver|rag")
"""Tokenizers of bytes or characters, and one that has two others in folders."""


class Folder:
    """The files directly in a folder of the archive; `.` is its root."""

    def __init__(self, subject: Subject, name: str) -> None:
        self.subject, self.name = subject, name

    @property
    def files(self) -> Mapping[str, Member]:
        return self.subject.files_by_folder.get(self.name, {})

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """Its `config.json`; empty if it is not there, or is not an object."""
        return self.read(CONFIG)

    def path(self, name: str) -> str:
        """The name in the archive of a file of the folder."""
        return posixpath.normpath(posixpath.join(self.name, name))

    def read(self, name: str) -> Mapping[str, Any]:
        document = read_json(self.subject, self.files[name]) if name in self.files else None
        return document if isinstance(document, dict) else {}

    def find_lacking(self, reader: str, keywords: Mapping[str, object]) -> Sequence[str]:
        """The files that a class reads here, of which one would do, if there is none of them."""
        if reader == "AutoConfig":
            return self.lack(CONFIG)
        if OF_MODEL.fullmatch(reader):
            return self.find_lacking_of_model(keywords)
        if OF_PROCESSOR.fullmatch(reader):
            return () if "architecture" in self.config else self.lack(*PROCESSORS)
        if OF_TOKENIZER.fullmatch(reader):
            lacks_words = self.may_need_words(reader) and not self.may_have_words()
            return ("tokenizer.json", "vocab.txt") if lacks_words else ()
        return ()

    def find_lacking_of_model(self, keywords: Mapping[str, object]) -> Sequence[str]:
        if ADAPTER in self.files:
            return ()
        if CONFIG not in self.files:
            return () if "config" in keywords else (CONFIG,)
        if RENAMED in self.config:
            return ()
        index = next((name for name in WEIGHTS if name in self.files), None)
        if index is None:
            return WEIGHTS[::2]
        shards = read_index(self.subject, self.files[index]) if index.endswith(".json") else {}
        # an index with some of its shards is for `references` to tell of
        return sorted(shards)[:1] if shards and not any(shard in self.files for shard in shards) else ()

    def lacks_type(self, reader: str) -> bool:
        """Whether an `Auto` class cannot tell what the model is, not even by the name of its folder."""
        is_auto = reader == "AutoConfig" or (reader.startswith("Auto") and OF_MODEL.fullmatch(reader))
        return bool(is_auto and self.name == "." and self.config) and TYPES.isdisjoint(self.config)

    def find_base(self, reader: str) -> str | None:
        """The model that an adapter is for, if the folder has nothing else."""
        is_adapter = OF_MODEL.fullmatch(reader) and CONFIG not in self.files
        base = self.read(ADAPTER).get("base_model_name_or_path") if is_adapter else None
        return base if isinstance(base, str) else None

    def find_misfit(self, reader: str, keywords: Mapping[str, object]) -> tuple[str, str] | None:
        """The file that a model is loaded from, and what it is instead of what it should be."""
        if not OF_MODEL.fullmatch(reader) or self.find_lacking(reader, keywords):
            return None
        name = next((name for name in WEIGHTS if name in self.files), None)
        if name not in EXPECTED:
            return None
        weights = self.subject.weights(self.files[name])
        is_other = weights.kind in KNOWN and weights.kind is not EXPECTED[name]
        return (name, weights.describe()) if is_other else None

    def lack(self, *names: str) -> Sequence[str]:
        return () if any(name in self.files for name in names) else names

    def may_need_words(self, reader: str) -> bool:
        """Whether a tokenizer may need a vocabulary here; custom code may have it anywhere."""
        settings = self.read(TOKENIZER)
        classes = (reader, settings.get("tokenizer_class"), self.config.get("tokenizer_class"))
        names = [name for name in (*classes, self.config.get("model_type")) if isinstance(name, str)]
        return "auto_map" not in settings and not any(map(WORDLESS.match, names))

    def may_have_words(self) -> bool:
        return any(name not in NOT_WORDS and PurePosixPath(name).suffix in OF_WORDS for name in self.files)

    def list_weights(self) -> list[str]:
        return [name for name in self.files if PurePosixPath(name).suffix in OF_WEIGHTS]

    def find_code(self, reader: str) -> Sequence[str]:
        """What `trust_remote_code` imports for a class: `module.Class`, or `owner/name--module.Class`."""
        file = TOKENIZER if OF_TOKENIZER.fullmatch(reader) else CONFIG
        named = self.read(file).get("auto_map")
        if not isinstance(named, dict):
            return []
        values = [named.get(key) for key in ("AutoConfig", reader)]
        # a list has the slow tokenizer and the fast one
        each = (inner for value in values for inner in (value[:2] if isinstance(value, list) else [value]))
        return list(dict.fromkeys(path for path in each if isinstance(path, str)))
