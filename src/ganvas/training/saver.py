"""The last callback of every round."""

from __future__ import annotations

import time
from collections.abc import Callable

from ganvas.games.game import Game
from ganvas.training.progress import Progress


class Saver:
    """Calls ``save`` when ``seconds`` have passed since the last time.

    Wall time may decide here because *when* a run is saved never changes what is trained: randomness hangs on the
    round, and running means are part of the state.
    """

    def __init__(self, save: Callable[[], None], seconds: float) -> None:
        self.save, self.seconds, self.last = save, seconds, time.monotonic()

    def __call__(self, game: Game, progress: Progress) -> None:
        if time.monotonic() - self.last >= self.seconds:
            self.save()
            self.last = time.monotonic()
