"""What a run's sheets of pictures show, by what its networks can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganvas.games.batch import Place
from ganvas.images import grid, to_uint8, viewable
from ganvas.snapshot import Snapshot
from ganvas.space import Classes
from ganvas.watch.windows import translated

SIDE = 10
ROWS = 8
"""Pictures of a sheet of translations, at most."""
Sheet = Callable[[], np.ndarray]
"""Draws uint8 (C, H, W)."""


def showcase(snapshot: Snapshot, side: int = SIDE) -> np.ndarray:
    """uint8 (C, H, W) sheet: a row a class and a latent a column, or ``side`` × ``side`` latents without classes."""
    if isinstance(classes := snapshot.space.condition, Classes):
        rows = min(classes.count, side)
        z = snapshot.latents(range(side)).repeat(rows, 1)
        condition = torch.arange(rows).repeat_interleave(side)
        return grid(snapshot.generate(z, condition).numpy(), side)
    return grid(snapshot.sample(range(side * side)).numpy(), side)


def translations(snapshot: Snapshot, sources: Tensor, pictures: Tensor) -> np.ndarray:
    """uint8 (C, H, W) sheet: a row a picture; source, translation, and what it should be. Where there is a way back
    (and so no truth): source, translation, and back again, then the same from the other side."""
    source = snapshot.recipe.space.source
    from_source = partial(shown, classes=len(source.names) if source else 0, size=pictures.shape[2:])
    onto = _translated(snapshot, "generator", sources)
    columns = [from_source(sources), shown(onto)]
    if "inverse" in snapshot.networks:
        back = _translated(snapshot, "inverse", pictures)
        columns += [from_source(_translated(snapshot, "inverse", onto)), shown(pictures), from_source(back)]
        columns += [shown(_translated(snapshot, "generator", back))]
    else:
        columns += [shown(pictures)]
    channels = max(column.shape[1] for column in columns)
    rows = torch.stack([column.expand(-1, channels, -1, -1) for column in columns], dim=1).flatten(0, 1)
    return grid(rows.numpy(), len(columns))


def _translated(snapshot: Snapshot, role: str, pictures: Tensor) -> Tensor:
    network = snapshot.networks[role]
    return translated(network, pictures, snapshot.recipe.test_mode)  # type: ignore[attr-defined]


PALETTE = torch.tensor(
    [
        *([70, 130, 180], [128, 64, 128], [107, 142, 35], [220, 20, 60], [250, 170, 30], [0, 0, 142], [190, 153, 153]),
        *([244, 35, 232], [70, 70, 70], [153, 153, 153], [119, 11, 32], [0, 0, 0], [220, 220, 0], [0, 80, 100]),
    ],
    dtype=torch.uint8,
)
"""Colours that maps of classes are shown in; beyond them they repeat."""


SEEN = {1: 1, 2: 1, 3: 3, 4: 4}
"""Channels → the first ones, which can be looked at; of more than four they are three."""


def shown(pictures: Tensor, classes: int = 0, size: tuple[int, ...] | None = None) -> Tensor:
    """Networks' pictures (N, C, h, w) → uint8 (N, 1 | 3, H, W) to look at, on the CPU: the first channels in colours,
    where they are classes; opacity laid on white; small ones enlarged by repetition."""
    pictures = pictures.cpu()
    if classes:
        levels = PALETTE[pictures[:, :classes].argmax(1) % len(PALETTE)].permute(0, 3, 1, 2)
    else:
        levels = viewable(to_uint8(pictures[:, : SEEN.get(pictures.shape[1], 3)]))
    if size is None or levels.shape[2:] == size:
        return levels
    return torch.nn.functional.interpolate(levels.float(), size=tuple(size), mode="nearest").to(torch.uint8)


def _of_samples(snapshot: Snapshot, held_out: Any, place: Place) -> Sheet:
    return lambda: showcase(snapshot)


def _of_translations(snapshot: Snapshot, held_out: Any, place: Place) -> Sheet:
    """The first pictures of the held-out part, always the same windows of them."""
    count = min(ROWS, len(held_out.images))
    batch = snapshot.recipe.but(batch=count, parts=1).stream(held_out, 1, Place(place.device)).at(0, 0)
    return lambda: translations(snapshot, batch.source, batch.images)  # type: ignore[arg-type]


SHEETS: Mapping[str, Callable[[Snapshot, Any, Place], Sheet]] = {
    "sample": _of_samples,
    "translate": _of_translations,
}


def sheet_of(snapshot: Snapshot, held_out: Any, place: Place) -> Sheet:
    """How a run draws its sheets; ``held_out`` are pictures that it does not learn from."""
    return SHEETS[snapshot.abilities[0]](snapshot, held_out, place)
