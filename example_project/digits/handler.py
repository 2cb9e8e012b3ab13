"""What happens to a request, inside TorchServe.

TorchServe takes the one class it finds in this file. `BaseHandler` loads the model, eager or
scripted, and `index_to_name.json`; what is left is to read requests and to word answers.
"""

import io
import json
from typing import Any

import torch
from PIL import Image
from ts.torch_handler.base_handler import BaseHandler
from ts.utils.util import PredictionException


class DigitHandler(BaseHandler):
    """Reads a digit from `{"pixels": 8 rows of 8 numbers from 0 to 16}` or from an image.

    An image may be of any size; the ink is bright and the ground dark, as in the training data.
    """

    def preprocess(self, data: list[dict[str, Any]]) -> torch.Tensor:
        """The requests of a batch as one tensor; JSON and images may be mixed.

        Raises PredictionException, which TorchServe answers to the whole batch with status 400.
        """
        images = [_pixels(row.get("data") or row.get("body")) for row in data]
        return torch.stack(images).to(self.device)

    def postprocess(self, data: torch.Tensor) -> list[dict[str, Any]]:
        """An answer for each request, in the order they came."""
        names = [self.mapping[str(index)] for index in range(data.shape[1])]
        return [
            {"digit": names[row.argmax()], "probabilities": dict(zip(names, row.tolist()))}
            for row in data.softmax(dim=1)
        ]


def _pixels(body: Any) -> torch.Tensor:
    """One request as pixels of 0 to 16, shaped (1, 8, 8)."""
    # TorchServe parses JSON that is sent as application/json; sent otherwise, it comes as bytes.
    if isinstance(body, (bytes, bytearray)) and not body.lstrip().startswith(b"{"):
        return _from_image(body)
    return _from_json(body)


def _from_json(body: Any) -> torch.Tensor:
    try:
        request = body if isinstance(body, dict) else json.loads(body)
        pixels = torch.tensor(request["pixels"], dtype=torch.float32)
    except (KeyError, OverflowError, RuntimeError, TypeError, ValueError) as error:
        raise _bad_request('JSON must be {"pixels": 8 rows of 8 numbers}') from error
    if pixels.shape != (8, 8):
        raise _bad_request(f"`pixels` must be 8 rows of 8 numbers, not {tuple(pixels.shape)}")
    if not ((pixels >= 0) & (pixels <= 16)).all():
        raise _bad_request("`pixels` must be numbers from 0 to 16")
    return pixels.unsqueeze(0)


def _from_image(body: bytes) -> torch.Tensor:
    try:
        image = Image.open(io.BytesIO(body)).convert("L")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _bad_request("neither JSON nor a readable image") from error
    # The training data was made the same way: each pixel is the mean of a block of a larger scan.
    image = image.resize((8, 8), Image.Resampling.BOX)
    return torch.tensor(list(image.tobytes())).reshape(1, 8, 8) * 16 / 255


def _bad_request(message: str) -> PredictionException:
    return PredictionException(message, error_code=400)
