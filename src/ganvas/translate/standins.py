"""What may stand in a snapshot's place: resizing by rule, to measure against and to try a pipeline with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn import functional

from ganvas.errors import GanvasError
from ganvas.models.networks import Translator
from ganvas.resizing import matlab_bicubic


class Bicubic(Translator):
    """MATLAB's bicubic enlargement, the baseline of super-resolution."""

    reach = 3

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, source: Tensor) -> Tensor:
        height, width = source.shape[2:]
        return matlab_bicubic(source, (height * self.scale, width * self.scale))


class Nearest(Translator):
    """Every pixel repeated."""

    reach = 0

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, source: Tensor) -> Tensor:
        return functional.interpolate(source, scale_factor=self.scale, mode="nearest")


class Identity(Translator):
    """The picture itself: the baseline of translation."""

    reach = 0

    def forward(self, source: Tensor) -> Tensor:
        return source


ENLARGING: Mapping[str, Callable[[int], Translator]] = {"bicubic": Bicubic, "nearest": Nearest}
NAMES = (*ENLARGING, "identity")


def stand_in(name: str, scale: int | None) -> Translator:
    """The one of that name.

    Raises:
        GanvasError: it enlarges, and nobody said how far.
    """
    if name not in ENLARGING:
        return Identity()
    if scale is None:
        raise GanvasError(f"{name} needs --scale: how many times larger, 2 or 4 for instance")
    return ENLARGING[name](scale)
