"""``ganvas toy wasserstein``: notebook 15.2's numbers in the JSON, its figures, and what is told of bad input."""

import json
import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ganvas.cli.main import app
from ganvas.cli.toys.wasserstein import lessons
from ganvas.errors import GanvasError
from ganvas.toys.canvas import DARK, LIGHT
from ganvas.toys.wasserstein import draw, wasserstein


@pytest.fixture(scope="module")
def numbers() -> dict:
    return wasserstein()


def test_the_value_by_four_ways(numbers):
    ways = ["linear_program", "cdf", "dual", "pot"]
    for key, expected in (
        ("earth_movers_distance", 1.3633720930232558),
        ("earth_movers_distance_normalised", 0.151485788113695),
    ):
        assert list(numbers[key]) == ways
        assert list(numbers[key].values()) == pytest.approx([expected] * 4, abs=1e-9)


def test_the_exercise_answered(numbers):
    assert numbers["kl_p_q"] is None and numbers["kl_p_q_is_infinite"] is True
    assert numbers["kl_q_p"] == pytest.approx(0.3647105313747335, abs=1e-9)
    assert numbers["kl_q_p_is_infinite"] is False
    assert numbers["js"] == pytest.approx(0.08417817460372617, abs=1e-9)
    assert numbers["js_bits"] == pytest.approx(0.12144343505188104, abs=1e-9)
    assert numbers["quality"] == pytest.approx(0.04304220548640077, abs=1e-9)
    assert numbers["coverage"] == pytest.approx(0.04113596911732541, abs=1e-9)
    assert numbers["over_generated"] + numbers["under_generated"] == pytest.approx(numbers["js"], abs=1e-12)
    assert numbers["total_variation"] == pytest.approx(0.29215116279069764, abs=1e-9)
    assert numbers["optimal_discriminator_loss"] == pytest.approx(2 * math.log(2) - 2 * numbers["js"], abs=1e-12)
    assert numbers["optimal_discriminator"][8] == 1


def test_the_plan_and_the_critic(numbers):
    plan, critic = np.array(numbers["plan"]), np.array(numbers["critic"])
    assert plan.sum(axis=1) == pytest.approx(numbers["p"], abs=1e-12)
    assert plan.sum(axis=0) == pytest.approx(numbers["q"], abs=1e-12)
    assert critic == pytest.approx([0, 1, 2, 3, 4, 5, 6, 7, 8, 7], abs=1e-9)
    assert 0 < numbers["mass_that_stays"] <= np.minimum(numbers["p"], numbers["q"]).sum()


def test_what_fades_and_what_does_not(numbers):
    fades = numbers["separation"]["gradient_fades_at"]
    assert 10 < fades["js"] < 11.5 and fades["saturating"] == fades["js"]
    assert fades["earth_movers_distance"] is None and fades["non_saturating"] is None


def test_the_numbers_are_valid_json(numbers):
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers
    assert numbers["separation"]["points"]["kl"][:2] == [0.0, None]


def test_histograms_of_ones_own():
    """All mass one bin over: W1 = 1 bin; with two bins that is the whole axis. Nothing overlaps: JS = log 2."""
    mine = wasserstein([1, 0], [0, 3])
    assert list(mine["earth_movers_distance"].values()) == pytest.approx([1.0] * 4, abs=1e-12)
    assert mine["js"] == pytest.approx(math.log(2))
    assert mine["kl_p_q_is_infinite"] and mine["kl_q_p_is_infinite"]
    assert len(lessons(mine)) == len(lessons(wasserstein([1, 2], [2, 1]))) + 2


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_three_figures(numbers, theme, tmp_path: Path):
    paths = draw(numbers, tmp_path, theme)
    assert [path.name for path in paths] == ["plan.png", "critic.png", "separation.png"]
    ground = tuple(int(theme.ground[i : i + 2], 16) for i in (1, 3, 5))
    for path in paths:
        with Image.open(path) as picture:
            assert min(picture.size) > 600
            assert picture.convert("RGB").getpixel((0, 0)) == ground


def test_the_same_svg_twice(numbers, tmp_path: Path):
    first, second = (draw(numbers, tmp_path / name, LIGHT, "svg") for name in "ab")
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()
        assert ElementTree.parse(a).getroot().tag.endswith("svg")


def test_the_command(tmp_path: Path):
    args = ["toy", "wasserstein", "--p", "1,2,3", "--q", "3,2,1", "--out", str(tmp_path), "--format", "svg", "--dark"]
    done = CliRunner().invoke(app, [*args, "--json", str(tmp_path / "n.json")])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["critic.svg", "n.json", "plan.svg", "separation.svg"]
    written = json.loads((tmp_path / "n.json").read_text())
    assert written["earth_movers_distance"]["cdf"] == pytest.approx(2 / 3)
    assert written["p"] == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    assert "0.6666666667" in done.output and "wrote" in done.output


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--p", "1,x"], "--p '1,x': give masses with commas between them"),
        (["--q", "1,,2"], "--q '1,,2': give masses with commas between them"),
        (["--p", "1,2"], "p and q have 2 and 10 masses"),
        (["--p=1,-2", "--q", "1,1"], r"p\[1\] is -2: a mass is never negative"),
        (["--p", "1,nan", "--q", "1,1"], r"p\[1\] is nan"),
        (["--p", "1", "--q", "1"], "p has 1 mass: give at least 2"),
        (["--p", ",".join(["1"] * 501), "--q", ",".join(["1"] * 501)], "501 by 501 masses are too many"),
        (["--format", "gif"], "a figure ends in .png, .svg, .pdf"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(options, line, tmp_path: Path):
    done = CliRunner().invoke(app, ["toy", "wasserstein", *options, "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, GanvasError)
    with pytest.raises(GanvasError, match=line):
        raise done.exception
    assert not (tmp_path / "out").exists()
