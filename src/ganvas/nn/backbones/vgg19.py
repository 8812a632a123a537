"""VGG19's convolutions, which judge the content of super-resolved pictures (Ledig et al. 2017).

Simonyan and Zisserman 2015, configuration E.
"""

from __future__ import annotations

from torch import Tensor, nn

from ganvas.nn.backbones.vgg16 import vgg_features

WIDTHS = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)


class VGG19Features(nn.Module):
    """Normalised RGB (N, 3, H, W) of at least 16 px → the sixteenth convolution after its ReLU, (N, 512, H/16, W/16).

    The keys are those of `vgg19-dcbb9e9d.pth`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = vgg_features(WIDTHS)[:-1]

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.features(x)
        return features
