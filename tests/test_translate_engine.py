"""Any size in, the same size out; in tiles, and nobody can tell.

The networks here are small and built on the spot. Convolutions see a known distance (their reach), so tiles that stand
out by it are the whole picture's to the last bits; normalisation by a picture's own statistics is settled in passes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ganvas.errors import GanvasError
from ganvas.models.networks import Translator
from ganvas.translate import memory
from ganvas.translate.engine import LEAST, Engine, padded_to
from ganvas.translate.settling import Settling, of_the_picture
from ganvas.translate.spans import pairs, shares, spans
from ganvas.translate.standins import Bicubic, Identity, Nearest, stand_in


class Net(Translator):
    """Layers in a row, with what a translator must say of itself."""

    def __init__(self, *layers: nn.Module, reach: int | None, multiple: int = 1, scale: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.reach, self.multiple, self.scale = reach, multiple, scale
        self.seen: list[tuple[int, int]] = []

    def forward(self, source: Tensor) -> Tensor:
        self.seen.append((source.shape[2], source.shape[3]))
        result: Tensor = self.layers(source)
        return result


def plain(scale: int = 2) -> Net:
    """Three convolutions and a pixel shuffle: an output depends on what is at most 1 + 2 + 1 = 4 source pixels away."""
    torch.manual_seed(0)
    return Net(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 5, padding=2),
        nn.ReLU(),
        nn.Conv2d(8, 3 * scale**2, 3, padding=1),
        nn.PixelShuffle(scale),
        reach=4,
        scale=scale,
    )


def down_and_up(norm: Callable[[int], nn.Module]) -> Net:
    """A small ResNet-like net: mirrored borders, halved and doubled, a norm after every convolution.

    Reach: 3 (first) + 1 (halving) + 2·2 (two at half size) + 2 (doubling) + 1 (last) ≤ 12.
    """
    torch.manual_seed(1)
    return Net(
        nn.ReflectionPad2d(3),
        nn.Conv2d(3, 8, 7),
        norm(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        norm(16),
        nn.ReLU(),
        nn.ReflectionPad2d(1),
        nn.Conv2d(16, 16, 3),
        norm(16),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1),
        norm(8),
        nn.ReLU(),
        nn.Conv2d(8, 3, 3, padding=1),
        nn.Tanh(),
        reach=12,
        multiple=2,
    )


def picture(height: int, width: int) -> Tensor:
    """Smooth, and brighter to the right: no tile has the statistics of the whole."""
    chance = torch.Generator().manual_seed(7)
    coarse = torch.rand(1, 3, height // 8 + 2, width // 8 + 2, generator=chance) * 2 - 1
    return nn.functional.interpolate(coarse, (height, width), mode="bilinear") * torch.linspace(0.1, 1, width)


def gap(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max())


# Where tiles lie


@pytest.mark.parametrize(
    ("length", "tile", "multiple", "reach"), [(96, 32, 4, 5), (100, 32, 4, None), (8, 64, 8, None)]
)
def test_cores_cover_the_side_once_and_every_border_is_a_multiple(
    length: int, tile: int, multiple: int, reach: int | None
) -> None:
    found = spans(length, tile, multiple, reach)
    covered = [pixel for span in found for pixel in range(*span.core)]
    assert covered == list(range(length))
    assert all(
        border % multiple == 0 for span in found for pair in (span.window, span.core, span.kept) for border in pair
    )


def test_windows_stand_out_by_the_reach_but_not_over_the_picture() -> None:
    first, second, last = spans(96, 32, 4, reach=5)
    assert (first.window, second.window, last.window) == ((0, 40), (24, 72), (56, 96))  # 5 → 8, a multiple of 4
    assert second.kept == second.core == (32, 64)


@pytest.mark.parametrize("scale", [1, 3])
def test_shares_add_up_to_one_and_are_nowhere_nothing(scale: int) -> None:
    """Not at the picture's border either, where there is no neighbour to fill in."""
    found = spans(100, 20, 4, reach=None)
    total = torch.zeros(100 * scale)
    for span, share in zip(found, shares(found, scale), strict=True):
        assert share.min() > 0
        total[scale * span.kept[0] : scale * span.kept[1]] += share
    torch.testing.assert_close(total, torch.ones(100 * scale))


def test_a_picture_of_ones_stays_a_picture_of_ones_under_blending() -> None:
    net = Net(nn.Identity(), reach=None, multiple=4)
    made = Engine(net, 3, tile=16)(torch.ones(1, 3, 50, 70))
    assert made.tiles > 1
    torch.testing.assert_close(made.picture, torch.ones(1, 3, 50, 70))


# Any size


@pytest.mark.parametrize("size", [(1, 1), (2, 33), (333, 501)])
def test_any_size_in_the_same_size_out(size: tuple[int, int]) -> None:
    net = down_and_up(nn.InstanceNorm2d)
    assert Engine(net, 3)(picture(*size)).picture.shape == (1, 3, *size)
    assert Engine(plain(4), 3)(picture(*size)).picture.shape == (1, 3, 4 * size[0], 4 * size[1])


def test_padding_mirrors_as_often_as_it_takes() -> None:
    """0 1 2 → 0 1 2 1 0 1 2 1 …; one pixel is repeated; what fits is left alone."""
    row = torch.arange(3.0).expand(1, 1, 16, 3)
    assert padded_to(row, 8)[0, 0, 0].tolist() == [0, 1, 2, 1] * 4
    assert torch.equal(padded_to(torch.ones(1, 1, 1, 1), 1), torch.ones(1, 1, LEAST, LEAST))
    whole = torch.rand(1, 3, 32, 48)
    assert padded_to(whole, 16) is whole


# Tiles


@pytest.mark.parametrize("tile", [8, 24, 50])
def test_tiles_of_a_convolutional_network_are_the_whole(tile: int) -> None:
    net, source = plain(), picture(61, 83)
    whole = Engine(net, 3, tile="off")(source)
    tiled = Engine(net, 3, tile=tile)(source)
    assert (whole.tiles, tiled.passes) == (1, 1) and tiled.tiles > 1
    assert gap(whole.picture, tiled.picture) < 1e-5


def test_a_reach_that_is_said_too_small_leaves_seams() -> None:
    """The other side of the last test: it is the margin that makes the tiles exact."""
    net, source = plain(), picture(61, 83)
    whole = Engine(net, 3, tile="off")(source).picture
    net.reach = 0
    assert gap(whole, Engine(net, 3, tile=24)(source).picture) > 1e-2


def test_memory_is_bounded_by_the_tile() -> None:
    net = plain()
    Engine(net, 3, tile=16)(picture(100, 140))
    assert max(max(sides) for sides in net.seen) <= 16 + 2 * 4


@pytest.mark.parametrize(
    "norm",
    [nn.InstanceNorm2d, lambda width: nn.InstanceNorm2d(width, affine=True), lambda width: nn.GroupNorm(4, width)],
    ids=["instance", "affine", "group"],
)
def test_statistics_of_the_picture_settle_over_the_tiles(norm: Callable[[int], nn.Module]) -> None:
    """One pass has every tile in its own statistics. Four norms are four inquiries, and the fifth pass is exact."""
    net, source = down_and_up(norm), picture(120, 160)
    whole = Engine(net, 3, tile="off")(source).picture
    naive = Engine(net, 3, tile=32, passes=1)(source)
    settled = Engine(net, 3, tile=32)(source)
    assert (naive.passes, naive.unknown) == (1, 4) and gap(whole, naive.picture) > 0.05
    assert (settled.passes, settled.unknown) == (5, 0) and gap(whole, settled.picture) < 1e-4


def test_an_inquiry_goes_no_further_than_its_layer() -> None:
    """n norms in a row behind convolutions: passes 1 … n run 1 … n convolutions a tile, the last all n + 1."""
    ran: list[nn.Module] = []
    layers = [layer for _ in range(3) for layer in (nn.Conv2d(3, 3, 1), nn.InstanceNorm2d(3))]
    net = Net(*layers, nn.Conv2d(3, 3, 1), reach=0)
    for layer in net.layers:
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda module, *_: ran.append(module))
    made = Engine(net, 3, tile=32)(picture(32, 64))
    assert (made.tiles, made.passes) == (2, 4)
    assert len(ran) == 2 * (1 + 2 + 3 + 4)


def test_layers_that_were_not_asked_about_are_told_of() -> None:
    engine = Engine(down_and_up(nn.InstanceNorm2d), 3, tile=32, passes=2)
    engine(picture(120, 160))
    assert engine.notes == ["after 2 passes 3 layers still normalise each tile by itself"]


def test_tiles_are_counted_while_they_go() -> None:
    seen: list[tuple[int, int, int]] = []
    engine = Engine(down_and_up(nn.InstanceNorm2d), 3, tile=32, passes=2, on_tile=lambda *word: seen.append(word))
    engine(picture(32, 64))
    assert seen == [(1, 2, 1), (2, 2, 1), (1, 2, 2), (2, 2, 2)]


def test_batch_statistics_settle_in_train_mode_and_running_ones_are_left_alone() -> None:
    net, source = down_and_up(nn.BatchNorm2d), picture(90, 120)
    before = {name: buffer.clone() for name, buffer in net.named_buffers()}
    whole = Engine(net, 3, mode="train", tile="off")(source).picture
    tiled = Engine(net, 3, mode="train", tile=32)(source).picture
    assert gap(whole, tiled) < 1e-3
    assert gap(whole, Engine(net, 3, mode="eval", tile="off")(source).picture) > 0.05
    assert all(torch.equal(before[name], buffer) for name, buffer in net.named_buffers())


def test_in_eval_mode_batch_normalisation_needs_one_pass() -> None:
    net, source = down_and_up(nn.BatchNorm2d).eval(), picture(90, 120)
    made = Engine(net, 3, tile=32)(source)
    assert (made.passes, made.unknown) == (1, 0)
    assert gap(made.picture, Engine(net, 3, tile="off")(source).picture) < 1e-5


def test_what_normalises_by_the_picture_itself() -> None:
    assert of_the_picture(nn.InstanceNorm2d(3)) and of_the_picture(nn.InstanceNorm2d(3).eval())
    assert not of_the_picture(nn.InstanceNorm2d(3, track_running_stats=True).eval())
    assert of_the_picture(nn.BatchNorm2d(3)) and not of_the_picture(nn.BatchNorm2d(3).eval())
    assert not of_the_picture(nn.Conv2d(3, 3, 1))


def test_no_hook_stays_behind() -> None:
    net = down_and_up(nn.InstanceNorm2d)
    with Settling(net) as settling:
        assert all(layer._forward_hooks for layer in settling.layers)
    assert not any(module._forward_hooks for module in net.modules())


# Modes and seeds


def test_dropout_at_test_time_repeats_by_the_seed_whatever_came_before() -> None:
    net, source = Net(nn.Conv2d(3, 16, 1), nn.Dropout(0.5), nn.Conv2d(16, 3, 1), reach=0), picture(40, 40)
    first = Engine(net, 3, mode="train", seed=3)
    again = Engine(net, 3, mode="train", seed=3)
    again(picture(24, 24))
    torch.rand(5)
    assert torch.equal(first(source).picture, again(source).picture)
    assert gap(first(source).picture, Engine(net, 3, mode="train", seed=4)(source).picture) > 0.01
    assert gap(first(source).picture, Engine(net, 3, mode="eval", seed=3)(source).picture) > 0.01


def test_it_leaves_the_randomness_and_the_mode_of_others_alone() -> None:
    net = Net(nn.Dropout(0.5), reach=0).eval()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Engine(net, 3, mode="train")(picture(20, 20))
    assert torch.equal(torch.rand(3), expected)
    assert not net.training


def test_whether_the_mode_matters() -> None:
    assert not Engine(down_and_up(nn.InstanceNorm2d), 3).mode_matters
    assert not Engine(Net(nn.Dropout(0.0), reach=0), 3).mode_matters
    assert Engine(Net(nn.Dropout(0.1), reach=0), 3).mode_matters
    assert Engine(down_and_up(nn.BatchNorm2d), 3).mode_matters


# Memory


class Narrow(Net):
    """As if the device held windows of so many pixels at most."""

    room = 50 * 50

    def forward(self, source: Tensor) -> Tensor:
        if source.shape[2] * source.shape[3] > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return super().forward(source)


def test_when_memory_runs_out_tiles_halve_and_the_result_is_whole() -> None:
    torch.manual_seed(0)
    net, source = Narrow(nn.Conv2d(3, 3, 3, padding=1), reach=1), picture(90, 130)
    engine = Engine(net, 3, tile=128)
    made = engine(source)
    assert engine.notes == [
        "memory ran out with tiles of 128 px: went on with 64 px",
        "memory ran out with tiles of 64 px: went on with 32 px",
    ]
    net.room = 10**9
    assert gap(made.picture, Engine(net, 3, tile="off")(source).picture) < 1e-6
    net.room = Narrow.room
    engine(source)
    assert len(engine.notes) == 2  # the next picture begins with what fitted


def test_memory_that_holds_nothing_is_one_line() -> None:
    net = Narrow(nn.Identity(), reach=0)
    net.room = 0
    with pytest.raises(GanvasError, match="not enough memory even for tiles of 1 px"):
        Engine(net, 3, tile=4)(picture(20, 20))
    with pytest.raises(GanvasError, match="not enough memory for the whole picture"):
        Engine(net, 3, tile="off")(picture(20, 20))


def test_auto_asks_how_much_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture of 300×300 takes what it takes; given less than twice that, it goes in tiles, to the same result."""
    net, source = plain(), picture(300, 300)
    whole = Engine(net, 3)(source)
    assert whole.tiles == 1
    with torch.no_grad():
        needed = memory.bytes_per_pixel(net, source[..., :64, :64])
    # the widest layers are 3·2² = 12 channels in and out of the shuffle, as float32, so many times alive
    assert needed == memory.ALIVE * (12 + 12) * 4
    monkeypatch.setattr("ganvas.translate.engine.available", lambda _: needed * 300 * 300)
    tiled = Engine(net, 3)(source)
    assert tiled.tiles > 1 and gap(whole.picture, tiled.picture) < 1e-5


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: not enough memory"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_running_out_of_memory_is_told_from_other_errors(error: Exception, is_it: bool) -> None:
    assert memory.out_of_memory(error) is is_it


def test_other_errors_are_not_swallowed() -> None:
    with pytest.raises(RuntimeError, match="channels"):
        Engine(plain(), 3)(torch.zeros(1, 5, 20, 20))


def test_a_container_gives_files_that_were_read_up_again(tmp_path: Path) -> None:
    """Of 1000 bytes 900 are taken, 300 of them by files that nobody waits for: 400 are left. With no limit, or where
    there is no such group, nothing is said of a limit."""
    assert memory._allowed(tmp_path) == 2**62
    for name, text, left in (
        ("max", "1000", 2**62),
        ("current", "900", 100),
        ("stat", "anon 600\ninactive_file 300", 400),
    ):
        (tmp_path / f"memory.{name}").write_text(text)
        assert memory._allowed(tmp_path) == left
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._allowed(tmp_path) == 2**62


def test_there_is_some_memory() -> None:
    assert memory.available(torch.device("cpu")) > 2**20


# Stand-ins


@pytest.mark.parametrize("network", [Bicubic(3), Nearest(2), Identity()], ids=["bicubic", "nearest", "identity"])
def test_stand_ins_are_the_same_in_tiles(network: Translator) -> None:
    source = picture(37, 52)
    whole = Engine(network, None, tile="off")(source).picture
    assert whole.shape[2:] == (37 * network.scale, 52 * network.scale)
    assert gap(whole, Engine(network, None, tile=16)(source).picture) < 1e-5


def test_what_enlarges_must_be_told_how_far() -> None:
    with pytest.raises(GanvasError, match="bicubic needs --scale"):
        stand_in("bicubic", None)
    assert stand_in("nearest", 3).scale == 3 and stand_in("identity", None).scale == 1


def test_tiles_go_row_by_row() -> None:
    rows = spans(20, 10, 1, 0)
    assert pairs(rows, rows) == [(0, 0), (0, 1), (1, 0), (1, 1)]
