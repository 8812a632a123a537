"""``ganvas toy gaussian-shift``: scenes, variants, files, numbers; and no torch."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganvas.cli.main import main
from ganvas.errors import GanvasError
from ganvas.theory.gaussian_shift import LOSSES, NOTEBOOK, Settings, play
from ganvas.toys import canvas
from ganvas.toys import gaussian_shift as toy
from ganvas.toys import gaussian_shift_figures as figures

QUICK = ["--rounds", "6", "--discriminator-updates", "20"]
FIGURES = ("panels", "traces", "field", "variants")


def ganvas(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own; says in its last line whether torch came in."""
    code = (
        f"import sys\nfrom ganvas.cli.main import main\nsys.argv = ['ganvas', *{list(arguments)!r}]\n"
        "try:\n    main()\nfinally:\n    print('torch' if 'torch' in sys.modules else 'paper')"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The whole command once, over few rounds, dark, with its numbers."""
    place = tmp_path_factory.mktemp("toy")
    return place, ganvas(
        "toy", "gaussian-shift", *QUICK, "--out", str(place), "--json", str(place / "n.json"), "--dark"
    )


def test_everything_is_written_without_torch(made: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    place, done = made
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "paper"
    for name in FIGURES:
        picture = np.asarray(Image.open(place / f"{name}.png").convert("L"))
        assert picture[0, 0] < 40  # dark ground
        assert picture.max() > 200
    with Image.open(place / "animation.gif") as film:
        assert film.n_frames == 7  # the start and six rounds
    assert (place / "animation.gif").stat().st_size < 3e6
    assert "After 6 rounds θ has come from 3.00" in done.stdout


def test_every_number_is_told(made: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    numbers = json.loads((made[0] / "n.json").read_text())
    settings = replace(Settings(), discriminator_updates=20)
    assert numbers["analytic"]["theta"] == play(settings, 6).theta.tolist()
    assert numbers["finite_differences"]["theta"] == play(settings, 6, finite_differences=True).theta.tolist()
    assert len(numbers["analytic"]["phi"]) == 7
    assert numbers["crossing_round"] is None
    assert numbers["balance_theta"] == pytest.approx(8.335164, abs=1e-6)
    assert len(numbers["balance"]["eigenvalues"]) == 3
    assert numbers["balance"]["discriminator_update_multipliers"][1] == pytest.approx(-2.5, abs=0.01)
    assert {one["settings"]["loss"] for one in numbers["variants"]} == set(LOSSES)
    assert len(numbers["fields"]) == 3
    assert np.shape(numbers["fields"][0]["theta_speed"]) == (25, 25)


def test_svg_in_light(tmp_path: Path) -> None:
    story = toy.Story(replace(Settings(), discriminator_updates=20), 2)
    with canvas.themed(canvas.LIGHT):
        for draw in (figures.panels, figures.field):
            path = canvas.save(draw(story, canvas.LIGHT), tmp_path / f"{draw.__name__}.svg")
            assert "<svg" in path.read_text() and canvas.LIGHT.real in path.read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--rounds", "0"], "rounds: 0"),
        (["--loss", "hinge"], "loss: 'hinge'"),
        (["--r1", "-1"], "r1: -1.0"),
        (["--r1", "30", "--rounds", "9"], "the players run away in round"),
        (["--format", "bmp", *QUICK], "a figure ends in"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path,
    arguments: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["ganvas", "toy", "gaussian-shift", "--out", str(tmp_path / "out"), *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr().err
    assert left.value.code == 2
    assert len(said.strip().splitlines()) == 1
    assert said.startswith("error:") and says in said
    assert not (tmp_path / "out").exists()


def test_scenes() -> None:
    """The lecture's moments in the notebook's game: θ = 3, 4.94, 6.71, then the crossing and the overshoot."""
    found = [(scene.name, scene.round) for scene in toy.scenes(play(Settings(), 60))]
    expected = [("start", 0), ("under way", 23), ("under way", 30), ("crossing", 34), ("overshoot", 38), ("end", 60)]
    assert found == expected
    assert [(scene.name, scene.round) for scene in toy.scenes(play(Settings(), 2))] == [("start", 0), ("end", 2)]
    assert toy.interesting(play(Settings(), 2)) == [0, 1, 2]


def test_a_calm_step_is_taken_only_where_it_is_needed() -> None:
    assert toy.calm(Settings()).discriminator_lr == 0.004
    rests = (Settings(reduction="mean"), Settings(discriminator_lr=0.005), Settings(loss="wasserstein", clip=1.0))
    for settings in rests:
        assert toy.calm(settings) == settings


def test_variants_that_run_away_do_not_take_the_others_along() -> None:
    """Wasserstein with R1 of γ = .1 and these speeds multiplies the gap by −5 a round; the rest stands."""
    found = toy.variants(replace(Settings(), r1=0.1), 15)
    assert len(found) == 2 * 2 * len(LOSSES)
    lost = {(one.loss, one.trace.settings.r1) for one in found if one.trace.rounds < 15}
    assert lost == {("wasserstein", 0.1)}


def test_what_is_said() -> None:
    assert "passes the real one in round 34" in toy.seen(play(Settings(), 40))
    assert "above 0.0057" in toy.seen(play(Settings(), 2))
    assert "above" not in toy.seen(play(Settings(discriminator_lr=0.004), 2))


def test_a_game_that_is_lost_is_a_mistake_of_the_user() -> None:
    with pytest.raises(GanvasError, match="run away"):
        toy.Story(Settings(r1=30.0), 5)


def test_eigenvalues_move_left_with_r1() -> None:
    """On all three kinds of points, to begin with; only between two points do they start on the line."""
    for name, points in toy.KINDS.items():
        path = toy.eigenvalue_path(Settings(), points)
        assert bool(abs(path[0].real) < 1e-9) == (name == "two points, centred on 0")
        assert (np.diff(path[:50].real) < 0).all()
    assert NOTEBOOK.centred().balance == pytest.approx(0)
