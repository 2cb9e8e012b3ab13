"""The network.

TorchServe imports this file from the archive's root, makes the one class it finds in it without
arguments and loads the weights into it. So: one class, no arguments, no relative imports.
"""

import torch
from torch import nn


class DigitNet(nn.Module):
    """Scores of the ten digits for images of 8 by 8 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.25),
            nn.Linear(32 * 4 * 4, 10),
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """From pixels of 0 to 16, shaped (n, 1, 8, 8), to scores shaped (n, 10)."""
        # Scaled here, and not by the callers, so that training and serving cannot disagree.
        return self.layers(pixels / 16)
