"""The networks of super-resolution: published sizes, scales, how far they look."""

from __future__ import annotations

import pytest
import torch

from ganvas.errors import GanvasError
from ganvas.models.compact import CompactTranslator
from ganvas.models.networks import TranslatorConfig
from ganvas.models.rrdb import RRDBTranslator
from ganvas.models.srgan import SRGANDiscriminator, SRResNetTranslator
from ganvas.space import Space
from test_translators import between, looked_at, parameters

PUBLISHED: list[tuple[TranslatorConfig, float]] = [
    (SRResNetTranslator(), 1.547),
    (RRDBTranslator(), 16.698),
    (RRDBTranslator(blocks=6), 4.468),
    (CompactTranslator(), 0.621),
    (CompactTranslator(convs=32), 1.213),
]
SMALL: list[TranslatorConfig] = [
    SRResNetTranslator(width=2, blocks=1),
    SRResNetTranslator(width=2, blocks=2, norm="none", skip="bilinear"),
    RRDBTranslator(width=2, growth=1, blocks=1),
    RRDBTranslator(width=2, growth=1, blocks=1, unshuffle=False),
    CompactTranslator(width=2, convs=2),
]


@pytest.mark.parametrize(("config", "millions"), PUBLISHED)
def test_generators_have_the_published_size(config: TranslatorConfig, millions: float) -> None:
    assert round(parameters(between(config, 16, scale=4)) / 1e6, 3) == millions


def test_the_discriminator_has_the_published_size() -> None:
    """96 = 6·2⁴: the dense layer sees 512·6·6 = 18432 features and is 18.9 of the 23.56 million."""
    network = SRGANDiscriminator().build(Space(channels=3, height=96, width=96))
    assert round(parameters(network) / 1e6, 2) == 23.56


@pytest.mark.parametrize("side", [16, 32, 48, 27])
def test_the_discriminator_judges_crops_of_any_size(side: int) -> None:
    network = SRGANDiscriminator(width=2, features=4).build(Space(channels=3, height=side, width=2 * side))
    assert network(torch.randn(3, 3, side, 2 * side)).logits.shape == (3,)
    assert network.mixes_samples


@pytest.mark.parametrize("config", SMALL)
@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_every_scale(config: TranslatorConfig, scale: int) -> None:
    """Made for 8×8, works on 12×16; eval repeats itself; and it looks exactly as far as it says."""
    network = between(config, 8, scale=scale).eval()
    source = torch.randn(1, 3, 12, 16)
    assert network.scale == scale
    assert network(source).shape == (1, 3, scale * 12, scale * 16)
    assert torch.equal(network(source), network(source))
    assert looked_at(network) == network.reach


@pytest.mark.parametrize("config", [RRDBTranslator(width=2, growth=1, blocks=1), CompactTranslator(width=2, convs=1)])
def test_pictures_lie_in_0_to_1_inside(config: TranslatorConfig) -> None:
    """The published weights know [0, 1]: with all weights 0 the last bias b is the picture, 2·b − 1 outside; the
    compact network adds its source, 2·(b + (x + 1) / 2) − 1 = 2·b + x."""
    network = between(config, 8, scale=2)
    for p in network.parameters():
        p.data.zero_()
    last = network.colour if config.kind == "rrdb" else network.last
    last.bias.data.fill_(0.25)
    source = torch.full((1, 3, 8, 8), -0.5)
    expected = 2 * 0.25 - 1 if config.kind == "rrdb" else 2 * 0.25 - 0.5
    assert torch.allclose(network(source), torch.full((1, 3, 16, 16), expected))


def test_rrdb_unshuffles_below_fourfold() -> None:
    """Real-ESRGAN's twofold network reads 12 channels at half the size, its onefold one 48 at a quarter."""
    for scale, channels in ((4, 3), (2, 12), (1, 48)):
        network = between(RRDBTranslator(width=2, growth=1, blocks=1), 8, scale=scale)
        assert network.first.in_channels == channels
        assert network.multiple == 4 // scale
    with pytest.raises(GanvasError, match="multiples of 2"):
        between(RRDBTranslator(blocks=1), 9, scale=2)


def test_a_scale_that_no_network_has_is_refused() -> None:
    with pytest.raises(GanvasError, match="8x8 into 24x24; each side may grow 1, 2, 4 or 8 times"):
        between(SRResNetTranslator(), 8, scale=3)
    between(CompactTranslator(width=2, convs=1), 8, scale=3)


def test_rrdb_starts_near_its_skip() -> None:
    """Sums of branches without normalisation must start small. A dense block is then nearly the identity, and so a
    block of three multiplies by 1 + .2: 23 of them by 1.2²³ = 66, which the paper lives with."""
    network = between(RRDBTranslator(width=16, growth=8), 8, scale=4)
    x = torch.randn(2, 16, 8, 8)
    expected = 1.2**23 * x
    assert (network.blocks(x) - expected).square().mean() < 0.03 * expected.square().mean()
