"""``ganvas train`` before it trains: what is refused is refused first, in one line that can be acted upon."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from rich.console import Console

from console import Ganvas
from ganvas.cli.training import dry
from ganvas.errors import GanvasError
from ganvas.recipes.table import RECIPES
from ganvas.space import Space
from ganvas.training.plan import Plan
from ganvas.training.run import Run, agree

SPACE = Space(channels=1, height=16, width=16)


def test_a_sweep_of_what_is_not_there_is_refused_before_it_is_announced(ganvas: Ganvas) -> None:
    """dcgan has no penalties, so no gamma."""
    status, out, err = ganvas("train", "dcgan", "--sweep", "gamma", "--device", "cpu")
    assert status == 2 and "dcgan has no penalties to weigh" in err
    assert "digits-dcgan" not in out + err and "×" not in out + err


def test_a_place_where_nothing_can_be_written_is_one_line(ganvas: Ganvas) -> None:
    Path("a.file").write_text("")
    status, _, err = ganvas("train", "sprint", "--images", 64, "--out", "a.file/run", "--device", "cpu")
    assert status == 2
    line = "error: cannot write a.file/run: no folder can be made there (Not a directory); choose another --out"
    assert line in err and "Traceback" not in err


def test_a_plan_leaves_out_networks_without_parameters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cycle's history of fakes is a network, of no weights; how many it has is no news."""
    plan = Plan({"generator": 1234, "pool": 0}, 100.0, 2**20)
    prepared: Any = SimpleNamespace(
        plan=lambda: plan,
        request=SimpleNamespace(minutes=None),
        recipe=RECIPES["sprint"](SPACE),
        runtime=SimpleNamespace(place=SimpleNamespace(device=torch.device("cpu"))),
        out=tmp_path,
    )
    dry(prepared, tmp_path / "plan.json", Console())
    out = capsys.readouterr().out
    assert "1,234 parameters" in out and "pool" not in out
    assert json.loads((tmp_path / "plan.json").read_text())["parameters"] == {"generator": 1234, "pool": 0}


def test_another_recipe_in_an_old_run_names_two_differences_and_counts_the_others(tmp_path: Path) -> None:
    """Between two published GANs nearly everything differs; that their papers do is no news."""
    run, old, new = Run(tmp_path / "run"), RECIPES["sprint"](SPACE), RECIPES["wgan"](SPACE)
    run.write_recipe(old)
    with pytest.raises(GanvasError) as caught:
        agree(run, new)
    line = str(caught.value)
    more = len(old.differences(new)) - 2
    assert (
        more > 5
        and "(name: sprint → wgan; " in line
        and "paper" not in line
        and f" and {more} more); choose another --out" in line
    )
    with pytest.raises(GanvasError, match=r"another recipe \(batch: 64 → 32\); choose another --out to begin anew"):
        agree(run, old.but(batch=32))
    assert agree(run, old.but(images=10)).images == 10
