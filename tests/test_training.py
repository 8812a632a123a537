"""A run from its first picture to its last file: what it leaves, how it goes on, and how it ends when it must."""

from __future__ import annotations

import errno
import json
import signal
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

import ganvas
from ganvas.data.spec import DataSpec
from ganvas.errors import GanvasError
from ganvas.games.game import Game
from ganvas.training.progress import Progress
from ganvas.training.run import Run
from ganvas.training.session import Session
from ganvas.training.spectator import scores
from ganvas.training.start import Request, open_session, prepare
from ganvas.training.state import VERSION, read_state
from ganvas.training.ticks import DivergenceError
from states import identical, images_saved, trained

TINY = ("generator.width=4", "discriminator.width=4", "prior.dimension=6", "batch=16", "augment=none")
Train = Callable[..., Run]


@pytest.fixture(autouse=True)
def few_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The score histograms at the end of a run look at one batch here instead of at 2,000 pictures."""
    monkeypatch.setattr("ganvas.training.session.scores", partial(scores, count=1))


@pytest.fixture
def train(pictures: Path, tmp_path: Path) -> Train:
    """``train(images=64, settings=[…])``: a tiny sprint on thirty 8×8 pictures, into ``run`` unless told otherwise."""

    def call(*, settings: Sequence[str] = (), out: str = "run", images: int | None = 64, **more: Any) -> Run:
        wanted = {"recipe": "sprint", "data": str(pictures), "images": images, "out": tmp_path / out, **more}
        return ganvas.train(**wanted, settings=[*TINY, *settings])

    return call


def session(pictures: Path, out: Path, *settings: str, images: int = 64) -> Session:
    request = Request(DataSpec(source=str(pictures)), "sprint", out, images, settings=[*TINY, *settings])
    return open_session(prepare(request))


def files(run: Run) -> dict[str, bytes]:
    return {str(p.relative_to(run.path)): p.read_bytes() for p in sorted(run.path.rglob("*")) if p.is_file()}


# --- what it leaves ---------------------------------------------------------------------------------------------------


def test_a_run_leaves_its_files(train: Train) -> None:
    """64 images in batches of 16, a line and a sheet every round, for 64/150 and 64/30 are less than a batch."""
    run = train()
    assert {"recipe.json", "data.json", "stats.jsonl", "log.txt", "snapshot.safetensors", "state.pt"} <= files(
        run
    ).keys()
    assert sorted(sheet.name for sheet in run.samples.iterdir()) == [f"{n:09d}.png" for n in (0, 16, 32, 48, 64)]
    rows = list(run.stats())
    assert [row["images"] for row in rows] == [16, 32, 48, 64]
    assert {"seconds", "images_per_second", "discriminator/adversarial", "generator/gradient_norm"} <= rows[0].keys()
    assert not list(run.path.rglob("*.part"))


def test_the_recipe_is_written_whole_with_its_horizon_and_data(train: Train, pictures: Path) -> None:
    recipe = train().recipe()
    assert (recipe.images, recipe.horizon, recipe.batch) == (64, 64, 16)
    assert recipe.data is not None and recipe.data.source == str(pictures)
    assert json.loads((train().path / "data.json").read_text())["count"] == 30


def test_few_pictures_are_augmented_unless_told_otherwise(pictures: Path) -> None:
    """Under 10,000 pictures a discriminator learns them by heart; it is said, and can be turned off."""
    said: list[str] = []
    request = Request(DataSpec(source=str(pictures)), "sprint")
    assert prepare(request, said.append).recipe.model_dump()["augment"].keys() == {"diffaugment"}
    assert said == [
        "DiffAugment is on: 30 pictures are few (--set augment=none turns it off)",
        "30 pictures are fewer than a batch of 64: they will be learnt by heart",
    ]
    assert prepare(Request(DataSpec(source=str(pictures)), "sprint", settings=["augment=none"])).recipe.augment == {}


def test_without_a_place_the_run_is_named_after_data_and_recipe(pictures: Path) -> None:
    assert prepare(Request(DataSpec(source=str(pictures)), "dcgan")).out == Path("runs/dots-dcgan")


def test_minutes_are_measured_once_and_written_as_images(train: Train) -> None:
    """Afterwards only images count, so the same call finds its own run again."""
    run = train(images=None, minutes=0.002)
    images = run.recipe().images
    assert images % 16 == 0 and list(run.stats())[-1]["images"] == images
    before = trained(run)
    assert identical(trained(train(images=None, minutes=0.002)), before) and run.recipe().images == images


# --- how it goes on ---------------------------------------------------------------------------------------------------


def test_the_same_call_again_finds_the_work_done(train: Train) -> None:
    run = train()
    before = trained(run)
    assert identical(trained(train()), before)
    assert "resumed at 64 images" in (run.path / "log.txt").read_text()


def test_raising_images_goes_on_and_keeps_the_horizon(train: Train) -> None:
    """Schedules do not stretch: 64 then 96 images is not 96 images from the start, and the last rounds have the last
    learning rate."""
    falling = ["optimizers.generator.lr=1e-3->1e-4"]
    run = train(settings=falling)
    train(images=96, settings=falling)
    assert (run.recipe().images, run.recipe().horizon) == (96, 64)
    assert [row["images"] for row in run.stats()] == [16, 32, 48, 64, 80, 96]
    rate = read_state(run.state_file)["optimizer/generator"]["param_groups"][0]["lr"]
    assert rate == pytest.approx(1e-4)


def test_a_changed_recipe_is_refused_with_its_differences(train: Train) -> None:
    before = files(run := train())
    with pytest.raises(GanvasError) as caught:
        train(settings=["loss=hinge", "batch=8"])
    assert "batch: 16 → 8; loss.kind: relativistic → hinge" in str(caught.value) and "--out" in str(caught.value)
    assert files(run) == before


def test_other_pictures_are_refused(train: Train, pictures: Path) -> None:
    """The file has changed under the same name."""
    import numpy as np

    run = train()
    whole = pictures.read_bytes()
    try:
        np.savez(pictures, images=np.zeros((30, 8, 8), np.uint8), labels=np.arange(30) % 3)
        with pytest.raises(GanvasError, match="started with other pictures than dots holds now"):
            train(images=80)
    finally:
        pictures.write_bytes(whole)
    assert list(run.stats())[-1]["images"] == 64


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "other"])
def test_a_damaged_state_is_told_in_one_line(train: Train, damage: str) -> None:
    run = train()
    content = run.state_file.read_bytes()
    broken = {"cut": content[: len(content) // 2], "garbage": b"x" * 100, "empty": b""}
    if damage == "other":
        torch.save({"version": VERSION, "parts": {"network/generator": {}}}, run.state_file)
    else:
        run.state_file.write_bytes(broken[damage])
    with pytest.raises(GanvasError, match=r"state.pt .*move it away to start the run anew") as caught:
        train(images=80)
    assert "\n" not in str(caught.value)


def test_a_state_of_another_version_is_refused(train: Train) -> None:
    run = train()
    torch.save({"version": 99, "parts": {}}, run.state_file)
    with pytest.raises(GanvasError, match=r"state.pt is of version 99, this ganvas resumes version 2"):
        train(images=80)


def test_statistics_beyond_the_state_are_cut_back(train: Train) -> None:
    """A kill leaves lines and sheets later than the last saved state, and one line cut short; they come again."""
    run = train()
    with run.stats_file.open("a") as stats:
        stats.write(json.dumps({"images": 80, "alarms": []}) + '\n{"images": 96, "al')
    run.sheet(80).write_bytes(b"")
    train(images=96)
    assert [row["images"] for row in run.stats()] == [16, 32, 48, 64, 80, 96]
    assert all("generator/adversarial" in row for row in run.stats()) and run.sheet(80).stat().st_size > 0


def test_the_last_sheet_and_the_last_line_are_of_the_end(train: Train) -> None:
    """Sheets come every 639 // 30 = 21 images, so the last multiple is 630; the run ends in round 40 at 640. The sheet
    that the command line then points to must be there, and the last round be in the statistics."""
    run = train(images=639, settings=["batch=8"])
    assert run.sheet(640).is_file() and list(run.stats())[-1]["images"] == 640


# --- warm start -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("from_what", ["run", "snapshot"])
def test_a_warm_start_begins_from_trained_networks(
    train: Train, pictures: Path, tmp_path: Path, from_what: str
) -> None:
    """From a run both players come, from a lone snapshot the averaged generator; nothing is taken from its clock."""
    first = train(images=160)
    start = first.path if from_what == "run" else tmp_path / "kept.safetensors"
    if from_what == "snapshot":
        start.write_bytes(first.snapshot_file.read_bytes())
    request = Request(DataSpec(source=str(pictures)), "sprint", tmp_path / "tuned", 64, start=start, settings=TINY)
    tuned = open_session(prepare(request))
    kept = ganvas.open(first.path).generator.state_dict()
    assert identical(dict(tuned.game.networks["generator"].state_dict()), dict(kept))
    assert identical(dict(tuned.averages.networks["generator"].state_dict()), dict(kept))
    judge = read_state(first.state_file)["network/discriminator"]
    assert identical(dict(tuned.game.networks["discriminator"].state_dict()), dict(judge)) == (from_what == "run")
    assert tuned.progress.images == 0


def test_a_warm_start_counts_only_once(train: Train) -> None:
    """The same call again resumes; it does not begin from the other run once more."""
    first = train(images=160)
    tuned = train(out="tuned", start=first.path)
    before = trained(tuned)
    assert identical(trained(train(out="tuned", start=first.path)), before)


def test_a_warm_start_that_does_not_fit_is_told(train: Train) -> None:
    first = train()
    with pytest.raises(GanvasError, match=r"--from: the networks .* do not fit .*generator.width: 4 → 6"):
        train(out="other", start=first.path, settings=["generator.width=6"])


# --- how it ends when it must -----------------------------------------------------------------------------------------


def test_a_run_that_explodes_stops_and_names_player_and_term(train: Train) -> None:
    """At a learning rate of 10¹² the discriminator has no sensible loss after one step."""
    with pytest.raises(DivergenceError) as caught:
        train(images=640, settings=["optimizers.discriminator.lr=1e12"])
    line = str(caught.value)
    assert line.startswith("training diverged: the ") and "last finite state is kept" in line and "optimizers" in line
    assert any(
        f"the {player}'s {term} is" in line
        for player in ("discriminator", "generator")
        for term in ("adversarial", "r1", "r2", "gradient_norm", "real_logits", "fake_logits")
    )


def poison(at: int) -> Callable[[Game, Progress], None]:
    """A callback after which the generator is not a number, once so many images have been seen."""

    def call(game: Game, progress: Progress) -> None:
        if progress.images == at:
            next(game.networks["generator"].parameters()).data.fill_(torch.nan)

    return call


def test_the_last_finite_state_survives(pictures: Path, tmp_path: Path) -> None:
    """Saved every round; poisoned after 32 images; the files are those of 32 images at most, finite, and go on."""
    broken = session(pictures, tmp_path / "run", images=640)
    with pytest.raises(DivergenceError):
        broken.play([poison(at=32)], save_seconds=0.0)
    assert not list(broken.run.path.rglob("*.part"))
    state = read_state(broken.run.state_file)
    assert images_saved(broken.run.path) == 16
    assert all(torch.isfinite(value).all() for value in state["network/generator"].values())
    assert ganvas.open(broken.run.path).images == 16
    again = session(pictures, tmp_path / "run", images=640)
    assert again.progress.images == 16 and again.play()


@pytest.mark.parametrize("when", ["at a tick", "between ticks"])
def test_a_diverged_run_says_so_in_its_log(pictures: Path, tmp_path: Path, when: str) -> None:
    """Whether a tick sees it first or the saving at the end does."""
    broken = session(pictures, tmp_path / "run", images=64)
    if when == "between ticks":
        broken.ticks.every = 10**9
    with pytest.raises(DivergenceError):
        broken.play([poison(at=32)])
    assert "training diverged" in (broken.run.path / "log.txt").read_text()


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("what", ["state", "snapshot", "sheet", "statistics", "log"])
def test_a_full_disk_is_one_line_and_the_old_state_is_intact(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Whichever file is the one that does not fit any more."""
    first = session(pictures, tmp_path / "run", images=64)
    first.play()
    before = files(first.run)
    again = session(pictures, tmp_path / "run", images=128)
    if what == "state":
        monkeypatch.setattr(torch, "save", full_disk)
    elif what == "snapshot":
        monkeypatch.setattr(Path, "write_bytes", full_disk)
    elif what == "sheet":
        monkeypatch.setattr("PIL.Image.Image.save", full_disk)
    elif what == "statistics":
        monkeypatch.setattr(json, "dumps", full_disk)
    else:
        monkeypatch.setattr(Run, "log", full_disk)
    with pytest.raises(GanvasError, match="No space left on device") as caught:
        again.play(save_seconds=0.0)
    assert "\n" not in str(caught.value) and str(again.run.path) in str(caught.value)
    left = files(again.run)
    assert not [name for name in left if name.endswith(".part")]
    assert (left["state.pt"] == before["state.pt"]) == (what != "log")  # the log is the last to be written
    monkeypatch.undo()
    resumed = session(pictures, tmp_path / "run", images=128)
    assert resumed.progress.images == (64 if what != "log" else 128) and resumed.play()


def test_a_limit_of_the_system_is_met_as_a_full_disk_is(pictures: Path, tmp_path: Path) -> None:
    """No file may grow beyond 8 KiB: less than a state, more than a line. Nothing here is pretended."""
    resource = pytest.importorskip("resource")
    first = session(pictures, tmp_path / "run", images=64)
    first.play()
    before = files(first.run)
    again = session(pictures, tmp_path / "run", images=128)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(GanvasError, match=r"cannot write .*: File too large"):
            again.play(save_seconds=0.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    after = files(again.run)
    assert after["state.pt"] == before["state.pt"] and after["snapshot.safetensors"] == before["snapshot.safetensors"]
    assert not [name for name in after if name.endswith(".part")]


def test_a_place_that_cannot_be_written_is_told_before_training(train: Train, tmp_path: Path) -> None:
    """A file stands where the run should be; nothing is lost."""
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(GanvasError, match="cannot write"):
        train(out="taken/run")
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_batch_that_does_not_divide_is_refused(train: Train) -> None:
    with pytest.raises(GanvasError, match="batch=16 does not divide into parts=3"):
        train(settings=["parts=3"])


# --- stopping by hand -------------------------------------------------------------------------------------------------


def interrupt(at: int, number: signal.Signals = signal.SIGINT) -> Callable[[Game, Progress], None]:
    def call(game: Game, progress: Progress) -> None:
        if progress.images == at:
            signal.raise_signal(number)

    return call


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_after_the_round_and_saves(pictures: Path, tmp_path: Path, number: signal.Signals) -> None:
    """Stopped at 32 of 64 and gone on: the same bits as never stopped. The old handlers are back afterwards."""
    before = signal.getsignal(number)
    stopped = session(pictures, tmp_path / "run")
    assert stopped.play([interrupt(32, number)]) is False
    assert signal.getsignal(number) is before
    assert images_saved(stopped.run.path) == 32
    assert session(pictures, tmp_path / "run").play() is True
    whole = session(pictures, tmp_path / "whole")
    whole.play()
    assert identical(trained(stopped.run), trained(whole.run))
    assert stopped.run.snapshot_file.read_bytes() == whole.run.snapshot_file.read_bytes()


def test_a_second_ctrl_c_stops_at_once(pictures: Path, tmp_path: Path) -> None:
    impatient = session(pictures, tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        impatient.play([lambda game, progress: [signal.raise_signal(signal.SIGINT) for _ in range(2)]])


def test_outside_the_main_thread_training_leaves_signals_alone(pictures: Path, tmp_path: Path) -> None:
    """In a notebook's or a server's worker thread, where Python allows no handlers."""
    done: list[bool] = []
    thread = threading.Thread(target=lambda: done.append(session(pictures, tmp_path / "run").play()))
    thread.start()
    thread.join()
    assert done == [True]
