"""AlexNet's convolutions, for LPIPS: the one-column variant of Krizhevsky 2014, "One weird trick" (arXiv 1404.5997)."""

from __future__ import annotations

from torch import Tensor, nn


class AlexNetTaps(nn.Module):
    """Normalised RGB (N, 3, H, W) of at least 31 px → the activations after each of the five ReLUs.

    The keys are those of the convolutions in torch's public AlexNet file: features.0, 3, 6, 8, 10.
    """

    widths = (64, 192, 384, 256, 256)

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        taps = []
        for layer in self.features.children():
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                taps.append(x)
        return taps
