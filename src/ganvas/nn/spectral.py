"""Spectral normalisation on a whole network."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

_NORMALISED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, nn.Embedding)


def spectrally_normalised(network: nn.Module) -> nn.Module:
    """Miyato et al. 2018: every layer's weight is divided by its largest singular value, followed by one power
    iteration a forward pass; the network is then 1-Lipschitz up to its activations."""
    for layer in list(network.modules()):
        if isinstance(layer, _NORMALISED):
            if not layer.weight.any():
                nn.init.orthogonal_(layer.weight)  # a zero start has no direction to keep the length of
            spectral_norm(layer)
    return network
