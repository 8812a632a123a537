"""Small pictures of large ones: the benchmark's way to the bit, and the wild way by its parts."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator, Tensor

from ganvas.data.degradation import KERNEL, Bicubic, Degradation, RealWorld, gaussian_kernel, sinc_kernel
from ganvas.errors import GanvasError
from ganvas.resizing import matlab_bicubic


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def pictures(count: int = 3, side: int = 32, channels: int = 3) -> Tensor:
    """Smooth ramps with an edge, in [−1, 1]."""
    ramp = torch.linspace(-1, 1, side).expand(count, channels, side, side).clone()
    ramp[:, :, side // 2 :] *= -0.5
    return ramp


def levels(images: Tensor) -> Tensor:
    return (images + 1) * 127.5


def test_bicubic_is_matlab_and_a_file() -> None:
    """MATLAB's filter, then rounded to 8 bits and kept within them: what the published numbers begin from."""
    large = torch.rand(2, 3, 24, 16, generator=seeded()) * 2 - 1
    small = Bicubic(scale=4)(large, seeded())
    expected = matlab_bicubic(levels(large), (6, 4)).round().clamp(0, 255)
    assert small.shape == (2, 3, 6, 4) and torch.allclose(levels(small), expected, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_real_world_gives_files_of_the_right_size(channels: int, scale: int) -> None:
    small = RealWorld(scale=scale)(pictures(2, 32, channels), seeded())
    assert small.shape == (2, channels, 32 // scale, 32 // scale) and small.abs().max() <= 1
    assert (levels(small) - levels(small).round()).abs().max() < 1e-4


def test_chance_is_all_in_the_generator() -> None:
    """The same seed gives the same damage, another one another, and a picture's depends on those before it only."""
    large, wild = pictures(), RealWorld(scale=2)
    first = wild(large, seeded(1))
    torch.manual_seed(7)
    assert torch.equal(wild(large, seeded(1)), first) and not torch.equal(wild(large, seeded(2)), first)
    assert torch.equal(wild(large[:2], seeded(1)), first[:2])
    assert not torch.equal(first[0], first[1])  # each has its own


def test_real_world_damages_more_and_still_shows_the_picture() -> None:
    """Over 40 draws: farther from the large picture than bicubic, yet clearly the same one."""
    large = pictures(40)
    clean = Bicubic(scale=4)(large, seeded())
    wild = RealWorld(scale=4)(large, seeded())
    error = (levels(wild) - levels(clean)).abs().mean()
    together = torch.corrcoef(torch.stack([wild.mean(0).flatten(), clean.mean(0).flatten()]))[0, 1]
    assert error > 5 and together > 0.9


def test_the_kernels() -> None:
    """All sum to 1. Variances of a Gaussian are σ² along its axes: 4 and 1, turned by 90° the other way round."""
    place = torch.arange(KERNEL, dtype=torch.float32) - KERNEL // 2
    plain, turned = gaussian_kernel(2, 1, 0), gaussian_kernel(2, 1, math.pi / 2)
    across = (plain.sum(0) * place**2).sum().item(), (plain.sum(1) * place**2).sum().item()
    assert across == (pytest.approx(4, rel=1e-2), pytest.approx(1, rel=1e-2))
    assert torch.allclose(turned, plain.T, atol=1e-6)
    flat = gaussian_kernel(2, 2, 0, 2, plateau=True)
    middle = KERNEL // 2
    assert flat[middle, middle + 1] / flat[middle, middle] == pytest.approx(1 / (1 + 0.25**2), rel=1e-4)
    rings = sinc_kernel(math.pi / 2)
    assert rings.min() < 0 and (plain.min() >= 0)
    for kernel in (plain, turned, flat, rings):
        assert kernel.sum().item() == pytest.approx(1, abs=1e-5)


def test_a_low_pass_passes_what_is_low() -> None:
    """A sinc of cutoff π/2 keeps a wave of period 16 and takes away one of period 2.5."""
    kernel = sinc_kernel(math.pi / 2).sum(0)
    place = torch.arange(KERNEL) - KERNEL // 2

    def gain(period: float) -> float:
        return (kernel * torch.cos(2 * math.pi * place / period)).sum().abs().item()

    assert gain(16) > 0.9 and gain(2.5) < 0.15


def test_by_kind_and_by_mistake() -> None:
    assert Degradation.model_validate("real-world") == RealWorld() and Bicubic().scale == 4
    with pytest.raises(GanvasError, match="30x32 cannot be made 4 times smaller"):
        Bicubic()(torch.zeros(1, 3, 30, 32), seeded())
