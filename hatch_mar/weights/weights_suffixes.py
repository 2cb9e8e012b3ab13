"""The suffixes of files of weights, and of what else is saved with a model."""

from __future__ import annotations

OF_TORCH = (".pt", ".pth", ".bin", ".ckpt", ".tar", ".model", ".weights", ".th", ".t7")
OF_PICKLE = (".pkl", ".pickle", ".p", ".pck", ".dump")
OF_JOBLIB = (".joblib", ".jl")
OF_OTHERS = (".safetensors", ".onnx", ".pt2", ".gguf", ".npy", ".npz", ".h5", ".tflite", ".so")
OF_WEIGHTS = (*OF_TORCH, *OF_PICKLE, *OF_JOBLIB, *OF_OTHERS)
