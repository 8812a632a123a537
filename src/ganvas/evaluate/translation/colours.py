"""Maps of classes that come as coloured pictures (facades, say): which colours they are painted in, read from them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate.translation.pile import Pile, Rows

APART = 48.0
"""Grey levels between two colours of a map, at least: what compression does to a colour is less."""
SHARE = 0.002
"""Of the pixels that a colour covers, at least."""
MOST = 32
BINS = 16
LOOKED_AT = 64
"""Maps from which the colours are read."""


def palette_of(sources: Pile) -> Tensor:
    """Grey levels (k, C) of the colours that the maps are painted in, the most frequent first.

    Raises:
        GanvasError: there is one colour only, or so many that these are pictures.
    """
    some = sources.some(LOOKED_AT)
    pixels = some.levels(np.arange(len(some))).movedim(1, 3).flatten(0, 2)
    channels = pixels.shape[1]
    places = BINS ** torch.arange(channels)
    cells = ((pixels.long() * BINS // 256) * places).sum(dim=1)
    counts = torch.bincount(cells, minlength=BINS**channels)
    sums = torch.zeros(BINS**channels, channels).index_add_(0, cells, pixels.float())
    found: list[Tensor] = []
    for cell in counts.argsort(descending=True, stable=True).tolist():
        if counts[cell] < SHARE * len(pixels):
            break
        colour = sums[cell] / counts[cell]
        if all((colour - other).norm() >= APART for other in found):
            found.append(colour)
    if not 2 <= len(found) <= MOST:
        raise GanvasError(f"--colours: the sources are painted in {len(found)} colours; maps have 2 to {MOST}")
    return torch.stack(found)


def maps_by_colour(sources: Pile, palette: Tensor) -> Pile:
    """Class numbers uint8 (n, 1, H, W): the nearest colour of every pixel."""

    def draw(rows: Rows) -> Tensor:
        return _nearest(sources.levels(rows), palette)

    return Pile(draw, np.arange(len(sources)), f"{sources.key} by colours {palette.round().tolist()}", sources.names)


def named(palette: Tensor) -> tuple[str, ...]:
    """``#ff8000``, or ``#80`` of grey."""
    return tuple("#" + "".join(f"{round(value):02x}" for value in colour) for colour in palette.tolist())


def _nearest(levels: Tensor, palette: Tensor) -> Tensor:
    """uint8 (n, C, H, W) → uint8 (n, 1, H, W)."""
    pixels = levels.movedim(1, 3).float()
    return torch.cdist(pixels.flatten(0, 2), palette).argmin(dim=1).reshape(pixels.shape[:3])[:, None].byte()
