"""pix2pix on one page: Isola et al. 2017, *Image-to-image translation with conditional adversarial networks*.

The networks and what describes them come from ganvas (`ganvas.models`, `ganvas.nn`, `ganvas.space`); all that trains
them is written out below.

    python reference/pix2pix.py [ROUNDS]      writes pix2pix.png: outlines, what became of them, the truth
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
from torch.nn.functional import max_pool2d, softplus

from ganvas.models.patchgan import PatchGANDiscriminator
from ganvas.models.unet import UNetTranslator
from ganvas.nn.beside import Beside
from ganvas.space import Source, Space

Pairs = Callable[[int, int], tuple[Tensor, Tensor]]
"""(round, turn) → sources (N, C', H, W) and the pictures (N, C, H, W) that they should become, in [−1, 1]."""


@contextmanager
def fixed(network: nn.Module) -> Iterator[None]:
    """Within, this network does not learn; its batch statistics are afterwards what they were before."""
    network.requires_grad_(False)
    statistics = [buffer.clone() for buffer in network.buffers()]
    yield
    for buffer, before in zip(network.buffers(), statistics, strict=True):
        buffer.copy_(before)
    network.requires_grad_(True)


def train(
    generator: nn.Module,
    discriminator: nn.Module,
    rounds: Iterable[int],
    pairs: Pairs,
    horizon: int,
    weight: float = 100.0,
) -> None:
    """One update of D and one of G a round; D is shown pictures beside their sources. The learning rate is constant for
    half of ``horizon`` rounds and then falls to 0; ``weight`` is λ."""
    d_adam = torch.optim.Adam(discriminator.parameters(), betas=(0.5, 0.999), fused=True)
    g_adam = torch.optim.Adam(generator.parameters(), betas=(0.5, 0.999), fused=True)
    for round in rounds:
        for adam in (d_adam, g_adam):
            adam.param_groups[0]["lr"] = 2e-4 * min(1.0, 2.0 * (1.0 - round / horizon))

        x, y = pairs(round, 0)
        with fixed(generator):
            # L_D = ½ E[−log D(x, y)] + ½ E[−log(1 − D(x, G(x)))] over all patches; the ½ slows D down (section 3.3)
            fake = generator(x)
            real_logits, fake_logits = discriminator(y, x).logits, discriminator(fake, x).logits
            loss = 0.5 * (softplus(-real_logits).mean() + softplus(fake_logits).mean())
            d_adam.zero_grad()
            loss.backward()
            d_adam.step()

        x, y = pairs(round, 1)
        with fixed(discriminator):
            # L_G = E[−log D(x, G(x))] + λ E|y − G(x)|: the noise z is in the dropout of G      (equation 4)
            fake = generator(x)
            loss = softplus(-discriminator(fake, x).logits).mean() + weight * (y - fake).abs().mean()
            g_adam.zero_grad()
            loss.backward()
            g_adam.step()


def digits() -> Tensor:
    """The packaged digits: (10000, 1, 28, 28) in [−1, 1]."""
    with resources.as_file(resources.files("ganvas") / "data" / "digits.npz") as file:
        return torch.from_numpy(np.load(file)["images"])[:, None] / 127.5 - 1.0


def outlines(pictures: Tensor) -> Tensor:
    """Where a stroke ends: the brightest neighbour less the pixel itself, in [−1, 1]."""
    return max_pool2d(pictures, 3, stride=1, padding=1) - pictures - 1.0


def save_rows(rows: list[Tensor], path: str) -> None:
    """Write some (N, C, H, W) in [−1, 1], a row each."""
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
    Image.fromarray(((sheet + 1) * 127.5).round().clamp(0, 255).byte()[0].numpy()).save(path)


def main() -> None:
    """Train narrow networks, a minute or two on two cores, and look."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    data = digits()
    shown = torch.arange(0, len(data), len(data) // 16)
    shown, kept = data[shown], data[torch.isin(torch.arange(len(data)), shown, invert=True)]
    _, channels, height, width = data.shape
    source = Source(channels=channels, height=height, width=width)
    torch.manual_seed(0)
    generator = UNetTranslator(width=16).network(source, Space(channels=channels, height=height, width=width))
    both = Space(channels=2 * channels, height=height, width=width)
    discriminator = Beside(PatchGANDiscriminator(width=16, layers=2).build(both))

    def pairs(round: int, turn: int) -> tuple[Tensor, Tensor]:
        pictures = kept[torch.randint(len(kept), (16,))]
        return outlines(pictures), pictures

    train(generator, discriminator, range(rounds), pairs, horizon=rounds)
    with torch.no_grad():  # still in train mode: the authors keep dropout, and normalise by the pictures at hand
        save_rows([outlines(shown), generator(outlines(shown)), shown], "pix2pix.png")


if __name__ == "__main__":
    main()
