"""What all tests share: one thread, a cache of their own, tiny networks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings

from browsing import BROWSER, QUIET
from console import Ganvas
from ganvas.cli.main import main
from ganvas.recipes.overrides import overridden
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import RECIPES
from ganvas.snapshot import Snapshot
from ganvas.space import Classes, Space

torch.set_num_threads(1)  # the networks here are too small to share; more threads only wait for each other
settings.register_profile("ganvas", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("ganvas")

NARROW = ("generator.width=8", "discriminator.width=8")
GREY = Space(channels=1, height=8, width=8)
NAMED = Space(channels=3, height=8, width=12, condition=Classes(names=("cat", "dog", "7")))


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Decoded pictures go where pytest cleans up, never into the user's cache."""
    before = os.environ.get("GANVAS_CACHE")
    os.environ["GANVAS_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["GANVAS_CACHE"]
    else:
        os.environ["GANVAS_CACHE"] = before


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Recipe]:
    """``tiny("sprint", "loss=hinge", space=GREY)``: a recipe with narrow networks and small batches."""

    def make(name: str = "sprint", *changes: str, space: Space = GREY) -> Recipe:
        return overridden(RECIPES[name](space), [*NARROW, "prior.dimension=6", "batch=4", "images=400", *changes])

    return make


@pytest.fixture(scope="session")
def snapshot_of() -> Callable[..., Snapshot]:
    """An untrained snapshot of a recipe, in evaluation mode, as `open_snapshot` gives it."""

    def make(recipe: Recipe, images: int = 0) -> Snapshot:
        torch.manual_seed(recipe.seed)
        networks = recipe.networks(recipe.keeps)
        return Snapshot(
            {role: network.requires_grad_(False).eval() for role, network in networks.items()}, recipe, images
        )

    return make


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty 8×8 grey pictures of three classes in an ``.npz``."""
    path = tmp_path_factory.mktemp("data") / "dots.npz"
    images = np.random.default_rng(0).integers(0, 256, (30, 8, 8), dtype=np.uint8)
    np.savez(path, images=images, labels=np.arange(30) % 3)
    return path


@pytest.fixture
def ganvas(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Ganvas:
    """Calls the console script in this process, in a folder of its own: ``ganvas(…) → (status, stdout, stderr)``."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ganvas", *map(str, words)])
        try:
            main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        return (status, *capfd.readouterr())

    return call


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser without a window."""
    with pytest.importorskip("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=QUIET)
        yield browser
        browser.close()
