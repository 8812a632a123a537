"""The marks that the toolkit's own choice meets on the ring and the grid, by the protocol of Lin et al. 2018."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ganvas.toys.plane import IMAGES, lesson, read_out
from ganvas.toys.targets import TARGETS

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def end(name: str, seed: int) -> dict[str, Any]:
    """The default run, read out once at its end."""
    subject = lesson("ganvas", TARGETS[name](), (), seed, IMAGES.get(name))
    subject.play.on(subject.play.recipe.images)
    return read_out(subject.play)


def test_ring() -> None:
    """All eight modes, 95 % of the points within 3σ; the truth has 98.9 %."""
    numbers = end("ring", 0)
    assert numbers["modes_covered"] == 8, numbers
    assert numbers["high_quality_share"] >= 0.95, numbers


def test_grid() -> None:
    """Five seeds, all 25 modes in each. In the mean 95 % of the points within 3σ and at least 80 % of the true width;
    in each, masses within .05 nats: to miss one mode altogether costs log(25/24) = .041, to halve half of them .057."""
    runs = [end("grid", seed) for seed in range(5)]
    assert [run["modes_covered"] for run in runs] == [25] * 5, runs
    means = {key: np.mean([run[key] for run in runs]) for key in ("high_quality_share", "within_mode_sd_ratio")}
    assert means["high_quality_share"] >= 0.95, runs
    assert means["within_mode_sd_ratio"] >= 0.8, runs
    assert max(run["reverse_kl"] for run in runs) <= 0.05, runs
