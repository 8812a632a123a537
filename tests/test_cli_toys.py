"""``ganvas toy``: what trained toys leave behind, their numbers, and mistakes in one line before any training."""

from __future__ import annotations

import json
import os
import signal
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from console import Ganvas, complaint
from ganvas.toys import canvas, completion, plane, plane_figures
from ganvas.toys.plane import VARIANTS
from ganvas.toys.targets import TARGETS
from processes import call_ganvas, ended, start, wait_for

NETWORKS = ("--set", "generator.widths=[16]", "--set", "discriminator.widths=[16]")
FAST = ("--images", "512", "--no-film", "--set", "batch=128", *NETWORKS)
MODE_KEYS = {
    *("modes", "modes_covered", "modes_at_half_mass", "high_quality_share", "within_mode_sd_ratio", "reverse_kl"),
    *("energy_distance", "js_quality", "js_coverage", "js_over_generated", "js_under_generated"),
}


@pytest.fixture
def ganvas(ganvas: Ganvas, monkeypatch: pytest.MonkeyPatch) -> Ganvas:
    """``ganvas toy …`` in this process. Looks are small and figures coarse, so that what is tested is the command."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(plane, "PROTOCOL", 100)
    monkeypatch.setattr(plane_figures, "MANY", 2000)
    monkeypatch.setattr(plane_figures, "BINS", 16)
    monkeypatch.setattr(completion, "LATENTS", 2000)
    monkeypatch.setattr(canvas, "DOTS_PER_INCH", 30)
    return partial(ganvas, "toy")


def numbers_of(text: str) -> dict:
    """Strict JSON: NaN and Infinity are none."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("name", TARGETS)
def test_each_target(ganvas: Ganvas, tmp_path: Path, name: str):
    """Figures under toys/NAME, a line that says so, and all numbers; modes only where the target has them."""
    status, out, err = ganvas(name, *FAST, "--json", "n.json")
    assert (status, err) == (0, "")
    assert [path.name for path in (tmp_path / "toys" / name).iterdir()] == ["panels.png"]
    assert out.splitlines()[-2:] == [f"wrote toys/{name}/panels.png", "wrote n.json"]
    assert "energy distance" in out and "100%" in out
    (variant,) = numbers_of((tmp_path / "n.json").read_text())["variants"]
    assert variant["name"] == "ganvas" and variant["images"] == variant["history"][-1]["images"] == 512
    wanted = MODE_KEYS if name in ("ring", "grid") else {"energy_distance"}
    assert wanted <= variant.keys()
    assert MODE_KEYS & variant.keys() == wanted
    assert variant["recipe"]["generator"]["widths"] == [16]


def test_a_picture(ganvas: Ganvas, tmp_path: Path):
    """Named after the file."""
    Image.fromarray(np.eye(8, dtype=np.uint8) * 255).save(tmp_path / "cross.png")
    status, _, err = ganvas("picture", "cross.png", *FAST)
    assert (status, err) == (0, "")
    assert (tmp_path / "toys" / "cross" / "panels.png").is_file()


def test_two_variants_are_two_rows(ganvas: Ganvas, tmp_path: Path):
    """A row is 3.55 inches high, at 30 dots an inch; settings apart by spaces make a variant too."""
    pair = ("--compare", "plain", "--compare", "loss=hinge penalties=none")
    status, _, err = ganvas("ring", *FAST, *pair, "--json", "n.json", "--out", "two")
    assert (status, err) == (0, "")
    variants = numbers_of((tmp_path / "n.json").read_text())["variants"]
    assert [variant["name"] for variant in variants] == ["plain", "loss=hinge penalties=none"]
    assert [variant["recipe"]["loss"]["kind"] for variant in variants] == ["non-saturating", "hinge"]
    assert all(variant.keys() >= MODE_KEYS for variant in variants)
    assert Image.open(tmp_path / "two" / "panels.png").height == pytest.approx((2 * 3.55 + 0.2) * 30, abs=1)
    assert ganvas("ring", *FAST, "--out", "one")[0] == 0
    assert Image.open(tmp_path / "one" / "panels.png").height == pytest.approx((3.55 + 0.2) * 30, abs=1)


def test_dark_and_svg(ganvas: Ganvas, tmp_path: Path):
    """The ground of either theme in the corner; an SVG of the dark theme's orange."""
    for flags, theme in ((["--dark"], canvas.DARK), ([], canvas.LIGHT)):
        assert ganvas("ring", *FAST, *flags)[0] == 0
        ground = Image.open(tmp_path / "toys" / "ring" / "panels.png").convert("RGB").getpixel((0, 0))
        assert ground == tuple(bytes.fromhex(theme.ground[1:]))
    assert ganvas("spiral", *FAST, "--dark", "--format", "svg")[0] == 0
    assert canvas.DARK.fake in (tmp_path / "toys" / "spiral" / "panels.svg").read_text()


def test_a_film(ganvas: Ganvas, tmp_path: Path):
    """2 rounds of 128 are two looks, hence two frames, of the first variant only."""
    status, out, _ = ganvas(
        "grid", "--images", 256, "--set", "batch=128", *NETWORKS, "--compare", "plain", "--compare", "hinge"
    )
    assert status == 0 and "animation.gif" in out
    with Image.open(tmp_path / "toys" / "grid" / "animation.gif") as film:
        assert film.n_frames == 2


def test_same_seed_same_numbers(ganvas: Ganvas, tmp_path: Path):
    """And the same SVG, to the byte; seconds are the clock's."""

    def told(seed: int, out: str) -> tuple[list, bytes]:
        ganvas("ring", *FAST, "--seed", seed, "--json", "n.json", "--format", "svg", "--out", out)
        history = numbers_of((tmp_path / "n.json").read_text())["variants"][0]["history"]
        rows = [{key: value for key, value in row.items() if key != "seconds"} for row in history]
        return rows, (tmp_path / out / "panels.svg").read_bytes()

    once, again, other = told(1, "a"), told(1, "b"), told(2, "c")
    assert once[0] == again[0] and once[0] != other[0]
    assert once[1] == again[1]


def test_trained_to_completion(ganvas: Ganvas, tmp_path: Path):
    """Both figures, the numbers of proposition 1 and its curves."""
    status, out, err = ganvas(
        "trained-to-completion",
        "--images",
        4096,
        "--set",
        "batch=256",
        *NETWORKS,
        "--json",
        "n.json",
        "--target",
        "0:1",
    )
    assert status == 0 and "Traceback" not in err
    place = tmp_path / "toys" / "trained-to-completion"
    assert {path.name for path in place.iterdir()} == {"panels.png", "value.png"}
    assert "with G frozen, mean |D − D*|" in out and "wrote n.json" in out
    told = numbers_of((tmp_path / "n.json").read_text())
    keys = {"value", "value_at_best", "value_of_the_end", "js", "mean_abs_to_best", "max_abs_to_half"}
    assert keys <= told.keys() and keys - {"value_of_the_end"} <= told["frozen_generator"].keys()
    assert told["images"] == 4096


def test_a_game_of_one_round_is_drawn_too(ganvas: Ganvas, tmp_path: Path):
    """Fewer looks than panels: the last stands for those that are missing."""
    words = ("--images", 1, "--set", "batch=64", *NETWORKS, "--format", "svg", "--dark")
    assert ganvas("trained-to-completion", *words)[0] == 0
    assert canvas.DARK.ground in (tmp_path / "toys" / "trained-to-completion" / "value.svg").read_text()


def test_variants_are_listed(ganvas: Ganvas):
    status, out, _ = ganvas("variants")
    assert status == 0
    names = [line.split()[0] for line in out.splitlines()[1:] if line and not line.startswith(" ")]
    assert names == list(VARIANTS)
    assert "penalties=gradient-penalty" in out


MISTAKES = [
    (["--set", "lr=1"], "the recipe has no 'lr'"),
    (["--set", "batch"], "--set batch: write path=value"),
    (["--set", "batch=0"], "--set batch=0"),
    (["--format", "bmp"], "--format bmp: a figure ends in .png, .svg, .pdf"),
    (["--seed", "-1"], "seed=-1"),
]


@pytest.mark.parametrize("toy", ["ring", "trained-to-completion"])
@pytest.mark.parametrize(("words", "line"), MISTAKES)
def test_mistakes_are_one_line_before_anything_is_trained(
    ganvas: Ganvas, tmp_path: Path, toy: str, words: list[str], line: str
):
    """Nothing is left behind, and a full run's worth of points is never begun."""
    assert line in complaint(ganvas(toy, *words))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["ring", "--compare", "packin"], "no variant is called 'packin'; did you mean 'packing'"),
        (["ring", "--compare", "plain", "--compare", "loss=wasserstein penalties=none"], "unbounded without a limit"),
        (["picture", "nowhere.png"], "there is no picture nowhere.png"),
        (["trained-to-completion", "--target", "1:-1"], "--target 1:-1: write centre:deviation:weight"),
    ],
)
def test_other_mistakes(ganvas: Ganvas, tmp_path: Path, words: list[str], line: str):
    assert line in complaint(ganvas(*words))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(ganvas: Ganvas, tmp_path: Path):
    (tmp_path / "file").touch()
    status, _, err = ganvas("ring", *FAST, "--out", "file/inside")
    assert status == 2 and "cannot write file/inside/panels.png" in err and "Traceback" not in err


def test_points_that_run_away_are_said(ganvas: Ganvas):
    """A learning rate of 1e30 is NaN within rounds: one line, no JSON with NaN in it."""
    huge = ("--set", "optimizers.generator.lr=1e30", "--set", "optimizers.discriminator.lr=1e30")
    for name in ("ring", "spiral"):
        status, _, err = ganvas(name, *FAST, *huge, "--json", "n.json")
        assert status == 2 and "Traceback" not in err and not Path("n.json").exists()
        assert err.splitlines()[-1].startswith("error: ")


def test_an_unknown_toy_and_an_unknown_number(ganvas: Ganvas):
    for words, line in ((["rings"], "rings"), (["ring", "--images", "0"], "--images")):
        status, _, err = ganvas(*words)
        assert status == 2 and line in err and "Traceback" not in err


@pytest.mark.skipif(sys.platform == "win32", reason="no fork server")
def test_ctrl_c_leaves_no_traceback(tmp_path: Path):
    """Pressed in the middle of training: exit status 130, and what was drawn so far stays."""
    process = start(call_ganvas, tmp_path, "toy", "ring", "--no-film")
    figure = tmp_path / "toys" / "ring" / "panels.png"
    wait_for(figure.exists, process)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    assert ended(process) == 130
    assert (tmp_path / "err.txt").read_text() in ("", "error: interrupted\n")
    assert Image.open(figure).size > (0, 0)
    assert not list(figure.parent.glob("*.part"))


def test_draw_writes_a_page_that_asks_for_nothing_outside_itself(ganvas: Ganvas, tmp_path: Path) -> None:
    status, out, _ = ganvas("draw")
    page = (tmp_path / "draw.html").read_text(encoding="utf-8")
    assert status == 0 and "ganvas toy picture" in out
    assert "default-src 'none'" in page and "<canvas" in page
    assert "http:" not in page and "https:" not in page and "src=" not in page
