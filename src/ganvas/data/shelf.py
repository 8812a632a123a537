"""Pictures of one or of many sizes in one flat memory map: only what is looked at takes memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganvas.data.full_depth import Pixels
from ganvas.errors import GanvasError

Depth = Literal["uint8", "uint16"]


@dataclass(frozen=True)
class Shelf:
    """Pictures (C, H, W), each H and W its own, all of the same channels and depth; read-only."""

    flat: NDArray[np.uint8]
    """(bytes,): the pictures of this shelf, and maybe others'."""
    names: Sequence[str]
    """One a picture: where it came from."""
    sizes: NDArray[np.int64]
    """(N, 2): height and width in pixels."""
    offsets: NDArray[np.int64]
    """(N,): where in ``flat`` each picture begins."""
    channels: int
    depth: Depth = "uint8"

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 or uint16."""
        return np.dtype(self.depth)

    @property
    def size(self) -> tuple[int, int] | None:
        """(height, width) that all pictures share; None where they differ."""
        first = self.sizes[0]
        return (int(first[0]), int(first[1])) if (self.sizes == first).all() else None

    def whole(self, index: int) -> Pixels:
        """One picture (C, H, W), a view of the map."""
        height, width = map(int, self.sizes[index])
        start = int(self.offsets[index])
        stop = start + self.channels * height * width * self.dtype.itemsize
        return self.flat[start:stop].view(self.dtype).reshape(self.channels, height, width)

    def corners(self, index: NDArray[np.int64], place: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.int64]:
        """Top left corners (n, 2) of windows: ``place`` (n, 2) in [0, 1) chooses among those that fit, evenly."""
        room = self.sizes[index] - np.array(size) + 1
        if (room < 1).any():
            self._too_small(int(np.asarray(index)[(room < 1).any(1)][0]), size)
        chosen: NDArray[np.int64] = (place * room).astype(np.int64)
        return chosen

    def cut(self, index: NDArray[np.int64], corners: NDArray[np.int64], size: tuple[int, int]) -> Pixels:
        """Windows (n, C, *size) with these top left corners."""
        windows = np.empty((len(index), self.channels, *size), self.dtype)
        for window, picture, (top, left) in zip(windows, index, corners, strict=True):
            window[:] = self.whole(int(picture))[:, top : top + size[0], left : left + size[1]]
        return windows

    def window(self, index: NDArray[np.int64], place: NDArray[np.float64], size: tuple[int, int]) -> Pixels:
        """Windows (n, C, *size) of the pictures ``index`` (n,) at ``place`` (n, 2) in [0, 1): see `corners`.

        Raises:
            GanvasError: a picture is smaller than the window.
        """
        return self.cut(index, self.corners(index, place, size), size)

    def must_hold(self, size: tuple[int, int]) -> None:
        """Raises `GanvasError` with the name and size of the first picture that is smaller than a window."""
        small = (self.sizes < np.array(size)).any(1)
        if small.any():
            self._too_small(int(small.argmax()), size)

    def part(self, chosen: NDArray[np.int64]) -> Shelf:
        """The same shelf with only the pictures ``chosen`` (n,)."""
        names = [self.names[i] for i in chosen]
        return replace(self, names=names, sizes=self.sizes[chosen], offsets=self.offsets[chosen])

    def _too_small(self, index: int, size: tuple[int, int]) -> None:
        height, width = self.sizes[index]
        raise GanvasError(
            f"{self.names[index]} is {height}x{width}, smaller than a window of {size[0]}x{size[1]}: "
            f"use --crop {min(height, width)} or less, or take it out"
        )
