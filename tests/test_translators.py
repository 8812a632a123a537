"""The networks of pix2pix and CycleGAN: published sizes, how far they look, and what they refuse."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganvas.errors import GanvasError
from ganvas.models.networks import Translator, TranslatorConfig
from ganvas.models.resnet_translator import ResNetTranslator
from ganvas.models.unet import UNetTranslator
from ganvas.space import Source, Space


def between(
    config: TranslatorConfig, height: int, width: int = 0, scale: int = 1, channels: tuple[int, int] = (3, 3)
) -> Translator:
    """The network from pictures of height × width (square if not said) to pictures ``scale`` times as large."""
    width = width or height
    source = Source(channels=channels[0], height=height, width=width)
    torch.manual_seed(0)
    return config.network(source, Space(channels=channels[1], height=scale * height, width=scale * width))


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def looked_at(network: Translator) -> int:
    """How far from its place in the source the furthest output pixel lies that depends on a source pixel: those a NaN
    spreads to, for every place in the pattern. In float64, where convolutions are plain sums."""
    network = network.double().eval()
    assert network.reach is not None
    margin = (network.reach // network.multiple + 2) * network.multiple
    side = 2 * margin + network.multiple
    furthest = 0
    for spot in range(margin, margin + network.multiple):
        source = torch.zeros(1, 3, side, side, dtype=torch.float64)
        source[:, :, spot, spot] = torch.nan
        with torch.no_grad():
            rows = network(source)[0].isnan().any(2).any(0).nonzero().flatten() // network.scale
        furthest = max(furthest, spot - int(rows.min()), int(rows.max()) - spot)
    return furthest


@pytest.mark.parametrize(("size", "millions"), [(256, 54.414), (128, 41.829)])
def test_u_net_has_the_published_size(size: int, millions: float) -> None:
    """The published unet_256 has 8 levels, unet_128 has 7: one for each halving until a single pixel is left."""
    network = between(UNetTranslator(), size)
    assert round(parameters(network) / 1e6, 3) == millions
    assert network.multiple == size


@pytest.mark.parametrize(("blocks", "millions"), [(9, 11.378), (6, 7.838)])
def test_resnet_has_the_published_size(blocks: int, millions: float) -> None:
    """A block is two convolutions of 256·256·9 + 256: 1,180,160. Three of them are the 3.540 million in between."""
    assert round(parameters(between(ResNetTranslator(blocks=blocks), 64)) / 1e6, 3) == millions


@pytest.mark.parametrize(
    ("sides", "levels"),
    [((256, 256), 8), ((512, 512), 8), ((64, 64), 6), ((192, 256), 6), ((240, 320), 4), ((12, 20), 2), ((2, 2), 1)],
)
def test_u_net_has_as_many_levels_as_a_picture_has_halvings(sides: tuple[int, int], levels: int) -> None:
    """192 = 3·2⁶ can be halved six times, 256 eight times: six for both. Never more than the published eight."""
    source = Source(channels=3, height=sides[0], width=sides[1])
    assert UNetTranslator().depth(source) == levels


@pytest.mark.parametrize(("side", "near"), [(200, "192x192"), (250, "224x224"), (27, "24x24")])
def test_u_net_refuses_what_can_hardly_be_halved(side: int, near: str) -> None:
    """200 = 25·2³ would leave 25×25 where others have one pixel. The size it proposes must work."""
    with pytest.raises(GanvasError, match=near):
        between(UNetTranslator(width=1), side)
    between(UNetTranslator(width=1), int(near.partition("x")[0]))


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("config", [UNetTranslator(width=4), ResNetTranslator(width=4, blocks=1)])
def test_any_channels_and_any_multiple(config: TranslatorConfig, norm: str) -> None:
    """A network made for 32×32 works on 64×32, from 2 channels to 5, within tanh's bounds; eval repeats itself."""
    network = between(config.but(norm=norm), 32, channels=(2, 5)).eval()
    source = torch.randn(2, 2, 64, 32)
    pictures = network(source)
    assert pictures.shape == (2, 5, 64, 32)
    assert pictures.abs().max() <= 1.0
    assert torch.equal(pictures, network(source))
    assert 64 % network.multiple == 0


def test_convolutions_have_biases_only_where_no_batch_normalisation_follows() -> None:
    """Batch normalisation subtracts the mean and adds its own; only the last convolution, before tanh, is left."""
    for config in (UNetTranslator(width=2), ResNetTranslator(width=2, blocks=1, norm="batch")):
        network = between(config, 32)
        convs = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
        assert sum(conv.bias is not None for conv in convs) == 1
        without = between(config.but(norm="none"), 32)
        assert all(m.bias is not None for m in without.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d))


@pytest.mark.parametrize(("levels", "noisy"), [(8, 3), (7, 2), (6, 1), (5, 0)])
def test_u_net_drops_out_where_the_published_one_does(levels: int, noisy: int) -> None:
    """Levels of full width (8·64) that are not the innermost: levels 5 … n−1 of n, so n − 5 of them; they are the only
    noise of pix2pix, and eval has none."""
    network = between(UNetTranslator(width=1, levels=levels, norm="none"), 256)
    assert isinstance(network.dropouts, nn.ModuleList)
    assert [d.p > 0 for d in network.dropouts] == [0 < i <= noisy for i in range(levels)]
    source = torch.randn(1, 3, 256, 256)
    moves = not torch.equal(network(source), network(source))
    assert moves == (noisy > 0)


def test_blocks_of_a_resnet_drop_out_when_asked() -> None:
    source = torch.randn(1, 3, 16, 16)
    for dropout, moves in ((0.5, True), (0.0, False)):
        network = between(ResNetTranslator(width=4, blocks=1, dropout=dropout), 16)
        assert torch.equal(network(source), network(source)) != moves


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("blocks", [0, 1])
def test_resnet_looks_as_far_as_it_says(blocks: int, antialias: bool) -> None:
    """By hand, 0 blocks, looking right from pixel 2: the last 7×7 needs up to 5, the fractionally strided ones up
    to 3 of the half size and 2 of the quarter; down again 2·2 + 1 = 5 and 2·5 + 1 = 11, and the first 7×7 makes that
    14: 12 away. From pixel 3 it is 14 too, from pixel 1 it is 10. A block adds 2 pixels of the quarter, 8."""
    network = between(ResNetTranslator(width=1, blocks=blocks, norm="none", antialias=antialias), 64)
    assert network.reach == looked_at(network)
    if not antialias:
        assert network.reach == 12 + 8 * blocks


def test_a_translator_that_does_not_enlarge_says_so() -> None:
    with pytest.raises(GanvasError, match="64x64 into 256x256"):
        between(UNetTranslator(), 64, scale=4)
    with pytest.raises(GanvasError, match="multiples of 4, not 30x30; the nearest size is 32x32"):
        between(ResNetTranslator(), 30)


def test_instance_normalisation_looks_at_one_picture_only() -> None:
    """What a picture becomes does not depend on its batch, even in train mode; with batch normalisation it does."""
    for norm, alone in (("instance", True), ("batch", False)):
        network = between(ResNetTranslator(width=2, blocks=1, norm=norm), 16).double()
        sources: Tensor = torch.randn(2, 3, 16, 16, dtype=torch.float64)
        assert torch.allclose(network(sources)[:1], network(sources[:1]), atol=1e-9) == alone
