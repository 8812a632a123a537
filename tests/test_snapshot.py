"""A snapshot explains itself: what is in the file, that it draws the same again, and what is said when it cannot."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

import ganvas
from conftest import GREY, NAMED
from ganvas.errors import GanvasError
from ganvas.latent.priors import Normal, Prior, Uniform
from ganvas.recipes.recipe import Recipe
from ganvas.snapshot import CHUNK, FORMAT, Snapshot, find_snapshot, open_snapshot

MakeRecipe = Callable[..., Recipe]
MakeSnapshot = Callable[..., Snapshot]


@pytest.fixture(scope="module")
def grey(tiny: MakeRecipe, snapshot_of: MakeSnapshot) -> Snapshot:
    return snapshot_of(tiny("sprint", space=GREY), images=1234)


@pytest.fixture(scope="module")
def named(tiny: MakeRecipe, snapshot_of: MakeSnapshot) -> Snapshot:
    return snapshot_of(tiny("sprint", space=NAMED))


@pytest.fixture
def file(grey: Snapshot, tmp_path: Path) -> Path:
    grey.save(tmp_path / "kept.safetensors")
    return tmp_path / "kept.safetensors"


def refusal(path: Path) -> str:
    """The one line that comes instead of a snapshot."""
    with pytest.raises(GanvasError) as caught:
        open_snapshot(path)
    line = str(caught.value)
    assert "\n" not in line and str(path) in line
    return line


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sprint", "dcgan", "wgan-gp", "r3gan"])
def test_saved_and_opened_it_draws_the_same(
    name: str, tiny: MakeRecipe, snapshot_of: MakeSnapshot, tmp_path: Path
) -> None:
    before = snapshot_of(tiny(name, space=NAMED), images=99)
    before.metrics["precision"] = 0.5
    before.save(tmp_path / "kept.safetensors")
    after = open_snapshot(tmp_path / "kept.safetensors")
    assert (after.recipe, after.images, after.metrics) == (before.recipe, 99, {"precision": 0.5})
    assert torch.equal(after.sample(range(5)), before.sample(range(5)))


def test_the_header_holds_all_there_is_to_know(file: Path, grey: Snapshot) -> None:
    """Readable by anybody who can read JSON, without ganvas and without loading a tensor."""
    with safe_open(file, framework="pt") as opened:
        about = json.loads(opened.metadata()["ganvas"])
        names = list(opened.keys())
    assert about["format"] == FORMAT and about["ganvas"] == ganvas.__version__
    assert about["recipe"]["name"] == "sprint" and about["recipe"]["space"]["height"] == 8
    assert about["images"] == 1234 and about["metrics"] == {}
    assert about["roles"] == ["generator"] and about["abilities"] == ["sample"]
    assert set(names) == {f"generator.{name}" for name in grey.generator.state_dict()}


def test_only_the_generator_is_kept(file: Path) -> None:
    """When done, the discriminator is discarded."""
    assert open_snapshot(file).networks.keys() == {"generator"}


def test_what_was_there_is_replaced_whole(file: Path, grey: Snapshot) -> None:
    before = file.read_bytes()
    grey.save(file)
    assert file.read_bytes() == before and [p.name for p in file.parent.iterdir()] == [file.name]


def test_an_opened_snapshot_is_for_looking_only(file: Path) -> None:
    opened = open_snapshot(file)
    assert not opened.generator.training
    assert not any(parameter.requires_grad for parameter in opened.generator.parameters())


def test_the_front_door_and_a_run_directory_open_it_too(file: Path, grey: Snapshot) -> None:
    run = file.rename(file.with_name("snapshot.safetensors")).parent
    for place in (run, str(run), run / "snapshot.safetensors"):
        assert torch.equal(ganvas.open(place).sample([1]), grey.sample([1]))


# --- what is said when it cannot be opened ----------------------------------------------------------------------------


def with_header(file: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Rewrite the JSON inside the header."""
    with safe_open(file, framework="pt") as opened:
        about = json.loads(opened.metadata()["ganvas"])
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (not a dict)
    change(about)
    save_file(tensors, file, metadata={"ganvas": json.dumps(about)})


def test_nothing_there(tmp_path: Path) -> None:
    assert "no such snapshot; give a .safetensors file, a run directory" in refusal(tmp_path / "missing.safetensors")


def test_a_directory_without_one(tmp_path: Path) -> None:
    assert "holds no snapshot.safetensors yet: is it a run directory that has saved?" in refusal(tmp_path)


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 100, 0.5, 0.999])
def test_a_truncated_file(file: Path, keep: float) -> None:
    """Whatever was lost on the way: the length, the header, or the last weights."""
    content = file.read_bytes()
    file.write_bytes(content[: int(keep if keep >= 1 else keep * len(content))])
    assert "is damaged or no safetensors file" in refusal(file)


def test_a_header_that_promises_more_than_there_is(file: Path) -> None:
    file.write_bytes(struct.pack("<Q", 2**62) + file.read_bytes()[8:])
    assert "is damaged or no safetensors file" in refusal(file)


def test_a_pickle_under_another_name_runs_no_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    file = tmp_path / "evil.safetensors"
    file.write_bytes(pickle.dumps(Evil()))
    assert "is damaged or no safetensors file" in refusal(file)
    torch.save({"x": torch.zeros(1)}, file)
    assert "is damaged or no safetensors file" in refusal(file)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", ["a picture", b"\x89PNG\r\n\x1a\n" + bytes(100), ""])
def test_another_kind_of_file(tmp_path: Path, content: str | bytes) -> None:
    file = tmp_path / "other.safetensors"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    assert "is damaged or no safetensors file" in refusal(file)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_somebody_elses_safetensors(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    file = tmp_path / "foreign.safetensors"
    save_file({"weight": torch.zeros(2)}, file, metadata=metadata)
    assert "is a safetensors file, but not a ganvas snapshot" in refusal(file)


def test_one_from_a_newer_ganvas(file: Path) -> None:
    with_header(file, lambda about: about.update(format=FORMAT + 1))
    assert f"is format {FORMAT + 1}, this ganvas reads up to {FORMAT}: update ganvas" in refusal(file)


def test_one_whose_networks_come_from_outside(file: Path) -> None:
    with_header(file, lambda about: about["recipe"].update(generator={"kind": "mine"}))
    line = refusal(file)
    assert "no GeneratorConfig is called 'mine'" in line and "--code my_gan.py" in line


@pytest.mark.parametrize("missing", ["format", "recipe", "roles", "images", "metrics"])
def test_one_whose_header_lacks_something(file: Path, missing: str) -> None:
    with_header(file, lambda about: about.pop(missing))
    assert "ganvas snapshot" in refusal(file) or "damaged" in refusal(file)


@pytest.mark.parametrize(
    "change",
    [
        lambda about: about["recipe"]["generator"].update(width=9),
        lambda about: about["recipe"]["space"].update(height=16),
    ],
    ids=["other width", "other size"],
)
def test_one_whose_weights_do_not_fit_its_recipe(file: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    with_header(file, change)
    assert "its weights do not fit the networks of its recipe" in refusal(file)


def test_a_snapshot_without_a_generator_says_so(grey: Snapshot) -> None:
    other = Snapshot({"encoder": torch.nn.Linear(1, 1)}, grey.recipe, 0)
    assert other.abilities == ()
    with pytest.raises(GanvasError, match="cannot sample; it can do nothing"):
        other.sample([0])


# --- the same seed is the same picture --------------------------------------------------------------------------------


@given(seeds=st.lists(st.integers(0, 2**40), min_size=1, max_size=8))
def test_a_seed_is_the_same_picture_in_whatever_company(grey: Snapshot, seeds: list[int]) -> None:
    """Alone, in any order, twice, and beside others: to the bit."""
    together = grey.sample(seeds)
    assert together.dtype == torch.uint8 and together.shape == (len(seeds), *GREY.shape)
    assert torch.equal(together[-1], grey.sample(seeds[-1:])[0])
    assert torch.equal(together.flip(0), grey.sample(seeds[::-1]))


@pytest.mark.parametrize("count", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 3])
def test_around_the_size_of_a_chunk(named: Snapshot, count: int) -> None:
    """Chunks are padded, so none of their borders shows; each seed keeps its class."""
    pictures = named.sample(range(count))
    assert len(pictures) == count
    assert torch.equal(pictures[-1], named.sample([count - 1])[0])


def test_other_seeds_are_other_pictures(grey: Snapshot) -> None:
    pictures = grey.sample(range(50)).flatten(1)
    assert len(torch.unique(pictures, dim=0)) == 50


def test_drawing_leaves_the_global_generator_alone(grey: Snapshot) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    grey.sample([1, 2], truncation=0.5)
    assert torch.equal(torch.get_rng_state(), before)


# --- classes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("cat", 0), ("dog", 1), (0, 0), (2, 2), ("0", 0), ("1", 1), ("7", 2), (7, 2)],
    ids=lambda value: repr(value),
)
def test_a_class_by_name_or_number(named: Snapshot, wanted: int | str, found: int) -> None:
    """A name first, then a number: among the names cat, dog and 7, ``7`` is the third and ``1`` the second."""
    condition = named.conditions([5, 6], wanted)
    assert condition is not None and condition.tolist() == [found, found]


@pytest.mark.parametrize(
    "wanted",
    [
        *("bird", "3", "-1", 3, ""),
        -1,
    ],
)
def test_no_such_class(named: Snapshot, wanted: int | str) -> None:
    with pytest.raises(GanvasError, match=f"no class is called '{wanted}'; there are cat, dog, 7"):
        named.conditions([0], wanted)


def test_without_a_wish_seeds_walk_through_the_classes(named: Snapshot) -> None:
    condition = named.conditions([0, 1, 2, 3, 10])
    assert condition is not None and condition.tolist() == [0, 1, 2, 0, 1]
    assert torch.equal(named.sample([4]), named.sample([4], condition=torch.tensor([1])))
    assert not torch.equal(named.sample([4]), named.sample([4], condition=torch.tensor([2])))


def test_without_classes_there_is_none_to_ask_for(grey: Snapshot) -> None:
    assert grey.conditions([0]) is None
    with pytest.raises(GanvasError, match="class cat: this snapshot was trained without classes"):
        grey.conditions([0], "cat")


# --- truncation -------------------------------------------------------------------------------------------------------

PRIORS = pytest.mark.parametrize("prior", [Normal(dimension=500), Uniform(dimension=500)], ids=lambda p: p.kind)


def drawn(prior: Prior, truncation: float, seeds: Sequence[int] = range(20)) -> np.ndarray:
    return prior.of_seeds(seeds, truncation).numpy()


@PRIORS
@pytest.mark.parametrize("truncation", [0.04, 0.25, 0.5, 0.99])
def test_truncated_latents_are_redrawn_inside(prior: Prior, truncation: float) -> None:
    """|z| ≤ 2T where z is normal, ≤ T where it is uniform: all of 10,000. Redrawn and not clipped, so nothing piles up
    at the limit, and what was inside stays as it was."""
    limit = {"normal": 2 * truncation, "uniform": truncation}[prior.kind]
    z, free = drawn(prior, truncation), drawn(prior, 1.0)
    assert prior.reach(truncation) == pytest.approx(limit)
    assert np.abs(z).max() <= limit and np.abs(z).max() > 0.99 * limit
    assert (np.abs(z) > 0.999 * limit).mean() < 0.01
    inside = np.abs(free) <= limit
    assert np.array_equal(z[inside], free[inside])


def test_untruncated_latents_have_their_distribution() -> None:
    """Normal: mean 0, variance 1, kurtosis 3. Uniform on [−1, 1]: variance ⅓, nothing outside. ± 5 standard errors of
    10,000 draws."""
    normal, uniform = drawn(Normal(dimension=500), 1.0), drawn(Uniform(dimension=500), 1.0)
    assert abs(normal.mean()) < 0.05 and abs(normal.var() - 1) < 0.07 and abs((normal**4).mean() - 3) < 0.5
    assert abs(uniform.mean()) < 0.03 and abs(uniform.var() - 1 / 3) < 0.015 and np.abs(uniform).max() <= 1.0
    assert np.abs(normal).max() > 3.0


@PRIORS
def test_a_truncated_seed_does_not_depend_on_its_company(prior: Prior) -> None:
    assert np.array_equal(drawn(prior, 0.3, [4, 9, 2])[1], drawn(prior, 0.3, [9])[0])


@PRIORS
@pytest.mark.parametrize("truncation", [0.0, -0.5, 1.01, float("nan")])
def test_truncation_outside_its_range_is_refused(prior: Prior, truncation: float) -> None:
    with pytest.raises(GanvasError, match=r"is outside \(0, 1\]; 1 means none"):
        prior.of_seeds([0], truncation)


def test_truncation_makes_pictures_less_various(grey: Snapshot) -> None:
    """An untrained generator is smooth in z: pictures from within |z| ≤ .1 differ less than those from anywhere."""
    free, held = (grey.sample(range(64), truncation=t).float().std(0).mean() for t in (1.0, 0.05))
    assert held < free / 2


def test_where_a_word_leads(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or folder called digits goes before the packaged one."""
    monkeypatch.chdir(file.parent)
    file.rename("digits")
    assert find_snapshot("digits") == Path("digits")
