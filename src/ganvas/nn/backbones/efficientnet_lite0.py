"""EfficientNet-Lite0: 4.65 million weights that a laptop can look at pictures with.

Tan and Le 2019 (table 1, the baseline B0) in the Lite variant of 2020: no squeeze-and-excitation, ReLU6 for swish, stem
and head not scaled.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

DIMENSION = 1280
SIDE = 224
NORM_EPSILON = 1e-3


class Stage(NamedTuple):
    """``blocks`` of them with that kernel; the first one has the stride and leads to ``outputs`` channels."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    outputs: int


STEM = 32
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


class SameConv2d(nn.Conv2d):
    """Convolution without bias, padded as TensorFlow's "SAME": to ⌈side / stride⌉, the odd row or column at the end."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        (k, _), (s, _) = self.kernel_size, self.stride
        height, width = (max((-(-side // s) - 1) * s + k - side, 0) for side in x.shape[2:])
        if height % 2 == 0 and width % 2 == 0:  # as much on either side: the convolution does it itself, and faster
            return functional.conv2d(x, self.weight, self.bias, s, (height // 2, width // 2), groups=self.groups)
        x = functional.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
        return functional.conv2d(x, self.weight, self.bias, s, groups=self.groups)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=NORM_EPSILON)


class Block(nn.Module):
    """Inverted residual: widen (unless by 1), filter each channel by itself, narrow; added to its input where it can
    be (Sandler et al. 2018, figure 3)."""

    def __init__(self, inputs: int, outputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        wide = inputs * stage.expansion
        self.widens = stage.expansion > 1
        self.adds = stride == 1 and inputs == outputs
        if self.widens:
            self._expand_conv = SameConv2d(inputs, wide, 1)
            self._bn0 = _norm(wide)
        self._depthwise_conv = SameConv2d(wide, wide, stage.kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = SameConv2d(wide, outputs, 1)
        self._bn2 = _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        wide = functional.relu6(self._bn0(self._expand_conv(x)), inplace=True) if self.widens else x
        wide = functional.relu6(self._bn1(self._depthwise_conv(wide)), inplace=True)
        narrow: Tensor = self._bn2(self._project_conv(wide))
        return narrow + x if self.adds else narrow


class EfficientNetLite0(nn.Module):
    """(x − 127) / 128 of RGB grey levels, float32 (N, 3, 224, 224) → pooled head, float32 (N, 1280).

    The keys are those of `efficientnet-lite0-57934424.pth`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, STEM, 3, stride=2)
        self._bn0 = _norm(STEM)
        blocks: list[nn.Module] = []
        before = STEM
        for stage in STAGES:
            for number in range(stage.blocks):
                blocks.append(Block(before, stage.outputs, stage, stage.stride if number == 0 else 1))
                before = stage.outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = SameConv2d(before, DIMENSION, 1)
        self._bn1 = _norm(DIMENSION)
        self._fc = nn.Linear(DIMENSION, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return functional.relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3))

    def logits(self, features: Tensor) -> Tensor:
        """Features (N, 1280) → ImageNet's classes (N, 1000)."""
        logits: Tensor = self._fc(features)
        return logits
