"""The same sheet of pictures, drawn again and again while the generator learns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ganvas.games.game import Game
from ganvas.images import enlarge, save_picture
from ganvas.training.progress import Progress
from ganvas.training.run import Run
from ganvas.training.ticks import due


class Pictures:
    """Writes ``samples/<images>.png`` every ``every`` images: what ``sheet`` shows of the averaged networks."""

    def __init__(self, run: Run, sheet: Callable[[], np.ndarray], batch: int, every: int) -> None:
        self.run, self.sheet, self.batch, self.every = run, sheet, batch, every

    def __call__(self, game: Game, progress: Progress) -> None:
        if due(progress, self.batch, self.every):
            self.draw(progress.images)

    def draw(self, images: int) -> None:
        """Write the sheet for this many images seen."""
        save_picture(enlarge(self.sheet(), to_at_least=560), self.run.sheet(images))
