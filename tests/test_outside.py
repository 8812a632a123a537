"""A GAN from outside the package, ``examples/my_gan.py``: checked, trained, kept, and opened by somebody else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import ganvas
from ganvas.cli.main import main
from ganvas.contract.laws import LAWS
from ganvas.contract.trial import CONDITIONAL, UNCONDITIONAL, recipe_for
from ganvas.errors import GanvasError
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import find_recipe, load_code
from ganvas.space import Space
from ganvas.training.run import Run

EXAMPLE = Path(__file__).parent / "examples" / "my_gan.py"
MY_GAN = f"{EXAMPLE}:recipe"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Run:
    out = tmp_path_factory.mktemp("outside") / "run"
    return ganvas.train(MY_GAN, data=str(pictures), out=out, images=64, labels="none")


def ganvas_says(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit status of the console script, called in this process."""
    monkeypatch.setattr(sys, "argv", ["ganvas", *words])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
@pytest.mark.parametrize("space", [UNCONDITIONAL, CONDITIONAL])
def test_the_example_keeps_every_law(space: Space, law: Callable[[Recipe], None]) -> None:
    """A condition that it does not look at does no harm."""
    law(recipe_for(find_recipe(MY_GAN), space))


def test_check_lists_every_law_of_a_sound_gan(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ganvas_says(monkeypatch, "check", MY_GAN) == 0
    shown = capsys.readouterr().out
    assert shown.count("✓") == len(LAWS) * 2 and "✗" not in shown


def test_check_names_what_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The same GAN with a weight that it forgets to use: exit status 1 and the weight's name."""
    code = EXAMPLE.read_text().replace('"plain"', '"forgetful"')
    code = code.replace("self.shape = space.shape", "self.shape, self.idle = space.shape, nn.Linear(1, 1)")
    (tmp_path / "forgetful_gan.py").write_text(code)
    assert ganvas_says(monkeypatch, "check", str(tmp_path / "forgetful_gan.py")) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count("✗") == 2 and "no gradient ever reached generator.idle.bias, generator.idle.weight" in shown


def test_it_trains_like_any_other(trained: Run) -> None:
    """No registration, no package: the file is enough."""
    assert trained.snapshot_file.is_file() and trained.recipe().name == "plain"
    stats = list(trained.stats())
    assert stats[-1]["images"] == 64 and all(torch.isfinite(torch.tensor(row["discriminator/r1"])) for row in stats)


def test_its_snapshot_reopens_where_its_code_is_loaded(trained: Run) -> None:
    load_code(EXAMPLE)
    opened = ganvas.open(trained.path)
    assert opened.images == 64 and opened.sample(range(3)).shape == (3, 1, 8, 8)


def run_alone(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """``python -c code`` in a process that knows nothing of this one."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, check=False)


def test_without_its_code_there_is_one_clear_line(trained: Run, tmp_path: Path) -> None:
    """A colleague has the snapshot alone; with ``--code`` the very same command draws."""
    shutil.copy(trained.snapshot_file, tmp_path / "kept.safetensors")
    call = "import sys; from ganvas.cli.main import main; sys.argv[1:] = {}; main()"
    sample = ["sample", "kept.safetensors", "--seeds", "0-3", "--out", "grid.png", "--device", "cpu"]
    without = run_alone(call.format(sample), tmp_path)
    assert without.returncode == 2 and not (tmp_path / "grid.png").exists()
    (line,) = without.stderr.strip().splitlines()
    assert (
        line.startswith("error: kept.safetensors: no GeneratorConfig is called 'plain'") and "--code my_gan.py" in line
    )
    with_it = run_alone(call.format([*sample, "--code", str(EXAMPLE)]), tmp_path)
    assert with_it.returncode == 0, with_it.stderr
    assert (tmp_path / "grid.png").exists()


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (None, "missing.py", "no such file"),
        ("import nowhere_to_be_found", "gan_a.py", "fails when it is loaded: ModuleNotFoundError"),
        ("def (:", "gan_b.py", "fails when it is loaded: SyntaxError"),
        ("x = 1", "gan_c.py", "has no function 'recipe'; it should take a Space and return a Recipe"),
        ("recipe = 1", "gan_d.py", "has no function 'recipe'"),
        ("x = 1", "gan_e.py:mine", "has no function 'mine'"),
    ],
)
def test_a_file_that_is_no_gan_is_told_in_one_line(tmp_path: Path, content: str | None, name: str, told: str) -> None:
    file = tmp_path / name.partition(":")[0]
    if content is not None:
        file.write_text(content)
    with pytest.raises(GanvasError, match=told) as caught:
        find_recipe(str(tmp_path / name))
    assert str(file) in str(caught.value) and "\n" not in str(caught.value)


def test_two_files_of_the_same_name_are_two_gans(tmp_path: Path) -> None:
    """``one/gan.py`` and ``two/gan.py`` in one process."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "gan.py").write_text(f"def recipe(space): return {folder!r}\n")
    made = [find_recipe(str(tmp_path / folder / "gan.py"))(CONDITIONAL) for folder in ("one", "two")]
    assert made == ["one", "two"]
