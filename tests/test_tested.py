"""Looking at a network changes nothing: not its modes, not its statistics, not chance."""

from __future__ import annotations

from typing import Literal

import pytest
import torch
from torch import nn

from ganvas.nn.tested import as_tested


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_all_is_as_before(mode: Literal["train", "eval"]) -> None:
    """One layer was set to evaluation by hand, the others train: each is given back as it was."""
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5), nn.BatchNorm2d(2).eval())
    modes = [module.training for module in network.modules()]
    buffers, chance = [b.clone() for b in network.buffers()], torch.get_rng_state()
    with as_tested(network, mode, seed=4):
        assert {module.training for module in network.modules()} == {mode == "train"}
        first = network(torch.ones(2, 1, 8, 8))
    assert [module.training for module in network.modules()] == modes == [True, True, True, True, False]
    assert all(torch.equal(a, b) for a, b in zip(network.buffers(), buffers, strict=True))
    assert torch.equal(torch.get_rng_state(), chance)
    with as_tested(network, mode, seed=4):
        assert torch.equal(network(torch.ones(2, 1, 8, 8)), first)
