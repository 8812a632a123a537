"""What the toolkit's one loop costs beside a plain loop that trains the same networks on batches of the same size.

    OMP_WAIT_POLICY=passive python bench/train_speed.py [--recipe sprint …] [--threads 1] [--averages] [--json FILE]

The toolkit's side is `ganvas.training.loop.train` with all that it does in a run between two saves: batches drawn from
the data, schedules, readings, gradient norms, and with ``--averages`` the moving average of the weights too, which no
plain loop here has. The plain side is the script of that name in `reference/`; `sprint` has none, and its loop stands
here, as lean as it can be written (one gradient for both penalties, no graph where none is needed).

Both sides play in one process in turn, a block of rounds each, in the order A B, B A, A B …, so that whatever else the
machine does meets both. What is reported is the ratio of each pair of neighbouring blocks, by wall time and by CPU
seconds (of all threads; on a busy machine the one to look at). Over 1 the toolkit is the faster. The mark is 0.95.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganvas.games.batch import Batches
from ganvas.recipes.noise import NoiseRecipe
from ganvas.recipes.table import RECIPES
from ganvas.schedule import value_at
from ganvas.space import Space
from ganvas.training.average import Averages
from ganvas.training.loop import train
from ganvas.training.progress import Progress
from ganvas.training.runtime import Runtime, detect

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))

MARK = 0.95
BLOCK_SECONDS = 1.0
GREY, COLOUR = Space(channels=1, height=28, width=28), Space(channels=3, height=32, width=32)
NARROW = {"generator": {"kind": "r3gan", "width": 32}, "discriminator": {"kind": "r3gan", "width": 32}, "batch": 64}

Real = Callable[[int, int], tuple[Tensor, None]]


@dataclass(frozen=True)
class RandomPictures:
    """Speed does not depend on what is in the pictures."""

    images: np.ndarray
    labels: None = None


@dataclass(frozen=True)
class Table:
    """What both sides sit at."""

    recipe: NoiseRecipe
    data: RandomPictures
    runtime: Runtime
    averages: bool

    @property
    def device(self) -> torch.device:
        return self.runtime.place.device

    def toolkit(self) -> Callable[[int], None]:
        """Plays so many more rounds of the toolkit's side."""
        recipe, progress = self.recipe, Progress()
        game = recipe.game(self.device)
        batches = Batches(self.data, recipe.batch, game.turns, recipe.seed, self.runtime.place)
        callbacks = [Averages(game, recipe.keeps, recipe.average, recipe.batch)] if self.averages else []
        return lambda rounds: train(
            game, batches, progress, progress.images + rounds * recipe.batch, self.runtime, callbacks
        )

    def plain(self, rounds: Iterable[int]) -> None:
        """Plays the plain side as long as there are rounds."""
        networks = self.recipe.game(self.device).networks
        pictures = torch.from_numpy(self.data.images).to(self.device)
        size, prior = self.recipe.batch, self.recipe.prior

        def real(round: int, turn: int) -> tuple[Tensor, None]:
            return pictures[torch.randint(len(pictures), (size,), device=self.device)] / 127.5 - 1.0, None

        def noise(round: int, turn: int) -> Tensor:
            return prior.draw(size, self.device)

        PLAIN[self.recipe.name](self.recipe, networks["generator"], networks["discriminator"], rounds, real, noise)


@dataclass
class Match:
    """Blocks of rounds, in turn. The plain loop is handed its rounds' numbers one by one; while it waits for the next
    one, the toolkit plays: so neither side is ever set up anew."""

    toolkit: Callable[[int], None]
    device: torch.device
    pairs: int
    block: int | None
    wall: dict[str, list[float]] = field(default_factory=lambda: {"toolkit": [], "plain": []})
    cpu: dict[str, list[float]] = field(default_factory=lambda: {"toolkit": [], "plain": []})

    def rounds(self) -> Iterator[int]:
        """The numbers of the plain side's rounds; the whole match is played by exhausting it."""
        numbers = count()
        self.toolkit(2)
        yield from (next(numbers), next(numbers))
        self.block = self.block or self._calibrated()
        for pair in range(self.pairs):
            if pair % 2 == 0:
                self._play_toolkit()
            with self._measured("plain"):
                for _ in range(self.block):
                    yield next(numbers)
            if pair % 2 == 1:
                self._play_toolkit()

    def _play_toolkit(self) -> None:
        assert self.block is not None
        with self._measured("toolkit"):
            self.toolkit(self.block)

    def _calibrated(self) -> int:
        """Rounds that take the toolkit about `BLOCK_SECONDS`; a multiple of 4, the period of lazy penalties."""
        self._wait()
        start = time.perf_counter()
        self.toolkit(2)
        self._wait()
        return 4 * max(1, round(BLOCK_SECONDS / (time.perf_counter() - start) / 2))

    @contextmanager
    def _measured(self, side: str) -> Iterator[None]:
        self._wait()
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self._wait()
        self.wall[side].append(time.perf_counter() - wall)
        self.cpu[side].append(time.process_time() - cpu)

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def sprint(
    recipe: NoiseRecipe, generator: nn.Module, discriminator: nn.Module, rounds: Iterable[int], real: Real, noise: Any
) -> None:
    """The sprint recipe's game, whatever its numbers are at present: lazy R1 and R2, everything annealed."""
    horizon = (recipe.horizon or recipe.images) / recipe.batch
    descriptions: list[Any] = [recipe.optimizers["discriminator"], recipe.optimizers["generator"]]
    d_adam, g_adam = (
        torch.optim.Adam(network.parameters(), eps=adam.eps, fused=True)
        for network, adam in zip((discriminator, generator), descriptions, strict=True)
    )
    for round in rounds:
        done = round / horizon
        for adam, description in zip((d_adam, g_adam), descriptions, strict=True):
            adam.param_groups[0]["lr"] = value_at(description.lr, done)
            adam.param_groups[0]["betas"] = (value_at(description.beta1, done), value_at(description.beta2, done))

        generator.requires_grad_(False)
        due = [penalty for penalty in recipe.penalties.values() if round % penalty.every == 0]
        pictures = {"real": real(round, 0)[0], "fake": generator(noise(round, 0), None)}
        leaves = {penalty.at: pictures[penalty.at].requires_grad_() for penalty in due}
        logits = {side: discriminator(images, None).logits for side, images in pictures.items()}
        loss = recipe.loss.discriminator(logits["real"], logits["fake"]).mean()
        if due:
            total = torch.stack([logits[side].sum() for side in leaves]).sum()
            slopes = dict(
                zip(leaves, torch.autograd.grad(total, list(leaves.values()), create_graph=True), strict=True)
            )
            for penalty in due:
                loss = loss + penalty.every * value_at(penalty.gamma, done) * penalty(slopes[penalty.at]).mean()
        d_adam.zero_grad()
        loss.backward()
        d_adam.step()
        generator.requires_grad_(True)

        discriminator.requires_grad_(False)
        fake_logits = discriminator(generator(noise(round, 1), None), None).logits
        loss = recipe.loss.generator(discriminator(real(round, 1)[0], None).logits, fake_logits).mean()
        g_adam.zero_grad()
        loss.backward()
        g_adam.step()
        discriminator.requires_grad_(True)


def _dcgan(recipe: NoiseRecipe, *players: Any) -> None:
    importlib.import_module("dcgan").train(*players)


def _wgan_gp(recipe: NoiseRecipe, generator: Any, critic: Any, rounds: Any, real: Real, noise: Any) -> None:
    def draws(round: int, turn: int) -> tuple[Tensor, Tensor]:
        z = noise(round, turn)
        return z, torch.rand(len(z), 1, 1, 1, device=z.device)

    updates, weight = recipe.updates.discriminator, recipe.penalties["gradient-penalty"].gamma
    importlib.import_module("wgan_gp").train(generator, critic, rounds, real, draws, updates, weight)


def _r3gan(recipe: NoiseRecipe, *players: Any) -> None:
    gamma = value_at(recipe.penalties["r1"].gamma, 0.0)
    importlib.import_module("r3gan").train(*players, gamma=gamma, horizon=recipe.images // recipe.batch)


PLAIN: dict[str, Callable[..., None]] = {"sprint": sprint, "dcgan": _dcgan, "wgan-gp": _wgan_gp, "r3gan": _r3gan}
SET_UP: dict[str, tuple[Space, dict[str, Any]]] = {
    "sprint": (GREY, {}),
    "dcgan": (GREY, {}),
    "wgan-gp": (GREY, {}),
    "r3gan": (COLOUR, NARROW),
}


def measure(name: str, asked: argparse.Namespace) -> dict[str, Any]:
    """Play one recipe's match; all numbers of it."""
    space, changes = SET_UP[name]
    recipe = RECIPES[name](space).but(**changes)
    assert isinstance(recipe, NoiseRecipe)
    images = np.random.default_rng(0).integers(0, 256, (10_000, *space.shape), dtype=np.uint8)
    table = Table(recipe, RandomPictures(images), detect(asked.device, recipe.precision), asked.averages)
    match = Match(table.toolkit(), table.device, asked.pairs, asked.rounds)
    table.plain(match.rounds())
    block_images = recipe.batch * (match.block or 0)
    return {
        "recipe": name,
        "device": torch.cuda.get_device_name(table.device) if table.device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "size": str(space),
        "batch": recipe.batch,
        "rounds_a_block": match.block,
        "averages": asked.averages,
        "images_per_second": {side: block_images / median(times) for side, times in match.wall.items()},
        "cpu_seconds_per_image": {side: median(times) / block_images for side, times in match.cpu.items()},
        "ratio_by_wall_time": ratios(match.wall),
        "ratio_by_cpu_seconds": ratios(match.cpu),
    }


def ratios(times: dict[str, list[float]]) -> dict[str, Any]:
    """Toolkit's images per second over the plain loop's, pair by pair."""
    pairs = [plain / toolkit for toolkit, plain in zip(times["toolkit"], times["plain"], strict=True)]
    return {"median": median(pairs), "min": min(pairs), "max": max(pairs), "pairs": pairs}


def say(result: dict[str, Any]) -> None:
    """Two lines a recipe."""
    speed = result["images_per_second"]
    print(
        f"{result['recipe']:8} {result['size']}, batch {result['batch']}, {result['rounds_a_block']} rounds a block, "
        f"{result['threads']} threads on {result['device']}: "
        f"{speed['toolkit']:.0f} images/s, plain {speed['plain']:.0f}"
    )
    for by in ("cpu_seconds", "wall_time"):
        r = result[f"ratio_by_{by}"]
        verdict = "" if r["median"] >= MARK else f"  below the mark of {MARK}"
        print(f"         by {by:11} {r['median']:.3f}  ({r['min']:.3f} … {r['max']:.3f}){verdict}")


def main() -> None:
    """Parse, play, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--recipe", nargs="+", choices=list(PLAIN), default=list(PLAIN))
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--rounds", type=int, help="rounds a block; by default about a second's worth")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--averages", action="store_true", help="let the toolkit average its weights as in a real run")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    results = []
    for name in asked.recipe:
        results.append(measure(name, asked))
        say(results[-1])
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
