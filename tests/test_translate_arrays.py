"""One picture from Python."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import ganvas
from ganvas.recipes.table import RECIPES
from ganvas.snapshot import Snapshot
from ganvas.space import Source, Space

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


def test_what_is_no_picture_is_said_so() -> None:
    with pytest.raises(ganvas.GanvasError, match="uint8 or uint16"):
        ganvas.translated(residual(), np.zeros((4, 4, 3), np.float32))
    with pytest.raises(ganvas.GanvasError, match="5 channels"):
        ganvas.translated(residual(), np.zeros((4, 4, 5), np.uint8))
    with pytest.raises(ganvas.GanvasError, match="cannot translate"):
        ganvas.translated("digits", np.zeros((4, 4, 3), np.uint8))
