"""Discriminators of patches, and how a discriminator sees the source of a picture."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganvas.errors import GanvasError
from ganvas.models.networks import DiscriminatorConfig
from ganvas.models.patchgan import PatchGANDiscriminator, PixelDiscriminator
from ganvas.nn.beside import Beside, Blind
from ganvas.space import Classes, Space


def built(config: DiscriminatorConfig, side: int, channels: int = 3) -> nn.Module:
    torch.manual_seed(0)
    return config.build(Space(channels=channels, height=side, width=side))


@pytest.mark.parametrize(("channels", "norm", "millions"), [(6, "batch", 2.769), (3, "instance", 2.765)])
def test_it_has_the_published_size(channels: int, norm: str, millions: float) -> None:
    """pix2pix's judges source and picture together, CycleGAN's a picture alone."""
    network = built(PatchGANDiscriminator(norm=norm), 256, channels)
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 3) == millions


@pytest.mark.parametrize(("layers", "patch"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_a_patch_has_the_published_size(layers: int, patch: int) -> None:
    """Back from one output pixel: 1 → 4 → 7 at the deepest size, then 2·r + 2 for every halving: 16, 34, 70, 142."""
    network = built(PatchGANDiscriminator(layers=layers, width=1, norm="none"), 256).double()
    for p in network.parameters():
        p.data.abs_().add_(0.1)
    images = torch.ones(1, 3, 256, 256, dtype=torch.float64, requires_grad=True)
    h, w = network.patches(256, 256)
    logits = network(images).logits
    logits.view(h, w)[h // 2, w // 2].backward()
    assert images.grad is not None
    assert images.grad[0, 0].any(0).sum() == images.grad[0, 0].any(1).sum() == patch


@pytest.mark.parametrize("config", [PatchGANDiscriminator(width=2), PixelDiscriminator(width=2)])
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_logits_are_the_patches_of_each_picture(config: DiscriminatorConfig, norm: str) -> None:
    """256×256 → 30×30 with 3 layers (published); other sizes than the one it was built for work too."""
    network = built(config.but(norm=norm), 64)
    assert network.patches(256, 256) == ((30, 30) if config.kind == "patchgan" else (256, 256))
    for height, width in ((64, 64), (65, 51)):
        down, across = network.patches(height, width)
        assert network(torch.randn(2, 3, height, width)).logits.shape == (2, down * across)
    assert network.mixes_samples == (norm == "batch")


def test_the_smallest_picture_leaves_one_patch() -> None:
    """Three halvings leave 3 pixels of 24, and two convolutions of 4 with padding 1 take one each: 1 patch."""
    config = PatchGANDiscriminator(width=2)
    assert built(config, 24).patches(24, 24) == (1, 1)
    with pytest.raises(GanvasError, match=r"at least 24 pixels a side, not 23x23.*layers=2"):
        built(config, 23)
    assert built(config.but(layers=2), 23).patches(23, 23) == (3, 3)
    with pytest.raises(GanvasError, match=r"take discriminator.layers=4"):  # what is named fits: 3 · 2⁴ = 48 ≤ 64 < 96
        built(config.but(layers=9), 64)
    with pytest.raises(GanvasError, match=r"take discriminator=pixel"):
        built(config, 5)


def test_tricks_of_all_discriminators_work_here() -> None:
    """A statistic across the batch, packs of two, and spectral norms at most 1."""
    images = torch.randn(4, 3, 32, 32)
    deviating = built(PatchGANDiscriminator(width=2, norm="none", minibatch="deviation"), 32)
    assert deviating.mixes_samples
    assert deviating(images).logits.shape == (4, 4)
    packed = built(PatchGANDiscriminator(width=2, norm="none", packing=2), 32)
    assert packed(images).logits.shape == (2, 4)
    spectral = built(PatchGANDiscriminator(width=2, norm="none", spectral_norm=True), 32)
    for _ in range(100):
        spectral(images)
    last = spectral.last.weight.detach().flatten(1)
    assert torch.linalg.matrix_norm(last, 2).item() == pytest.approx(1.0, abs=1e-3)


def test_classes_are_heard() -> None:
    """All patches of a picture agree with a class alike: by the inner product of the class and the mean of the last
    features, over the root of their 16 channels. With zeros for a class nothing is added, and with planted features of
    1, …, 16 everywhere and ones for the other class (1 + … + 16) / 4 = 34."""
    space = Space(channels=3, height=32, width=32, condition=Classes(names=("a", "b")))
    network = PatchGANDiscriminator(width=2, norm="none").build(space)
    with torch.no_grad():
        network.convs[-1].weight.zero_()
        network.convs[-1].bias.copy_(torch.arange(1.0, 17.0))
        network.agreement.encode.weight.copy_(torch.tensor([0.0, 1.0])[:, None].expand(2, 16))
        images = torch.randn(2, 3, 32, 32)
        a, b = (network(images, c).logits for c in (torch.tensor([0, 0]), torch.tensor([1, 0])))
    assert torch.equal(a, network.last(torch.arange(1.0, 17.0).view(1, 16, 1, 1).expand(2, 16, 3, 3)).flatten(1))
    assert torch.allclose(b - a, torch.tensor([[34.0], [0.0]]).expand(2, 4))


def test_beside_sees_the_source_and_blind_does_not() -> None:
    images, source = torch.randn(2, 3, 32, 32), torch.randn(2, 1, 32, 32)
    for norm in ("batch", "none"):
        beside = Beside(built(PatchGANDiscriminator(width=2, norm=norm), 32, channels=4))
        assert beside.mixes_samples == (norm == "batch")
    alone = beside.discriminator(torch.cat([source, images], 1), None).logits
    assert torch.equal(beside(images, source).logits, alone)
    assert not torch.equal(beside(images, -source).logits, alone)
    blind = Blind(built(PatchGANDiscriminator(width=2, norm="none"), 32))
    assert torch.equal(blind(images, source).logits, blind(images, -source).logits)
    assert not blind.mixes_samples


def test_a_small_source_is_enlarged_pixel_by_pixel() -> None:
    """Super-resolution: each pixel of the source stands over the 4×4 that it became."""
    seen = []

    class Judge(nn.Module):
        mixes_samples = False

        def forward(self, images: torch.Tensor, condition: None) -> None:
            seen.append(images)

    images, source = torch.randn(1, 3, 8, 8), torch.arange(4.0).view(1, 1, 2, 2)
    Beside(Judge())(images, source)
    assert torch.equal(seen[0][:, 1:], images)
    assert torch.equal(seen[0][0, 0], source[0, 0].repeat_interleave(4, 0).repeat_interleave(4, 1))
