"""Findings about pretrained models that the handler loads by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.checks.pretrained import check
from hatch_mar.checks.pretrained.libraries import DOWNLOADERS, find_downloader
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS
from tests.checks import subject
from tests.weights.files import dictionary, protocol2, saved, state_dict, tensor, zipped

IMPORTS = """\
import os, clip, diffusers, faster_whisper, gdown, huggingface_hub, nltk, peft, sentence_transformers
import timm, torch, torchvision, transformers, ultralytics, urllib.request, whisper
from pathlib import Path
"""
NOT_THERE = ", which the archive does not have"
PROCESSOR = "`preprocessor_config.json` or `processor_config.json`"
NEITHER = ", and finds neither"
BERT = json.dumps({"model_type": "bert"})


def handler(body: str) -> str:
    """A handler whose `initialize` has this body, with the model's directory as `here`."""
    start = f"{IMPORTS}class Handler:\n    def initialize(self, context):\n"
    first = "        here = context.system_properties['model_dir']\n"
    return f"{start}{first}{indent(dedent(body), ' ' * 8)}\n    def handle(self, data, context): ...\n"


def messages(body: str, files: Mapping[str, str | bytes] = {}, **keys: Any) -> list[str]:
    found = list(check(subject({"h.py": handler(body), **files}, **keys)))
    assert all(finding.severity == "warning" for finding in found)
    return [f"{finding.code} {finding.message}" for finding in found]


def on_disk(root: Path, body: str, files: Mapping[str, str], file_name: str = "digits.mar") -> list[str]:
    """The findings of a project's archive; `files` maps names in the archive to those in the project."""
    (root / "h.py").write_text(handler(body))
    members = [Member("h.py", FileSource(root / "h.py"))]
    members += [Member(name, FileSource(root / path)) for name, path in files.items()]
    archive = Archive(subject({}).manifest, members)
    return [str(finding) for finding in check(Subject(archive, file_name, root=root))]


class TestDownloads:
    def test_message(self):
        """The line and the name are told, and what to do."""
        [found] = check(subject({"h.py": handler("transformers.AutoTokenizer.from_pretrained('gpt2')")}))

        assert str(found) == (
            "digits.mar/h.py:7: MAR257 `AutoTokenizer.from_pretrained` downloads `gpt2`; pack it and load it"
            " from the model's directory, or ignore this if the server's image has it"
        )

    @pytest.mark.parametrize(
        ("call", "what"),
        [
            ("transformers.models.bert.BertModel.from_pretrained('a/b')", "`a/b`"),
            ("transformers.AutoModel.from_pretrained(pretrained_model_name_or_path='a/b')", "`a/b`"),
            ("transformers.pipeline('ner', model='a/b')", "`a/b`"),
            ("transformers.pipeline('ner', 'a/b')", "`a/b`"),
            ("transformers.pipeline('ner')", "the usual model of `ner`"),
            ("transformers.pipeline(task='ner', model=None)", "the usual model of `ner`"),
            ("diffusers.DiffusionPipeline.from_pretrained('a/b', local_files_only=False)", "`a/b`"),
            ("peft.PeftModel.from_pretrained(self.model, 'a/b')", "`a/b`"),
            ("sentence_transformers.SentenceTransformer('all-MiniLM-L6-v2')", "`all-MiniLM-L6-v2`"),
            ("huggingface_hub.hf_hub_download(repo_id='a/b', filename='w.pt')", "`a/b`"),
            ("huggingface_hub.snapshot_download('a/b', local_dir=here)", "`a/b`"),
            ("faster_whisper.WhisperModel('base')", "`base`"),
            ("whisper.load_model('large-v3')", "`large-v3`"),
            ("clip.load('ViT-B/32')", "`ViT-B/32`"),
            ("ultralytics.YOLO('yolov8n.pt')", "`yolov8n.pt`"),
            ("torch.hub.load('pytorch/vision:v0.10.0', 'resnet18')", "`pytorch/vision:v0.10.0`"),
            ("torch.hub.load_state_dict_from_url('https://a.org/w.pth')", "`https://a.org/w.pth`"),
            ("urllib.request.urlretrieve('https://a.org/w.pth', 'w.pth')", "`https://a.org/w.pth`"),
            ("nltk.download('punkt')", "`punkt`"),
            ("torchvision.models.resnet18(pretrained=True)", "the weights of the model"),
            ("torchvision.models.resnet18(True)", "the weights of the model"),
            ("torchvision.models.resnet18(weights='DEFAULT')", "the weights of the model"),
            (
                "torchvision.models.resnet18(weights=torchvision.models.ResNet18_Weights.DEFAULT)",
                "the weights of the model",
            ),
            ("timm.create_model('resnet18', True)", "the weights of the model"),
            (
                "torchvision.models.detection.backbone_utils.resnet_fpn_backbone('resnet50', True)",
                "the weights of the model",
            ),
        ],
    )
    def test_calls(self, call: str, what: str):
        """What others' functions download is known for those that people use most."""
        [found] = messages(call)

        assert found.startswith("MAR257 ")
        assert found.endswith(f" downloads {what}")

    @pytest.mark.parametrize(
        "body",
        [
            "transformers.AutoModel.from_pretrained(self.name)",
            "transformers.AutoModel.from_pretrained('/opt/models/bert')",
            "transformers.AutoModel.from_pretrained('gpt2', local_files_only=True)",
            "transformers.AutoModel.from_pretrained('gpt2', cache_dir=os.path.join(here, 'cache'))",
            "transformers.AutoModel.from_pretrained('gpt2', **self.options)",
            "transformers.AutoConfig.for_model('bert')",
            "transformers.pipeline('ner', self.model)",
            "transformers.pipeline('ner', model=self.model, tokenizer=self.tokenizer)",
            "if os.path.exists('gpt2'): transformers.AutoModel.from_pretrained('gpt2')",
            "try: transformers.AutoModel.from_pretrained('gpt2')\nexcept OSError: pass",
            "os.environ['HF_HOME'] = here\ntransformers.AutoModel.from_pretrained('gpt2')",
            "torch.hub.set_dir(here)\ntorch.hub.load('pytorch/vision', 'resnet18')",
            "torch.hub.load(here, 'resnet18', source='local')",
            "torch.hub.load_state_dict_from_url('https://a.org/w.pth', model_dir=here)",
            "urllib.request.urlretrieve('http://localhost:8080/w.pth', 'w.pth')",
            "urllib.request.urlretrieve('http://features/w.pth', 'w.pth')",
            "whisper.load_model(os.path.join(here, 'base.pt'))",
            "whisper.load_model('base', download_root=here)",
            "nltk.data.path.append(here)\nnltk.download('punkt')",
            "torchvision.models.resnet18()",
            "torchvision.models.resnet18(pretrained=False)",
            "torchvision.models.resnet18(weights=None)",
            "torchvision.models.resnet18(weights=self.weights)",
            "timm.create_model('resnet18', pretrained=False)",
            "timm.create_model('resnet18', pretrained=True, pretrained_cfg_overlay=self.file)",
            "timm.create_model('local-dir:' + here, pretrained=True)",
        ],
    )
    def test_good(self, body: str):
        """What is not certain, or is told to look elsewhere, is let alone."""
        assert messages(body) == []

    @pytest.mark.parametrize("name", ["bert", "models/bert"])
    def test_packed(self, name: str):
        """The worker runs in the model's directory, so that a folder there comes first."""
        files = {f"{name}/config.json": BERT, f"{name}/model.safetensors": b""}

        assert messages(f"transformers.AutoModel.from_pretrained('{name}')", files) == []

    def test_made(self):
        """So does one that code makes."""
        body = """\
        self.model.save_pretrained('copy')
        transformers.AutoModel.from_pretrained('copy')
        """

        assert messages(body) == []

    def test_once(self):
        """A line that a loop comes to several times is one finding."""
        assert len(messages("for _ in (1, 2): nltk.download('punkt')")) == 1

    def test_many(self):
        """However many there are, some are shown."""
        body = "\n".join(f"nltk.download('{number}')" for number in range(2 * MOST_FINDINGS))

        assert len(messages(body)) == MOST_FINDINGS

    def test_of_requests(self):
        """A download with each request is no better."""
        source = "import nltk\ndef handle(data, context):\n    nltk.download('punkt')\n"

        assert [finding.place.line for finding in check(subject({"h.py": source}))] == [3]


class TestFolders:
    MODEL = "transformers.AutoModel.from_pretrained(here)"

    @pytest.mark.parametrize(
        ("call", "files", "message"),
        [
            (
                MODEL,
                ["model.safetensors"],
                f"`AutoModel.from_pretrained` reads `config.json`{NOT_THERE}",
            ),
            (
                "transformers.BertModel.from_pretrained(Path(here) / 'b')",
                ["b/pytorch_model.bin", "config.json"],
                "`BertModel.from_pretrained` reads `b/config.json`, which the archive has as `config.json`",
            ),
            (
                MODEL,
                ["config.json", "net.txt"],
                f"`AutoModel.from_pretrained` reads `model.safetensors` or `pytorch_model.bin`{NEITHER}",
            ),
            (
                "transformers.pipeline('ner', here)",
                ["model.safetensors"],
                f"`transformers.pipeline` reads `config.json`{NOT_THERE}",
            ),
            (
                "sentence_transformers.SentenceTransformer(model_name_or_path=here)",
                ["model.safetensors"],
                f"`sentence_transformers.SentenceTransformer` reads `config.json`{NOT_THERE}",
            ),
            (
                "transformers.AutoConfig.from_pretrained(here)",
                [],
                f"`AutoConfig.from_pretrained` reads `config.json`{NOT_THERE}",
            ),
            (
                "transformers.AutoTokenizer.from_pretrained(here)",
                ["config.json", "model.safetensors", "tokenizer_config.json", "special_tokens_map.json"],
                f"`AutoTokenizer.from_pretrained` reads `tokenizer.json` or `vocab.txt`{NEITHER}",
            ),
            (
                "transformers.AutoImageProcessor.from_pretrained(here)",
                ["config.json"],
                f"`AutoImageProcessor.from_pretrained` reads {PROCESSOR}{NEITHER}",
            ),
            (
                "transformers.AutoModel.from_pretrained(os.path.join(here, 'bert'))",
                ["config.json", "model.safetensors"],
                f"`AutoModel.from_pretrained` loads the folder `bert`{NOT_THERE}",
            ),
            (
                "transformers.AutoModel.from_pretrained('./models/bert')",
                ["bert/config.json"],
                "`AutoModel.from_pretrained` loads the folder `models/bert`, which the archive has as `bert`",
            ),
        ],
    )
    def test_lacking(self, call: str, files: list[str], message: str):
        """What is read and not there is told of, the first thing first."""
        assert messages(call, dict.fromkeys(files, BERT)) == [f"MAR258 {message}"]

    @pytest.mark.parametrize(
        ("base", "expected"),
        [
            (
                "a/b",
                ["MAR257 `AutoModel.from_pretrained` downloads `a/b`, which `adapter_config.json` names"],
            ),
            ("base", []),
            ("/opt/base", []),
            (None, []),
        ],
    )
    def test_adapter(self, base: str | None, expected: list[str]):
        """An adapter needs the model that it was trained for."""
        files = {"adapter_config.json": json.dumps({"base_model_name_or_path": base}), "base/config.json": ""}

        assert messages(self.MODEL, files) == expected

    @pytest.mark.parametrize(
        ("call", "config", "expected"),
        [
            (MODEL, {"labels": 2}, 1),
            (MODEL, {"auto_map": {}}, 0),
            (MODEL, {}, 0),
            ("transformers.AutoModel.from_pretrained(here, config=self.config)", {"labels": 2}, 0),
            ("transformers.BertModel.from_pretrained(here)", {"labels": 2}, 0),
        ],
    )
    def test_own_config(self, call: str, config: dict[str, Any], expected: int):
        """A file of one's own may have the name of the model's."""
        found = messages(call, {"config.json": json.dumps(config), "model.safetensors": b""})

        assert len(found) == expected
        assert all("has no `model_type`" in each for each in found)

    def test_several(self):
        """What one class has read without a fault says nothing of the next one."""
        body = """\
        folder = os.path.join(here, 'bert')
        transformers.AutoTokenizer.from_pretrained(folder)
        transformers.AutoModel.from_pretrained(folder)
        """

        [found] = messages(body, {"bert/tokenizer.json": "{}", "bert/model.safetensors": b""})

        assert "reads `bert/config.json`" in found

    def test_other_name(self):
        """Weights under a name that nobody asks for."""
        [found] = messages(self.MODEL, {"config.json": BERT, "net.bin": b"", "index_to_name.json": "{}"})

        assert found.endswith(f"{NEITHER}, but the archive has `net.bin`")

    def test_elsewhere(self):
        """Or in a folder of which the handler does not know."""
        [found] = messages("transformers.BertTokenizer.from_pretrained(here)", {"bert/vocab.txt": ""})

        assert found.endswith(f"`vocab.txt`{NEITHER}, but the archive has `bert/vocab.txt`")

    @pytest.mark.parametrize(
        ("name", "data", "message"),
        [
            (
                "pytorch_model.bin",
                zipped(saved(protocol2(dictionary({"model": dictionary({"w": tensor()})})), {"0": 8})),
                "`pytorch_model.bin`, which must be state_dict, but is: checkpoint with its state_dict",
            ),
            (
                "model.safetensors",
                zipped(saved(state_dict("w"), {"0": 8})),
                "`model.safetensors`, which must be safetensors, but is: state_dict",
            ),
        ],
    )
    def test_other_kind(self, name: str, data: bytes, message: str):
        """A whole model, or a checkpoint of a trainer, under the name of what transformers saves."""
        [found] = messages(self.MODEL, {"config.json": BERT, name: data})

        assert message in found

    def test_kind(self):
        """What is of the right kind, or of one that is not known, is let alone."""
        good = {"config.json": BERT, "pytorch_model.bin": zipped(saved(state_dict("w"), {"0": 8}))}

        assert messages(self.MODEL, good) == []

    def test_index(self):
        """An index is taken before the weights that are there."""
        index = json.dumps({"weight_map": {"a": "model-1.safetensors"}})
        files = {"config.json": BERT, "model.safetensors.index.json": index, "pytorch_model.bin": b""}

        assert messages(self.MODEL, files) == [
            "MAR258 `AutoModel.from_pretrained` reads `model-1.safetensors`, which the archive does not have"
        ]

    @pytest.mark.parametrize(
        ("call", "files"),
        [
            (MODEL, ["config.json", "model.safetensors"]),
            (MODEL, ["config.json", "pytorch_model.bin"]),
            (MODEL, ["adapter_config.json", "adapter_model.safetensors"]),
            ("transformers.AutoModel.from_pretrained(here, config=self.config)", ["model.safetensors"]),
            ("transformers.AutoModel.from_pretrained(here, subfolder='bert')", []),
            ("transformers.AutoModel.from_pretrained(here, gguf_file='m.gguf')", ["m.gguf"]),
            ("transformers.AutoModel.from_pretrained(here, **self.options)", []),
            ("transformers.AutoModel.from_pretrained(self.folder)", []),
            ("transformers.AutoModel.from_pretrained(os.path.join(here, 'model.safetensors'))", []),
            ("transformers.TFBertModel.from_pretrained(here)", ["config.json", "tf_model.h5"]),
            ("transformers.AutoProcessor.from_pretrained(here)", []),
            ("transformers.GenerationConfig.from_pretrained(here)", []),
            ("transformers.AutoTokenizer.from_pretrained(here)", ["vocab.txt"]),
            ("transformers.AutoTokenizer.from_pretrained(here)", ["spiece.model"]),
            ("transformers.AutoTokenizer.from_pretrained(here)", ["qwen.tiktoken"]),
            ("transformers.ByT5Tokenizer.from_pretrained(here)", []),
            ("transformers.AutoImageProcessor.from_pretrained(here)", ["preprocessor_config.json"]),
            ("sentence_transformers.SentenceTransformer(here)", ["modules.json"]),
            ("diffusers.DiffusionPipeline.from_pretrained(here)", []),
            (f"if self.is_ready: {MODEL}", []),
            (f"os.system('tar xf model.tar')\n{MODEL}", []),
            (f"huggingface_hub.snapshot_download(self.name, local_dir=here)\n{MODEL}", []),
            ("own.AutoModel.from_pretrained(here)", []),
        ],
    )
    def test_good(self, call: str, files: list[str]):
        """Folders that are whole, and calls that may look elsewhere."""
        if "model.safetensors'" in call:
            files = ["model.safetensors"]

        assert messages(call, dict.fromkeys(files, BERT)) == []

    @pytest.mark.parametrize(
        ("call", "config"),
        [
            (MODEL, {"transformers_weights": "net.safetensors", "model_type": "bert"}),
            ("transformers.AutoTokenizer.from_pretrained(here)", {"model_type": "canine"}),
            ("transformers.AutoTokenizer.from_pretrained(here)", {"tokenizer_class": "ByT5Tokenizer"}),
            ("transformers.AutoImageProcessor.from_pretrained(here)", {"architecture": "resnet18"}),
        ],
    )
    def test_config(self, call: str, config: dict[str, str]):
        """A model's configuration may say what it does without."""
        assert messages(call, {"config.json": json.dumps(config)}) == []

    @pytest.mark.parametrize("settings", [{"tokenizer_class": "ByT5Tokenizer"}, {"auto_map": {}}])
    def test_without_words(self, settings: dict[str, Any]):
        """Nor does a tokenizer of bytes need words, and code of one's own may have them elsewhere."""
        call = "transformers.AutoTokenizer.from_pretrained(here)"

        assert messages(call, {"tokenizer_config.json": json.dumps(settings)}) == []

    def test_deep(self):
        """A value that is nested very deeply is not of the kind that is expected."""
        text = '{"model_type": ' + "[" * 900 + "]" * 900 + "}"

        assert len(messages("transformers.AutoTokenizer.from_pretrained(here)", {"config.json": text})) == 1

    @pytest.mark.parametrize("text", ["[]", "nothing", '{"auto_map": []}', ""])
    def test_broken_config(self, text: str):
        """One that is not an object says nothing."""
        call = "transformers.AutoModel.from_pretrained(here, trust_remote_code=True)"

        assert messages(call, {"config.json": text, "model.safetensors": b""}) == []


class TestAdvice:
    CALL = "transformers.AutoModel.from_pretrained(here)"

    def test_beside(self, tmp_path: Path):
        """What lies beside the weights in the project is named."""
        (tmp_path / "bert").mkdir()
        for name in ("bert/config.json", "bert/model.safetensors"):
            (tmp_path / name).write_text(BERT)

        [found] = on_disk(tmp_path, self.CALL, {"model.safetensors": "bert/model.safetensors"})

        assert found.endswith("; add `bert/config.json` to `extra-files`")

    @pytest.mark.parametrize("path", ["models/bert", "./models/bert"])
    def test_folder(self, path: str, tmp_path: Path):
        """A folder of the project has almost certainly been tried there, and is not one of the hub."""
        (tmp_path / "models" / "bert").mkdir(parents=True)

        [found] = on_disk(tmp_path, f"transformers.AutoModel.from_pretrained('{path}')", {})

        assert f"loads the folder `models/bert`{NOT_THERE}; pack `models/bert` as" in found

    @pytest.mark.parametrize("call", [CALL, "transformers.AutoModel.from_pretrained('gpt2')"])
    def test_directory(self, call: str, tmp_path: Path):
        """To a directory the model may be moved after the build, as TorchServe's own examples do it."""
        assert on_disk(tmp_path, call, {}, "digits") == []
        assert len(on_disk(tmp_path, call, {}, "digits.tar.gz")) == 1


class TestCode:
    CALL = "transformers.AutoModelForCausalLM.from_pretrained(here, trust_remote_code=True)"

    def config(self, **auto_map: Any) -> dict[str, str | bytes]:
        return {"config.json": json.dumps({"auto_map": auto_map}), "model.safetensors": b""}

    def test_missing(self):
        """The code of a model is beside its configuration."""
        files = self.config(
            AutoConfig="configuration_a.AConfig", AutoModelForCausalLM="modeling_a.A", AutoModel="other.B"
        )

        assert messages(self.CALL, {**files, "configuration_a.py": ""}) == [
            f"MAR259 `AutoModelForCausalLM.from_pretrained` imports `modeling_a.py`{NOT_THERE}"
        ]

    def test_packed(self):
        files = self.config(AutoModelForCausalLM="modeling_a.A")

        assert messages(self.CALL, {**files, "modeling_a.py": ""}) == []

    def test_not_trusted(self):
        """Without trust, transformers uses its own code if it has some."""
        assert messages(TestFolders.MODEL, self.config(AutoModel="modeling_a.A")) == []

    def test_elsewhere(self):
        """Code of a repository is downloaded from there, whatever is packed."""
        files = self.config(AutoModelForCausalLM="owner/name--modeling_a.A")

        assert messages(self.CALL, {**files, "modeling_a.py": ""}) == [
            "MAR257 `AutoModelForCausalLM.from_pretrained` downloads code of `owner/name`"
        ]

    def test_tokenizer(self):
        """That of a tokenizer stands in a file of its own, once for the slow and once for the fast one."""
        text = json.dumps({"auto_map": {"AutoTokenizer": ["tokenization_a.A", None]}})
        call = "transformers.AutoTokenizer.from_pretrained(here, trust_remote_code=True)"

        [found] = messages(call, {"tokenizer_config.json": text})

        assert "imports `tokenization_a.py`" in found


class TestDownloaders:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("transformers.AutoModel.from_pretrained", True),
            ("transformers.models.bert.BertModel.from_pretrained", True),
            ("transformers.from_pretrained", True),
            ("own.AutoModel.from_pretrained", False),
            ("transformers.AutoModel.from_config", False),
            ("from_pretrained", False),
            ("", False),
        ],
    )
    def test_names(self, name: str, expected: bool):
        """A class may be imported from wherever it is."""
        assert (find_downloader(name) is not None) is expected

    def test_patterns(self):
        """What they download is a pattern, which must compile."""
        for downloader in DOWNLOADERS.values():
            re.compile(downloader.names)
