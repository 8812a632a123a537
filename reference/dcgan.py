"""DCGAN on one page: Radford, Metz & Chintala 2016, the game of Goodfellow et al. 2014 with its non-saturating loss.

The networks and what describes them come from ganvas (`ganvas.models`, `ganvas.space`, `ganvas.latent`); all that
trains them is written out below.

    python reference/dcgan.py [ROUNDS] [PICTURES.npz]      writes dcgan.png
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
from torch.nn.functional import softplus

from ganvas.latent.priors import Uniform
from ganvas.models.dcgan import DCGANDiscriminator, DCGANGenerator
from ganvas.space import Space

Real = Callable[[int, int], tuple[Tensor, Tensor | None]]
"""(round, turn) → pictures (N, C, H, W) in [−1, 1] and their condition (N, …) or None."""
Noise = Callable[[int, int], Tensor]
"""(round, turn) → latents (N, dimension)."""


@contextmanager
def fixed(network: nn.Module) -> Iterator[None]:
    """Within, this network does not learn; its batch statistics are afterwards what they were before."""
    network.requires_grad_(False)
    statistics = [buffer.clone() for buffer in network.buffers()]
    yield
    for buffer, before in zip(network.buffers(), statistics, strict=True):
        buffer.copy_(before)
    network.requires_grad_(True)


def train(generator: nn.Module, discriminator: nn.Module, rounds: Iterable[int], real: Real, noise: Noise) -> None:
    """One update of D and one of G a round, each with fresh pictures and fresh noise."""
    d_adam = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True)
    g_adam = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True)
    for round in rounds:
        x, c = real(round, 0)
        z = noise(round, 0)
        with fixed(generator):
            # L_D = E[−log D(x)] + E[−log(1 − D(G(z)))],   D = σ(logit),   −log σ(l) = softplus(−l)
            # two calls: batch normalisation would otherwise let a picture see what it is judged beside
            fake = generator(z, c)
            real_logits, fake_logits = discriminator(x, c).logits, discriminator(fake, c).logits
            loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
            d_adam.zero_grad()
            loss.backward()
            d_adam.step()

        _, c = real(round, 1)
        z = noise(round, 1)
        with fixed(discriminator):
            # L_G = E[−log D(G(z))]: not −L_D, whose slope vanishes just when D has seen through G
            loss = softplus(-discriminator(generator(z, c), c).logits).mean()
            g_adam.zero_grad()
            loss.backward()
            g_adam.step()


def pictures(path: str | None) -> Tensor:
    """uint8 (N, C, H, W) from the array ``images`` (N, H, W) or (N, H, W, C) of an .npz, else the packaged digits."""
    with resources.as_file(resources.files("ganvas") / "data" / "digits.npz") as digits:
        images = np.load(path or digits)["images"]
    return torch.from_numpy(images.reshape(*images.shape[:3], -1).transpose(0, 3, 1, 2).copy())


def save_grid(images: Tensor, path: str, columns: int = 8) -> None:
    """Write (N, C, H, W) in [−1, 1] as one sheet."""
    tiles = ((images + 1) * 127.5).round().clamp(0, 255).byte().unflatten(0, (-1, columns))
    sheet = tiles.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    Image.fromarray(sheet.squeeze(2).numpy()).save(path)


def main() -> None:
    """Train narrow networks, about a minute on two cores, and look."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    data = pictures(sys.argv[2] if len(sys.argv) > 2 else None)
    _, channels, height, width = data.shape
    space, prior = Space(channels=channels, height=height, width=width), Uniform(dimension=100)
    torch.manual_seed(0)
    generator = DCGANGenerator(width=32).build(space, prior)
    discriminator = DCGANDiscriminator(width=32).build(space)

    def real(round: int, turn: int) -> tuple[Tensor, None]:
        return data[torch.randint(len(data), (64,))] / 127.5 - 1.0, None

    train(generator, discriminator, range(rounds), real, lambda round, turn: prior.draw(64, torch.device("cpu")))
    with torch.no_grad():
        save_grid(generator.eval()(prior.draw(64, torch.device("cpu"))), "dcgan.png")


if __name__ == "__main__":
    main()
