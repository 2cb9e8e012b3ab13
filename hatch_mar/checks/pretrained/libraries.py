"""Which functions bring a model from the internet, and which of their arguments names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

ANYTHING = ".+"
HUB_NAME = r"[\w-][\w.-]*(?:/[\w-][\w.-]*)?"
"""`gpt2` or `openai/whisper-small`, of the Hugging Face Hub."""
REPOSITORY = r"[\w.-]+/[\w.-]+(?::[\w./-]+)?"
"""`pytorch/vision` or `pytorch/vision:main`, of GitHub."""
URL = r"(?i)(?:https?|ftp)://(?!localhost\b|127\.|10\.|192\.168\.)[^/:]+\.[^/:]+(?:[/:].*)?"
"""That of a server which is not among one's own."""
WHISPER = r"(?:tiny|base|small|medium)(?:\.en)?|large(?:-v\d(?:-turbo)?)?|turbo"
CLIP = r"RN\d+\w*|ViT-[\w/@]+"
YOLO = r"yolo[\w-]+\.pt"


class Downloader(NamedTuple):
    """A function that downloads what an argument names, unless it is the name of what is there already."""

    position: int
    keyword: str
    names: str = ANYTHING
    """A pattern of what it downloads; it takes anything else for a path."""
    unless: tuple[str, ...] = ()
    """Keywords with which it looks elsewhere, or nowhere."""


OF_HUB = ("cache_dir", "local_files_only", "modules", "download_root")
PRETRAINED = Downloader(0, "pretrained_model_name_or_path", HUB_NAME, OF_HUB)
SENTENCES = Downloader(0, "model_name_or_path", HUB_NAME, OF_HUB)
REPOSITORY_OF_HUB = Downloader(0, "repo_id", HUB_NAME, OF_HUB)

DOWNLOADERS: Mapping[str, Downloader] = {
    "transformers.**.from_pretrained": PRETRAINED,
    "diffusers.**.from_pretrained": PRETRAINED,
    "setfit.**.from_pretrained": PRETRAINED,
    "optimum.**.from_pretrained": Downloader(0, "model_id", HUB_NAME, OF_HUB),
    "peft.**.from_pretrained": Downloader(1, "model_id", HUB_NAME, OF_HUB),
    "tokenizers.**.from_pretrained": Downloader(0, "identifier", HUB_NAME),
    "transformers.pipeline": Downloader(1, "model", HUB_NAME, ("model_kwargs",)),
    "sentence_transformers.SentenceTransformer": SENTENCES,
    "sentence_transformers.CrossEncoder": SENTENCES,
    "sentence_transformers.SparseEncoder": SENTENCES,
    "huggingface_hub.hf_hub_download": REPOSITORY_OF_HUB,
    "huggingface_hub.snapshot_download": REPOSITORY_OF_HUB,
    "faster_whisper.WhisperModel": Downloader(0, "model_size_or_path", HUB_NAME, OF_HUB),
    "whisper.load_model": Downloader(0, "name", WHISPER, ("download_root",)),
    "clip.load": Downloader(0, "name", CLIP, ("download_root",)),
    "ultralytics.YOLO": Downloader(0, "model", YOLO),
    "efficientnet_pytorch.**.from_pretrained": Downloader(0, "model_name", ANYTHING, ("weights_path",)),
    "torch.hub.load": Downloader(0, "repo_or_dir", REPOSITORY, ("source",)),
    "torch.hub.load_state_dict_from_url": Downloader(0, "url", URL, ("model_dir",)),
    "torch.utils.model_zoo.load_url": Downloader(0, "url", URL, ("model_dir",)),
    "torch.hub.download_url_to_file": Downloader(0, "url", URL),
    "urllib.request.urlretrieve": Downloader(0, "url", URL),
    "wget.download": Downloader(0, "url", URL),
    "gdown.download": Downloader(0, "url", URL),
    "nltk.download": Downloader(0, "info_or_id", ANYTHING, ("download_dir",)),
    "spacy.cli.download": Downloader(0, "model"),
    "stanza.download": Downloader(0, "lang", ANYTHING, ("model_dir",)),
    "gensim.downloader.load": Downloader(0, "name"),
}
"""Those that people use most, by their full names; `**` stands for the modules and classes between."""

FLAGGED: Mapping[str, int] = {
    "torchvision.models.detection.backbone_utils.": 1,
    "torchvision.models.": 0,
    "timm.create_model": 1,
}
"""How the names of functions begin that make a model and download its weights if an argument asks for them;
and the position of this argument."""
UNFLAGGED = ("pretrained_cfg", "pretrained_cfg_overlay", "cache_dir")
"""Keywords by which they may find them in the archive."""
FLAGS = ("pretrained", "weights", "pretrained_backbone", "weights_backbone")
WEIGHTS = r"torchvision\.models\.(?:\w+\.)*\w+_Weights\.\w+"
"""A set of weights, which a text may name, too."""

CACHES = {
    *("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "SENTENCE_TRANSFORMERS_HOME"),
    *("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"),
    *("TORCH_HOME", "NLTK_DATA", "XDG_CACHE_HOME"),
}
"""The variables that say where downloads are kept, or that nothing is to be downloaded."""
SETTERS = ("torch.hub.set_dir", "nltk.data.path.append", "nltk.data.path.insert")
"""The functions that say where."""


def find_downloader(name: str) -> Downloader | None:
    """What is known of a function by its full name."""
    first, _, rest = name.partition(".")
    return DOWNLOADERS.get(name) or DOWNLOADERS.get(f"{first}.**.{rest.rpartition('.')[2]}")
