"""From picture to picture through the latent space."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch

from ganvas.config import suggest
from ganvas.errors import GanvasError
from ganvas.latent.paths import PATHS
from ganvas.snapshot import Snapshot


def interpolate(
    snapshot: Snapshot,
    seeds: Sequence[int],
    steps: int = 8,
    path: str = "slerp",
    wanted: int | str | None = None,
    truncation: float = 1.0,
    loop: bool = False,
) -> np.ndarray:
    """uint8 (frames, C, H, W): ``steps`` frames from each seed to the next, both ends counted.

    The class stays the same all the way: the wanted one, else the first seed's.

    Args:
        path: ``slerp`` along the great circle, or ``lerp`` straight.
        loop: go on from the last seed to the first.

    Raises:
        GanvasError: fewer than two seeds or steps, or no such path.
    """
    if path not in PATHS:
        raise GanvasError(f"no path is called '{path}'; {suggest(path, PATHS)}")
    if len(seeds) < 2 or steps < 2:
        raise GanvasError("an interpolation needs at least two seeds and two steps")
    latents = list(snapshot.latents(seeds, truncation))
    stops = [*latents, latents[0]] if loop else latents
    t = torch.linspace(0.0, 1.0, steps)
    legs = [PATHS[path](a, b, t)[:-1] for a, b in pairwise(stops)]  # each leg's end is the next one's start
    z = torch.cat([*legs, stops[-1][None]])
    condition = snapshot.conditions(seeds[:1], wanted)
    return snapshot.generate(z, condition.repeat(len(z)) if condition is not None else None).numpy()
