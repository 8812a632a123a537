"""A line of numbers every so many images, and the end of a run that has left the finite numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from ganvas.errors import GanvasError
from ganvas.games.game import Game
from ganvas.training.progress import Progress
from ganvas.training.run import Run
from ganvas.training.stopwatch import Stopwatch

EXPLODED = 1e8
"""A mean beyond this is no longer a loss; float32 has lost the rest of the sum by then."""

REMEDY = (
    "the last finite state is kept. "
    "Try lower optimizers.*.lr, a higher penalty gamma or a larger batch, in a new run (--out)"
)


class DivergenceError(GanvasError):
    """A loss or gradient is not finite, or has exploded. The last finite state is kept."""


def due(progress: Progress, batch: int, every: int) -> bool:
    """Whether the round that just ended crossed a multiple of ``every`` images."""
    return progress.images // every > (progress.images - batch) // every


class Ticks:
    """Writes the means since the last tick into ``stats.jsonl`` every ``every`` images, and what the watch has found:
    ``collect`` gives it, its alarms among it."""

    def __init__(
        self,
        run: Run,
        stopwatch: Stopwatch,
        batch: int,
        every: int,
        collect: Callable[[], Mapping[str, Any]] = lambda: {"alarms": []},
    ) -> None:
        self.run, self.stopwatch, self.batch, self.every, self.collect = run, stopwatch, batch, every, collect
        self.last_images, self.last_seconds = 0, 0.0

    def __call__(self, game: Game, progress: Progress) -> None:
        if due(progress, self.batch, self.every):
            self.write(progress)

    def write(self, progress: Progress) -> None:
        """Write the line of the rounds since the last one."""
        means = progress.means()
        check(means, progress.images)
        self._append(progress.images, means)
        progress.clear()

    def write_end(self, progress: Progress) -> None:
        """Write the line of a run that has diverged: its last numbers mean nothing, its alarms do."""
        self._append(progress.images, {})

    def _append(self, images: int, means: Mapping[str, float]) -> None:
        seconds = self.stopwatch.seconds
        rate = (images - self.last_images) / max(seconds - self.last_seconds, 1e-9)
        row = {"images": images, "seconds": round(seconds, 3), "images_per_second": round(rate, 1), **means}
        with self.run.stats_file.open("a", encoding="utf-8") as stats:
            stats.write(json.dumps({**row, **self.collect()}) + "\n")
        self.last_images, self.last_seconds = images, seconds

    def state_dict(self) -> dict[str, Any]:
        return {"images": self.last_images, "seconds": self.last_seconds}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.last_images, self.last_seconds = state["images"], state["seconds"]


def check(means: Mapping[str, float], images: int) -> None:
    """Raise `DivergenceError`, naming player and term, when a mean is not finite or has exploded."""
    for name, mean in means.items():
        if not math.isfinite(mean) or abs(mean) > EXPLODED:
            player, _, term = name.partition("/")
            raise DivergenceError(
                f"training diverged: the {player}'s {term} is {mean:g} at {images:,} images; {REMEDY}"
            )
