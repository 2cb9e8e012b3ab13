from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.project.config.values import model_name
from hatch_mar.proposal.naming import Origin, name_models


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("digits.pt", "digits"),
        ("w/cats.state.pth.tar", "cats.state"),
        ("models/sentiment/model.pt", "sentiment"),
        ("sentiment/onnx/model.onnx", "sentiment"),
        ("models/pytorch_model.bin", ""),
        ("best.pt", ""),
        ("3d net.pt", "model-3d-net"),
        ("a..b.pt", "a.b"),
        ("_x_.pt", "x"),
        ("Modèle Köln.pt", "Modele-Koln"),
        ("yolov5s.torchscript", "yolov5s"),
        ("lightning_logs/version_0/checkpoints/epoch=9-step=90-val_loss=0.25.ckpt", ""),
        ("runs/detect/train2/weights/best.pt", ""),
        ("notebooks/model.pt", ""),
        ("mlruns/0/4ed4c38b5d4c4bd0a4e1b4e0a2cfd0ae/artifacts/model/data/model.pth", ""),
        ("output/train/20230101-101010-resnet50-224/model_best.pth.tar", "resnet50-224"),
        ("wandb/run-20230101_101010-1x2y3z4a/files/model.pt", ""),
    ],
)
def test_one(path: str, name: str) -> None:
    """A model is named after its file, or after the folder that says what it is."""
    assert name_models([Origin(path)]) == [name]


@pytest.mark.parametrize(
    ("origins", "names"),
    [
        ([Origin("bert", True)], ["bert"]),
        ([Origin("out/checkpoint-10", True)], [""]),
        ([Origin("models--org--bert-base/snapshots/0123456789abcdef", True)], ["bert-base"]),
        ([Origin("models--gpt2/snapshots/0123456789abcdef", True)], ["gpt2"]),
        ([Origin("w/d.pth"), Origin("w/d.pt", form="scripted")], ["d", "d-scripted"]),
        (
            [Origin("w/d.pth"), Origin("w/d.pt", form="scripted"), Origin("w/d.onnx", form="onnx")],
            ["d", "d-scripted", "d-onnx"],
        ),
        ([Origin("a/model.pt"), Origin("b/model.pt")], ["a", "b"]),
        ([Origin("x/A.pt"), Origin("y/a.pt")], ["x-A", "y-a"]),
        ([Origin("model.pt"), Origin("best.pt")], ["model", "best"]),
        ([Origin("数.pt"), Origin("字.pt")], ["model", "model-2"]),
        ([Origin("bert", True), Origin("bert/onnx/model.onnx", form="onnx")], ["bert", "bert-onnx"]),
    ],
)
def test_several(origins: list[Origin], names: list[str]) -> None:
    """Those of one name are told apart by their form, or by their folders."""
    assert name_models(origins) == names


def test_of_project() -> None:
    """What has no name of its own is called as the project, unless others are too."""
    assert name_models([Origin("best.pt"), Origin("cats.pt")], "digits") == ["digits", "cats"]
    assert name_models([Origin("best.pt"), Origin("model.pt")], "digits") == ["best", "model"]
    assert name_models([Origin("out/model.pt"), Origin("out/model.onnx", form="onnx")], "digits") == [
        "digits",
        "digits-onnx",
    ]


PATHS = st.text("aB./-_1é数 ", min_size=1, max_size=8).filter(lambda path: path.strip("/") == path)


@given(
    st.lists(st.builds(Origin, PATHS, st.booleans(), st.sampled_from(["", "onnx"])), min_size=2, max_size=6)
)
def test_valid(origins: list[Origin]) -> None:
    """Whatever the paths are, the names are valid, and no two of them are one where case is ignored."""
    names = name_models(origins)

    assert len({name.casefold() for name in names}) == len(origins)
    assert all(model_name(name) and name[0].isalpha() for name in names)
