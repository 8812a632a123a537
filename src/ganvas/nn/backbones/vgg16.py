"""VGG16: the features of improved precision and recall, and the taps of LPIPS.

Simonyan and Zisserman 2015, configuration D; Kynkäänniemi et al. 2019 for the second dense layer as a feature space.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
DIMENSION = 4096
CONVOLUTIONAL_DIMENSION = WIDTHS[-1][-1]
SIDE = 224


def vgg_features(widths: Sequence[Sequence[int]] = WIDTHS) -> nn.Sequential:
    """3×3 convolutions, each with ReLU, halved by maximum after every stage: thirteen in VGG16, numbered as in the
    public file, where convolutions are 0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28."""
    layers: list[nn.Module] = []
    before = 3
    for stage in widths:
        for after in stage:
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True)]
            before = after
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


class VGG16Taps(nn.Module):
    """RGB, normalised, (N, 3, H, W) of at least 16 px → the activations after the last ReLU of each stage (ReLU 1_2,
    2_2, 3_3, 4_3, 5_3): five of (N, c, H/2ᵏ, W/2ᵏ), k = 0 … 4."""

    widths = tuple(stage[-1] for stage in WIDTHS)

    def __init__(self) -> None:
        super().__init__()
        self.features = vgg_features()[:-1]

    def forward(self, x: Tensor) -> list[Tensor]:
        taps = []
        for layer in self.features.children():
            if isinstance(layer, nn.MaxPool2d):
                taps.append(x)
            x = layer(x)
        return [*taps, x]


class VGG16Convolutional(nn.Module):
    """Normalised RGB (N, 3, 224, 224) → the last stage's activations, averaged over places: (N, 512)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = vgg_features()[:-1]

    def forward(self, x: Tensor) -> Tensor:
        activations: Tensor = self.features(x)
        return activations.mean(dim=(2, 3))


class VGG16(nn.Module):
    """Normalised RGB (N, 3, 224, 224) → the second dense layer after its ReLU ("fc2"), (N, 4096).

    The keys are those of `vgg16-397923af.pth`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = vgg_features()
        self.classifier = nn.Sequential(
            nn.Linear(WIDTHS[-1][-1] * 7 * 7, DIMENSION),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(DIMENSION, DIMENSION),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(DIMENSION, 1000),
        )

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.classifier[:-1](torch.flatten(self.features(x), 1))
        return features

    def logits(self, features: Tensor) -> Tensor:
        """fc2 (N, 4096) → ImageNet's classes (N, 1000)."""
        logits: Tensor = self.classifier[-1](features)
        return logits
