"""What model archives are made for: TorchServe, and what wraps it or runs it on other systems."""

TORCHSERVE = "torchserve"
KSERVE = "kserve"
SAGEMAKER = "sagemaker"
VERTEX = "vertex"
WINDOWS = "windows"

CONSUMERS = (TORCHSERVE, KSERVE, SAGEMAKER, VERTEX, WINDOWS)
DEFAULT_CONSUMERS = (TORCHSERVE,)
