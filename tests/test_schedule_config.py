"""Schedules, and descriptions that find their class again from JSON."""

from __future__ import annotations

import json
import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ganvas.config import Config, Family, suggest
from ganvas.contract.trial import CONDITIONAL, UNCONDITIONAL, spaces_for
from ganvas.games.optimizers import Adam
from ganvas.losses.adversarial import AdversarialLoss, Hinge, Relativistic
from ganvas.losses.penalties import R1
from ganvas.recipes.noise import NoiseRecipe
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import RECIPES
from ganvas.schedule import Schedule, value_at
from ganvas.space import Classes, Space

numbers = st.floats(-1e3, 1e3)
shapes = st.sampled_from(["cosine", "linear"])
shares = st.floats(0.05, 1.0)


@given(start=numbers, end=numbers, shape=shapes, share=shares)
def test_a_schedule_meets_its_ends_and_stays(start: float, end: float, shape: Literal["cosine"], share: float) -> None:
    """``start`` at 0, ``end`` from ``share`` on, and beyond the horizon: training longer does not stretch it."""
    schedule = Schedule(start=start, end=end, shape=shape, share=share)
    assert schedule.at(0.0) == start
    for later in (share, 1.0, 7.5):
        assert schedule.at(later) == pytest.approx(end, abs=1e-9)


@given(start=numbers, end=numbers, shape=shapes, share=shares)
def test_half_way_is_the_mean_of_the_ends(start: float, end: float, shape: Literal["cosine"], share: float) -> None:
    """(1 − cos π/2)/2 = ½, as in a straight line."""
    schedule = Schedule(start=start, end=end, shape=shape, share=share)
    assert schedule.at(share / 2) == pytest.approx((start + end) / 2, abs=1e-9)


@given(shape=shapes, share=shares, a=st.floats(0, 1.2), b=st.floats(0, 1.2))
def test_a_schedule_never_turns_back(shape: Literal["cosine"], share: float, a: float, b: float) -> None:
    schedule = Schedule(start=0.0, end=1.0, shape=shape, share=share)
    assert schedule.at(min(a, b)) <= schedule.at(max(a, b)) + 1e-12


def test_the_shapes_differ_off_the_middle() -> None:
    """At a quarter the line is at ¼, the cosine at (1 − cos π/4)/2 = .1464: slow at both ends."""
    assert Schedule(start=0, end=1, shape="linear").at(0.25) == 0.25
    assert Schedule(start=0, end=1).at(0.25) == pytest.approx((1 - math.sqrt(0.5)) / 2)


def test_an_arrow_is_the_cosine_schedule() -> None:
    assert R1.model_validate({"gamma": "1->0.1"}).gamma == Schedule(start=1.0, end=0.1, shape="cosine")
    assert R1(gamma=3).gamma == 3.0
    assert (value_at(0.5, 0.9), value_at(Schedule(start=1, end=0), 1.0)) == (0.5, 0.0)


@pytest.mark.parametrize("wrong", ["1->", "->1", "a->b", "fast"])
def test_what_is_no_number_and_no_arrow_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        R1.model_validate({"gamma": wrong})


def test_a_schedule_needs_some_time() -> None:
    for share in (0.0, 1.5):
        with pytest.raises(ValidationError):
            Schedule(start=1, end=0, share=share)


class Pet(Family):
    """A family as a user's own file would define one."""

    legs: int = 4


class Cat(Pet):
    kind: Literal["cat"] = "cat"


class Hen(Pet):
    kind: Literal["hen"] = "hen"
    legs: int = 2


class Home(Config):
    pet: Pet


@pytest.mark.parametrize("written", [Hen(), {"kind": "hen"}, "hen"], ids=["member", "object", "kind"])
def test_a_member_its_object_and_its_kind_mean_the_same(written: object) -> None:
    home = Home.model_validate({"pet": written})
    assert type(home.pet) is Hen and home.pet.legs == 2


def test_families_do_not_mix() -> None:
    """Each family has its own table of kinds, filled by definition alone."""
    assert set(Pet.members) == {"cat", "hen"}
    assert AdversarialLoss.members["hinge"] is Hinge and "cat" not in AdversarialLoss.members
    with pytest.raises(ValidationError):
        Home.model_validate({"pet": Hinge()})


@pytest.mark.parametrize(
    ("kind", "hint"), [("hne", "did you mean 'hen'?"), ("elephant", "known: cat, hen"), ("", "known: cat, hen")]
)
def test_an_unknown_kind_lists_the_near_ones(kind: str, hint: str) -> None:
    with pytest.raises(ValidationError, match="no Pet is called") as caught:
        Home.model_validate({"pet": kind})
    assert hint in str(caught.value)


def test_suggest_prefers_the_near_over_the_whole_list() -> None:
    assert suggest("hing", ["hinge", "wasserstein"]) == "did you mean 'hinge'?"
    assert suggest("xyz", ["b", "a"]) == "known: a, b"


def test_descriptions_are_frozen_strict_and_finite() -> None:
    cat = Cat()
    with pytest.raises(ValidationError, match="frozen"):
        cat.legs = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="wings"):
        Hen.model_validate({"wings": 2})
    with pytest.raises(ValidationError, match="finite"):
        R1(gamma=float("nan"))


def test_but_changes_a_copy_and_validates_it() -> None:
    one = Hen()
    assert (one.but(legs=1).legs, one.legs) == (1, 2)
    with pytest.raises(ValidationError):
        one.but(legs="many")


def test_a_member_keeps_its_class_inside_another_description() -> None:
    """Relativistic stays Relativistic, not its base, through a recipe's JSON."""
    recipe = RECIPES["sprint"](CONDITIONAL)
    again = Recipe.model_validate_json(recipe.model_dump_json())
    assert isinstance(again, NoiseRecipe) and type(again.loss) is Relativistic
    assert isinstance(again.optimizers["generator"], Adam) and isinstance(again.space.condition, Classes)


@pytest.mark.parametrize("space", [UNCONDITIONAL, CONDITIONAL], ids=["unconditional", "conditional"])
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_survives_json(name: str, space: Space) -> None:
    """Recipe → JSON → recipe is the identity, and so is JSON → recipe → JSON."""
    recipe = RECIPES[name](space)
    text = recipe.model_dump_json()
    again = Recipe.model_validate_json(text)
    assert again == recipe and type(again) is type(recipe)
    assert again.model_dump_json() == text
    assert recipe.differences(again) == []


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_cites_its_paper_and_is_sound(name: str) -> None:
    for space in spaces_for(RECIPES[name]).values():
        recipe = RECIPES[name](space)
        assert recipe.name == name and recipe.paper
        reason = recipe.unsound()  # only the weights of what sees for srgan may be missing here
        assert reason is None or (name == "srgan" and "the weights 'vgg19' are not on this machine" in reason)


def test_differences_name_paths_and_leave_out_the_length() -> None:
    """How long to train is not another recipe; everything else is, down to one number."""
    recipe = RECIPES["sprint"](UNCONDITIONAL)
    assert recipe.differences(recipe.but(images=5, horizon=7)) == []
    changed = recipe.but(batch=32, loss=Hinge())
    assert sorted(recipe.differences(changed)) == ["batch: 64 → 32", "loss.kind: relativistic → hinge"]
    bare = recipe.but(penalties="none")
    assert all(line.startswith("penalties.r") for line in recipe.differences(bare))


def test_a_space_describes_itself_and_refuses_nonsense() -> None:
    assert str(CONDITIONAL) == "16x20, 3 channels, 3 classes"
    assert str(UNCONDITIONAL) == "16x16, 1 channel"
    assert CONDITIONAL.shape == (3, 16, 20)
    for wrong in ({"channels": 0, "height": 8, "width": 8}, {"channels": 1, "height": 8}):
        with pytest.raises(ValidationError):
            Space.model_validate(wrong)
    with pytest.raises(ValidationError):
        Classes(names=())


def test_a_batch_must_divide_into_its_parts() -> None:
    recipe = RECIPES["sprint"](UNCONDITIONAL)
    assert recipe.but(batch=12, parts=4).parts == 4
    with pytest.raises(ValidationError, match="batch=12 does not divide into parts=5"):
        recipe.but(batch=12, parts=5)


def test_json_is_readable_by_anyone() -> None:
    """No class names, no Python: kinds, numbers and lists."""
    written = json.loads(RECIPES["dcgan"](CONDITIONAL).model_dump_json())
    assert written["loss"] == {"kind": "non-saturating", "label_smoothing": 0.0}
    assert written["space"]["condition"] == {"kind": "classes", "names": ["a", "b", "c"]}
