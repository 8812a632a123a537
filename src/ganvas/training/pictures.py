"""The same latents, drawn again and again while the generator learns."""

from __future__ import annotations

import numpy as np
import torch

from ganvas.games.game import Game
from ganvas.images import enlarge, grid, save_picture
from ganvas.snapshot import Snapshot
from ganvas.space import Classes
from ganvas.training.progress import Progress
from ganvas.training.run import Run
from ganvas.training.ticks import due

SIDE = 10


def showcase(snapshot: Snapshot, side: int = SIDE) -> np.ndarray:
    """uint8 (C, H, W) sheet: a row a class and a latent a column, or ``side`` × ``side`` latents without classes."""
    if isinstance(classes := snapshot.space.condition, Classes):
        rows = min(classes.count, side)
        z = snapshot.latents(range(side)).repeat(rows, 1)
        condition = torch.arange(rows).repeat_interleave(side)
        return grid(snapshot.generate(z, condition).numpy(), side)
    return grid(snapshot.sample(range(side * side)).numpy(), side)


class Pictures:
    """Writes ``samples/<images>.png`` every ``every`` images, from the averaged generator."""

    def __init__(self, run: Run, snapshot: Snapshot, batch: int, every: int) -> None:
        self.run, self.snapshot, self.batch, self.every = run, snapshot, batch, every

    def __call__(self, game: Game, progress: Progress) -> None:
        if due(progress, self.batch, self.every):
            self.draw(progress.images)

    def draw(self, images: int) -> None:
        """Write the sheet for this many images seen."""
        save_picture(enlarge(showcase(self.snapshot), to_at_least=560), self.run.sheet(images))
