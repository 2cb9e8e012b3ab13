from __future__ import annotations

import pytest

from hatch_mar.proposal.omissions import Omissions
from hatch_mar.proposal.stages import leave_out_stages
from hatch_mar.proposal.weights_files import WeightsFile
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.weights import Weights


def keep(*paths: str, kind: Kind = Kind.STATE_DICT) -> tuple[list[str], list[str]]:
    """The weights that are kept, and what is said of the others."""
    omissions = Omissions()
    found = leave_out_stages([WeightsFile(path, Weights(kind)) for path in paths], omissions)
    return [each.path for each in found], [*omissions.describe()]


@pytest.mark.parametrize(
    ("stages", "kept"),
    [
        (("a/epoch=9-step=90.ckpt", "a/epoch=10-step=100.ckpt"), "a/epoch=10-step=100.ckpt"),
        (
            ("epoch=8-val_loss=0.25.ckpt", "epoch=9-val_loss=0.3.ckpt", "last.ckpt"),
            "epoch=8-val_loss=0.25.ckpt",
        ),
        (("epoch=8-val_acc=0.8.ckpt", "epoch=9-val_acc=0.75.ckpt"), "epoch=8-val_acc=0.8.ckpt"),
        (("model_best.pth.tar", "last.pth.tar", "checkpoint-9.pth.tar"), "model_best.pth.tar"),
        (("model_0004999.pth", "model_0009999.pth", "model_final.pth"), "model_final.pth"),
        (
            ("lightning_logs/version_9/a.ckpt", "lightning_logs/version_10/a.ckpt"),
            "lightning_logs/version_10/a.ckpt",
        ),
        (
            ("runs/train/exp/weights/best.pt", "runs/train/exp2/weights/best.pt"),
            "runs/train/exp2/weights/best.pt",
        ),
        (
            ("runs/detect/train/weights/best.pt", "runs/detect/train2/weights/last.pt"),
            "runs/detect/train2/weights/last.pt",
        ),
        (("best.pt", "last.pt"), "best.pt"),
        (("net_epoch_1.pth", "net_epoch_2.pth", "net_best.pth"), "net_best.pth"),
        (("best_model.pth", "last_model.pth"), "best_model.pth"),
        (("ckpt-1.pt", "ckpt-2.pt", "latest.pt"), "latest.pt"),
        (("out/checkpoint-9/w.bin", "out/checkpoint-10/w.bin"), "out/checkpoint-10/w.bin"),
        (("out/checkpoint-9/w.bin", "out/w.bin"), "out/w.bin"),
        (("checkpoint-9/w.bin", "w.bin"), "w.bin"),
    ],
)
def test_stages(stages: tuple[str, ...], kept: str) -> None:
    """Of the stages of one training the best is kept, or else the last."""
    assert keep(*stages)[0] == [kept]


@pytest.mark.parametrize(
    "paths",
    [
        ("resnet18.pt", "resnet50.pt"),
        ("bestiary.pt", "blast.pt"),
        ("a/best.pt", "b/best.pt"),
        ("cats_best.pt", "dogs_best.pt"),
        ("best.pt", "best.onnx"),
        ("a-step1.pt", "b-step2.pt"),
        ("fold_0.pt", "fold_1.pt"),
        ("fold_0.pt", "cats_best.pt"),
        ("data/train1/a.pt", "data/train2/a.pt"),
        ("runs/detect/train/weights/best.pt", "runs/segment/train2/weights/best.pt"),
    ],
)
def test_others(paths: tuple[str, ...]) -> None:
    """Models of their own are all kept."""
    assert keep(*paths) == ([*paths], [])


def test_said() -> None:
    assert keep("best.pt", "last.pt")[1] == ["left out `last.pt`: other stages of the training of `best.pt`"]
    assert keep("runs/exp/a.pt", "runs/exp2/a.pt")[1] == ["left out `runs/exp/a.pt`: earlier trainings"]
    assert keep("a/checkpoint-1/w", "a/checkpoint-2/w")[1] == [
        "left out `a/checkpoint-1/w`: earlier stages of a training"
    ]


def test_data() -> None:
    """Very many in one folder are data, but shards are not."""
    data = [f"data/{number}.pt" for number in range(21)]
    shards = [f"big/w-000{number}-of-00030.bin" for number in range(10, 31)]

    kept, [said] = keep("a.pt", *data, *shards)

    assert kept == ["a.pt", *shards]
    assert said.endswith("`data/4.pt` and 16 more: so many files in one folder look like data")


def test_checkpoints() -> None:
    """A checkpoint is left out where the model itself is saved beside it."""
    omissions = Omissions()
    checkpoint, model = (
        WeightsFile("a/c.ckpt", Weights(Kind.CHECKPOINT)),
        WeightsFile("a/m.pt", Weights(Kind.STATE_DICT)),
    )
    other = WeightsFile("b/c.ckpt", Weights(Kind.CHECKPOINT))

    assert leave_out_stages([checkpoint, model, other], omissions) == [model, other]
    assert [*omissions.describe()] == [
        "left out `a/c.ckpt`: checkpoints; the model itself is saved beside them"
    ]
