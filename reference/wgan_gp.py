"""WGAN-GP on one page: Gulrajani et al. 2017, algorithm 1.

The networks and what describes them come from ganvas (`ganvas.models`, `ganvas.space`, `ganvas.latent`); all that
trains them is written out below.

    python reference/wgan_gp.py [ROUNDS] [PICTURES.npz]      writes wgan_gp.png
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

from ganvas.latent.priors import Normal
from ganvas.models.dcgan import DCGANDiscriminator, DCGANGenerator
from ganvas.space import Space

Real = Callable[[int, int], tuple[Tensor, Tensor | None]]
"""(round, turn) → pictures (N, C, H, W) in [−1, 1] and their condition (N, …) or None."""
Noise = Callable[[int, int], tuple[Tensor, Tensor]]
"""(round, turn) → latents (N, dimension) and ε (N, 1, 1, 1) in [0, 1], each picture's place between fake and real."""


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
    critic: nn.Module,
    rounds: Iterable[int],
    real: Real,
    noise: Noise,
    critic_updates: int = 5,
    weight: float = 10.0,
) -> None:
    """Algorithm 1: ``critic_updates`` (n_critic) of the critic and one of G a round; ``weight`` is λ."""
    c_adam = torch.optim.Adam(critic.parameters(), lr=1e-4, betas=(0.0, 0.9), fused=True)
    g_adam = torch.optim.Adam(generator.parameters(), lr=1e-4, betas=(0.0, 0.9), fused=True)
    for round in rounds:
        for turn in range(critic_updates):
            x, c = real(round, turn)
            z, mix = noise(round, turn)
            with fixed(generator):
                fake = generator(z, c)
                # x̂ = εx + (1 − ε)x̃, and there the slope of the critic, picture by picture (no logit sees another's)
                between = (mix * x + (1.0 - mix) * fake).requires_grad_()
                (gradient,) = torch.autograd.grad(critic(between, c).logits.sum(), between, create_graph=True)
                # + tiny: the root's own slope is infinite at 0
                length = (gradient.square().sum((1, 2, 3)) + 1e-16).sqrt()
                # L = D(x̃) − D(x) + λ (|∇D(x̂)| − 1)²
                loss = (critic(fake, c).logits - critic(x, c).logits + weight * (length - 1.0).square()).mean()
                c_adam.zero_grad()
                loss.backward()
                c_adam.step()

        _, c = real(round, critic_updates)
        z, _ = noise(round, critic_updates)
        with fixed(critic):
            # L = −D(G(z))
            loss = -critic(generator(z, c), c).logits.mean()
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
    """Train narrow networks for a minute or two on two cores: strokes appear; the paper's rates want far longer."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    data = pictures(sys.argv[2] if len(sys.argv) > 2 else None)
    _, channels, height, width = data.shape
    space, prior = Space(channels=channels, height=height, width=width), Normal(dimension=128)
    torch.manual_seed(0)
    generator = DCGANGenerator(width=16).build(space, prior)
    critic = DCGANDiscriminator(width=16, norm="none").build(space)

    def real(round: int, turn: int) -> tuple[Tensor, None]:
        return data[torch.randint(len(data), (64,))] / 127.5 - 1.0, None

    def noise(round: int, turn: int) -> tuple[Tensor, Tensor]:
        return prior.draw(64, torch.device("cpu")), torch.rand(64, 1, 1, 1)

    train(generator, critic, range(rounds), real, noise)
    with torch.no_grad():
        save_grid(generator.eval()(prior.draw(64, torch.device("cpu"))), "wgan_gp.png")


if __name__ == "__main__":
    main()
