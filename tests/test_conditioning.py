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
    """After 20,000 images, asked about a class the discriminator believes real digits of that class more than real
    digits of others, by over five standard errors, for each of the ten classes.

    The class asked about is held fixed: relativistic pairs share their class, so a constant that belongs to a class
    cancels in the loss, and logits for different classes cannot be compared. Ignoring the class would show no gap.
    """
    run: Run = ganvas.train("sprint", data="digits", images=20_032, out=tmp_path / "run", device="cpu")
    recipe = run.recipe()
    data = open_data(DataSpec(source="digits"))
    session = Session(recipe, data, run, detect("cpu"))
    session.restore()
    batch = torch.from_numpy(data.images[::5].copy()).float() / 127.5 - 1
    labels = torch.from_numpy(data.labels[::5].copy())
    judge = session.game.networks["discriminator"]
    with torch.no_grad():
        logits = torch.stack([judge(batch, torch.full_like(labels, asked)).logits for asked in range(10)])
    for asked in range(10):
        own, others = logits[asked][labels == asked], logits[asked][labels != asked]
        standard_error = (own.var() / len(own) + others.var() / len(others)).sqrt()
        assert own.mean() - others.mean() > 5 * standard_error, f"class {asked}: {own.mean():.2f}, {others.mean():.2f}"


def test_the_asked_class_reaches_the_generator() -> None:
    """The packaged digits: the same latent asked for ten classes gives ten different pictures."""
    snapshot = ganvas.open("digits")
    pictures = snapshot.generate(snapshot.latents([5]).repeat(10, 1), torch.arange(10))
    assert len({picture.numpy().tobytes() for picture in pictures}) == 10
