"""Trains the network and writes everything the archives and their tests are made from.

pip install torch scikit-learn pillow
python train.py
"""

import io
import json
import zipfile
from pathlib import Path

import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.nn.functional import cross_entropy

from digits.model import DigitNet

HERE = Path(__file__).parent
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
EPOCHS = 40
BATCH = 64


def main() -> None:
    torch.manual_seed(0)
    # On one thread sums are always added up in the same order, and the weights stay the same.
    torch.set_num_threads(1)

    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1)
    labels = torch.tensor(digits.target)
    rows = range(len(labels))
    train, test = train_test_split(rows, test_size=0.2, random_state=0, stratify=labels)

    model = fit(DigitNet(), images[train], labels[train])
    accuracy = (model(images[test]).argmax(dim=1) == labels[test]).float().mean().item()
    print(f"{accuracy:.1%} of {len(test)} held-out digits read correctly")

    save(model)
    write_samples(model, images[test], labels[test])


def fit(model: DigitNet, images: torch.Tensor, labels: torch.Tensor) -> DigitNet:
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(labels)).split(BATCH):
            loss = cross_entropy(model(images[batch]), labels[batch], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


def save(model: DigitNet) -> None:
    weights = HERE / "weights"
    weights.mkdir(exist_ok=True)
    torch.save(model.state_dict(), weights / "digits.pth")
    save_scripted(model, weights / "digits.pt")
    write_json(HERE / "index_to_name.json", {str(i): name for i, name in enumerate(NAMES)})


def save_scripted(model: DigitNet, path: Path) -> None:
    """As `torch.jit.save`, without the absolute paths of this machine that it puts in the file."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(model), buffer)
    with zipfile.ZipFile(buffer) as saved, zipfile.ZipFile(path, "w") as stripped:
        for record in saved.infolist():
            if not record.filename.endswith(".debug_pkl"):
                stripped.writestr(record, saved.read(record))


def write_samples(model: DigitNet, images: torch.Tensor, labels: torch.Tensor) -> None:
    """Four held-out digits as requests, and what the served model must answer to each."""
    samples = HERE / "samples"
    samples.mkdir(exist_ok=True)
    expected = {}

    for digit in (3, 7):
        pixels = images[labels == digit][0]
        name = f"{NAMES[digit]}.json"
        write_json(samples / name, {"pixels": pixels[0].int().tolist()}, indent=None)
        expected[name] = answer(model, pixels)

    for digit, size in ((0, 64), (5, 200)):
        pixels = images[labels == digit][0]
        grey = (pixels[0] * 255 / 16).round()
        name = f"{NAMES[digit]}.png"
        image = Image.fromarray(grey.byte().numpy())
        image.resize((size, size), Image.Resampling.NEAREST).save(samples / name)
        expected[name] = answer(model, grey.unsqueeze(0) * 16 / 255)

    write_json(samples / "expected.json", expected)


def answer(model: DigitNet, pixels: torch.Tensor) -> dict[str, object]:
    with torch.inference_mode():
        probabilities = model(pixels.unsqueeze(0)).softmax(dim=1)[0].tolist()
    return {
        "digit": NAMES[probabilities.index(max(probabilities))],
        "probabilities": {name: round(p, 6) for name, p in zip(NAMES, probabilities)},
    }


def write_json(path: Path, value: object, indent: int | None = 2) -> None:
    path.write_text(json.dumps(value, indent=indent) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
