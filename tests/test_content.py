"""How far a translation is from the truth: each loss against a number worked out by hand, and what it cannot see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from ganvas.errors import GanvasError
from ganvas.losses import content
from ganvas.losses.content import L1, MSE, SCALE, SHIFT, Look, Perceptual
from ganvas.metrics import lpips
from ganvas.nn.backbones.alexnet import AlexNetTaps
from ganvas.nn.backbones.vgg16 import VGG16Taps
from ganvas.nn.backbones.vgg19 import VGG19Features
from ganvas.recipes.overrides import overridden
from ganvas.recipes.table import RECIPES
from ganvas.space import Source, Space

SIDE = 32
NETWORKS = {"vgg19": VGG19Features, "vgg16": VGG16Taps, "alexnet": AlexNetTaps}


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Networks are made once; those of other tests must not be seen here, nor ours there."""
    for made in (content._eyes, content._lpips):
        made.cache_clear()
    yield
    for made in (content._eyes, content._lpips):
        made.cache_clear()


@pytest.fixture
def at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """All weights are on this machine."""
    monkeypatch.setattr(content, "locate_weights", lambda name: name)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Classifiers of which each convolution looks at one pixel: the first adds R + 2G + 3B, those between double and
    halve in turn, and the last takes back what is left and times 12.75 / 6, and a second channel is its negative, which
    a ReLU takes away. Whatever skips one, or adds one, is off."""
    for module in (content, lpips):
        monkeypatch.setattr(module, "load_weights", state_of)


def state_of(name: str) -> dict[str, Tensor]:
    """As in the published file of that name: torch's, or flax's with heads that weigh the stages 1, 2, 3, 4, 5."""
    make = VGG19Features if name == "vgg19" else VGG16Taps
    with torch.device("meta"):
        layers = [(n, layer) for n, layer in make().named_modules() if isinstance(layer, nn.Conv2d)]
    between = [2.0 if i % 2 else 0.5 for i in range(1, len(layers) - 1)]
    left = 2.0 if len(between) % 2 else 1.0
    state: dict[str, Tensor] = {}
    for place, ((path, layer), gain) in enumerate(zip(layers, [1.0, *between, 12.75 / 6 / left], strict=True)):
        weight = torch.zeros(layer.weight.shape)
        weight[0, : 3 if place == 0 else 1, 1, 1] = gain * torch.tensor([1.0, 2.0, 3.0] if place == 0 else [1.0])
        if place == len(layers) - 1:
            weight[1, 0] = -weight[0, 0]
        if name == "vgg19":
            state |= {f"{path}.weight": weight, f"{path}.bias": torch.zeros(len(weight))}
        else:
            flax = {"kernel": weight.permute(2, 3, 1, 0), "bias": torch.zeros(len(weight))}
            state |= {f"VGG16.Conv_{place}.{key}": tensor for key, tensor in flax.items()}
    if name != "vgg19":
        state |= {f"NetLinLayer_{k}.kernel": torch.full((1, 1, w, 1), k + 1.0) for k, w in enumerate(VGG16Taps.widths)}
    return state


def quarter(light: float, channels: int = 3) -> tuple[Tensor, Tensor]:
    """(a picture whose top left quarter is ``light`` deviations of ImageNet's lighter than its mean, that mean)."""
    shift, scale = (torch.tensor(numbers)[:channels, None, None] for numbers in (SHIFT, SCALE))
    mean = shift.expand(1, channels, SIDE, SIDE)
    lit = torch.zeros(1, 1, SIDE, SIDE)
    lit[..., : SIDE // 2, : SIDE // 2] = light
    return mean + lit * scale, mean.clone()


def test_differences_of_pixels() -> None:
    """A quarter of the pixels is off by ½: ℓ1 = ¼ · ½ = 1/8, the mean square ¼ · ¼ = 1/16; each picture its own."""
    targets = torch.zeros(2, 3, 4, 4)
    pictures = targets.clone()
    pictures[1, :, :2, :2] = -0.5
    assert L1()(pictures, targets).tolist() == [0, 1 / 8]
    assert MSE()(pictures, targets).tolist() == [0, 1 / 16]


@pytest.mark.parametrize("network", ["vgg19", "vgg16"])
def test_what_the_classifier_sees(network: Literal["vgg19", "vgg16"], planted: None) -> None:
    """A quarter lies one deviation above the mean: R + 2G + 3B = 6 there, 12.75 after the last convolution, and scaled
    1; one of 512 channels, on a quarter of 2×2 places: 1 / 2048 (1 / 512 after a fifth halving, 1 / 1024 before the
    last ReLU). It grows as the square; what is darker than the mean is nothing to any ReLU."""
    loss = Perceptual(network=network)
    assert loss(*quarter(1.0)).item() == pytest.approx(1 / 2048, rel=1e-4)
    assert loss(*quarter(0.5)).item() == pytest.approx(1 / 8192, rel=1e-4)
    assert loss(*quarter(-1.0)).item() == pytest.approx(0, abs=1e-9)
    assert loss(*[torch.cat(both) for both in zip(quarter(1.0), quarter(0.5), strict=True)]).shape == (2,)


def test_the_picture_learns_from_it_and_the_truth_does_not(planted: None) -> None:
    """The slope of t² / 2048 at 1 along one deviation is 1 / 1024."""
    picture, truth = (image.requires_grad_() for image in quarter(1.0))
    Perceptual()(picture, truth).sum().backward()
    assert picture.grad is not None and truth.grad is None
    slope = (picture.grad * torch.tensor(SCALE)[:, None, None]).sum().item()
    assert slope == pytest.approx(1 / 1024, rel=1e-4)


def test_how_different_they_look(planted: None) -> None:
    """Of each place only the direction of its features counts: (1, 0, 0, …) in the lit quarter and 0 at the mean. So a
    quarter of every stage differs by 1, which heads weigh 1 … 5: 15 / 4, however light it is."""
    assert Look()(*quarter(1.0)).item() == pytest.approx(15 / 4, rel=1e-4)
    assert Look()(*quarter(0.5)).item() == pytest.approx(15 / 4, rel=1e-4)
    picture, truth = quarter(1.0)
    assert Look()(truth, truth).item() == 0 == Look()(picture, picture).item()


def test_grey_pictures_are_looked_at_as_colour(planted: None) -> None:
    """g in all three: Δ(R + 2G + 3B) / 6 = Δg · (1 / 0.458 + 2 / 0.448 + 3 / 0.450) / 6 = 2.2195 Δg, squared / 2048."""
    grey, truth = (torch.full((1, 1, SIDE, SIDE), level) for level in (0.2, 0.2))
    grey[..., : SIDE // 2, : SIDE // 2] += 0.3
    in_colour = [image.expand(-1, 3, -1, -1) for image in (grey, truth)]
    by_hand = (0.3 * (1 / 0.458 + 2 / 0.448 + 3 / 0.450) / 6) ** 2 / 2048
    assert Perceptual()(grey, truth).item() == pytest.approx(by_hand, rel=1e-4)
    assert torch.equal(Perceptual()(grey, truth), Perceptual()(*in_colour))
    assert torch.equal(Look()(grey, truth), Look()(*in_colour))


# --- what cannot be looked at -----------------------------------------------------------------------------------------

SEEN = [
    (Perceptual(network="vgg19"), 16),
    (Perceptual(network="vgg16"), 16),
    (Look(network="vgg16"), 16),
    (Look(network="alexnet"), 31),
]


@pytest.mark.parametrize(("loss", "least"), SEEN)
def test_the_least_side_is_the_networks_own(loss: Perceptual | Look, least: int, at_hand: None) -> None:
    """16 halves to 1 in four; AlexNet's 31 goes 7, 3, 1. One pixel less leaves nothing, as the networks say too."""
    with torch.device("meta"):
        network = NETWORKS[loss.network]()
        network(torch.zeros(1, 3, least, 2 * least))
        with pytest.raises(RuntimeError, match="Output size is too small"):
            network(torch.zeros(1, 3, least - 1, 2 * least))
    assert loss.unusable(Space(channels=3, height=2 * least, width=least)) is None
    reason = loss.unusable(Space(channels=3, height=2 * least, width=least - 1))
    assert reason is not None and "\n" not in reason
    assert f"at least {least} px a side, not {2 * least}x{least - 1}" in reason


@pytest.mark.parametrize("loss", [loss for loss, _ in SEEN])
def test_grey_and_rgb_are_seen_and_nothing_else(loss: Perceptual | Look, at_hand: None) -> None:
    for channels in (1, 3):
        assert loss.unusable(Space(channels=channels, height=64, width=64)) is None
    for channels in (2, 4):
        reason = loss.unusable(Space(channels=channels, height=64, width=64))
        assert reason is not None and f"not {channels} channels" in reason


def test_differences_of_pixels_can_always_be_had() -> None:
    assert L1().unusable(Space(channels=5, height=1, width=1)) is None
    assert MSE().unusable(Space(channels=5, height=1, width=1)) is None


def test_missing_weights_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise GanvasError(f"the weights '{name}' are not on this machine")

    monkeypatch.setattr(content, "locate_weights", missing)
    space = Space(channels=3, height=64, width=64)
    paper, carried, look = (loss.unusable(space) for loss in (Perceptual(), Perceptual(network="vgg16"), Look()))
    assert paper is not None and "'vgg19' are not on this machine; or --set content.perceptual.network=vgg16" in paper
    assert carried is not None and carried.endswith("'lpips-vgg16' are not on this machine")
    assert look is not None and "lpips cannot look: the weights 'lpips-vgg16'" in look


def test_a_recipe_says_so_before_its_first_round(at_hand: None) -> None:
    """And the way out that its line names is one."""
    bands = Space(channels=4, height=64, width=64)
    with pytest.raises(GanvasError, match=r"perceptual content loss cannot look: .*not 4 channels; take content=l1"):
        overridden(RECIPES["srgan"](bands), ())
    assert overridden(RECIPES["srgan"](bands), ["content=l1"]).unsound() is None
    small = Space(channels=3, height=8, width=8, source=Source(channels=3, height=2, width=2))
    with pytest.raises(GanvasError, match=r"lpips cannot look: .*at least 16 px a side, not 8x8; enlarge --crop"):
        overridden(RECIPES["srresnet"](small), ["content=lpips"])


@pytest.mark.parametrize("side", [2, 3, 6])
def test_a_crop_that_the_scale_does_not_divide_is_one_line(side: int) -> None:
    """Also below the scale, where the source would have no pixel."""
    windows = Space(channels=3, height=side, width=side)
    with pytest.raises(GanvasError, match=f"windows of {side}x{side} do not divide by degradation.scale=4"):
        overridden(RECIPES["srresnet"](windows), ())
    assert overridden(RECIPES["srresnet"](windows.but(height=4, width=8)), ()).space.source is not None
