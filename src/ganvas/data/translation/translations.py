"""Pictures to translate into, with what to translate from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganvas.data.full_depth import Pixels
from ganvas.data.shelf import Shelf
from ganvas.data.translation.class_maps import one_hot
from ganvas.errors import GanvasError
from ganvas.images import to_network
from ganvas.space import Space


@dataclass(frozen=True)
class Translations:
    """Targets and sources on disk. Of pairs ``sources[i]`` belongs to ``images[i]``; else each is a set of its own."""

    images: Shelf
    sources: Shelf | None
    """None: there are pictures only, and sources are to be made of them by a `Degradation`."""
    paired: bool
    space: Space
    """Of the windows that are trained on; ``space.source`` (None without sources) likewise."""
    name: str
    names: tuple[str, str]
    """What source and target are called."""
    fingerprint: str
    """SHA-256 of all pixels: the same on every machine that decodes the same."""
    summary: dict[str, Any]
    """JSON-able: layout, counts, sizes, what did not match, skipped files with the reason, notes."""
    classes: int = 0
    """Where sources are maps of classes: how many there are; 0 where they are pictures."""
    edges: bool = False
    scale: int = 1
    """Pixels of a target's side for each of its source's."""
    held_out: Translations | None = None
    """Pictures that are not for training."""
    labels: None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def stems(self) -> Sequence[str]:
        """Names of the targets' files, within the folder or zip."""
        return self.images.names

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the windows that are trained on."""
        return self.space.height, self.space.width

    def divided(self) -> tuple[Translations, Translations | None]:
        """(for training, held out)."""
        return self, self.held_out

    def images_as_network(self, images: Pixels | Tensor, device: torch.device | None = None) -> Tensor:
        """Targets (n, C, H, W) as they lie on the shelf → float32 in [−1, 1]."""
        return as_network(images, device)

    def sources_as_network(self, sources: Pixels | Tensor, device: torch.device | None = None) -> Tensor:
        """Sources (n, C, h, w) as they lie on the shelf → float32 in [−1, 1]; class numbers → one channel a class, 0 or
        1, and with ``edges`` one more."""
        if self.classes:
            return one_hot(_on(sources, device), self.classes, self.edges)
        return as_network(sources, device)


def as_network(images: Pixels | Tensor, device: torch.device | None = None) -> Tensor:
    """uint8 or uint16 (N, C, H, W), an array or a tensor, → float32 in [−1, 1] on ``device``."""
    tensor = _on(images, device)
    if tensor.dtype == torch.uint8:
        return to_network(tensor)
    return tensor.to(torch.float32).div_(32767.5).sub_(1.0)


def windows(
    data: Translations,
    index: NDArray[np.int64],
    places: NDArray[np.float64],
    flips: NDArray[np.bool_],
    size: tuple[int, int] | None = None,
) -> tuple[Pixels, Pixels | None]:
    """Windows of the targets ``index`` (n,) and, of pairs, of their sources: the same place, mirrored alike.

    Args:
        places: (n, 2) in [0, 1): where each window lies, from top to bottom and left to right.
        flips: (n,): which are mirrored left to right.
        size: (height, width) of the target windows, else ``data.size``. Where targets are larger than their sources,
            corners lie on the sources' grid, and ``size`` must be a multiple of ``data.scale``.

    Returns:
        (n, C, *size) and (n, C', size / scale), or None where sources are no partners; of these ask `flipped_windows`.
    """
    size = size or data.size
    if data.sources is None or not data.paired:
        return flipped_windows(data.images, index, places, flips, size), None
    if any(side % data.scale for side in size):
        raise GanvasError(f"windows of {size[0]}x{size[1]} are no multiple of the scale, {data.scale}: change --crop")
    small = (size[0] // data.scale, size[1] // data.scale)
    corners = data.sources.corners(index, places, small)
    sources = _flipped(data.sources.cut(index, corners, small), flips)
    return _flipped(data.images.cut(index, corners * data.scale, size), flips), sources


def flipped_windows(
    shelf: Shelf,
    index: NDArray[np.int64],
    places: NDArray[np.float64],
    flips: NDArray[np.bool_],
    size: tuple[int, int],
) -> Pixels:
    """`Shelf.window`, some of them mirrored left to right."""
    return _flipped(shelf.window(index, places, size), flips)


def _flipped(images: Pixels, flips: NDArray[np.bool_]) -> Pixels:
    images[flips] = images[flips][..., ::-1]
    return images


def _on(images: Pixels | Tensor, device: torch.device | None) -> Tensor:
    if not isinstance(images, Tensor):
        images = torch.from_numpy(np.require(images, requirements=["C", "W"]))  # copied where it is not writable
    tensor: Tensor = images
    return tensor.to(device) if device is not None else tensor
