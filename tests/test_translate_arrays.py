"""One picture from Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import ganvas
from ganvas.recipes.table import RECIPES
from ganvas.snapshot import Snapshot
from ganvas.space import Source, Space
from ganvas.translate.applied import How, applied_snapshot

SPACE = Space(channels=3, height=32, width=32, source=Source(channels=3, height=32, width=32))


def residual() -> Snapshot:
    """A U-Net that changes nothing yet."""
    torch.manual_seed(0)
    recipe = RECIPES["pix2pix-l1"](SPACE).but(generator={"kind": "unet", "width": 4, "residual": True})
    return Snapshot(recipe.networks(["generator"]), recipe, 0)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_translator_that_changes_nothing_gives_back_what_it_got(kind: type[np.unsignedinteger]) -> None:
    """Any size, odd ones too; float32 holds 65,536 levels."""
    picture = np.random.default_rng(0).integers(0, np.iinfo(kind).max + 1, (37, 50, 3)).astype(kind)
    result = ganvas.translated(residual(), picture, mode="eval")
    assert result.dtype == kind and np.array_equal(result, picture)


def cycle() -> Snapshot:
    """Two networks that make different noise."""
    torch.manual_seed(0)
    recipe = RECIPES["cyclegan"](SPACE.but(source=Source(channels=3, height=32, width=32, paired=False)))
    recipe = recipe.but(generator={"kind": "resnet", "width": 4, "blocks": 1})
    return Snapshot(recipe.networks(["generator", "inverse"]), recipe, 0)


def test_sixteen_bit_grey_becomes_sixteen_bit_colour() -> None:
    """A translation to colour sees a grey picture in three equal channels, with or without a third axis."""
    picture = np.random.default_rng(0).integers(0, 65536, (37, 50)).astype(np.uint16)
    results = [ganvas.translated(residual(), one, mode="eval") for one in (picture, picture[..., None])]
    for result in results:
        assert result.dtype == np.uint16 and np.array_equal(result, picture[..., None].repeat(3, 2))


def test_the_way_back_is_the_inverse() -> None:
    """With the networks exchanged, the way back is the way there."""
    picture = np.random.default_rng(0).integers(0, 256, (32, 40, 3)).astype(np.uint8)
    snapshot = cycle()
    there, back = (ganvas.translated(snapshot, picture, reverse=reverse) for reverse in (False, True))
    assert not np.array_equal(there, back)
    exchanged = {"generator": snapshot.networks["inverse"], "inverse": snapshot.networks["generator"]}
    other = Snapshot(exchanged, snapshot.recipe, 0)
    assert np.array_equal(ganvas.translated(other, picture, reverse=True), there)
    with pytest.raises(ganvas.GanvasError, match="no network that leads back"):
        ganvas.translated(residual(), picture, reverse=True)


def test_a_network_goes_to_the_device_and_the_callers_stays_where_it_is() -> None:
    """The meta device has shapes alone: a network left on the CPU would say so, and a result that came by it cannot be
    fetched."""
    picture, snapshot = np.zeros((32, 32, 3), np.uint8), residual()
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        ganvas.translated(snapshot, picture, device="meta")
    assert {parameter.device.type for parameter in snapshot.networks["generator"].parameters()} == {"cpu"}
    moved = applied_snapshot(snapshot, "x", How(device=torch.device("meta"))).engine.network
    assert {parameter.device.type for parameter in moved.parameters()} == {"meta"}
    assert applied_snapshot(snapshot, "x", How()).engine.network is snapshot.networks["generator"]
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):  # as it lies, if nobody says
        ganvas.translated(snapshot.to("meta"), picture)


def test_of_maps_of_classes_nothing_else_is_taken() -> None:
    torch.manual_seed(0)
    maps = Source(channels=2, height=32, width=32, names=("sky", "road"))
    recipe = RECIPES["pix2pix-l1"](SPACE.but(source=maps)).but(generator={"kind": "unet", "width": 4})
    snapshot = Snapshot(recipe.networks(["generator"]), recipe, 0)
    numbers = np.random.default_rng(0).integers(0, 2, (37, 50)).astype(np.uint8)
    assert ganvas.translated(snapshot, numbers).shape == (37, 50, 3)
    with pytest.raises(
        ganvas.GanvasError, match="the picture holds the value 7, but the network knows the classes 0 to 1"
    ):
        ganvas.translated(snapshot, numbers + 6)
    with pytest.raises(
        ganvas.GanvasError, match="the picture has 3 channels, but the network wants one, of the classes"
    ):
        ganvas.translated(snapshot, np.zeros((32, 32, 3), np.uint8))


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ({"mode": "trian"}, "--mode trian: say train"),
        ({"tile": "large"}, "--tile large: say auto, off"),
        ({"tile": 0}, "--tile 0: say auto, off"),
        ({"passes": 0}, "--passes 0: at least one"),
        ({"device": "toaster"}, "--device toaster: "),
    ],
)
def test_a_choice_that_is_none_is_one_line(how: dict[str, Any], line: str) -> None:
    with pytest.raises(ganvas.GanvasError, match=line):
        ganvas.translated(residual(), np.zeros((32, 32, 3), np.uint8), **how)


def test_what_is_no_picture_is_said_so() -> None:
    with pytest.raises(ganvas.GanvasError, match="uint8 or uint16"):
        ganvas.translated(residual(), np.zeros((4, 4, 3), np.float32))
    for shape in ((4,), (0, 4, 3), (1, 4, 4, 3)):
        with pytest.raises(ganvas.GanvasError, match=r"uint8 or uint16 \(H, W, C\), not uint8 \("):
            ganvas.translated(residual(), np.zeros(shape, np.uint8))
    with pytest.raises(ganvas.GanvasError, match="5 channels"):
        ganvas.translated(residual(), np.zeros((4, 4, 5), np.uint8))
    with pytest.raises(ganvas.GanvasError, match="cannot translate"):
        ganvas.translated("digits", np.zeros((4, 4, 3), np.uint8))
