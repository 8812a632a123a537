"""A network applied to pictures of any size: padded to what it asks for, in tiles where memory is short, cropped back.

Networks see float (1, C, H, W) in [−1, 1]. A picture gives the same result whatever came before it: randomness
(dropout at test time, as in pix2pix) hangs on the seed and the tile, and running statistics are put back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor, nn

from ganvas.errors import GanvasError
from ganvas.games.batch import Key
from ganvas.models.networks import Translator
from ganvas.nn.tested import as_tested
from ganvas.translate.memory import available, bytes_per_pixel, out_of_memory
from ganvas.translate.settling import Enough, Settling
from ganvas.translate.spans import Span, pairs, shares, spans

Mode = Literal["train", "eval"]
Tile = int | Literal["auto", "off"]
TILES = (2048, 1024, 512, 256, 128, 64)
"""Sides that ``auto`` tries, in source pixels, when the whole picture does not fit."""
OnTile = Callable[[int, int, int], None]
"""(tiles done, of so many, in which pass)."""
LEAST = 16
"""Pixels of a side that any network can work with: inside it mirrors borders, and takes variances over places."""
PROBE = 64
"""Side of the picture on which the need of memory is measured."""


@dataclass(frozen=True)
class Rendered:
    """What came out, and how."""

    picture: Tensor
    """float32 (1, C', scale·H, scale·W) in [−1, 1], on the CPU."""
    tiles: int = 1
    passes: int = 1
    """Over the tiles: one for each layer that normalises by the picture, and the last (`settling`)."""
    unknown: int = 0
    """Layers that normalised each tile by itself, because there were to be no more passes."""


@dataclass
class Engine:
    """``engine(source (1, C, H, W))`` → `Rendered`, for any H and W.

    Args:
        network: on the device where it is to run.
        channels: of the sources it takes; None where it takes any.
        mode: ``train`` keeps dropout and takes batch statistics of the picture, ``eval`` neither.
        tile: side of the tiles in source pixels, what must overlap comes on top; ``auto``: whole where it fits.
        passes: at most so many over the tiles; by default as many as normalisation needs.
    """

    network: Translator
    channels: int | None
    mode: Mode = "eval"
    tile: Tile = "auto"
    seed: int = 0
    passes: int | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    on_tile: OnTile | None = None
    notes: list[str] = field(default_factory=list)
    """What a person should know about how it went."""
    _needed: float | None = None
    _largest: int | None = None
    """The tile that memory was last enough for."""

    @property
    def scale(self) -> int:
        return self.network.scale

    @property
    def mode_matters(self) -> bool:
        """Whether the network is another in training than in evaluation."""
        modal = (nn.BatchNorm2d, nn.Dropout, nn.Dropout2d)
        return any(isinstance(m, modal) and getattr(m, "p", 1.0) > 0 for m in self.network.modules())

    def __call__(self, source: Tensor) -> Rendered:
        """Translate one picture.

        Raises:
            GanvasError: memory is short even for small tiles, or for the whole picture where it was asked for.
        """
        height, width = source.shape[2:]
        padded = padded_to(source, self.network.multiple)
        with as_tested(self.network, self.mode):
            rendered = self._within_memory(padded)
        whole = rendered.picture[..., : height * self.scale, : width * self.scale]
        return replace(rendered, picture=whole)

    def _within_memory(self, source: Tensor) -> Rendered:
        tile = self._first_tile(source)
        while True:
            try:
                return self._render(source, tile)
            except (MemoryError, RuntimeError) as error:
                if not out_of_memory(error):
                    raise
            tile = self._smaller(tile)  # outside of `except`, whose traceback keeps the large tensors alive

    def _first_tile(self, source: Tensor) -> int:
        longest = max(source.shape[2:])
        if self.tile == "off":
            return longest
        if self._largest is not None:
            return min(self._largest, longest)
        if self.tile != "auto":
            return self.tile
        return next((side for side in (longest, *TILES) if self._fits(source, side)), TILES[-1])

    def _smaller(self, tile: int) -> int:
        if self.tile == "off":
            raise GanvasError("not enough memory for the whole picture; leave --tile off away, or say --device cpu")
        if tile <= self.network.multiple:
            raise GanvasError(f"not enough memory even for tiles of {tile} px; close other programs or --device cpu")
        self._largest = max(self.network.multiple, tile // 2)
        self.notes.append(f"memory ran out with tiles of {tile} px: went on with {self._largest} px")
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return self._largest

    def _fits(self, source: Tensor, tile: int) -> bool:
        """Whether the largest window of such tiles takes at most half of what is free."""
        if self._needed is None:
            probe = padded_to(source[..., :PROBE, :PROBE], self.network.multiple)
            self._needed = bytes_per_pixel(self.network, probe.to(self.device))
        rows, columns = self._grid(source, tile)
        pixels = max(b - a for a, b in (s.window for s in rows)) * max(b - a for a, b in (s.window for s in columns))
        return pixels * self._needed <= available(self.device) / 2

    def _grid(self, source: Tensor, tile: int) -> tuple[list[Span], list[Span]]:
        height, width = source.shape[2:]
        network = self.network
        return (
            spans(height, tile, network.multiple, network.reach),
            spans(width, tile, network.multiple, network.reach),
        )

    def _render(self, source: Tensor, tile: int) -> Rendered:
        rows, columns = self._grid(source, tile)
        if len(rows) * len(columns) == 1:
            Key(self.seed, 0, 0, 0).reseed()
            return Rendered(self.network(source.to(self.device)).float().cpu())
        with Settling(self.network) as settling:
            picture, passes = None, 0
            while picture is None:
                passes += 1
                settling.asks = self.passes is None or passes < self.passes
                picture = self._pass(source, rows, columns, settling, passes)
        if settling.unknown:
            self.notes.append(f"after {passes} passes {settling.unknown} layers still normalise each tile by itself")
        return Rendered(picture, len(rows) * len(columns), passes, settling.unknown)

    def _pass(
        self, source: Tensor, rows: list[Span], columns: list[Span], settling: Settling, number: int
    ) -> Tensor | None:
        """All tiles once, each laid where it belongs with its share of every pixel; None if the pass was an inquiry."""
        down, across = shares(rows, self.scale), shares(columns, self.scale)
        picture: Tensor | None = None
        for place, (i, j) in enumerate(pairs(rows, columns)):
            row, column = rows[i], columns[j]
            settling.begin(row, column)
            Key(self.seed, 0, place, 0).reseed()  # dropout must not change between passes
            window = source[..., slice(*row.window), slice(*column.window)].to(self.device)
            with contextlib.suppress(Enough):
                result = self.network(window).float().cpu()
                if picture is None:
                    picture = result.new_zeros(1, result.shape[1], *(side * self.scale for side in source.shape[2:]))
                here = [slice(*(side * self.scale for side in span.kept)) for span in (row, column)]
                kept = result[..., _kept(row, self.scale), _kept(column, self.scale)]
                picture[..., here[0], here[1]] += kept * down[i][:, None] * across[j]
            if self.on_tile is not None:
                self.on_tile(place + 1, len(rows) * len(columns), number)
        settling.pool()
        return picture


def padded_to(source: Tensor, multiple: int) -> Tensor:
    """(1, C, H, W) with sides that are multiples and no smaller than `LEAST`, mirrored below and on the right, as often
    as that takes."""
    for dimension in (2, 3):
        size = source.shape[dimension]
        if extra := max(LEAST - size, 0) + -max(LEAST, size) % multiple:
            places = torch.arange(size + extra) % max(1, 2 * (size - 1))
            source = source.index_select(dimension, torch.minimum(places, (2 * (size - 1) - places).abs()))
    return source


def _kept(span: Span, scale: int) -> slice:
    """What is kept of a window's result, in its own pixels."""
    return slice(*((place - span.window[0]) * scale for place in span.kept))
