from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.__about__ import DOCUMENTATION
from hatch_mar.project.config.table import parse_table
from hatch_mar.proposal import proposal, weights_files
from hatch_mar.proposal.assembly import NOT_PRETRAINED, PRETRAINED
from hatch_mar.proposal.proposal import Proposal
from tests.proposal import (
    CHECKPOINT,
    FUNCTION,
    HANDLER,
    LFS,
    LINEAR,
    NETWORK,
    ONNX,
    OTHER_NETWORK,
    PICKLE,
    SAFETENSORS,
    SCRIPTED,
    STATE_DICT,
    YOLO,
    Files,
    proposal_for,
)

ROOT = Path(__file__).parents[2]
SCALER = b"\x80\x04\x8c\x0csklearn.tree\x8c\x04Tree\x93)R."
TO_WRITE = (
    "and none of TorchServe's own loads such a model; write `handler.py`, with a class derived from"
    " `BaseHandler` whose `initialize` loads it with `from_pretrained`;"
    f" see {DOCUMENTATION}how-to/hugging-face/"
)
NEEDED = (
    "TorchServe loads a state_dict into the only class that a Python file defines, which it makes without"
    " arguments"
)
INSTEAD = "`from_pretrained` loads `bert-tiny/model.safetensors` instead"
HUB = {"config.json": {"model_type": "bert"}, "tokenizer.json": {}, "vocab.txt": "", "README.md": ""}


def shared(root: Path, files: Files) -> dict[str, object]:
    """The table of a repository's only archive."""
    found = proposal_for(root, files)
    assert not found.archives
    assert_valid(found)
    return dict(found.shared)


def assert_valid(found: Proposal) -> None:
    assert parse_table(dict(found.to_table()), name=lambda: "digits", version=lambda: "1")


class TestWeights:
    @pytest.mark.parametrize("name", ["digits.pt", "digits", "deep/er/digits.weights", "digits.png.bin"])
    def test_by_content(self, tmp_path: Path, name: str):
        """Weights may lie anywhere, and be called anything."""
        assert shared(tmp_path, {name: SCRIPTED, "handler.py": HANDLER})["serialized-file"] == name

    def test_ignored(self, tmp_path: Path):
        """What git ignores is looked at."""
        files = {".gitignore": "weights/\n", "weights/digits.pt": SCRIPTED, "handler.py": HANDLER}

        assert shared(tmp_path, files)["serialized-file"] == "weights/digits.pt"

    def test_several(self, tmp_path: Path):
        """Each is an archive of its own; what all share stands once."""
        found = proposal_for(
            tmp_path,
            {
                "a.onnx": ONNX,
                "w/b.pt": SCRIPTED,
                "handler.py": HANDLER,
                "index_to_name.json": {},
                "w/requirements.txt": "transformers",
            },
        )

        assert_valid(found)
        assert found.shared == {"handler": "handler.py", "extra-files": ["index_to_name.json"]}
        assert found.archives == [
            {"model-name": "a", "serialized-file": "a.onnx"},
            {"model-name": "b", "serialized-file": "w/b.pt", "requirements-file": "w/requirements.txt"},
        ]

    def test_not_weights(self, tmp_path: Path):
        """What is called as weights are, and is something else, is left out, and so is what tests have."""
        found = proposal_for(
            tmp_path,
            {
                "optimizer.pt": PICKLE,
                "empty.pth": b"",
                "tests/a.pt": SCRIPTED,
                "b.pt": SCRIPTED,
                "c.npy": b"x",
            },
        )

        assert found.shared["serialized-file"] == "b.pt"
        assert found.notes[1:] == [
            "left out `empty.pth`: unusable (empty file)",
            "left out `optimizer.pt`: not a model (pickle of `dict`)",
            "left out `tests/a.pt`: part of the tests",
        ]

    def test_yolo(self, tmp_path: Path):
        """A checkpoint may hold the whole module."""
        files = {"runs/detect/train/weights/best.pt": YOLO, "handler.py": FUNCTION}

        assert shared(tmp_path, files)["serialized-file"] == "runs/detect/train/weights/best.pt"

    def test_estimator(self, tmp_path: Path):
        """A pickled object of a package for models is a model, and needs a handler."""
        assert shared(tmp_path, {"m.pkl": SCALER, "handler.py": FUNCTION})["serialized-file"] == "m.pkl"

    def test_none(self, tmp_path: Path):
        found = proposal_for(tmp_path, {"a.ipynb": {}, "README.md": "", "w.pt": b""})

        assert not found.shared
        assert found.notes == ["left out `w.pt`: unusable (empty file)"]

    def test_only_handler(self, tmp_path: Path):
        """A handler may download its weights, which its author knows."""
        [note] = proposal_for(tmp_path, {"handler.py": HANDLER}).notes

        assert note.startswith("`handler.py` can be a handler: save or fetch its weights and look again, or ")

    @pytest.mark.parametrize("name", ["digits.pt", "digits.pth", "digits.onnx", "digits.safetensors"])
    def test_pointer(self, tmp_path: Path, name: str):
        """What git-lfs has yet to bring is proposed as if it were there."""
        files = {name: LFS, "picture.png": LFS, "data.csv": LFS, "handler.py": FUNCTION}

        assert shared(tmp_path, files)["serialized-file"] == name

    def test_dvc(self, tmp_path: Path):
        """So is what DVC has yet to bring, but not once more if it is there."""
        description = "outs:\n- md5: abc\n  path: digits.pt\n"
        files = {"w/a.pt.dvc": description, "b.pt": SCRIPTED, "b.pt.dvc": description, "h.py": FUNCTION}
        found = proposal_for(tmp_path, files)

        assert [table["serialized-file"] for table in found.archives] == ["b.pt", "w/a.pt"]

    def test_dvc_folder(self, tmp_path: Path):
        """Of a folder that DVC has yet to bring it is said that nobody knows what is in it."""
        found = proposal_for(tmp_path, {"models.dvc": "outs:\n- md5: abc.dir\n  path: models\n"})

        assert found.notes == [
            "left out `models`: DVC has yet to fetch what is in it; run `dvc pull`, and look again"
        ]
        (tmp_path / "models").mkdir()
        assert proposal_for(tmp_path, {}).notes == []

    def test_dvc_stage(self, tmp_path: Path):
        """What a stage makes is in DVC's lock."""
        lock = (
            "outs:\n    - path: out\n    - path: out/net.pth\n    - path: there.pt\n    - path: ../../x.pt\n"
        )
        found = proposal_for(tmp_path, {"ml/dvc.lock": lock, "ml/there.pt": SCRIPTED, "h.py": FUNCTION})

        assert [table["serialized-file"] for table in found.archives] == ["ml/there.pt", "ml/out/net.pth"]
        assert [*found.descriptions] == ["TorchScript", "weights that DVC has yet to fetch"]
        assert not found.notes

    def test_tensorflow(self, tmp_path: Path):
        found = proposal_for(tmp_path, {"m/net.keras": b"PK\3\4", "m/saved/saved_model.pb": b"\x08\x01"})

        [note] = found.notes
        assert note.startswith("left out `m/net.keras`, `m/saved/saved_model.pb`: TorchServe has no handler ")

    def test_cache(self, tmp_path: Path):
        """Of the cache of Hugging Face's hub the snapshot is the model."""
        home = "models--org--bert-base/snapshots/0123456789abcdef"
        files = {f"{home}/config.json": {}, f"{home}/model.safetensors": SAFETENSORS, "h.py": FUNCTION}
        found = shared(tmp_path, {**files, "models--org--bert-base/blobs/aa": SAFETENSORS})

        assert (found["model-name"], found["serialized-file"]) == ("bert-base", f"{home}/model.safetensors")

    def test_external_data(self, tmp_path: Path):
        """The files that an ONNX model has its tensors in belong to it."""
        from tests.weights.onnx_files import external, model, tensor

        files = {"m/a.onnx": model(tensor(external("a.data"))), "m/a.data": b"12", "h.py": FUNCTION}

        assert shared(tmp_path, files)["serialized-file"] == ["m/a.onnx", "m/a.data"]

    def test_shards(self, tmp_path: Path):
        """Numbered shards are one model."""
        files = {f"big-0000{number}-of-00002.safetensors": SAFETENSORS for number in (1, 2)}

        assert shared(tmp_path, {**files, "h.py": FUNCTION})["serialized-file"] == [*files]

    @pytest.mark.parametrize(
        "name", ["m-0000{}-of-00002.bin", "llama/consolidated.0{}.pth"], ids=["numbered", "llama"]
    )
    def test_shards_of_torch(self, tmp_path: Path, name: str):
        """No handler of TorchServe's own puts shards together."""
        files = {name.format(number): STATE_DICT for number in (1, 2)}
        found = shared(tmp_path, files)

        assert (found["handler"], found["serialized-file"]) == ("handler.py", [*files])

    @pytest.mark.skipif("sys.platform != 'linux'", reason="other systems have no such names")
    def test_name(self, tmp_path: Path):
        """A name that TOML cannot have is left out."""
        import os

        with open(os.fsencode(tmp_path) + b"/a\xff.pt", "wb") as file:
            file.write(SCRIPTED)
        found = proposal_for(tmp_path, {"b.pt": SCRIPTED, "c\\d.pt": SCRIPTED})

        assert found.shared["serialized-file"] == "b.pt"
        assert found.notes[1:] == [
            "left out `a\\udcff.pt`, `c\\d.pt`: `pyproject.toml` cannot have such a name; rename it"
        ]


class TestHandler:
    @pytest.mark.parametrize("source", [HANDLER, FUNCTION], ids=["class", "function"])
    def test_found(self, tmp_path: Path, source: str):
        """The handler is the file that TorchServe can call, whatever its name."""
        files = {"a.pt": SCRIPTED, "serve.py": source, "train.py": "def main(): ...\n", "setup.py": FUNCTION}

        assert shared(tmp_path, files)["handler"] == "serve.py"

    @pytest.mark.parametrize(
        "source",
        [
            "from django import BaseCommand\nclass Command(BaseCommand):\n    def handle(self, *args): ...\n",
            "def handle(request): ...\n",
            "class A:\n    def handle(self, data, context): ...\n",
            "def handle(data, context:\n",
        ],
        ids=["django", "one argument", "no initialize", "syntax"],
    )
    def test_not(self, tmp_path: Path, source: str):
        assert shared(tmp_path, {"a.pt": SCRIPTED, "x.py": source})["handler"] == "base_handler"

    def test_inherited(self, tmp_path: Path):
        """The base class may be the project's own."""
        derived = "from pkg.base import Handler\nclass Mine(Handler):\n    pass\n"
        files = {
            "a.pt": SCRIPTED,
            "src/pkg/base.py": HANDLER,
            "src/pkg/mine.py": derived,
            "src/pkg/__init__.py": "",
        }
        asked = []

        def choose(question: str, answers: object) -> str:
            asked.append(answers)
            return "src/pkg/mine.py"

        found = proposal_for(tmp_path, files, choose=choose)

        assert asked == [["src/pkg/base.py", "src/pkg/mine.py"]]
        assert found.shared["handler"] == "src/pkg/mine.py"
        assert found.shared["packages"] == ["src/pkg"]

    def test_unparsable(self, tmp_path: Path):
        """One that cannot be read is not passed over in silence."""
        files = {"cats.pt": SCRIPTED, "broken.py": f"{HANDLER}def (", "old.py": "print 'no handler'\n"}
        notes = proposal_for(tmp_path, files).notes

        [_, note] = notes
        assert note.startswith("left out `broken.py`: it may be a handler, but is not Python 3.")
        assert note.endswith(" in line 5")
        (tmp_path / "broken.py").write_bytes(f"{HANDLER}\0".encode())
        assert "line" not in proposal_for(tmp_path, {}).notes[1]

    def test_almost(self, tmp_path: Path):
        """One with a second class is proposed, unless another is right: checks tell what is wrong with it."""
        almost = {"a.pt": SCRIPTED, "serve.py": f"{HANDLER}class Error(Exception): ...\n"}

        assert shared(tmp_path, almost)["handler"] == "serve.py"
        assert shared(tmp_path, {**almost, "right.py": HANDLER})["handler"] == "right.py"

    def test_nearest(self, tmp_path: Path):
        """Where each model has its own handler, nothing is asked."""
        files = {
            f"models/{name}/{file}": content
            for name in "ab"
            for file, content in (("m.pt", SCRIPTED), ("h.py", HANDLER))
        }
        found = proposal_for(tmp_path, files)

        assert [table["handler"] for table in found.archives] == ["models/a/h.py", "models/b/h.py"]

    def test_namesake(self, tmp_path: Path):
        """Nor where it is called as the model is."""
        files = {"w/cats.pt": SCRIPTED, "w/dogs.pt": SCRIPTED, "cats.py": HANDLER, "dogs.py": HANDLER}
        found = proposal_for(tmp_path, files)

        assert [table["handler"] for table in found.archives] == ["cats.py", "dogs.py"]

    def test_asked_once(self, tmp_path: Path):
        """One question is enough for several models with the same handlers."""
        asked = []

        def choose(question: str, answers: object) -> str:
            asked.append((question, answers))
            return "y.py"

        files = {"a.pt": SCRIPTED, "b.pt": SCRIPTED, "x.py": HANDLER, "y.py": FUNCTION, "z.py": HANDLER}
        found = proposal_for(tmp_path, files, choose=choose)

        assert asked == [("Which handler is for `a.pt`?", ["x.py", "y.py", "z.py"])]
        assert found.shared == {"handler": "y.py"}

    @pytest.mark.parametrize(
        ("name", "data", "handler"),
        [
            ("a.pt", SCRIPTED, "base_handler"),
            ("a.onnx", ONNX, "base_handler"),
            ("a.pth", STATE_DICT, "base_handler"),
            ("a.safetensors", SAFETENSORS, "handler.py"),
            ("a.ckpt", CHECKPOINT, "handler.py"),
        ],
    )
    def test_none(self, tmp_path: Path, name: str, data: bytes, handler: str):
        """TorchServe's own is proposed where it loads the model, or else one that is to be written."""
        found = proposal_for(tmp_path, {name: data, "model.py": LINEAR})

        assert found.shared["handler"] == handler
        assert found.notes[0].startswith(f"no handler was found for `{name}`, ")


class TestModelFile:
    def test_found(self, tmp_path: Path):
        """A state_dict gets the file with the one class, TorchScript gets none."""
        found = proposal_for(
            tmp_path, {"a.pth": STATE_DICT, "a.pt": SCRIPTED, "h.py": HANDLER, "m.py": LINEAR}
        )

        assert found.archives == [
            {"model-name": "a-scripted", "serialized-file": "a.pt"},
            {"model-name": "a", "model-file": "m.py", "serialized-file": "a.pth"},
        ]

    def test_fitting(self, tmp_path: Path):
        """Of several, that is taken into which the weights fit."""
        files = {"a.pth": STATE_DICT, "h.py": HANDLER, "x.py": OTHER_NETWORK, "y.py": LINEAR}

        assert shared(tmp_path, files)["model-file"] == "y.py"

    def test_asked(self, tmp_path: Path):
        files = {"a.pth": STATE_DICT, "h.py": HANDLER, "x.py": LINEAR, "y.py": LINEAR}
        found = proposal_for(tmp_path, files, choose=lambda question, answers: answers[1])

        assert found.shared["model-file"] == "y.py"

    def test_none(self, tmp_path: Path):
        """What is lacking is said, and what nearly is one."""
        two = f"{NETWORK}class Block(nn.Module): ...\n"
        required = NETWORK.replace("(self):", "(self, size):")
        found = proposal_for(
            tmp_path, {"a.pth": STATE_DICT, "h.py": HANDLER, "two.py": two, "r.py": required}
        )

        assert "model-file" not in found.shared
        assert found.notes == [
            f"no model file was found for `a.pth`: {NEEDED}",
            "`r.py`: Class `Net` is made without arguments, but requires `size`",
            "`two.py` defines `Net`, `Block`, but a model file has only one class",
        ]

    def test_not_wanted(self, tmp_path: Path):
        """A handler that makes the model itself gets the module that it imports."""
        handler = (
            "import torch\nfrom net import Net\nfrom ts.torch_handler.base_handler import BaseHandler\n"
            "class Handler(BaseHandler):\n    def initialize(self, context):\n        self.model = Net()\n"
        )
        found = shared(tmp_path, {"a.pth": STATE_DICT, "h.py": handler, "net.py": NETWORK})

        assert found == {
            "model-name": "a",
            "handler": "h.py",
            "serialized-file": "a.pth",
            "extra-files": ["net.py"],
        }


class TestModules:
    def test_relative(self, tmp_path: Path):
        """A handler with relative imports is named in its package, which is packed without its weights."""
        found = shared(
            tmp_path,
            {
                "src/pkg/__init__.py": "",
                "src/pkg/serving/__init__.py": "",
                "src/pkg/serving/h.py": f"from ..read import read\n{HANDLER}",
                "src/pkg/read.py": "read = 1\n",
                "src/pkg/data/cats.pt": SCRIPTED,
            },
        )

        assert found == {
            "model-name": "cats",
            "handler": "pkg.serving.h",
            "serialized-file": "src/pkg/data/cats.pt",
            "packages": ["src/pkg"],
            "exclude": ["src/pkg/data/cats.pt"],
        }

    def test_many_weights(self, tmp_path: Path):
        """Nor with the weights that are left out."""
        files = {"pkg/__init__.py": "", "pkg/h.py": f"import pkg\n{HANDLER}", "pkg/cats.pt": SCRIPTED}
        few = shared(tmp_path, {**files, "pkg/last[1].ckpt": CHECKPOINT})
        many = shared(tmp_path, {**files, **{f"pkg/epoch_{number}.ckpt": CHECKPOINT for number in range(9)}})

        assert few["exclude"] == ["pkg/cats.pt", "pkg/last\\[1\\].ckpt"]
        assert many["exclude"] == ["*.ckpt", "*.pt"]

    def test_opened(self, tmp_path: Path):
        """Files and folders that the handler opens are packed under the names that it opens."""
        opening = (
            "import joblib, json, os\n"
            "def handle(data, context):\n"
            "    folder = context.system_properties.get('model_dir')\n"
            "    scale = joblib.load(os.path.join(folder, 'scaler.pkl'))\n"
            "    words = json.load(open(os.path.join(folder, 'assets/words.json')))\n"
            "    os.listdir(os.path.join(folder, 'images'))\n"
            "    json.load(open(os.path.join(folder, 'nowhere.json')))\n"
            "    return data\n"
        )
        found = proposal_for(
            tmp_path,
            {
                "cats.pt": SCRIPTED,
                "serving/h.py": opening,
                "serving/scaler.pkl": SCALER,
                "other.pkl": SCALER,
                "assets/words.json": {},
                "serving/images/a.png": "",
            },
        )

        assert found.shared["extra-files"] == ["serving/scaler.pkl"]
        assert found.shared["force-include"] == {
            "assets/words.json": "assets/words.json",
            "serving/images": "images",
        }
        [note] = found.notes
        assert note.startswith("left out `other.pkl`: pickles beside a model; if its handler reads them, ")

    def test_passed(self, tmp_path: Path):
        """So are files that any function is given, but no folders, which it may be about to make."""
        passing = (
            "import os, detectron2\n"
            "def handle(data, context):\n"
            "    folder = context.system_properties.get('model_dir')\n"
            "    detectron2.merge(os.path.join(folder, 'net.yaml'))\n"
            "    os.makedirs(os.path.join(folder, 'out'), exist_ok=True)\n"
            "    detectron2.read(os.path.join(folder, 'other.yaml'))\n"
            "    return data\n"
        )
        files = {"w/cats.pt": SCRIPTED, "w/net.yaml": "", "out/a": "", "x/other.yaml": "", "h.py": passing}
        found = shared(tmp_path, files)

        assert found["extra-files"] == ["w/net.yaml"]
        assert "force-include" not in found

    def test_tokenizer(self, tmp_path: Path):
        """So are the files of a tokenizer that is read from the model's directory."""
        source = (
            "from transformers import AutoTokenizer\n"
            "def handle(data, context):\n"
            "    folder = context.system_properties.get('model_dir')\n"
            "    tokenizer = AutoTokenizer.from_pretrained(folder)\n"
            "    return data\n"
        )
        files = {"m/net.onnx": ONNX, "m/tokenizer.json": {}, "m/a.json": {}, "vocab.txt": "", "h.py": source}

        assert shared(tmp_path, files)["extra-files"] == ["m/tokenizer.json"]
        assert "extra-files" not in shared(tmp_path, {"h.py": source.replace("folder)", "'bert')")})

    def test_pickled(self, tmp_path: Path):
        """A pickled module is loaded with the code that made it."""
        files = {"yolo.pt": YOLO, "nets.py": NETWORK, "h.py": FUNCTION}

        assert shared(tmp_path, files)["extra-files"] == ["nets.py"]

    def test_chain(self, tmp_path: Path):
        """What the imported modules import is packed too; what is not the project's own is not."""
        files = {
            "cats.pt": SCRIPTED,
            "serving/h.py": f"import numpy\nimport one\n{HANDLER}",
            "serving/one.py": "import two, nowhere\n",
            "two/__init__.py": "",
        }

        assert shared(tmp_path, files)["extra-files"] == ["serving/one.py"]
        assert shared(tmp_path, files)["packages"] == ["two"]


class TestHub:
    def test_folder(self, tmp_path: Path):
        """A model, its configuration and its tokenizer are one archive."""
        files = {f"bert-tiny/{name}": content for name, content in HUB.items()}
        files |= {"bert-tiny/model.safetensors": SAFETENSORS, "bert-tiny/pytorch_model.bin": STATE_DICT}
        files |= {"bert-tiny/training_args.bin": PICKLE, "bert-tiny/tf_model.h5": b"\x89HDF\r\n\x1a\n"}
        files["bert-tiny/onnx/model.onnx"] = ONNX
        found = proposal_for(tmp_path, files)

        assert found.shared == {
            "model-name": "bert-tiny",
            "handler": "handler.py",
            "serialized-file": "bert-tiny/model.safetensors",
            "extra-files": [f"bert-tiny/{name}" for name in ("config.json", "tokenizer.json", "vocab.txt")],
        }
        assert found.notes == [
            f"no handler was found for `bert-tiny/model.safetensors`, {TO_WRITE}",
            "left out `bert-tiny/training_args.bin`: not a model (pickle of `dict`)",
            f"left out `bert-tiny/pytorch_model.bin`, `bert-tiny/onnx/model.onnx`: {INSTEAD}",
        ]

    def test_shards(self, tmp_path: Path):
        """The manifest names the index; the shards are a pattern."""
        shards = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
        index = {"weight_map": dict(zip("ab", shards))}
        files = {**HUB, "model.safetensors.index.json": index, **dict.fromkeys(shards, SAFETENSORS)}
        found = shared(tmp_path, {**files, "h.py": FUNCTION})

        assert found == {
            "handler": "h.py",
            "serialized-file": ["model.safetensors.index.json", "model-*-of-00002.safetensors"],
            "extra-files": ["config.json", "tokenizer.json", "vocab.txt"],
        }

    def test_stages(self, tmp_path: Path):
        """Of the folders of a training only the end is proposed."""
        files = {
            f"out/{folder}{name}": content
            for folder in ("", "checkpoint-10/", "checkpoint-9/")
            for name, content in {**HUB, "model.safetensors": SAFETENSORS}.items()
        }

        assert shared(tmp_path, files)["serialized-file"] == "out/model.safetensors"

    def test_modules(self, tmp_path: Path):
        """The folders of a model of sentence-transformers keep their names."""
        modules = [
            {"path": "", "type": "sentence_transformers.models.Transformer"},
            {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"path": "2_Dense", "type": "sentence_transformers.models.Dense"},
        ]
        files = {**HUB, "model.safetensors": SAFETENSORS, "modules.json": modules}
        files |= {
            "1_Pooling/config.json": {},
            "2_Dense/config.json": {},
            "2_Dense/model.safetensors": SAFETENSORS,
        }
        found = shared(tmp_path, {f"st/{name}": content for name, content in files.items()})

        assert found["serialized-file"] == "st/model.safetensors"
        assert found["force-include"] == {"st/1_Pooling": "1_Pooling", "st/2_Dense": "2_Dense"}

    def test_pipeline(self, tmp_path: Path):
        """So do those of a pipeline of diffusers, which has no weights of its own."""
        index = {
            "_class_name": "P",
            "unet": ["diffusers", "U"],
            "tokenizer": ["transformers", "T"],
            "no": None,
        }
        files = {"model_index.json": index, "tokenizer/vocab.json": {}, "unet/config.json": {}}
        files["unet/diffusion_pytorch_model.safetensors"] = SAFETENSORS
        files["sd-v1-5-pruned.safetensors"] = SAFETENSORS
        found = shared(tmp_path, {f"sd/{name}": content for name, content in files.items()})

        assert found == {
            "model-name": "sd",
            "handler": "handler.py",
            "extra-files": ["sd/model_index.json"],
            "force-include": {"sd/unet": "unet", "sd/tokenizer": "tokenizer"},
        }

    def test_variants(self, tmp_path: Path):
        """Of several forms of the same weights, the one that is loaded is packed."""
        names = ("m.safetensors", "m.bin", "m.fp16.safetensors", "n.bin", "n.fp16.bin", "o.fp16.bin")
        files = {f"unet/{name}": STATE_DICT if name.endswith("bin") else SAFETENSORS for name in names}
        files |= {"vae/model.safetensors": SAFETENSORS, "vae/pytorch_model.bin": STATE_DICT}
        index = {"_class_name": "P", "unet": ["diffusers", "U"], "vae": ["diffusers", "V"]}
        files |= {"te/model.safetensors": SAFETENSORS, "model_index.json": {**index, "te": ["t", "T"]}}
        found = proposal_for(tmp_path, {**files, "h.py": FUNCTION})
        kept = ("unet/m.safetensors", "unet/n.bin", "unet/o.fp16.bin", "vae/model.safetensors")

        # `exclude` does not apply to `force-include`
        assert found.shared["force-include"] == {**{path: path for path in kept}, "te": "te"}
        [note] = found.notes
        assert note.endswith("`vae/pytorch_model.bin`: `from_pretrained` loads other weights instead")

    def test_adapter(self, tmp_path: Path):
        """The model that an adapter is for is named."""
        files = {"adapter_config.json": {"base_model_name_or_path": "org/base"}}
        found = proposal_for(tmp_path, {**files, "adapter_model.safetensors": SAFETENSORS, "h.py": FUNCTION})

        assert found.shared["extra-files"] == ["adapter_config.json"]
        assert found.notes == [
            "`adapter_model.safetensors` is an adapter for `org/base`, which the handler loads too"
        ]


class TestNeighbours:
    def test_nearest(self, tmp_path: Path):
        """Of the labels, requirements and configurations those nearest to the model are its own."""
        files = {
            "requirements.txt": "transformers",
            "docs/requirements.txt": "zensical",
            "a/model_config.yml": "",
            "index_to_name.json": {},
        }
        files |= {"a/index_to_name.json": {}, "a/w/cats.pt": SCRIPTED, "serving/h.py": HANDLER}
        found = shared(tmp_path, files)

        assert found["extra-files"] == ["a/index_to_name.json"]
        assert found["requirements-file"] == "requirements.txt"
        assert found["config-file"] == "a/model_config.yml"

    def test_only(self, tmp_path: Path):
        """The only ones may lie anywhere but with other weights; requirements may be for anything."""
        files = {
            "config/model-config.yaml": "",
            "assets/index_to_name.json": {},
            "docs/requirements.txt": "zensical",
        }
        found = shared(tmp_path, {**files, "w/cats.pt": SCRIPTED, "h.py": HANDLER})

        assert found["extra-files"] == ["assets/index_to_name.json"]
        assert found["config-file"] == "config/model-config.yaml"
        assert "requirements-file" not in found

        found = proposal_for(tmp_path, {"assets/dogs.pt": SCRIPTED})
        assert [table.get("extra-files") for table in found.archives] == [["assets/index_to_name.json"], None]

    def test_of_handler(self, tmp_path: Path):
        """What lies beside the handler belongs to it."""
        files = {"w/cats.pt": SCRIPTED, "serving/h.py": HANDLER, "serving/requirements.txt": "transformers"}

        assert shared(tmp_path, files)["requirements-file"] == "serving/requirements.txt"


@pytest.mark.parametrize(
    ("name", "path", "named"),
    [("digits", "model.pt", None), (None, "model.pt", "model"), ("digits", "cats.pt", "cats")],
)
def test_name(tmp_path: Path, name: str | None, path: str, named: str | None) -> None:
    """A model whose file says nothing of it is called as the project."""
    assert proposal_for(tmp_path, {path: SCRIPTED}, name=name).shared.get("model-name") == named


def test_version(tmp_path: Path) -> None:
    """A project without a version gets one."""
    from hatch_mar.proposal.proposal import propose
    from hatch_mar.proposal.repository import list_repository
    from tests.proposal import refuse, write

    write(tmp_path, {"a.pt": SCRIPTED, "b.pt": SCRIPTED})
    found = propose(list_repository(tmp_path), refuse, project_name=None, has_version=False)

    assert found.shared == {"version": "1.0", "handler": "base_handler"}


@pytest.mark.parametrize("name", ["MOST_FILES", "MOST_OTHERS"])
def test_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Of very many files only some are looked into, those that are called as models are before all others."""
    monkeypatch.setattr(weights_files, name, 1)
    found = proposal_for(tmp_path, {"a": "", "b.npy": "", "sub/c.pt": SCRIPTED})

    assert found.shared["serialized-file"] == "sub/c.pt"
    assert found.notes[1].endswith("`b.npy`: there are too many files to look into all of them")


def test_many_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wants the tables of thousands of models."""
    monkeypatch.setattr(proposal, "MOST_ARCHIVES", 2)
    found = proposal_for(tmp_path, {f"{name}.pt": SCRIPTED for name in "dcba"})

    assert [table["model-name"] for table in found.archives] == ["a", "b"]
    assert found.notes[1:] == ["left out `c.pt`, `d.pt`: there are more models than are proposed"]


def test_pages() -> None:
    """The pages that notes lead to are there."""
    for note, page in ((PRETRAINED, "how-to/hugging-face"), (NOT_PRETRAINED, "tutorial")):
        path, _, heading = note.partition(DOCUMENTATION)[2].partition("#")
        lines = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").splitlines()

        assert path == f"{page}/"
        assert heading in ("", *(line.strip("# ").lower().replace(" ", "-") for line in lines))


def test_strange_paths(tmp_path: Path) -> None:
    """A pattern's characters in paths mean nothing, and files that cannot be declared are not proposed."""
    shards = {f"a[1]/big-0000{number}-of-00002.safetensors": SAFETENSORS for number in (1, 2)}
    found = shared(tmp_path, {**shards, "a:b/x.py": HANDLER, "c\td/y.py": HANDLER, "h.py": HANDLER})

    assert found["handler"] == "h.py"
    assert found["serialized-file"] == "a[1]/big-00001-of-00002.safetensors"
    assert found["extra-files"] == ["a[1]/big-00002-of-00002.safetensors"]


def test_index_elsewhere(tmp_path: Path) -> None:
    """What an index names outside of its folder is not packed."""
    index = {"weight_map": {"a": "../../secret", "b": "/etc/passwd", "c": "c.safetensors"}}
    files = {**HUB, "model.safetensors.index.json": index, "c.safetensors": SAFETENSORS, "h.py": FUNCTION}

    assert shared(tmp_path, files)["serialized-file"] == ["model.safetensors.index.json", "c.safetensors"]


def test_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No code of the repository is run, whatever it is called."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    mark = f"open({str(tmp_path / 'ran')!r}, 'w').close()\n"
    system = b"cposix\nsystem\n(Vtouch ran\ntR."
    files = {f"{name}.py": f"{mark}{HANDLER}" for name in ("handler", "torch", "setup", "conftest")}
    files |= {"__init__.py": mark, "a.pt": SCRIPTED, "b.pt": system, "c.pkl": system}
    proposal_for(tmp_path, files, choose=lambda question, answers: answers[0])

    assert not (tmp_path / "ran").exists()


ENDLESS = "x = [" + "1, " * 200_000 + "]\n"


@pytest.mark.parametrize(
    "python",
    [
        {"m.py": f"{NETWORK}{ENDLESS}", "h.py": f"{HANDLER}{ENDLESS}"},
        {
            "n.py": "from pkg.base import Base\nclass Net(Base):\n    def forward(self, x): ...\n",
            "h.py": "from pkg.base import Handler\nclass Mine(Handler):\n    pass\n",
            "pkg/base.py": ENDLESS,
        },
    ],
    ids=["files", "bases"],
)
def test_exhausted(tmp_path: Path, python: dict[str, str]) -> None:
    """Python that is too long to be read is no obstacle."""
    assert shared(tmp_path, {"a.pth": STATE_DICT, **python})["serialized-file"] == "a.pth"
