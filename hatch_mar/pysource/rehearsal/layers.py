"""The tensors that the layers of `torch.nn` have, by their names in a state_dict, with their shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

Shape = tuple[int, ...]
Shapes = dict[str, Shape]

Given = Mapping[str, Any]
"""The arguments of a layer by their names in torch."""

COUNTER = "num_batches_tracked"
"""A tensor that old state_dicts lack, and may."""


def linear(given: Given) -> Shapes:
    size = given["out_features"]
    return {"weight": (size, given["in_features"])} | bias(given, size)


def convolution(given: Given, dimensions: int, *, transposed: bool = False) -> Shapes:
    kernel, groups = given["kernel_size"], given.get("groups", 1)
    sizes = given["out_channels"], given["in_channels"]
    first, second = reversed(sizes) if transposed else sizes
    folded = (kernel,) * dimensions if isinstance(kernel, int) else kernel
    return {"weight": (first, second // groups, *folded)} | bias(given, sizes[0])


def batch_norm(given: Given, *, by_default: bool = True) -> Shapes:
    size = (given["num_features"],)
    own = {"weight": size, "bias": size} if given.get("affine", by_default) else {}
    is_tracked = given.get("track_running_stats", by_default)
    return own | ({"running_mean": size, "running_var": size, COUNTER: ()} if is_tracked else {})


def layer_norm(given: Given) -> Shapes:
    shape = given["normalized_shape"]
    size = (shape,) if isinstance(shape, int) else shape
    if not given.get("elementwise_affine", True):
        return {}
    return {"weight": size, "bias": size} if given.get("bias", True) else {"weight": size}


def group_norm(given: Given) -> Shapes:
    size = (given["num_channels"],)
    return {"weight": size, "bias": size} if given.get("affine", True) else {}


def embedding(given: Given) -> Shapes:
    return {"weight": (given["num_embeddings"], given["embedding_dim"])}


def prelu(given: Given) -> Shapes:
    return {"weight": (given.get("num_parameters", 1),)}


def recurrent(given: Given, gates: int) -> Shapes:
    size, ways = given["hidden_size"], ("", "_reverse") if given.get("bidirectional", False) else ("",)
    found: Shapes = {}
    layers = given.get("num_layers", 1)
    if layers > MOST_LAYERS:
        raise ValueError(layers)
    for layer in range(layers):
        inputs = size * len(ways) if layer else given["input_size"]
        for way in (f"l{layer}{way}" for way in ways):
            found |= {f"weight_ih_{way}": (gates * size, inputs), f"weight_hh_{way}": (gates * size, size)}
            if given.get("bias", True):
                found |= {f"bias_ih_{way}": (gates * size,), f"bias_hh_{way}": (gates * size,)}
    return found


def attention(given: Given) -> Shapes:
    size = given["embed_dim"]
    found: Shapes = {"in_proj_weight": (3 * size, size), "out_proj.weight": (size, size)}
    return found | (
        {"in_proj_bias": (3 * size,), "out_proj.bias": (size,)} if given.get("bias", True) else {}
    )


def bias(given: Given, size: int) -> Shapes:
    return {"bias": (size,)} if given.get("bias", True) else {}


MOST_LAYERS = 100
"""Layers of a recurrent one."""

CONVOLUTION = "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode"
TRANSPOSED = (
    "in_channels out_channels kernel_size stride padding output_padding groups bias dilation padding_mode"
)
NORM = "num_features eps momentum affine track_running_stats"
RECURRENT = "input_size hidden_size num_layers bias batch_first dropout bidirectional"

WITH_TENSORS: Mapping[str, tuple[str, Callable[[Given], Shapes]]] = {
    "Linear": ("in_features out_features bias", linear),
    **{f"Conv{n}d": (CONVOLUTION, partial(convolution, dimensions=n)) for n in (1, 2, 3)},
    **{
        f"ConvTranspose{n}d": (TRANSPOSED, partial(convolution, dimensions=n, transposed=True))
        for n in (1, 2, 3)
    },
    **{f"BatchNorm{n}d": (NORM, batch_norm) for n in (1, 2, 3)},
    **{f"InstanceNorm{n}d": (NORM, partial(batch_norm, by_default=False)) for n in (1, 2, 3)},
    "LayerNorm": ("normalized_shape eps elementwise_affine bias", layer_norm),
    "GroupNorm": ("num_groups num_channels eps affine", group_norm),
    "Embedding": (
        "num_embeddings embedding_dim padding_idx max_norm norm_type scale_grad_by_freq sparse",
        embedding,
    ),
    "EmbeddingBag": (
        "num_embeddings embedding_dim max_norm norm_type scale_grad_by_freq mode sparse",
        embedding,
    ),
    "PReLU": ("num_parameters init", prelu),
    "RNN": (f"{RECURRENT} nonlinearity", partial(recurrent, gates=1)),
    "LSTM": (RECURRENT, partial(recurrent, gates=4)),
    "GRU": (RECURRENT, partial(recurrent, gates=3)),
    "MultiheadAttention": ("embed_dim num_heads dropout bias batch_first", attention),
}
"""The arguments that are known of a layer, in their order, and what it has. With others, it may have more."""

WITHOUT_TENSORS = {
    *("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d"),
    *("AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d"),
    *("AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d"),
    *("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"),
    *("CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU"),
    *("LogSigmoid", "Mish", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softplus", "Softshrink"),
    *("Softsign", "Tanh", "Tanhshrink", "Threshold", "LogSoftmax", "Softmax", "Softmax2d", "Softmin"),
    *(
        "CosineSimilarity",
        "Flatten",
        "Fold",
        "Identity",
        "LocalResponseNorm",
        "PairwiseDistance",
        "Unflatten",
    ),
    *("Unfold", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d", "PixelShuffle", "PixelUnshuffle"),
    *(f"{kind}Pad{n}d" for kind in ("Constant", "Reflection", "Replication", "Zero") for n in (1, 2, 3)),
    *("BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CrossEntropyLoss", "HuberLoss", "KLDivLoss", "L1Loss"),
    *("MSELoss", "NLLLoss", "SmoothL1Loss", "TripletMarginLoss"),
}
"""The losses among them have a tensor if they are given one."""


def shapes_of(layer: str, args: Sequence[object], keywords: Given) -> Shapes | None:
    """The tensors of a layer that is made of these arguments; None if they cannot be told."""
    if layer in WITHOUT_TENSORS:
        return {}
    names, find = WITH_TENSORS[layer]
    known = names.split()
    given = {**dict(zip(known, args)), **keywords}
    if len(args) > len(known) or not given.keys() <= {*known}:
        return None
    try:
        return find(given)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        # torch refuses the arguments, too
        return None
