"""Packing: a discriminator that judges several pictures at once."""

from __future__ import annotations

from torch import Tensor, nn

from ganvas.nn.judgement import Judgement


class Packed(nn.Module):
    """Lin et al. 2018 (PacGAN): ``pack`` consecutive pictures, stacked along their channels, get one logit:
    (N, C, H, W) → (N / pack,). A pack that lacks variety is easy to tell from a real one.

    Args:
        network: a discriminator for ``pack`` times the channels.
        pack: pictures that are judged together; batches must divide by it.
    """

    mixes_samples = True

    def __init__(self, network: nn.Module, pack: int) -> None:
        super().__init__()
        self.network, self.pack = network, pack

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        judgement: Judgement = self.network(images.reshape(-1, self.pack * images.shape[1], *images.shape[2:]))
        return judgement
