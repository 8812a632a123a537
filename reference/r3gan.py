"""R3GAN on one page: Huang et al. 2024, relativistic pairing with R1 and R2, annealed.

The networks and what describes them come from ganvas (`ganvas.models`, `ganvas.space`, `ganvas.latent`); all that
trains them is written out below. They have no normalisation, so what does not learn does not change.

    python reference/r3gan.py [ROUNDS] [PICTURES.npz]      writes r3gan.png
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from importlib import resources

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganvas.latent.priors import Normal
from ganvas.models.r3gan import R3GANDiscriminator, R3GANGenerator
from ganvas.space import Space

Real = Callable[[int, int], tuple[Tensor, Tensor | None]]
"""(round, turn) → pictures (N, C, H, W) in [−1, 1] and their condition (N, …) or None."""
Noise = Callable[[int, int], Tensor]
"""(round, turn) → latents (N, dimension)."""


def cosine(start: float, end: float, progress: float) -> float:
    """From ``start`` to ``end`` along half a cosine, as the paper anneals everything; constant after progress 1."""
    return start + (end - start) * (1.0 - math.cos(math.pi * min(progress, 1.0))) / 2.0


def slope(logits: Tensor, images: Tensor) -> Tensor:
    """|∇D(x)|² of each picture: (N,)."""
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum((1, 2, 3))


def train(
    generator: nn.Module,
    discriminator: nn.Module,
    rounds: Iterable[int],
    real: Real,
    noise: Noise,
    gamma: float,
    horizon: int,
) -> None:
    """One update of D and one of G a round. Learning rate, β₂ and γ (from ``gamma`` to a tenth) are annealed over
    ``horizon`` rounds."""
    d_adam = torch.optim.Adam(discriminator.parameters(), fused=True)
    g_adam = torch.optim.Adam(generator.parameters(), fused=True)
    for round in rounds:
        for adam in (d_adam, g_adam):
            adam.param_groups[0]["lr"] = cosine(2e-4, 5e-5, round / horizon)
            adam.param_groups[0]["betas"] = (0.0, cosine(0.9, 0.99, round / horizon))

        x, c = real(round, 0)
        z = noise(round, 0)
        generator.requires_grad_(False)
        # L_D = E[softplus(−(D(x) − D(G(z))))] + γ/2 E|∇D(x)|² + γ/2 E|∇D(G(z))|²      (equation 2, R1 and R2)
        x, fake = x.requires_grad_(), generator(z, c).requires_grad_()
        real_logits, fake_logits = discriminator(x, c).logits, discriminator(fake, c).logits
        penalty = 0.5 * (slope(real_logits, x) + slope(fake_logits, fake))
        loss = (softplus(fake_logits - real_logits) + cosine(gamma, gamma / 10, round / horizon) * penalty).mean()
        d_adam.zero_grad()
        loss.backward()
        d_adam.step()
        generator.requires_grad_(True)

        x, c = real(round, 1)
        z = noise(round, 1)
        discriminator.requires_grad_(False)
        # L_G = E[softplus(−(D(G(z)) − D(x)))]: each fake against one real picture, as in D's turn
        loss = softplus(discriminator(x, c).logits - discriminator(generator(z, c), c).logits).mean()
        g_adam.zero_grad()
        loss.backward()
        g_adam.step()
        discriminator.requires_grad_(True)


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
    """Train narrow networks for a minute or two on two cores: strokes appear; the paper's rates want far longer."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    data = pictures(sys.argv[2] if len(sys.argv) > 2 else None)
    _, channels, height, width = data.shape
    space, prior = Space(channels=channels, height=height, width=width), Normal(dimension=64)
    torch.manual_seed(0)
    generator = R3GANGenerator(width=16, blocks=1).build(space, prior)
    discriminator = R3GANDiscriminator(width=16, blocks=1).build(space)

    def real(round: int, turn: int) -> tuple[Tensor, None]:
        return data[torch.randint(len(data), (32,))] / 127.5 - 1.0, None

    def noise(round: int, turn: int) -> Tensor:
        return prior.draw(32, torch.device("cpu"))

    train(generator, discriminator, range(rounds), real, noise, gamma=1.0, horizon=rounds)
    with torch.no_grad():
        save_grid(generator.eval()(prior.draw(64, torch.device("cpu"))), "r3gan.png")


if __name__ == "__main__":
    main()
