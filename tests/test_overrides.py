"""``--set path=value``: the recipe's own field names, one change after the other, and what is refused."""

from __future__ import annotations

import pytest

from ganvas.augment import DiffAugment, InstanceNoise
from ganvas.errors import GanvasError
from ganvas.games.optimizers import Adam, RMSprop
from ganvas.losses.adversarial import Hinge
from ganvas.losses.bounds import Clip
from ganvas.losses.penalties import R1, R2
from ganvas.models.dcgan import DCGANDiscriminator
from ganvas.models.sprint import SprintGenerator
from ganvas.recipes.noise import NoiseRecipe
from ganvas.recipes.overrides import overridden
from ganvas.recipes.table import RECIPES
from ganvas.schedule import Schedule
from ganvas.space import Space

SPACE = Space(channels=1, height=16, width=16)


def having(name: str, *settings: str) -> NoiseRecipe:
    recipe = overridden(RECIPES[name](SPACE), settings)
    assert isinstance(recipe, NoiseRecipe)
    return recipe


def refusal(name: str, *settings: str) -> str:
    """The one line that the user reads."""
    with pytest.raises(GanvasError) as caught:
        having(name, *settings)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_batch() -> None:
    assert having("sprint", "batch=32").batch == 32


def test_loss_by_its_kind() -> None:
    assert having("sprint", "loss=hinge").loss == Hinge()


def test_penalties_by_their_kinds() -> None:
    assert having("dcgan", "discriminator.norm=none", "penalties=r1,r2").penalties == {"r1": R1(), "r2": R2()}


def test_one_number_of_one_penalty() -> None:
    """Only that number changes: sprint's R1 stays lazy."""
    changed = having("sprint", "penalties.r1.gamma=1").penalties
    assert changed["r1"] == R1(gamma=1.0, every=4)
    assert changed["r2"] == having("sprint").penalties["r2"]


def test_one_number_of_one_optimizer() -> None:
    changed = having("sprint", "optimizers.discriminator.lr=1e-4").optimizers
    assert changed["discriminator"].lr == 1e-4
    assert changed["generator"] == having("sprint").optimizers["generator"]


def test_a_schedule_by_its_arrow_or_as_json() -> None:
    arrow = having("sprint", "penalties.r2.gamma=2->0.5").penalties["r2"].gamma
    assert arrow == Schedule(start=2.0, end=0.5)
    written = having("sprint", 'average.half_life={"start": 1, "end": 9, "shape": "linear"}').average.half_life
    assert written == Schedule(start=1, end=9, shape="linear")


def test_a_member_with_its_fields_as_json() -> None:
    assert having("sprint", 'bounds={"clip": {"limit": 0.5}}').bounds == {"clip": Clip(limit=0.5)}
    assert having("sprint", 'optimizers.generator={"kind": "rmsprop", "lr": 1}').optimizers["generator"] == RMSprop(
        lr=1
    )


def test_another_architecture_and_its_width() -> None:
    changed = having("dcgan", "generator=sprint", "generator.width=12", "discriminator.most=64")
    assert changed.generator == SprintGenerator(width=12)
    assert changed.discriminator == DCGANDiscriminator(most=64)


def test_none_empties() -> None:
    emptied = having("sprint", "penalties=none", "augment=diffaugment", "augment=none")
    assert emptied.penalties == {} and emptied.augment == {}


def test_spaces_around_are_forgiven() -> None:
    assert having("sprint", " batch = 32 ").batch == 32
    assert list(having("sprint", "penalties= r2 , r1 ").penalties) == ["r2", "r1"]


def test_changes_are_applied_in_order() -> None:
    """The last word counts, and a later one may speak of what an earlier one brought."""
    assert having("sprint", "batch=32", "batch=16").batch == 16
    augmented = having("wgan-gp", "augment=diffaugment,instance-noise", "augment.diffaugment.probability=0.25").augment
    assert augmented == {"diffaugment": DiffAugment(probability=0.25), "instance-noise": InstanceNoise()}
    adam = having("wgan", "optimizers.generator=adam", "optimizers.generator.beta1=0.5").optimizers["generator"]
    assert isinstance(adam, Adam) and adam.beta1 == 0.5


def test_the_given_recipe_is_left_alone() -> None:
    recipe = RECIPES["sprint"](SPACE)
    before = recipe.model_dump_json()
    overridden(recipe, ["batch=8", "penalties.r1.gamma=9"])
    assert recipe.model_dump_json() == before


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("btach=32", "the recipe has no 'btach'; did you mean 'batch'?"),
        ("optimizers.discriminator.rl=1", "optimizers.discriminator has no 'rl'; did you mean 'lr'?"),
        ("optimizers.critic.lr=1", "optimizers has no 'critic'; known: discriminator, generator"),
        ("penalties.r3.gamma=1", "penalties has no 'r3'; did you mean"),
        ("batch.size=32", "batch is the single value 64; set batch=… whole"),
        ("augment.diffaugment.probability=0.5", "augment has no 'diffaugment'; it is empty, set augment=diffaugment"),
        ("penalties.gradient-penalty.gamma=1", "or add it first: --set penalties=r1,r2,gradient-penalty"),
        ("discriminator.minibatch.kernels=4", "discriminator.minibatch is none; set discriminator.minibatch=… first"),
        ("bounds.clip.limit=1", "bounds has no 'clip'; it is empty, set bounds=clip first"),
    ],
)
def test_a_wrong_path_lists_the_near_ones(setting: str, told: str) -> None:
    line = refusal("sprint", setting)
    assert line.startswith(f"--set {setting}: ") and told in line


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("loss=hnge", "loss cannot be 'hnge'; did you mean 'hinge'? known: "),
        ("penalties=r9", "penalties cannot be 'r9'; did you mean 'r2' or 'r1'? known: gradient-penalty, r1, r2"),
        ("generator=stylegan9", "generator cannot be 'stylegan9'; known: dcgan, "),
        ("generator=8", "generator cannot be '8'; known: dcgan, "),
        ("discriminator.minibatch=x", "discriminator.minibatch cannot be 'x'; known: deviation, discrimination"),
        ("batch=0", "greater than or equal to 1"),
        ("batch=many", "valid integer"),
        ("batch=2.5", "valid integer"),
        ("batch=", "valid integer"),
        ("optimizers.generator.lr=fast", "optimizers.generator.lr"),
        ("optimizers.generator.lr=1e999", "finite"),
        ("precision=float16", "'float32' or 'bf16'"),
        ("penalties.r1.every=0", "greater than or equal to 1"),
        ("parts=7", "batch=64 does not divide into parts=7"),
        ("loss=[1]", "loss"),
    ],
)
def test_a_wrong_value_is_named(setting: str, told: str) -> None:
    line = refusal("sprint", setting)
    assert line.startswith(f"--set {setting}: ") and told in line


@pytest.mark.parametrize("setting", ["batch", "=3", "penalties..gamma=1", ".batch=2", ""])
def test_what_is_no_setting_shows_how_to_write_one(setting: str) -> None:
    assert "write path=value, for instance batch=32" in refusal("sprint", setting)


@pytest.mark.parametrize("setting", ["space.height=64", "data.source=mnist"])
def test_what_the_data_say_is_asked_of_the_data(setting: str) -> None:
    assert "asked of the data" in refusal("sprint", setting)


@pytest.mark.parametrize(
    ("name", "settings", "reason"),
    [
        ("sprint", ("loss=wasserstein", "penalties=none"), "unbounded without a limit on the critic's slope"),
        ("dcgan", ("penalties=r1",), "judges a picture by its batch (batch normalisation)"),
        ("wgan", ("discriminator.spectral_norm=true",), "keep one of the two"),
    ],
)
def test_an_unsound_combination_is_refused_with_its_reason_and_a_way_out(
    name: str, settings: tuple[str, ...], reason: str
) -> None:
    line = refusal(name, *settings)
    assert reason in line
    assert any(way in line for way in ("add penalties=", "set discriminator.norm=none", "keep one of the two"))


@pytest.mark.parametrize(
    "way_out", ["penalties=gradient-penalty", "penalties=r1", "bounds=clip", "discriminator.spectral_norm=true"]
)
def test_each_way_out_of_an_unbounded_critic_is_taken(way_out: str) -> None:
    assert having("sprint", "loss=wasserstein", "penalties=none", way_out).unsound() is None


@pytest.mark.parametrize("order", [1, -1])
def test_soundness_is_judged_at_the_end_only(order: int) -> None:
    """On the way from one sound recipe to another a combination may be unsound; the order is the user's."""
    steps = ["penalties=r1", "discriminator.norm=none"][::order]
    assert having("dcgan", *steps).penalties == {"r1": R1()}
    away = ["loss=wasserstein", "penalties=none", "bounds=clip"][::order]
    assert having("sprint", *away).bounds == {"clip": Clip()}


def test_an_unsound_recipe_makes_no_game_either() -> None:
    """From Python, past ``overridden``, the same reason comes when the game is made."""
    import torch

    recipe = RECIPES["sprint"](SPACE).but(loss="wasserstein", penalties="none")
    with pytest.raises(GanvasError, match="unbounded"):
        recipe.game(torch.device("cpu"))
