"""Validation: held-out windows translated now and then, the best network so far kept, and what the report shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganvas.games.game import Game
from ganvas.images import save_picture
from ganvas.recipes.translation import TranslationRecipe
from ganvas.snapshot import Snapshot
from ganvas.training.exam import SCORES, CycleExam, Numbers, PairedExam, baseline, in_words
from ganvas.training.progress import Progress
from ganvas.training.run import Run
from ganvas.training.sheets import shown
from ganvas.training.ticks import due
from ganvas.watch.windows import Windows, translated

WINDOWS, PIXELS, FEWEST = 64, 64 * 256 * 256, 8
"""Windows that are translated each time, fewer where they are large."""
TIMES, LEAST = 100, 8
"""Validations in a run at most, and training images between two of them for each window: a translation costs about a
fifth of what an image costs in training, so all of them together at most a fortieth of the run."""
SHOWN = 8
"""Windows that the report shows."""


class Validation:
    """Every ``every`` images, and at the end: numbers into ``stats.jsonl``, and the best network so far into
    ``best.safetensors``.

    Due by images seen and never by the clock, and chance is put back: a resumed run finds what an uninterrupted one
    does, and a run that is validated learns what one without would.

    Args:
        snapshot: of the averaged networks. catch_up: brings them up to date.
        held_out: a part of the data that is not trained on; None, or empty: nothing is validated.
        tick: images between two lines of statistics.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        recipe: TranslationRecipe,
        held_out: Any,
        run: Run,
        tick: int,
        device: torch.device,
        catch_up: Callable[[], object],
    ) -> None:
        self.snapshot, self.recipe, self.run, self.catch_up = snapshot, recipe, run, catch_up
        room = max(FEWEST, PIXELS // (recipe.space.height * recipe.space.width))
        count = min(WINDOWS, room, len(held_out.images) if held_out is not None else 0)
        self.windows = Windows(recipe, held_out, count, device)
        self.every = -(-max(LEAST * count, (recipe.horizon or recipe.images) // TIMES) // tick) * tick
        self.exam = (PairedExam if recipe.source.paired else CycleExam)(self.windows)
        self.baseline = baseline(recipe)
        self.reference: Numbers = {}
        """The baseline's numbers."""
        self.pending: Numbers = {}
        self.best: dict[str, Any] = {}
        """``images``, ``by`` and ``numbers`` of the best so far; empty before the first."""
        self.last: dict[str, Any] = {}

    def begin(self, images: int) -> None:
        """Measure the baseline and show what there is to translate; said in the log of a new run."""
        if not self.windows.count:
            if not images:
                self.run.log("validation: none, for no pictures are held out")
            return
        if self.baseline is not None:
            self.reference = self.exam(self.baseline.translate)
        self._show_data()
        self._write()
        if not images:
            against = f"; {self.baseline.name} has {in_words(self.reference)}" if self.baseline else ""
            by = SCORES[self.exam.by].words
            self.run.log(
                f"validation: {self.windows.count} held-out windows every {self.every:,} images, the best by {by} kept "
                f"as {self.run.best_file.name}{against}"
            )

    def __call__(self, game: Game, progress: Progress) -> None:
        ends = progress.images >= self.recipe.images
        if self.windows.count and (ends or due(progress, self.recipe.batch, self.every)):
            self.validate(progress.images)

    def validate(self, images: int) -> None:
        """Translate the windows with the averaged networks as they are now."""
        self.catch_up()
        numbers = self.exam(*self._networks())
        if not numbers:
            return
        self.pending, self.last = numbers, {"images": images, "numbers": numbers}
        self._show("last")
        if self._is_best(numbers):
            self._keep(images, numbers)
        self._write()

    def collect(self) -> dict[str, float]:
        """What the next line of statistics should hold; what was collected is not given again."""
        row = {f"validation/{name}": float(f"{value:.6g}") for name, value in self.pending.items()}
        self.pending = {}
        return row

    def state_dict(self) -> dict[str, Any]:
        return {"pending": self.pending, "best": self.best, "last": self.last}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.pending, self.best, self.last = dict(state["pending"]), dict(state["best"]), dict(state["last"])

    def _is_best(self, numbers: Numbers) -> bool:
        by = self.exam.by
        if self.best.get("by") != by:  # none yet, or judged by weights that are no longer on this machine
            return True
        now, before = numbers[by], float(self.best["numbers"][by])
        return now < before if SCORES[by].better == "lower" else now > before

    def _keep(self, images: int, numbers: Numbers) -> None:
        self.best = {"images": images, "by": self.exam.by, "numbers": numbers}
        metrics = {"validation": {**self.best, "windows": self.windows.count, "baseline": self._of_baseline()}}
        Snapshot(self.snapshot.networks, self.recipe, images, metrics).save(self.run.best_file)
        self._show("best")
        against = f" ({self.baseline.name}: {in_words(self.reference)})" if self.baseline else ""
        self.run.log(f"best so far at {images:,} images: {in_words(numbers)}{against}")

    def _of_baseline(self) -> dict[str, Any] | None:
        return {"name": self.baseline.name, "numbers": self.reference} if self.baseline else None

    def _networks(self) -> list[Callable[[Tensor], Tensor]]:
        networks = [self.snapshot.networks[role] for role in self.recipe.keeps]
        return [partial(translated, network, mode=self.recipe.test_mode) for network in networks]

    def _write(self) -> None:
        scores = {name: score._asdict() for name, score in SCORES.items()}
        self.run.write_json(
            "validation.json",
            {
                "windows": self.windows.count,
                "every": self.every,
                "by": self.exam.by,
                "baseline": self._of_baseline(),
                "best": self.best or None,
                "last": self.last or None,
                "scores": scores,
                "third": "truth" if self.recipe.source.paired else "back",
            },
        )

    def _first(self) -> Windows:
        count = min(SHOWN, self.windows.count)
        return Windows(self.recipe, self.windows.data, count, self.windows.device)

    def _show_data(self) -> None:
        """What every network is given and, of pairs, what it should make of it."""
        for place, (source, truth) in enumerate(self._first()):
            before = self.baseline.translate(source) if self.baseline else source
            self._write_picture(place, "before", shown(before, len(self.recipe.source.names), truth.shape[2:]))
            if self.recipe.source.paired:
                self._write_picture(place, "truth", shown(truth))

    def _show(self, which: str) -> None:
        """What the networks make of it now, and of two sets the way back."""
        forward, *backward = self._networks()
        for place, (source, truth) in enumerate(self._first()):
            made = forward(source)
            self._write_picture(place, which, shown(made))
            for back in backward:
                self._write_picture(
                    place, f"{which}-back", shown(back(made), len(self.recipe.source.names), truth.shape[2:])
                )

    def _write_picture(self, place: int, name: str, picture: Tensor) -> None:
        levels: np.ndarray = picture[0].numpy()
        save_picture(levels, self.run.validation / f"{place}-{name}.png")


def validation_of(
    snapshot: Snapshot, held_out: Any, run: Run, tick: int, device: torch.device, catch_up: Callable[[], object]
) -> Validation | None:
    """The validation of a run whose snapshots translate; None for any other."""
    if not isinstance(snapshot.recipe, TranslationRecipe):
        return None
    return Validation(snapshot, snapshot.recipe, held_out, run, tick, device, catch_up)
