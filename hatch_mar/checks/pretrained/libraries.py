"""Which functions bring a model from the internet, and which of their arguments names it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

ANYTHING = re.compile(".+")
HUB_NAME = re.compile(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)?")
"""`gpt2` or `openai/whisper-small`, of the Hugging Face Hub."""
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(?::[\w./-]+)?")
"""`pytorch/vision` or `pytorch/vision:main`, of GitHub."""
URL = re.compile(r"(?i)(?:https?|ftp)://(?!localhost\b|127\.|10\.|192\.168\.)[^/:]+\.[^/:]+(?:[/:].*)?")
"""That of a server which is not among one's own."""
WHISPER = re.compile(r"(?:tiny|base|small|medium)(?:\.en)?|large(?:-v\d(?:-turbo)?)?|turbo")
CLIP = re.compile(r"RN\d+\w*|ViT-[\w/@]+")
YOLO = re.compile(r"yolo[\w-]+\.pt")


class Downloader(NamedTuple):
    """Functions that download what an argument names, unless it is the name of what is there already."""

    pattern: re.Pattern[str]
    """Their full names."""
    position: int
    keyword: str
    names: re.Pattern[str] = ANYTHING
    """What they download; they take anything else for a path."""
    unless: tuple[str, ...] = ()
    """Keywords with which they look elsewhere, or nowhere."""


def functions(pattern: str) -> re.Pattern[str]:
    """The functions of a pattern in which `*` stands for any name, and `**` for any with dots."""
    parts = re.split(r"(\*+)", pattern)
    return re.compile("".join({"*": r"\w+", "**": r"[\w.]+"}.get(part, re.escape(part)) for part in parts))


OF_HUB = ("cache_dir", "local_files_only")
HUBS: Mapping[str, tuple[int, str]] = {
    "transformers.**.from_pretrained": (0, "pretrained_model_name_or_path"),
    "diffusers.**.from_pretrained": (0, "pretrained_model_name_or_path"),
    "setfit.**.from_pretrained": (0, "pretrained_model_name_or_path"),
    "optimum.**.from_pretrained": (0, "model_id"),
    "peft.*.from_pretrained": (1, "model_id"),
    "tokenizers.*.from_pretrained": (0, "identifier"),
    "sentence_transformers.SentenceTransformer": (0, "model_name_or_path"),
    "sentence_transformers.CrossEncoder": (0, "model_name_or_path"),
    "sentence_transformers.SparseEncoder": (0, "model_name_or_path"),
    "faster_whisper.WhisperModel": (0, "model_size_or_path"),
    "huggingface_hub.hf_hub_download": (0, "repo_id"),
    "huggingface_hub.snapshot_download": (0, "repo_id"),
}
"""The functions that ask the Hugging Face Hub, and the argument with the name."""

DOWNLOADERS: Sequence[Downloader] = (
    *(
        Downloader(functions(pattern), position, keyword, HUB_NAME, (*OF_HUB, "modules", "download_root"))
        for pattern, (position, keyword) in HUBS.items()
    ),
    Downloader(functions("transformers.pipeline"), 1, "model", HUB_NAME, ("model_kwargs",)),
    Downloader(functions("whisper.load_model"), 0, "name", WHISPER, ("download_root",)),
    Downloader(functions("clip.load"), 0, "name", CLIP, ("download_root",)),
    Downloader(functions("ultralytics.YOLO"), 0, "model", YOLO),
    Downloader(
        functions("efficientnet_pytorch.*.from_pretrained"), 0, "model_name", ANYTHING, ("weights_path",)
    ),
    Downloader(functions("torch.hub.load"), 0, "repo_or_dir", REPOSITORY, ("source",)),
    Downloader(functions("torch.hub.load_state_dict_from_url"), 0, "url", URL, ("model_dir",)),
    Downloader(functions("torch.utils.model_zoo.load_url"), 0, "url", URL, ("model_dir",)),
    Downloader(functions("torch.hub.download_url_to_file"), 0, "url", URL),
    Downloader(functions("urllib.request.urlretrieve"), 0, "url", URL),
    Downloader(functions("wget.download"), 0, "url", URL),
    Downloader(functions("gdown.download"), 0, "url", URL),
    Downloader(functions("nltk.download"), 0, "info_or_id", ANYTHING, ("download_dir",)),
    Downloader(functions("spacy.cli.download"), 0, "model"),
    Downloader(functions("stanza.download"), 0, "lang", ANYTHING, ("model_dir",)),
    Downloader(functions("gensim.downloader.load"), 0, "name"),
)

FLAGGED: Mapping[re.Pattern[str], int] = {
    functions("torchvision.models.detection.backbone_utils.*"): 1,
    functions("torchvision.models.**"): 0,
    functions("timm.create_model"): 1,
}
"""Functions that download the weights of the model that they make, if an argument asks for them."""
FLAGS = ("pretrained", "weights", "pretrained_backbone", "weights_backbone")
WEIGHTS = re.compile(r"torchvision\.models\.(?:\w+\.)*\w+_Weights\.\w+")
"""A set of weights, which a text may name, too."""

CACHES = {
    *("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "SENTENCE_TRANSFORMERS_HOME"),
    *("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"),
    *("TORCH_HOME", "NLTK_DATA", "XDG_CACHE_HOME"),
}
"""The variables that say where downloads are kept, or that nothing is to be downloaded."""
SETTERS = ("torch.hub.set_dir", "nltk.data.path.append", "nltk.data.path.insert")
"""The functions that say where."""
