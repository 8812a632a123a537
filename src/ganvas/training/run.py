"""The directory of a run: which files there are, and how they are opened, cut back and resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ganvas.errors import GanvasError
from ganvas.files import make_folder, write_text
from ganvas.recipes.recipe import Recipe

NAMED = 2
"""So many differences between two recipes are named."""


@dataclass(frozen=True)
class Run:
    """Everything one training leaves behind; another user can pick the directory up and go on."""

    path: Path

    @property
    def recipe_file(self) -> Path:
        return self.path / "recipe.json"

    @property
    def stats_file(self) -> Path:
        return self.path / "stats.jsonl"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    @property
    def snapshot_file(self) -> Path:
        return self.path / "snapshot.safetensors"

    @property
    def best_file(self) -> Path:
        """The snapshot that did best on pictures that are held out; of translations only."""
        return self.path / "best.safetensors"

    @property
    def validation(self) -> Path:
        """Held-out pictures before and after, for the report."""
        return self.path / "validation"

    @property
    def state_file(self) -> Path:
        return self.path / "state.pt"

    @property
    def report_file(self) -> Path:
        return self.path / "report.html"

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.json"

    def recipe(self) -> Recipe:
        """The recipe that this run was started with.

        Raises:
            GanvasError: it is missing or cannot be read.
        """
        try:
            return Recipe.model_validate_json(self.recipe_file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise GanvasError(f"{self.path} is no run directory: it has no recipe.json") from error
        except (ValidationError, OSError, ValueError) as error:
            raise GanvasError(f"{self.recipe_file} cannot be read: {str(error).splitlines()[0]}") from error

    def write_recipe(self, recipe: Recipe) -> None:
        """Write the recipe, and make the directory."""
        make_folder(self.path)
        write_text(self.recipe_file, recipe.model_dump_json(indent=2) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write one of the small files beside the recipe, such as ``command.txt``."""
        write_text(self.path / name, text)

    def write_json(self, name: str, content: Any) -> None:
        """Write one of the small files beside the recipe, such as ``data.json``."""
        write_text(self.path / name, json.dumps(content, indent=2) + "\n")

    def read_json(self, name: str) -> dict[str, Any]:
        """One of the small files, empty where it is missing or damaged."""
        try:
            content = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def log(self, line: str) -> None:
        """Append a dated line to ``log.txt``."""
        with (self.path / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {line}\n")

    def sheet(self, images: int) -> Path:
        """The sample sheet after so many images."""
        return self.samples / f"{images:09d}.png"

    def stats(self) -> Iterator[dict[str, Any]]:
        """One object a tick; a line that a kill cut short is passed over."""
        if self.stats_file.exists():
            for line in self.stats_file.read_text(encoding="utf-8").splitlines():
                try:
                    yield json.loads(line)
                except json.JSONDecodeError:
                    continue

    def cut_back(self, images: int) -> None:
        """Forget statistics and sheets from beyond the state that the run resumes from: they will come again."""
        kept = [json.dumps(row) for row in self.stats() if row["images"] <= images]
        if self.stats_file.exists():
            write_text(self.stats_file, "".join(line + "\n" for line in kept))
        for sheet in self.samples.glob("*.png"):
            if sheet.stem.isdigit() and int(sheet.stem) > images:
                sheet.unlink()


def agree(run: Run, recipe: Recipe) -> Recipe:
    """The recipe to go on with: the run's own, with the length asked for now.

    Training longer keeps the old horizon: schedules do not stretch, they stay at their last values.

    Raises:
        GanvasError: anything but the length differs.
    """
    old = run.recipe()
    if differences := sorted(old.differences(recipe), key=lambda line: line.startswith(("kind:", "paper:"))):
        more = f" and {len(differences) - NAMED} more" if len(differences) > NAMED else ""
        raise GanvasError(
            f"{run.path} was started with another recipe ({'; '.join(differences[:NAMED])}{more}); "
            "choose another --out to begin anew, or say the same again to go on"
        )
    return old.but(images=recipe.images)
