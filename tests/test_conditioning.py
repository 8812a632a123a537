"""Conditions are obeyed by both sides: mission of a conditional GAN is that the *pair* (picture, class) is judged."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import ganvas
from ganvas.data.dataset import open_data
from ganvas.data.spec import DataSpec
from ganvas.training.run import Run
from ganvas.training.runtime import detect
from ganvas.training.session import Session


@pytest.mark.slow
def test_a_pair_with_another_class_is_believed_less(tmp_path: Path) -> None:
    """After 20,000 images the discriminator's mean logit of (real digit, its class) is above that of (real digit,
    another class), for each of the ten classes; without classes there would be no difference at all."""
    run: Run = ganvas.train("sprint", data="digits", images=20_032, out=tmp_path / "run", device="cpu")
    recipe = run.recipe()
    data = open_data(DataSpec(source="digits"))
    session = Session(recipe, data, run, detect("cpu"))
    session.restore()
    batch = torch.from_numpy(data.images[::5].copy()).float() / 127.5 - 1
    labels = torch.from_numpy(data.labels[::5].copy())
    judge = session.game.networks["discriminator"]
    with torch.no_grad():
        right = judge(batch, labels).logits
        wrong = torch.stack([judge(batch, (labels + k) % 10).logits for k in range(1, 10)]).mean(0)
    for label in range(10):
        assert right[labels == label].mean() > wrong[labels == label].mean() + 1.0


def test_the_asked_class_reaches_the_generator() -> None:
    """The packaged digits: the same latent asked for ten classes gives ten different pictures."""
    snapshot = ganvas.open("digits")
    pictures = snapshot.generate(snapshot.latents([5]).repeat(10, 1), torch.arange(10))
    assert len({picture.numpy().tobytes() for picture in pictures}) == 10
