"""Killed at any moment and resumed is uninterrupted, bit for bit; Ctrl-C saves and says how to go on."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from ganvas.data.spec import DataSpec
from ganvas.training import session as session_module
from ganvas.training.run import Run
from ganvas.training.session import Session
from ganvas.training.start import Request, open_session, prepare
from processes import call_ganvas, ended, start, wait_for
from states import identical, images_saved, trained

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL, no fork server")

IMAGES = 640
TINY = ("generator.width=4", "discriminator.width=4", "prior.dimension=6", "batch=8", "augment=diffaugment")
CLOCKED = ("seconds", "images_per_second")
"""What differs between two runs of the same numbers."""


@pytest.fixture(scope="module", autouse=True)
def few_scores() -> Iterator[None]:
    """The score histograms at the end of a run look at one batch here instead of at 2,000 pictures."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(session_module, "scores", partial(session_module.scores, count=1))
        yield


def session(data: Path, out: Path) -> Session:
    spec = DataSpec(source=str(data), mirror=True)
    return open_session(prepare(Request(spec, "sprint", out, IMAGES, settings=TINY)))


def play(data: Path, out: Path, between_files: bool = False, at_file: int = 0, half_of: str = "") -> None:
    """Train, saving after every round. Asked so, die by one's own hand in the worst moments: in the ``at_file``-th save
    after the snapshot is written and the state is not, or half-way through a file."""
    mine = session(data, out)
    saves = 0

    def die(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def save_state(*words: Any) -> None:
        nonlocal saves
        saves += 1
        if between_files and saves == at_file:
            die()
        real_write_state(*words)

    real_write_state, session_module.write_state = session_module.write_state, save_state
    if half_of == "state":
        real_save = torch.save

        def half(content: Any, path: Path) -> None:
            real_save(content, path)
            if saves == at_file:
                os.truncate(path, path.stat().st_size // 2)
                die()

        torch.save = half
    mine.play(save_seconds=0.0)


def finished(data: Path, out: Path) -> Run:
    mine = session(data, out)
    assert mine.play()
    return mine.run


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Run:
    """The run that nobody disturbed."""
    return finished(pictures, tmp_path_factory.mktemp("whole") / "run")


def assert_same_run(run: Run, whole: Run) -> None:
    """Snapshot to the byte; networks, optimizers, averages and running means to the bit; statistics but for the clock;
    the same sheets to the byte."""
    assert run.snapshot_file.read_bytes() == whole.snapshot_file.read_bytes()
    mine, theirs = trained(run), trained(whole)
    assert [name for name in theirs if not identical(mine[name], theirs[name])] == []
    rows = [[{k: v for k, v in row.items() if k not in CLOCKED} for row in r.stats()] for r in (run, whole)]
    assert rows[0] == rows[1]
    assert sheets(run) == sheets(whole)


def sheets(run: Run) -> dict[str, bytes]:
    return {sheet.name: sheet.read_bytes() for sheet in run.samples.glob("*.png")}


def kill_at_random(data: Path, out: Path, times: int, dice: random.Random) -> None:
    """SIGKILL at moments that only the dice know, each time later in the run than the last."""
    for _ in range(times):
        before = images_saved(out) if (out / "state.pt").exists() else 0
        process = start(play, data, out)
        wait_for(lambda before=before: (out / "state.pt").exists() and images_saved(out) > before, process)
        time.sleep(dice.uniform(0.0, 0.25))
        process.kill()
        assert ended(process) == -signal.SIGKILL, "the run was over before it could be killed"


@pytest.mark.parametrize("times", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_killed_at_random_moments_and_resumed(whole: Run, pictures: Path, tmp_path: Path, times: int) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"dice: {seed}")  # shown when the test fails
    out = tmp_path / "run"
    try:
        kill_at_random(pictures, out, times, random.Random(seed))
    except AssertionError:
        assert images_saved(out) == IMAGES  # a fast machine: it was done before the last kill
    assert_same_run(finished(pictures, out), whole)


WORST: dict[str, dict[str, Any]] = {
    "between snapshot and state": {"between_files": True, "at_file": 7},
    "half-way through the state": {"half_of": "state", "at_file": 5},
    "before anything was saved": {"between_files": True, "at_file": 1},
}


@pytest.mark.parametrize("moment", WORST.values(), ids=WORST.keys())
def test_killed_in_the_worst_moments_and_resumed(
    whole: Run, pictures: Path, tmp_path: Path, moment: dict[str, Any]
) -> None:
    """The state is that of the save before, whole; what was written beside it does no harm."""
    out = tmp_path / "run"
    assert ended(start(_play_with, pictures, out, moment)) == -signal.SIGKILL
    saved = 8 * (moment["at_file"] - 1)
    assert (images_saved(out) if saved else (out / "state.pt").exists()) == saved
    assert_same_run(finished(pictures, out), whole)


def _play_with(data: Path, out: Path, moment: dict[str, Any]) -> None:
    play(data, out, **moment)


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_ctrl_c_on_the_command_line_saves_and_says_how_to_go_on(
    pictures: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """Exit status 130, one line, a report, and a state to go on from."""
    settings = [word for setting in TINY for word in ("--set", setting)]
    command = ("train", "sprint", "--data", str(pictures), "--out", "run", "--images", str(10**7), *settings)
    process = start(call_ganvas, tmp_path, *command)
    run = Run(tmp_path / "run")
    wait_for(lambda: run.sheet(0).exists() and len(log_of(run)) > 0, process)
    time.sleep(0.3)
    assert process.pid is not None
    os.kill(process.pid, number)
    assert ended(process) == 130
    said = (tmp_path / "err.txt").read_text()
    seen = images_saved(run.path)
    assert f"stopped and saved at {seen:,} images; the same command goes on from here" in said
    assert "Traceback" not in said and seen > 0 and run.report_file.exists()


def log_of(run: Run) -> str:
    log = run.path / "log.txt"
    return log.read_text() if log.exists() else ""


def test_numbers_of_a_resumed_run_are_whole_lines(whole: Run) -> None:
    """Every line of the statistics is one JSON object, in order, none twice."""
    rows = [json.loads(line) for line in whole.stats_file.read_text().splitlines()]
    images: list[int] = [row["images"] for row in rows]
    assert images == sorted(set(images)) and images[-1] == IMAGES
