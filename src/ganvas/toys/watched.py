"""The watch of every run, for a toy: it knows the target's own modes by number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ganvas.toys.play import Play
from ganvas.toys.targets import Mixture
from ganvas.training.watching import watch_over
from ganvas.watch.reference import Reference, of_features
from ganvas.watch.watch import Alarm

POINTS = 2000


@dataclass(frozen=True)
class Still:
    """Points that stay the same, as pictures of one pixel (N, dimensions, 1, 1), without labels."""

    images: NDArray[np.float32]
    labels: None = None


def watch_toy(play: Play, tell: Callable[[Alarm], None]) -> None:
    """Let the watch look while ``play`` goes on; ``tell`` is called with every alarm as it is raised."""
    seen, unseen = (_still(play, seed) for seed in (1, 2))
    tick = play.recipe.batch
    play.callbacks.append(
        watch_over(play.game, play.recipe, seen, unseen, tick, play.runtime, tell, _by_mode(play, seen))
    )


def _still(play: Play, seed: int) -> Still:
    points = play.target.draw(POINTS, np.random.default_rng(seed)) / play.target.extent
    return Still(points.astype(np.float32)[:, :, None, None])


def _by_mode(play: Play, seen: Still) -> Reference | None:
    """The points by the mode that they are nearest to; None (clusters) where the target has no modes."""
    target = play.target
    if not isinstance(target, Mixture) or not target.has_modes:
        return None
    points = torch.from_numpy(seen.images[:, :, 0, 0])
    modes = torch.cdist(points, torch.from_numpy(target.centres / target.extent).float()).argmin(1)
    return of_features(points, modes, [f"mode {k}" for k in range(len(target.centres))])
