"""What the toolkit's one loop costs beside plain scripts of pix2pix and CycleGAN, and its engine beside a bare call.

    OMP_WAIT_POLICY=passive python bench/translation_speed.py [--only pix2pix …] [--size 256] [--json FILE]

The plain side is written as the peers' training steps go: the generator runs once a round and its fakes serve both
players, the discriminator first in pix2pix and last in CycleGAN; Adam as `torch.optim.Adam` comes; pictures are ready
in memory. The networks are the same on both sides, at the published widths. Both sides play in turn in one process, as
in `train_speed`, and what is reported is the ratio of neighbouring blocks. Over 1 the toolkit is the faster. The mark
is 1. Inference: `ganvas.translate` on a picture of any size against the network called on a tensor that happens to fit.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss, mse_loss
from train_speed import Match, ratios

from ganvas.contract.trial import random_translations
from ganvas.games.pool import Pool, Swaps
from ganvas.recipes.table import RECIPES
from ganvas.space import Source, Space
from ganvas.training.average import Averages
from ganvas.training.loop import train
from ganvas.training.progress import Progress
from ganvas.training.runtime import Runtime, detect
from ganvas.translate.engine import Engine

MARK = 1.0
Networks = dict[str, nn.Module]


def space_of(size: int, paired: bool) -> Space:
    """Colour to colour."""
    return Space(channels=3, height=size, width=size, source=Source(channels=3, height=size, width=size, paired=paired))


def toolkit(recipe: Any, data: Any, runtime: Runtime) -> Callable[[int], None]:
    """Plays so many more rounds of the toolkit's side, with all that a run does in a round."""
    game, progress = recipe.game(runtime.place.device), Progress()
    batches = recipe.stream(data, game.turns, runtime.place)
    averages = Averages(game, recipe.keeps, recipe.average, recipe.batch)
    return lambda rounds: train(game, batches, progress, progress.images + rounds * recipe.batch, runtime, [averages])


def adam(*networks: nn.Module) -> torch.optim.Adam:
    """As the peers call it."""
    return torch.optim.Adam([p for n in networks for p in n.parameters()], lr=2e-4, betas=(0.5, 0.999))


def judged(logits: Tensor, real: bool) -> Tensor:
    """pix2pix's "vanilla" loss."""
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


def squared(logits: Tensor, real: bool) -> Tensor:
    """CycleGAN's least squares."""
    return mse_loss(logits, torch.full_like(logits, float(real)))


def pix2pix(networks: Networks, rounds: Iterable[int], real: Callable[[], tuple[Tensor, Tensor]]) -> None:
    """One forward pass of G; D learns from it without its graph, then G with it."""
    g, d = networks["generator"], networks["discriminator"]
    g_adam, d_adam = adam(g), adam(d)
    for _ in rounds:
        x, y = real()
        fake = g(x)
        d.requires_grad_(True)
        d_adam.zero_grad()
        (0.5 * (judged(d(fake.detach(), x).logits, False) + judged(d(y, x).logits, True))).backward()
        d_adam.step()
        d.requires_grad_(False)
        g_adam.zero_grad()
        (judged(d(fake, x).logits, True) + 100.0 * l1_loss(fake, y)).backward()
        g_adam.step()


def cyclegan(networks: Networks, rounds: Iterable[int], real: Callable[[], tuple[Tensor, Tensor]]) -> None:
    """Both generators, then both discriminators against a history of the same fakes."""
    g, f, d_y, d_x = (networks[role] for role in ("generator", "inverse", "discriminator", "inverse_discriminator"))
    pools = [Pool(50, (3, 1, 1)), Pool(50, (3, 1, 1))]
    g_adam, d_adam = adam(g, f), adam(d_y, d_x)
    for _ in rounds:
        x, y = real()
        pools = pools if pools[0].kept.shape[2:] == x.shape[2:] else [Pool(50, tuple(x.shape[1:])) for _ in pools]  # type: ignore[arg-type]
        for network in (d_y, d_x):
            network.requires_grad_(False)
        g_adam.zero_grad()
        fake_y, fake_x = g(x), f(y)
        same = l1_loss(g(y), y) + l1_loss(f(x), x)
        cycle = l1_loss(f(fake_y), x) + l1_loss(g(fake_x), y)
        deceive = squared(d_y(fake_y).logits, True) + squared(d_x(fake_x).logits, True)
        (deceive + 10.0 * cycle + 5.0 * same).backward()
        g_adam.step()
        for network in (d_y, d_x):
            network.requires_grad_(True)
        d_adam.zero_grad()
        for d, pool, fake, truth in ((d_y, pools[0], fake_y, y), (d_x, pools[1], fake_x, x)):
            old = pool(fake, Swaps(len(fake), 50))
            (0.5 * (squared(d(truth).logits, True) + squared(d(old).logits, False))).backward()
        d_adam.step()


PLAIN = {"pix2pix": pix2pix, "cyclegan": cyclegan}


def measure(name: str, asked: argparse.Namespace) -> dict[str, Any]:
    """One recipe's match; all numbers of it."""
    space = space_of(asked.size, paired=name == "pix2pix")
    recipe = RECIPES[name](space).but(batch=asked.batch)
    runtime = detect(asked.device)
    match = Match(toolkit(recipe, random_translations(space), runtime), runtime.place.device, asked.pairs, None)
    pictures = torch.rand(2, 64, asked.batch, *space.shape, device=runtime.place.device) * 2 - 1

    def real() -> tuple[Tensor, Tensor]:
        which = int(torch.randint(64, ()))
        return pictures[0, which], pictures[1, which]

    PLAIN[name](recipe.game(runtime.place.device).networks, match.rounds(), real)
    block = recipe.batch * (match.block or 0)
    return {
        "recipe": name,
        "size": asked.size,
        "batch": recipe.batch,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "images_per_second": {side: block / median(times) for side, times in match.wall.items()},
        "ratio_by_wall_time": ratios(match.wall),
        "ratio_by_cpu_seconds": ratios(match.cpu),
    }


def inference(name: str, asked: argparse.Namespace) -> dict[str, Any]:
    """The trained generator on one picture: the engine, which pads, watches memory and puts everything back, and a bare
    call, one after the other."""
    recipe: Any = RECIPES[name](space_of(asked.size, paired=name == "pix2pix"))
    device = detect(asked.device).place.device
    network: Any = recipe.networks(["generator"])["generator"].to(device)
    engine = Engine(network, 3, recipe.test_mode, device=device)
    picture = torch.rand(1, 3, asked.size, asked.size) * 2 - 1
    network.train(recipe.test_mode == "train")

    def bare() -> Tensor:
        with torch.no_grad():
            made: Tensor = network(picture.to(device)).cpu()
        return made

    times: dict[str, list[float]] = {"toolkit": [], "plain": []}
    cpu: dict[str, list[float]] = {"toolkit": [], "plain": []}
    for turn in range(2 * asked.pairs + 2):
        order: list[tuple[str, Callable[[], object]]] = [("toolkit", lambda: engine(picture)), ("plain", bare)]
        for side, call in order if turn % 2 else order[::-1]:
            start, spent = time.perf_counter(), time.process_time()
            call()
            times[side].append(time.perf_counter() - start)
            cpu[side].append(time.process_time() - spent)
    times, cpu = ({side: values[2:] for side, values in each.items()} for each in (times, cpu))
    return {
        "recipe": f"{name} used",
        "size": asked.size,
        "batch": 1,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "images_per_second": {side: 1 / median(each) for side, each in times.items()},
        "ratio_by_wall_time": ratios(times),
        "ratio_by_cpu_seconds": ratios(cpu),
    }


def main() -> None:
    """Parse, play, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(PLAIN), default=list(PLAIN))
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    results = [play(name, asked) for name in asked.only for play in (measure, inference)]
    for result in results:
        speeds = ", ".join(f"{side} {speed:.2f} images/s" for side, speed in result["images_per_second"].items())
        print(f"{result['recipe']:9} {result['size']} px, batch {result['batch']}: {speeds}")
        for by in ("cpu_seconds", "wall_time"):
            r = result[f"ratio_by_{by}"]
            verdict = "" if r["median"] >= MARK else f"  below the mark of {MARK:g}"
            print(f"          by {by:11} {r['median']:.3f}  ({r['min']:.3f} … {r['max']:.3f}){verdict}")
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
