"""Two processes that share a batch are one process that works through it in two parts."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import ganvas
from ganvas.contract.trial import Trial, recipe_for, spaces_for
from ganvas.data.spec import DataSpec
from ganvas.recipes.overrides import overridden
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import RECIPES
from ganvas.training.plan import Plan
from ganvas.training.runtime import detect
from ganvas.training.session import Session
from ganvas.training.start import Prepared, Request, open_session, prepare
from processes import ended, start
from states import identical, images_saved

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no fork server")

ROUNDS = 3
AUGMENTED = ("augment=diffaugment",)


SHALLOW = ("discriminator.layers=1",)
NO_HISTORY = (*SHALLOW, "generator.blocks=1", "pool=0")  # each process has a history of its own fakes


def recipe(name: str, settings: tuple[str, ...] = ()) -> Recipe:
    """On pictures with classes, on maps of classes or on two sets."""
    thin = ["generator.width=8", "discriminator.width=8"]
    *_, space = spaces_for(RECIPES[name]).values()
    return overridden(recipe_for(RECIPES[name], space), [*thin, *settings])


def join(rank: int, world: int, port: int) -> None:
    """Be one of the processes that ``torchrun`` starts."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}


def together(world: int, work: Callable[..., None], folder: Path, *words: Any) -> list[Any]:
    """What each process of ``work(rank, world, port, folder, *words)`` leaves in ``folder/<rank>.pt``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [start(work, rank, world, port, folder, *words) for rank in range(world)]
    assert [ended(process) for process in processes] == [0] * world
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(world)]


def play_as(
    rank: int, world: int, port: int, folder: Path, name: str, settings: tuple[str, ...], rounds: int = ROUNDS
) -> None:
    """A few rounds on trial; leaves the weights."""
    join(rank, world, port)
    trial = Trial(recipe(name, settings), detect("cpu")).with_plain_steps().play(rounds)
    torch.save(trial.weights(), folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("sprint", AUGMENTED),
        ("wgan-gp", ()),
        ("pix2pix", SHALLOW),
        *[pytest.param(name, (), marks=pytest.mark.slow) for name in ("sprint", "dcgan", "wgan", "r3gan")],
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_two_processes_are_one_with_two_parts(name: str, settings: tuple[str, ...], tmp_path: Path) -> None:
    """shard = rank · parts + part seeds all randomness, and the mean over ranks is the mean over parts: the same
    numbers added in another order. With plain descent: Adam turns a rounding error around zero into a whole step."""
    first, second = together(2, play_as, tmp_path, name, settings)
    alone = Trial(recipe(name, settings).but(parts=2)).with_plain_steps().play(ROUNDS).weights()
    undivided = Trial(recipe(name, settings)).with_plain_steps().play(ROUNDS).weights()
    assert first.keys() == second.keys() == alone.keys()
    for weight in alone:
        assert torch.equal(first[weight], second[weight]), f"the processes disagree about {weight}"
        assert torch.allclose(first[weight], alone[weight], rtol=1e-4, atol=1e-6), weight
    # other noise, other weights: the agreement above is no accident
    assert any(not torch.allclose(first[weight], undivided[weight], rtol=1e-4, atol=1e-6) for weight in alone)


def test_two_processes_that_draw_nothing_are_one(tmp_path: Path) -> None:
    """CycleGAN without a history has no randomness but its data: which pictures a process takes is all that counts, and
    two are one without parts as well. One that was left with its half of them would have learnt something else. A
    single round: the slope of ℓ1 is a sign, and by the next a rounding error has turned some of them."""
    mine = recipe("cyclegan", NO_HISTORY)
    first, second = together(2, play_as, tmp_path, "cyclegan", NO_HISTORY, 1)
    alone, half = (Trial(mine.but(batch=n)).with_plain_steps().play(1).weights() for n in (4, 2))
    for weight in alone:
        assert torch.equal(first[weight], second[weight]), f"the processes disagree about {weight}"
        assert torch.allclose(first[weight], alone[weight], rtol=1e-4, atol=1e-6), weight
    assert any(not torch.allclose(half[weight], alone[weight], rtol=1e-4, atol=1e-4) for weight in alone)


@pytest.mark.slow
def test_three_processes_of_two_parts_are_one_of_six(tmp_path: Path) -> None:
    three = together(3, play_as, tmp_path, "sprint", ("batch=12", "parts=2"))
    alone = Trial(recipe("sprint", ("batch=12", "parts=6"))).with_plain_steps().play(ROUNDS).weights()
    for weight in alone:
        assert all(torch.allclose(theirs[weight], alone[weight], rtol=1e-4, atol=1e-6) for theirs in three), weight


TINY = ("generator.width=4", "discriminator.width=4", "batch=16", "augment=none")


def prepared(rank: int, world: int, port: int, folder: Path, data: Path, **how: Any) -> Prepared:
    """Everybody has met when this returns, and nothing is written yet."""
    join(rank, world, port)
    return prepare(Request(DataSpec(source=str(data)), "sprint", folder / "run", settings=TINY, **how))


def leave(session: Session, folder: Path) -> None:
    """How long this process means to train, and its weights."""
    weights = {role: network.state_dict() for role, network in session.game.networks.items()}
    rank = session.runtime.place.rank
    torch.save({"images": session.recipe.images, "weights": weights}, folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


def train_as(rank: int, world: int, port: int, folder: Path, data: Path) -> None:
    session = open_session(prepared(rank, world, port, folder, data, images=64))
    session.play()
    leave(session, folder)


def open_for_minutes_as(rank: int, world: int, port: int, folder: Path, data: Path) -> None:
    """On machines of different speed, and before any of them has written anything."""
    Prepared.plan = lambda self: Plan({}, 1000.0 * (rank + 1), 0)  # type: ignore[method-assign]
    Session.resume = lambda self: None  # type: ignore[method-assign]
    leave(open_session(prepared(rank, world, port, folder, data, minutes=0.1)), folder)


def open_late_as(rank: int, world: int, port: int, folder: Path, data: Path, start: Path) -> None:
    """The second process comes when the first one has begun the run (or waits for it, which is why this one tires)."""
    request = prepared(rank, world, port, folder, data, images=64, start=start)
    deadline = time.monotonic() + 3.0
    while rank and not (folder / "run" / "data.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    leave(open_session(request), folder)


@pytest.mark.slow
def test_two_processes_make_one_run(pictures: Path, tmp_path: Path) -> None:
    """The first writes, the second only computes; a third user opens what they left and sees nothing of it."""
    first, second = together(2, train_as, tmp_path, pictures)
    assert identical(first["weights"], second["weights"])
    assert images_saved(tmp_path / "run") == 64 and ganvas.open(tmp_path / "run").sample([0]).shape == (1, 1, 8, 8)
    assert (tmp_path / "run" / "log.txt").read_text().count("started at 0 images") == 1


def test_processes_of_different_speed_agree_on_how_long_to_train(pictures: Path, tmp_path: Path) -> None:
    """Whoever trained longer would wait for the others for ever."""
    first, second = together(2, open_for_minutes_as, tmp_path, pictures)
    assert first["images"] == second["images"]


def test_a_warm_start_reaches_every_process(pictures: Path, tmp_path: Path) -> None:
    """Or they would average the gradients of different networks."""
    trained = ganvas.train("sprint", data=str(pictures), images=32, out=tmp_path / "old", settings=TINY)
    first, second = together(2, open_late_as, tmp_path, pictures, trained.path)
    assert identical(first["weights"], second["weights"])
