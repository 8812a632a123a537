"""An engine between pictures as users have them: grey and colour, 8 and 16 bit, opacity, maps of classes."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganvas.counted import counted
from ganvas.data.full_depth import Opener
from ganvas.data.picture import Unreadable
from ganvas.data.spec import Direction
from ganvas.data.translation.class_maps import IGNORED, one_hot
from ganvas.errors import GanvasError
from ganvas.images import to_grey
from ganvas.models.networks import Translator
from ganvas.resizing import matlab_bicubic
from ganvas.snapshot import Snapshot
from ganvas.translate.engine import Engine, Mode, Tile
from ganvas.translate.photo import Photo, on_white, read_labels, read_photo
from ganvas.translate.settling import of_the_picture
from ganvas.translate.standins import stand_in

MODES: Mapping[Mode, str] = {
    "train": "dropout on, batch normalisation by the picture itself",
    "eval": "dropout off, batch normalisation as it was trained",
}


@dataclass(frozen=True)
class How:
    """What the user may choose about applying a network.

    Raises:
        GanvasError: no such mode, or tiles or passes that cannot be.
    """

    mode: Mode | None = None
    """None: as the recipe says."""
    tile: Tile = "auto"
    seed: int = 0
    passes: int | None = None
    reverse: bool = False
    device: torch.device = torch.device("cpu")  # noqa: RUF009

    def __post_init__(self) -> None:
        if self.mode not in (None, *MODES):
            raise GanvasError(f"--mode {self.mode}: say train ({MODES['train']}) or eval ({MODES['eval']})")
        if self.tile not in ("auto", "off") and not (isinstance(self.tile, int) and self.tile > 0):
            raise GanvasError(f"--tile {self.tile}: say auto, off, or a side in pixels, 512 for instance")
        if self.passes is not None and self.passes < 1:
            raise GanvasError(f"--passes {self.passes}: at least one pass is needed")


@dataclass(frozen=True)
class Applied:
    """``applied(photo)`` → photo, ``scale`` times as large."""

    engine: Engine
    names: tuple[str, ...] = ()
    """The classes, where sources are label maps."""
    keeps: bool = False
    """Whether the result shows the same thing (a larger or cleaner picture): then grey stays grey, and opacity does
    not touch the colours. Otherwise opacity is laid on white, as it is in training."""
    direction: Direction = "AtoB"
    """Which way it goes between the A and the B of its training data."""

    @property
    def scale(self) -> int:
        return self.engine.scale

    def of_tiles(self) -> list[str]:
        """What a person should know before a picture goes through in tiles, with the network in the mode it runs in."""
        network, notes = self.engine.network, list[str]()
        if network.reach is None:
            notes.append(
                "in tiles the result is not quite that of the whole picture, tens of grey levels off in places: each "
                "pixel depends on all of it in this network; --tile off where memory allows"
            )
        layers = sum(of_the_picture(module) for module in network.modules())
        if layers and self.engine.passes is None:
            notes.append(
                f"in tiles a picture takes {1 + (layers + 1) / 2:.0f} times as long and more: the statistics of "
                f"{counted(layers, 'layer')} are settled over all tiles, one after the other; --passes 4 stops sooner "
                "and leaves seams"
            )
        return notes

    def read(self, open_file: Opener, name: str) -> Photo:
        """A source from a file; raises as `read_photo` and `read_labels` (where sources are maps of classes)."""
        return read_labels(open_file, name) if self.names else read_photo(open_file, name)

    def __call__(self, photo: Photo) -> Photo:
        """The translation.

        Raises:
            Unreadable: the network wants another number of channels than a picture has, or a map of the classes that
                it knows.
            GanvasError: see `Engine`.
        """
        results = [self.engine(source).picture for source in self._sources(photo)]
        return self._photo(torch.cat(results, dim=1), photo)

    def _sources(self, photo: Photo) -> list[Tensor]:
        """What the network gets: one picture (1, C, H, W), or one for each colour, if it enlarges grey ones."""
        if self.names:
            return [self._one_hot(photo)]
        channels = self.engine.channels
        levels = photo.pixels if self.keeps or channels == 4 else on_white(photo)
        source = _signed(levels, photo.white).permute(2, 0, 1)[None]
        if channels is None or channels == source.shape[1]:
            return [source]
        if channels == 4 and source.shape[1] in (1, 3):
            opaque = torch.ones(source.shape[2:]) if photo.alpha is None else _signed(photo.alpha, photo.white)
            return [torch.cat([source.expand(1, 3, -1, -1), opaque[None, None]], dim=1)]
        if channels == 3 and photo.grey:
            return [source.expand(1, 3, -1, -1)]
        if channels == 1 and source.shape[1] == 3:
            return list(torch.split(source, 1, dim=1)) if self.keeps else [to_grey(source)]
        raise Unreadable(f"has {source.shape[1]} channels, the network wants {channels}")

    def _one_hot(self, photo: Photo) -> Tensor:
        """A channel a class, of a map of class numbers; `IGNORED` is no class."""
        count = len(self.names)
        known = f"the classes 0 to {count - 1} ({self.names[0]} … {self.names[-1]}), and {IGNORED} for none"
        if not photo.grey:
            raise Unreadable(f"has {photo.pixels.shape[2]} channels, but the network wants one, of {known}")
        numbers = torch.from_numpy(photo.pixels[None, None, ..., 0].astype(np.int64))
        wrong = numbers[(numbers >= count) & (numbers != IGNORED)]
        if wrong.numel():
            raise Unreadable(f"holds the value {int(wrong.max())}, but the network knows {known}")
        return one_hot(numbers, count, edges=self.engine.channels == count + 1)

    def _photo(self, result: Tensor, source: Photo) -> Photo:
        channels = result.shape[1]
        alpha = None if source.alpha is None else _enlarged(source.alpha, self.scale)
        kind = source.pixels.dtype
        if channels == 4 and self.engine.channels in (None, 1, 3, 4):
            alpha, result = _levels(result[:, 3:], kind)[..., 0], result[:, :3]
        if result.shape[1] == 3 and source.grey and self.keeps:
            result = to_grey(result)
        pixels = _levels(result, kind)
        return Photo(pixels, alpha, source.profile if pixels.shape[2] == source.pixels.shape[2] else None)


def applied_snapshot(snapshot: Snapshot, name: str, how: How) -> Applied:
    """The translation that a snapshot holds; ``how.reverse`` takes the network that leads back. Where the snapshot lies
    on another device than ``how.device``, a copy of the network is taken there.

    Raises:
        GanvasError: it holds none, or none that leads back.
    """
    snapshot.must("translate")
    recipe: Any = snapshot.recipe
    forth: Direction
    back: Direction
    space, role = recipe.space, "inverse" if how.reverse else "generator"
    network = snapshot.networks.get(role)
    if space.source is None or not isinstance(snapshot.networks.get("generator"), Translator):
        raise GanvasError(f"{name} makes pictures from noise and cannot translate; ganvas sample draws from it")
    if not isinstance(network, Translator):
        raise GanvasError(f"{name} has no network that leads back; --reverse needs one trained both ways (cyclegan)")
    engine = Engine(
        _on(network, how.device),
        space.channels if how.reverse else space.source.channels,
        how.mode or recipe.test_mode,
        how.tile,
        how.seed,
        how.passes,
        how.device,
    )
    keeps = network.scale > 1 or getattr(recipe, "degradation", None) is not None
    forth, back = ("BtoA", "AtoB") if recipe.data and recipe.data.direction == "BtoA" else ("AtoB", "BtoA")
    return Applied(engine, () if how.reverse else space.source.names, keeps, back if how.reverse else forth)


def applied_stand_in(name: str, scale: int | None, how: How) -> Applied:
    """``bicubic``, ``nearest`` or ``identity`` in a snapshot's place.

    Raises:
        GanvasError: no scale for what enlarges.
    """
    return Applied(Engine(stand_in(name, scale), None, "eval", how.tile, how.seed, how.passes), keeps=True)


def _on(network: Translator, device: torch.device) -> Translator:
    there = all(parameter.device == device for parameter in network.parameters())
    return network if there else deepcopy(network).to(device)


def _signed(levels: Any, white: int) -> Tensor:
    return torch.from_numpy(levels.astype(np.float32)).div_(white / 2).sub_(1)


def _levels(result: Tensor, kind: Any) -> Any:
    """[−1, 1] (1, C, H, W) → levels (H, W, C), rounded."""
    white = int(np.iinfo(kind).max)
    levels = result[0].double().add(1).mul(white / 2).round().clamp(0, white)
    return levels.permute(1, 2, 0).numpy().astype(kind)


def _enlarged(alpha: Any, scale: int) -> Any:
    """Opacity (H, W) by bicubic; a network knows nothing of it."""
    height, width = alpha.shape
    large = matlab_bicubic(torch.from_numpy(alpha.astype(np.float32))[None, None], (height * scale, width * scale))
    return large[0, 0].round().clamp(0, np.iinfo(alpha.dtype).max).numpy().astype(alpha.dtype)
