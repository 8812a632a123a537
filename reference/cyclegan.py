"""CycleGAN on one page: Zhu et al. 2017, *Unpaired image-to-image translation using cycle-consistent adversarial
networks*.

The networks and what describes them come from ganvas (`ganvas.models`, `ganvas.space`); all that trains them is written
out below.

    python reference/cyclegan.py [ROUNDS]      writes cyclegan.png: sources, their translations, and back again
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import resources

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ganvas.models.patchgan import PatchGANDiscriminator
from ganvas.models.resnet_translator import ResNetTranslator
from ganvas.space import Source, Space

Sets = Callable[[int], tuple[Tensor, Tensor]]
"""Round → pictures x (N, C', H, W) of one set and y (N, C, H, W) of the other, in [−1, 1]; they are no pairs."""
Chance = Callable[[int], tuple[list[bool], list[int]]]
"""Round → for each of N fakes, whether an older one takes its place, and which."""


class History:
    """Up to ``size`` fakes of earlier rounds, so that D does not forget them (section 4 of the paper)."""

    def __init__(self, size: int = 50) -> None:
        self.size, self.kept = size, list[Tensor]()

    def show(self, fakes: Tensor, swap: list[bool], place: list[int]) -> Tensor:
        """While it fills, each fake is kept and shown; then it is shown, or swapped for an older one."""
        shown = []
        for fake, swaps, at in zip(fakes.detach(), swap, place, strict=True):
            if len(self.kept) < self.size:
                self.kept.append(fake)
                shown.append(fake)
            elif swaps:
                shown.append(self.kept[at])
                self.kept[at] = fake
            else:
                shown.append(fake)
        return torch.stack(shown)


@contextmanager
def fixed(*networks: nn.Module) -> Iterator[None]:
    """Within, these do not learn. (Instance normalisation keeps no statistics that would have to be put back.)"""
    for network in networks:
        network.requires_grad_(False)
    yield
    for network in networks:
        network.requires_grad_(True)


def distance(a: Tensor, b: Tensor) -> Tensor:
    """ℓ1, as a mean."""
    return (a - b).abs().mean()


def train(
    g: nn.Module,
    f: nn.Module,
    d_y: nn.Module,
    d_x: nn.Module,
    rounds: Iterable[int],
    sets: Sets,
    chances: tuple[Chance, Chance],
    horizon: int,
    cycle: float = 10.0,
    identity: float = 5.0,
    size: int = 50,
) -> None:
    """G: x → y and F: y → x move together, then D_Y and D_X together. The learning rate is constant for half of
    ``horizon`` rounds and then falls to 0; ``cycle`` is λ, ``size`` that of the histories."""
    g_adam = torch.optim.Adam([*g.parameters(), *f.parameters()], betas=(0.5, 0.999), fused=True)
    d_adam = torch.optim.Adam([*d_y.parameters(), *d_x.parameters()], betas=(0.5, 0.999), fused=True)
    y_history, x_history = History(size), History(size)
    for round in rounds:
        for adam in (g_adam, d_adam):
            adam.param_groups[0]["lr"] = 2e-4 * min(1.0, 2.0 * (1.0 - round / horizon))

        x, y = sets(round)
        with fixed(d_y, d_x):
            # L_G = E(D_Y(G(x)) − 1)² + E(D_X(F(y)) − 1)²           (least squares in place of equation 1)
            #     + λ E|F(G(x)) − x| + λ E|G(F(y)) − y|             (equation 2)
            #     + ½ λ E|G(y) − y| + ½ λ E|F(x) − x|               (section 5.2)
            fake_y, fake_x = g(x), f(y)
            deceive = (d_y(fake_y).logits - 1).square().mean() + (d_x(fake_x).logits - 1).square().mean()
            there_and_back = distance(f(fake_y), x) + distance(g(fake_x), y)
            same = distance(g(y), y) + distance(f(x), x)
            g_adam.zero_grad()
            (deceive + cycle * there_and_back + identity * same).backward()
            g_adam.step()

        # L_D = ½ E(D_Y(y) − 1)² + ½ E D_Y(G(x))², and D_X likewise, against what G and F made before they learnt
        old_y = y_history.show(fake_y, *chances[0](round))
        old_x = x_history.show(fake_x, *chances[1](round))
        real = (d_y(y).logits - 1).square().mean() + (d_x(x).logits - 1).square().mean()
        fake = d_y(old_y).logits.square().mean() + d_x(old_x).logits.square().mean()
        d_adam.zero_grad()
        (0.5 * real + 0.5 * fake).backward()
        d_adam.step()


def save_rows(rows: list[Tensor], path: str) -> None:
    """Write some (N, C, H, W) in [−1, 1], a row each."""
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
    Image.fromarray(((sheet + 1) * 127.5).round().clamp(0, 255).byte()[0].numpy()).save(path)


def main() -> None:
    """Digits ⇄ other digits in dark on light: train narrow networks, two minutes on two cores, and look."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with resources.as_file(resources.files("ganvas") / "data" / "digits.npz") as file:
        data = torch.from_numpy(np.load(file)["images"])[:, None] / 127.5 - 1.0
    xs, ys, shown = data[0::2], -data[1::2], data[1::626]  # D_Y has seen these only in dark on light
    source, space = Source(channels=1, height=28, width=28, paired=False), Space(channels=1, height=28, width=28)
    torch.manual_seed(0)
    g, f = (ResNetTranslator(width=16, blocks=2).network(source, space) for _ in range(2))
    d_y, d_x = (PatchGANDiscriminator(width=16, layers=2, norm="instance").build(space) for _ in range(2))

    def sets(round: int) -> tuple[Tensor, Tensor]:
        return xs[torch.randint(len(xs), (8,))], ys[torch.randint(len(ys), (8,))]

    def chance(round: int) -> tuple[list[bool], list[int]]:
        return (torch.rand(8) < 0.5).tolist(), torch.randint(50, (8,)).tolist()

    train(g, f, d_y, d_x, range(rounds), sets, (chance, chance), horizon=rounds, identity=0.0)
    with torch.no_grad():
        save_rows([shown, g(shown), f(g(shown))], "cyclegan.png")


if __name__ == "__main__":
    main()
